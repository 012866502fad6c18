"""The how-to page: its commands and its Python run, and the numbers of its table are what the code gives."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from xtal.cli import main
from xtal.interface.measured_cell import MeasuredCell
from xtal.interface.mismatch import describe_mismatch

from .test_mismatch import AXES, LLTO, film_with, refined


@pytest.fixture(scope="module")
def page(repository) -> str:
    return (repository / "docs" / "how-to" / "lattice-mismatch.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "series.csv").write_text("x,a\n0,3.9110(6)\n0.05,3.9066(6)\n0.1,3.9025(6)\n")
    (tmp_path / "pellet-result").mkdir()
    (tmp_path / "pellet-result" / "result.json").write_text(json.dumps(refined(3.9031, 0.0004).to_dict()))
    blocks = re.findall(r"^```\n(.*?)^```", page, re.S | re.M)
    commands = [line for block in blocks for line in block.splitlines() if line.startswith("xtal mismatch")]
    assert len(commands) == 6
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(command)[1:])
        assert not ended.value.code, command
    capsys.readouterr()


def test_python_of_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.S | re.M)
    exec(compile(block, "lattice-mismatch.md", "exec"), {})
    assert (tmp_path / "POSCAR").stat().st_size > 500


@pytest.mark.parametrize("a", [3.911, 3.9025, 3.87])
def test_numbers_of_the_table_are_those_of_the_code(page, a):
    row = next(line for line in page.splitlines() if f"| {a:g} |" in line).replace("−", "-")
    printed = [float(number) for number in re.findall(r"-?\d\.\d{3}(?=[,% ])", row)][-10:-1]
    found = describe_mismatch(film_with(a), MeasuredCell(LLTO), AXES)
    values = []
    for definition in ("film_over_substrate", "substrate_over_film", "symmetric"):
        values += [found.axes[0].values[definition], found.axes[2].values[definition], found.mean[definition]]
    assert printed == pytest.approx([100 * value.value for value in values], abs=6e-4)
