"""The command line: exit codes, sentences, what goes to standard output and what to standard error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xtal
from xtal.cli import COMMANDS, main
from xtal.cli.progress import stage_line, stage_lines
from xtal.cli.running import EXIT_CODES, default_folder
from xtal.cli.template_text import template_line, template_text
from xtal.errors import EngineMissingError, OutputError
from xtal.io.jobs import template_names
from xtal.io.read_pattern import read_pattern
from xtal.result import Result


def exit_code(arguments: list[str]) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def empty_result(verdict: str, status: str = "converged") -> Result:
    """Result without phases, as far as the command line looks at it."""
    return Result(
        title="t", status=status, verdict=verdict, message="said by a test", engine={"name": "rietx", "version": "0"},
        agreement=None, phases={}, groups={}, parameters={}, correlations=(), checks=(), stages=(), pattern={}, provenance={},
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def refined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Stands in for reading a job and for the engine; records what they were called with."""
    calls: dict[str, Any] = {"verdict": "pass"}

    class Job:
        output_folder = None

    def load(path: Path, *, engine: str | None = None) -> Job:
        calls["load"] = (Path(path).name, engine)
        return Job()

    def from_template(name: str, data: Path, **options: Any) -> Job:
        calls["template"] = (name, Path(data).name, options)
        return Job()

    def refine(job: Job, *, timeout: float, on_event: Any, command: Any, **_: Any) -> Result:
        calls["refine"] = (timeout, tuple(command))
        on_event({"event": "stage_start", "index": 0, "name": "scale"})
        on_event({"event": "stage", "index": 0, "name": "scale", "rwp": 0.1234, "seconds": 1.5})
        if isinstance(calls["verdict"], BaseException):
            raise calls["verdict"]
        return empty_result(calls["verdict"])

    monkeypatch.setattr("xtal.io.jobs.load_job", load)
    monkeypatch.setattr("xtal.io.jobs.job_from_template", from_template)
    monkeypatch.setattr("xtal.rietveld.run.refine", refine)
    monkeypatch.chdir(tmp_path)
    return calls


def test_every_command_of_the_table_has_a_function_of_its_name() -> None:
    for name, module in COMMANDS.items():
        assert callable(getattr(import_module(module), name.replace("-", "_")))


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([name, "--help"]) == 0
    assert f"Usage: xtal {name}" in capsys.readouterr().out


def test_refine_offers_the_documented_options(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["refine", "--help"])
    text = capsys.readouterr().out
    options = "-o --output --engine --timeout --force --json --quiet --template --phase --instrument"
    assert all(f"{option} " in text or f"{option}," in text for option in options.split())


def test_version_is_the_version_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--version"]) == 0
    assert capsys.readouterr().out == f"xtal {xtal.__version__}\n"


def test_an_unknown_command_exits_with_2_and_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["refin"]) == 2
    assert "Did you mean 'refine'?" in capsys.readouterr().err


def test_bad_input_is_one_sentence_on_standard_error_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["refine", str(tmp_path / "absent.toml")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("xtal: no such job file")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--debug", "refine", "absent.toml"], ["refine", "absent.toml", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(arguments) == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_defect_exits_with_2_and_asks_for_a_report(
    refined: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    refined["verdict"] = ZeroDivisionError("by zero")
    assert exit_code(["refine", "job.toml", "--quiet"]) == 2
    assert "unexpected ZeroDivisionError: by zero" in capsys.readouterr().err


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("review", 1), ("fail", 2)])
def test_the_exit_code_is_the_verdict(refined: dict[str, Any], verdict: str, code: int) -> None:
    refined["verdict"] = verdict
    assert exit_code(["refine", "job.toml"]) == code
    assert set(EXIT_CODES) == {"pass", "review", "fail"}


