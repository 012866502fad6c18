"""One job, two engines: differences in combined esds, refusals by name, exit codes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from xtal.cli import main
from xtal.engines.gsas2_location import find_gsas2
from xtal.errors import EngineMissingError, InputError
from xtal.report.comparison import comparison_html, comparison_json, comparison_tab
from xtal.report.html import report_html
from xtal.report.several import write_several
from xtal.result import Value
from xtal.rietveld.compare import compare_results


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def moved(result, **weights):
    """The result with other weight fractions."""
    phases = {
        name: replace(phase, weight_fraction=Value(weights.get(name, phase.weight_fraction.value), 0.003))
        for name, phase in result.phases.items()
    }
    return replace(result, phases=phases)


def test_difference_is_counted_in_combined_esds(quick_result):
    weight = quick_result.phases["llto"].weight_fraction.value
    first, second = moved(quick_result), moved(quick_result, llto=weight + 0.005)
    found = compare_results("t", {"one": first, "two": second}, {})
    row = next(item for item in found.differences if item.name == "phases.llto.weight_fraction")
    assert row.difference == pytest.approx(0.005)
    assert row.in_esds == pytest.approx(0.005 / (0.003 * 2**0.5))
    assert row.tolerated
    assert found.disagreements == ()


def test_a_fraction_beyond_the_tolerance_is_a_disagreement(quick_result):
    weight = quick_result.phases["llto"].weight_fraction.value
    results = {"one": moved(quick_result), "two": moved(quick_result, llto=weight + 0.005)}
    found = compare_results("t", results, {}, fraction_tolerance=0.004)
    assert [item.name for item in found.disagreements] == ["phases.llto.weight_fraction"]
    assert "llto.weight_fraction" in found.sentence


def test_scales_are_not_compared_because_they_have_engine_units(quick_result):
    found = compare_results("t", {"one": quick_result, "two": quick_result}, {})
    assert not any(item.name.endswith(".scale") for item in found.differences)
    assert {item.difference for item in found.differences} == {0.0}
    assert "pattern.background.c0" in {item.name for item in found.differences}


def test_what_an_engine_could_not_express_is_on_the_page(quick_result):
    found = compare_results("t", {"one": quick_result}, {"two": "can't express <b>this</b>"})
    assert "can't express" in found.sentence
    assert "&lt;b&gt;" in comparison_html(found)
    assert json.loads(comparison_json(found))["agrees"] is False


def test_compare_writes_both_results_and_ends_with_0(make_job, monkeypatch, tmp_path, quick_result):
    make_job()
    monkeypatch.setattr("xtal.rietveld.run.refine", lambda job, **options: quick_result)
    folder = tmp_path / "both"
    assert command("compare", str(tmp_path / "job.toml"), "-o", str(folder), "-q") == 0
    assert {path.name for path in folder.iterdir()} == {"rietx", "gsas2", "comparison.json", "comparison.html"}
    assert (folder / "gsas2" / "report.html").is_file()
    assert command("compare", str(tmp_path / "job.toml"), "-o", str(folder), "-q") == 2
    assert command("compare", str(tmp_path / "job.toml"), "-o", str(folder), "-q", "--force") == 0


def test_compare_without_the_other_engine_ends_with_2_and_keeps_the_one_result(
    make_job, monkeypatch, tmp_path, quick_result
):
    make_job()

    def refine(job, *, engine, **options):
        if engine == "gsas2":
            raise EngineMissingError("GSAS-II is not installed.")
        return quick_result

    monkeypatch.setattr("xtal.rietveld.run.refine", refine)
    assert command("compare", str(tmp_path / "job.toml"), "-o", str(tmp_path / "one"), "-q") == 2
    assert (tmp_path / "one" / "rietx" / "result.json").is_file()


def test_compare_wants_two_engines(tmp_path):
    from xtal.cli.compare import _engines

    with pytest.raises(InputError, match="give two of rietx, gsas2"):
        _engines("rietx")


@pytest.mark.gsas2
def test_both_engines_agree_on_a_synthetic_pellet(make_job, tmp_path):
    if find_gsas2() is None:
        pytest.skip("GSAS-II is not installed")
    make_job(counts=6000.0)
    # GSAS-II's axial divergence jumps by thousandths of a degree, so that displacement and cells end up to 140 ppm apart here.
    job, folder = str(tmp_path / "job.toml"), str(tmp_path / "both")
    assert command("compare", job, "--cell-tolerance", "200", "-o", folder, "-q") == 0
    rows = json.loads((tmp_path / "both" / "comparison.json").read_text())["differences"]
    weights = [row for row in rows if row["name"].endswith("weight_fraction")]
    assert len(weights) == 2
    assert all(abs(row["difference"]) < 0.01 for row in weights)


def test_the_report_of_each_engine_has_the_comparison_as_a_tab(quick_result, tmp_path):
    results = {"rietx": moved(quick_result), "native": moved(quick_result)}
    found = compare_results("quick", results, {})
    write_several(
        tmp_path / "out",
        found.results,
        {"comparison.json": "{}"},
        marker="comparison.json",
        tabs={"Two engines": comparison_tab(found)},
    )
    for name in results:
        page = (tmp_path / "out" / name / "report.html").read_text()
        assert page.count('class="panel"') == 2
        assert '<label for="tab1">Two engines</label>' in page and "in combined esds" in page
        assert '<a href="../native/report.html">' in page
    assert 'class="panel"' not in report_html(quick_result)
