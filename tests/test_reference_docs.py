"""The reference pages say what the code does: generated, complete, and true of a real result."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from make_reference import documented_result_keys, reference_files

from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template
from xtal.io.library import reference_structure
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

FILES = ("job-keys.md", "parameters.md", "result-keys.md", "job.schema.json", "pdf-job-keys.md", "pdf-job.schema.json",
         "series-keys.md", "series.schema.json")  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_reference_page_is_what_the_code_says(name, repository):
    shipped = (repository / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert shipped == reference_files()[name], "run `python tools/make_reference.py`"


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A synthetic mixture of LiF and Si, half and half by weight, fitted for real."""
    folder = tmp_path_factory.mktemp("mixture")
    simulation = simulate_pattern(
        [(reference_structure(name), 0.5, PhaseProfile(size_nm=100.0)) for name in ("lif", "si")],
        laboratory_instrument(),
        axis_points(25.0, 70.0, 0.03),
        background=Background((100.0,)),
        counts=5000.0,
        seed=11,
    )
    write_pattern(simulation.pattern, folder / "mixture.xye")
    instrument = write_instrument(laboratory_instrument(), folder / "instrument.toml")
    job = job_from_template(
        "quantitative-phase-analysis", folder / "mixture.xye", phases=["lif", "si"], instrument=str(instrument)
    )
    return refine(job, command=["xtal", "refine", str(folder / "mixture.xye")])


def leaves(content: object, path: str = "") -> Iterator[str]:
    """Paths of a JSON object; list items as [], the names of phases and such as in the reference."""
    if isinstance(content, dict) and content:
        for key, item in content.items():
            named = {"phases": "NAME", "parameters": "NAME", "groups": "NAME", "provenance.inputs": "FILE",
                     "provenance.versions": "PACKAGE"}.get(path, key)  # fmt: skip
            yield from leaves(item, f"{path}.{named}".lstrip("."))
    elif isinstance(content, list) and content and isinstance(content[0], dict):
        for item in content:
            yield from leaves(item, f"{path}[]")
    else:
        yield path


def documented_leaves() -> set[str]:
    keys = documented_result_keys()
    values = {
        f"{path}.{part}" for path, (kind, _) in keys.items() if kind == "value" for part in ("value", "esd", "reason")
    }
    return values | {path for path, (kind, _) in keys.items() if kind != "value"}


def test_every_key_of_a_real_result_is_in_the_reference(mixture):
    empty_lists = {"checks", "correlations", "groups"}
    assert set(leaves(mixture.to_dict())) - documented_leaves() - empty_lists == set()


def test_every_key_of_the_reference_is_in_a_real_result(mixture):
    asked_for_only = {path for path in documented_leaves() if ".defence." in path or path.endswith(".mass_factor")}
    asked_for_only |= {
        path
        for path in documented_leaves()
        if path in ("mode", "constraints")
        or path.startswith(("patterns.", "bootstrap.", "information.", "restraints[]"))
        or ".corrected_fraction." in path
    }
    not_in_every_fit = {path for path in documented_leaves() if path.split("[]")[0] in ("checks", "correlations")}
    absent = documented_leaves() - set(leaves(mixture.to_dict())) - asked_for_only - not_in_every_fit
    assert absent <= {"groups.NAME"}


def test_mixture_behind_the_reference_gives_back_what_was_mixed(mixture):
    assert mixture.status == "converged"
    for phase in mixture.phases.values():
        assert phase.weight_fraction.value == pytest.approx(0.5, abs=0.01)


def test_result_holds_no_folder_of_this_machine(mixture, tmp_path_factory):
    text = str(mixture.to_dict())
    assert str(tmp_path_factory.getbasetemp()) not in text
    assert "mixture.xye" in text


def test_every_key_is_written_out_on_the_page(repository):
    page = (repository / "docs" / "reference" / "result-keys.md").read_text(encoding="utf-8")
    assert [path for path in documented_result_keys() if f"`{path}`" not in page] == []


# -- the checks -------------------------------------------------------------------------


def codes_in_the_code(repository) -> dict[str, set[str]]:
    """Every code that a check is made with, and the severities it can have, read from the source."""
    found: dict[str, set[str]] = {}
    for file in sorted((repository / "xtal").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Check" and len(call.args) >= 2:
                code, severity = call.args[0], call.args[1]
                if isinstance(code, ast.Constant):
                    words = {n.value for n in ast.walk(severity) if isinstance(n, ast.Constant)}
                    found.setdefault(code.value, set()).update(words & {"severe", "warning", "info"})
    return found


@pytest.fixture(scope="module")
def sections(request) -> dict[str, str]:
    """Sections of the how-to by the code in their heading."""
    page = (request.config.rootpath / "docs" / "how-to" / "read-the-checks.md").read_text(encoding="utf-8")
    parts = re.split(r"^### `([a-z-]+)`", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_check_is_explained_with_its_severities(sections, repository):
    codes = codes_in_the_code(repository)
    assert len(codes) >= 18
    assert set(codes) - set(sections) == set(), "explain them in docs/how-to/read-the-checks.md"
    for code, severities in codes.items():
        head = sections[code].split("\n")[0]
        assert {word for word in ("severe", "warning", "info") if word in head} == severities, code


def test_every_explained_check_exists(sections, repository):
    assert set(sections) - set(codes_in_the_code(repository)) == set()


def test_explanations_state_the_limits_of_the_code(sections):
    from xtal.checks import light_sites, parameters, pattern, phases
    from xtal.rietveld import weak_phases

    stated = {
        "not-at-rest": [f"{parameters.LARGEST_SHIFT:g}"],
        "strong-correlation": [f"{parameters.STRONG_CORRELATION:g}"],
        "displacement-parameter": [f"{parameters.HUGE_U:g} Å²"],
        "position-overfull": [f"{1 + parameters.OVERFULL:g}"],
        "cell-moved": [f"{100 * parameters.CELL_MOVED:g} %"],
        "phase-not-carried": [f"{100 * phases.CARRIED_FROM:g} %", "a third"],
        "phase-not-shown": [f"{phases.SHOWN_FROM:g} esds"],
        "rwp-above-rexp": [f"{pattern.GOF_WARNING:g}", f"{pattern.GOF_SEVERE:g}", f"{100 * pattern.RWP_SEVERE:g} %"],
        "unexplained-peaks": [f"{pattern.PEAK_SIGNIFICANCE:g} times", f"{100 * pattern.PEAK_HEIGHT:g} %"],
        "light-sites": [f"{100 * light_sites.LEAST_SHARE:g} %"],
        "weak-phase-held": [f"{limit:g} esds" for limit in (weak_phases.WEAK_BELOW, weak_phases.WEAK_IN_A_FAILED_FIT)],
    }
    assert pytest.approx(1 / 3) == phases.CARRIED_SHARE
    missing = [(code, word) for code, words in stated.items() for word in words if word not in sections[code]]
    assert missing == []
