"""``xtal project`` and the commands of its page in the documentation."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

import pytest

from xtal.cli import main


def run(*arguments: str) -> int:
    """Exit code of ``xtal project``."""
    with pytest.raises(SystemExit) as ended:
        main(["project", *arguments])
    return int(ended.value.code or 0)


def commands_of_the_page(repository):
    text = (repository / "docs" / "how-to" / "reciprocal-projections.md").read_text(encoding="utf-8")
    return [
        line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.strip().splitlines()
    ], text


@pytest.mark.slow
def test_every_command_of_the_page_runs_and_writes_what_it_names(repository, tmp_path, monkeypatch, capsys):
    pytest.importorskip("xrayutilities")
    monkeypatch.chdir(tmp_path)
    lines, _ = commands_of_the_page(repository)
    assert len(lines) == 6
    for line in lines:
        program, command, *arguments = shlex.split(line)
        if program == "python":
            subprocess.run([sys.executable, repository / command, *arguments], check=True)
            assert (tmp_path / "figure-1b.svg").stat().st_size > 100_000
            continue
        assert (program, command) == ("xtal", "project") and run(*arguments) == 0, capsys.readouterr().err
        for name in (word for word in arguments if re.fullmatch(r"\w+\.(svg|png|pdf|html|json|csv)", word)):
            assert (tmp_path / name).stat().st_size > 1000, name


def test_the_python_of_the_page_runs(repository, capsys):
    _, text = commands_of_the_page(repository)
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, {})
    said = capsys.readouterr().out
    assert "Mismatch(principal=(0.01085" in said and "\n0.0\n" in said


def test_the_overlay_of_study_a_prints_its_mismatch_and_indices(capsys, tmp_path):
    table = tmp_path / "table.json"
    code = run(
        "li2ohcl-cubic",
        "llto",
        "--plane",
        "1,0,0",
        "--plane2",
        "0,0,1",
        "--align",
        "0,1,0//1,0,0",
        "--json",
        str(table),
    )
    said = capsys.readouterr().out
    assert code == 0
    assert "Frame: a ∥ e₁, c* ∥ e₃" in said and "68 coincident spots" in said
    assert "+1.086 % and +1.086 %" in said and "(100) ∥ (001), [010] ∥ [100]" in said
    assert json.loads(table.read_text())["panels"][0]["overlays"][0]["score"] == pytest.approx(0.869, abs=1e-3)


def test_a_range_of_angles_turns_the_second_crystal_to_the_best_one(capsys):
    code = run("llto", "llto", "--zone", "0,0,1", "--rotate", "10:50:1", "--gmax", "0.9")
    said = capsys.readouterr().out
    assert code == 0 and re.search(
        r"best rotation of llto \[001\] on llto \[001\]: \d+\.\d{3}°, score 0\.\d+ \(mean", said
    )


def test_several_views_are_several_panels(tmp_path):
    table = tmp_path / "t.json"
    assert (
        run("llto", "--plane", "0,0,1", "--plane", "1,0,0", "--zone", "1,1,0", "--lattice-only", "--json", str(table))
        == 0
    )
    panels = json.loads(table.read_text())["panels"]
    assert [p["projections"][0]["view"] for p in panels] == ["(001)", "(100)", "[110]"]
    assert panels[0]["projections"][0]["spots"][0]["f_squared"] is None


@pytest.mark.parametrize(("arguments", "message"), [
    (["llto"], "no direction of view; give --plane 1,0,0 or --zone 0,0,1"),
    (["llto", "--plane", "0,0,0"], "plane (0 0 0) has no orientation"),
    (["latp", "--plane", "0,1,1,2"], "h + k + i = 2"),
    (["llto", "--plane", "1,0,0", "--right", "1,0,0"], "parallel to the direction of view"),
    (["llto", "--plane", "1,0,0", "--gmax", "0.01"], "too small to hold two spots"),
    (["llto", "--plane", "1,0,0", "--plane2", "1,0,0"], "name a second structure"),
    (["llto", "latp", "--plane", "1,0,0", "--plane2", "1,0,0", "--zone2", "1,0,0"], "give one of them"),
    (["llto", "latp", "--plane", "1,0,0", "--plane2", "1,0,0", "--plane2", "0,1,0"], "2 views and 0 alignments for 1 further"),
    (["llto", "latp", "--plane", "1,0,0", "--align", "1,0,0//0,1,0"], "is not in the plane of the view"),
    (["llto", "latp", "--plane", "1,0,0", "--rotate", "north"], "'north' is not an angle"),
    (["llto", "latp", "--plane", "1,0,0", "--rotate", "0:1"], "is not a range of angles"),
    (["llto", "--plane", "1,0,0", "--slab", "1"], "not a pair of heights"),
    (["llto", "--plane", "1,0,0", "--probe", "light"], "probe 'light' is not known"),
    (["llto", "--plane", "1,0,0", "--row", "0,1,0"], "give --row 0,1,0 with --profile FILE"),
    (["llto", "--plane", "1,0,0", "--rotate", "0:90:1"], "--rotate turns a second crystal; name a second structure"),
    (["llto", "--plane", "1,0,0", "--json", "t.json", "--stereogram", "x.txt"], "end the name in .svg, .png or .pdf"),
    (["llto", "--plane", "1,0,0", "--scan", "x.svg"], "a scan needs two structures"),
    (["llto", "--plane", "1,0,0", "-o", "x.bmp"], "end the name in .svg, .png or .pdf"),
    (["llto", "--plane", "1,0,0", "--labels", "many", "-o", "x.svg"], "all, paired or none"),
    (["llto", "--zone", "0,0,1", "--probe", "neutron", "--map", "x.svg"], "a reciprocal-space map is for X-rays"),
    (["lltoo", "--plane", "1,0,0"], "did you mean llto"),
])  # fmt: skip
def test_bad_input_is_one_sentence_and_leaves_no_file(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_kept_unless_forced(capsys, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("mine")
    assert run("llto", "--plane", "1,0,0", "--csv", str(file)) == 2
    assert file.read_text() == "mine" and "--force" in capsys.readouterr().err
    assert run("llto", "--plane", "1,0,0", "--csv", str(file), "--force") == 0 and file.read_text().startswith(
        "panel,view,"
    )
