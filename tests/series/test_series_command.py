"""The commands: exit codes, JSON, messages."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from xtal.cli import app
from xtal.series.frames import Frame
from xtal.series.plan import make_plan
from xtal.series.store import Fit, Store

RUNNER = CliRunner()


def store(folder, statuses):
    folder.mkdir()
    frames = [Frame(index, folder / f"f{index}.xy", float(index)) for index in range(3)]
    meta = {"title": "three frames", "axis": {"name": "frame", "unit": ""}, "series": {}, "properties": [], "phases": [],
            "engine": "rietx", "strategy": "cold", "wavelength": None, "pattern_axis": "two_theta", "versions": {"xtal": "0"},
            "inputs": {}, "series_file": "series.toml"}  # fmt: skip
    with Store.create(folder, meta, frames, make_plan(range(3), "cold")) as made:
        for index, status in enumerate(statuses):
            made.add(Fit(index, "main", status, "pass" if status == "converged" else "fail", f"frame ended {status}"))
    return folder


def test_series_lists_its_commands():
    result = RUNNER.invoke(app, ["series", "--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in ("run", "status", "export", "report"))


def test_status_of_a_finished_series(tmp_path):
    folder = store(tmp_path / "out", ["converged"] * 3)
    result = RUNNER.invoke(app, ["series", "status", str(folder), "--json"])
    content = json.loads(result.output)
    assert result.exit_code == 0
    assert (content["schema"], content["done"], content["total"], content["failed"]) == (
        "xtal-series-status/1",
        3,
        3,
        0,
    )


def test_status_tells_failures_apart_from_what_is_missing(tmp_path):
    failed = RUNNER.invoke(app, ["series", "status", str(store(tmp_path / "a", ["converged", "timeout", "converged"]))])
    assert failed.exit_code == 1
    assert "frame 1: frame ended timeout" in failed.output
    waiting = RUNNER.invoke(app, ["series", "status", str(store(tmp_path / "b", ["converged"]))])
    assert waiting.exit_code == 2


def test_report_of_a_series_in_which_nothing_was_refined(tmp_path):
    folder = store(tmp_path / "out", [])
    result = RUNNER.invoke(app, ["series", "report", str(folder)])
    assert result.exit_code == 0, result.output
    assert "0 of 3 refinements are done" in (folder / "report.html").read_text(encoding="utf-8")


def test_run_without_dask_says_how_to_get_it(light_series, tmp_path, monkeypatch):
    import sys

    from xtal.errors import MissingPartError

    monkeypatch.setitem(sys.modules, "distributed", None)
    result = RUNNER.invoke(app, ["series", "run", str(light_series), "-o", str(tmp_path / "out")])
    assert isinstance(result.exception, MissingPartError)
    assert "pip install 'xtal-toolkit[series]'" in str(result.exception)