def test_an_engine_that_is_missing_exits_with_2(refined: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    refined["verdict"] = EngineMissingError("GSAS-II was not found.")
    assert exit_code(["refine", "job.toml", "--engine", "gsas2"]) == 2
    assert "GSAS-II was not found." in capsys.readouterr().err
    assert refined["load"] == ("job.toml", "gsas2")


def test_ctrl_c_exits_with_130(refined: dict[str, Any], tmp_path: Path) -> None:
    refined["verdict"] = KeyboardInterrupt()
    assert exit_code(["refine", "job.toml"]) == 130
    assert list(tmp_path.iterdir()) == []


def test_json_prints_the_result_and_nothing_else(
    refined: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["refine", "job.toml", "--json", "-o", "out"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert "Rwp" in printed.err


def test_quiet_prints_nothing(refined: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["refine", "job.toml", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_without_a_folder_the_result_is_named_after_the_job(
    refined: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["refine", "pellet.toml"]) == 0
    assert default_folder(Path("somewhere/pellet.toml")) == Path("pellet-result")
    assert (tmp_path / "pellet-result" / "result.json").is_file()
    assert "report: pellet-result/report.html" in capsys.readouterr().out


def test_an_existing_folder_is_refused_before_the_fit_and_replaced_with_force(
    refined: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["refine", "job.toml", "-o", "out"]) == 0
    del refined["refine"]
    assert exit_code(["refine", "job.toml", "-o", "out"]) == 2
    assert "--force" in capsys.readouterr().err
    assert "refine" not in refined
    assert exit_code(["refine", "job.toml", "-o", "out", "--force"]) == 0


def test_a_template_gets_data_phases_and_instrument(refined: dict[str, Any]) -> None:
    arguments = [
        "--template",
        "chlorospinel",
        "x.xy",
        "--phase",
        "licl",
        "--phase",
        "my.cif",
        "--instrument",
        "lab-cuka",
    ]
    assert exit_code(["refine", *arguments, "--timeout", "7"]) == 0
    name, data, options = refined["template"]
    assert (name, data) == ("chlorospinel", "x.xy")
    assert list(options["phases"]) == ["licl", "my.cif"]
    assert options["instrument"] == "lab-cuka"
    assert refined["refine"][0] == 7.0


def test_phases_without_a_template_are_refused(refined: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["refine", "job.toml", "--phase", "licl"]) == 2
    assert "go with --template" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_exits_with_2_after_the_table_was_shown(
    refined: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr("xtal.report.folder.write_result", full)
    assert exit_code(["refine", "job.toml"]) == 2
    printed = capsys.readouterr()
    assert "said by a test" in printed.out
    assert "xtal: the disk is full" in printed.err


@pytest.mark.parametrize("end", [KeyboardInterrupt(), EngineMissingError("a refit failed")])
def test_the_fit_is_kept_when_what_follows_it_ends_early(
    end: BaseException, refined: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[tuple[str, bool]] = []

    def stop(*_: Any, **__: Any) -> None:
        raise end

    monkeypatch.setattr("xtal.report.folder.write_result", lambda r, folder, force: written.append((r.message, force)))
    monkeypatch.setattr("xtal.rietveld.defence.scattered_starts", stop)
    assert exit_code(["refine", "job.toml", "--starts", "3"]) != 0
    assert written == [("said by a test", False)]
    assert "The fit itself is kept: job-result" in capsys.readouterr().err


def test_too_few_refits_are_refused_before_the_fit(refined: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["refine", "job.toml", "--engine", "native", "--bootstrap", "5"]) == 2
    assert "at least 20 refits" in capsys.readouterr().err
    assert "refine" not in refined


def test_a_finished_stage_is_a_plain_line_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"event": "stage", "index": 2, "name": "cells", "rwp": 0.0712, "seconds": 3.25}
    with stage_lines() as listener:
        listener({"event": "stage_start", "index": 2, "name": "cells"})
        listener(event)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == stage_line(event) + "\n"
    assert "7.12 %" in printed.err


def test_the_live_line_names_stages_with_brackets_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with stage_lines() as listener:
        listener({"event": "stage_start", "index": 0, "name": "[cells]"})
        listener({"event": "stage", "index": 0, "name": "[cells]", "rwp": 0.05, "seconds": 1.0})
    assert "stage 1  [cells]" in capsys.readouterr().err


def test_convert_writes_the_same_pattern_in_another_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_theta = np.arange(10.0, 20.0, 0.02)
    counts = np.round(100 + 900 * np.exp(-((two_theta - 15) ** 2) / 0.02))
    source, target = tmp_path / "a.xy", tmp_path / "b.csv"
    np.savetxt(source, np.column_stack([two_theta, counts]), fmt="%.4f")
    assert exit_code(["convert", str(source), str(target)]) == 0
    assert "500 points, two_theta 10 to 19.98" in capsys.readouterr().out
    written = read_pattern(target)
    np.testing.assert_allclose(written.x, two_theta, atol=1e-9)
    np.testing.assert_allclose(written.intensity, counts, atol=1e-9)


def test_convert_does_not_replace_a_file_without_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "a.xy", tmp_path / "b.csv"
    source.write_text("10 1\n11 2\n12 3\n", encoding="utf-8")
    target.write_text("mine", encoding="utf-8")
    assert exit_code(["convert", str(source), str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "mine"
    assert exit_code(["convert", str(source), str(target), "--force"]) == 0


TEMPLATE = {
    "template": {
        "name": "pellet", "title": "A pellet", "about": "Refines\n  a pellet.", "literature": ["A paper, 2026"],
        "cannot_tell": ["Where lithium sits."],
    },
    "phase": [
        {"structure": "llto", "about": "The filler."},
        {"name": "salt", "structure": "licl", "optional": True, "start": {"microstrain": 1e-3},
         "bounds": {"microstrain": [0, 0.01], "crystallite_size_nm": [5, None]}},
    ],
    "parameters": {"pattern.zero": {"min": -0.1, "max": 0.1}},
    "stage": [{"name": "scales", "free": ["phase.*.scale"], "why": "Nothing else is near yet."}],
}  # fmt: skip


def test_a_template_shows_phases_limits_stages_literature_and_what_it_cannot_tell() -> None:
    text = template_text(TEMPLATE)
    for line in (
        "pellet: A pellet",
        "Refines a pellet.",
        "  llto: llto. The filler.",
        "  salt: licl (optional: --phase salt).",
        "  pattern.zero: at least -0.1, at most 0.1",
        "  phase.salt.microstrain: start 0.001, at least 0, at most 0.01",
        "  phase.salt.crystallite_size_nm: at least 5",
        "  scales: frees phase.*.scale. Nothing else is near yet.",
        "  A paper, 2026",
        "  Where lithium sits.",
    ):
        assert line in text.splitlines()
    assert template_line(TEMPLATE) == f"{'pellet':<32}A pellet"


def test_templates_lists_and_shows_every_shipped_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["templates"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    assert listed == list(template_names())
    for name in listed:
        assert exit_code(["templates", name]) == 0
        assert f"{name}: " in capsys.readouterr().out


def test_an_unknown_template_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["templates", "no-such-template"]) == 2
    assert "'no-such-template' is not known" in capsys.readouterr().err


def test_ctrl_c_during_a_real_command_ends_the_process_with_130(tmp_path: Path) -> None:
    """A job file that is a pipe keeps the command waiting until the signal comes."""
    pipe = tmp_path / "job.toml"
    os.mkfifo(pipe)
    waiting = subprocess.Popen(
        [sys.executable, "-m", "xtal", "refine", str(pipe)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    writer = os.open(pipe, os.O_WRONLY)  # returns when the command has opened the job file
    time.sleep(0.2)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=60)
    os.close(writer)
    assert waiting.returncode == 130
    assert said == "xtal: stopped.\n"
