"""Child process that runs rietx: JSON lines in, JSON lines out.

Run as ``python -m xtal.engines.rietx_worker``.  Each line on standard input is
``{"cmd": "refine", "task": {...}}``, ``{"cmd": "version"}`` or ``{"cmd": "quit"}``;
events go to the real standard output, one JSON object per line.  Whatever rietx or a
library prints goes to standard error.  The process stays warm for further fits.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from rietx import __version__ as rietx_version

from xtal.engines.rietx_covariance import Solved
from xtal.engines.rietx_extraction import run_extraction_stage
from xtal.engines.rietx_freedom import Problem, build_problem
from xtal.engines.rietx_joint import build_joint, joint_rwp, run_joint_stage
from xtal.engines.rietx_joint_outcome import joint_outcome
from xtal.engines.rietx_outcome import outcome_of
from xtal.engines.rietx_restraints import restraint_bonds
from xtal.engines.rietx_stages import run_stage
from xtal.engines.rietx_units import TaskError
from xtal.engines.worker_lines import claim_stdout, encode, end_with_parent, line_writer

Emit = Callable[[str], None]


ENGINE = {"name": "rietx", "version": str(rietx_version)}


def main() -> int:
    """Serve commands until ``quit`` or end of input."""
    emit = line_writer(claim_stdout())
    end_with_parent()
    emit(encode({"event": "ready", "engine": ENGINE["name"], "version": ENGINE["version"]}))
    return serve(sys.stdin, emit)


def serve(lines: Iterable[str], emit: Emit) -> int:
    """Answer each command line; an error in one never ends the process."""
    for line in lines:
        if not line.strip():
            continue
        try:
            if not answer(json.loads(line), emit):
                break
        except Exception as error:  # the parent must hear of every failure
            emit(encode(error_event(error)))
    return 0


def answer(command: dict[str, Any], emit: Emit) -> bool:
    """Carry out one command; return False for ``quit``."""
    name = command.get("cmd")
    if name == "refine":
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            refine(command["task"], emit, caught)
    elif name == "version":
        emit(encode({"event": "version", "engine": ENGINE["name"], "version": ENGINE["version"]}))
    elif name != "quit":
        raise TaskError("bad_input", f"Unknown command {name!r}; use refine, version or quit.")
    return bool(name != "quit")


def error_event(error: Exception) -> dict[str, Any]:
    """Return the error event of an exception, classified for the parent."""
    kind = "internal"
    if isinstance(error, TaskError):
        kind = error.kind
    elif isinstance(error, json.JSONDecodeError):
        kind = "bad_input"
    elif isinstance(error, np.linalg.LinAlgError):
        kind = "diverged"
    message = str(error) or type(error).__name__
    if kind == "internal":
        message = f"rietx failed unexpectedly: {message}"
    return {
        "event": "error",
        "kind": kind,
        "message": message,
        "detail": "".join(traceback.format_exception(error)),
    }


def refine(task: dict[str, Any], emit: Emit, caught: list[warnings.WarningMessage]) -> None:
    """Run every stage of a task, reporting each, then the final outcome."""
    refuse_time_of_flight(task)
    if "patterns" in task:
        refine_jointly(task, emit, caught)
        return
    problem = build_problem(task)
    problem.bonds = restraint_bonds(task, problem.structure)
    history: list[Solved] = []
    text = ""
    for index, stage in enumerate(task["stages"]):
        emit(encode({"event": "stage_start", "index": index, "name": stage["name"]}))
        is_last = index + 1 == len(task["stages"])
        if task.get("mode", "rietveld") == "rietveld":
            solved = run_stage(problem, stage, first=index == 0, last=is_last)
        else:
            solved = run_extraction_stage(problem, stage, last=is_last)
        history.append(solved)
        collect_warnings(problem, caught)
        text = encode(outcome_of(problem, history, ENGINE))
        emit(stage_event(index, solved, text, solved.rwp))
    if not history:
        raise TaskError("bad_input", "stages: the task has none, so there is nothing to do.")
    emit(f'{{"event": "done", "outcome": {text}}}')


def refuse_time_of_flight(task: dict[str, Any]) -> None:
    """Refuse patterns that rietx reads and can't refine."""
    for entry in task.get("patterns", [task]):
        if entry["instrument"]["radiation"]["kind"] == "neutron_tof":
            raise TaskError(
                "unsupported",
                "radiation neutron_tof: rietx 1.10 reads time-of-flight banks and refines none; gsas2 and native do "
                "(--engine native).",
            )


def refine_jointly(task: dict[str, Any], emit: Emit, caught: list[warnings.WarningMessage]) -> None:
    """Run every stage of a task with several patterns."""
    joint = build_joint(task)
    history: list[list[Solved]] = []
    text = ""
    for index, stage in enumerate(task["stages"]):
        emit(encode({"event": "stage_start", "index": index, "name": stage["name"]}))
        history.append(run_joint_stage(joint, index, first=index == 0, last=index + 1 == len(task["stages"])))
        collect_warnings(joint.problems[0], caught)
        text = encode(joint_outcome(joint, history, ENGINE))
        emit(stage_event(index, history[-1][0], text, joint_rwp(history[-1])))
    if not history:
        raise TaskError("bad_input", "stages: the task has none, so there is nothing to do.")
    emit(f'{{"event": "done", "outcome": {text}}}')


def collect_warnings(problem: Problem, caught: list[warnings.WarningMessage]) -> None:
    """Move the warnings Python collected from rietx into the problem's list."""
    problem.warnings += [f"rietx: {text}" for text in dict.fromkeys(str(w.message) for w in caught)]
    caught.clear()


def stage_event(index: int, solved: Solved, snapshot: str, rwp: float) -> str:
    """Return the stage event; the snapshot is already encoded, once for two events."""
    head = encode(
        {
            "event": "stage",
            "index": index,
            "name": solved.name,
            "rwp": rwp,
            "seconds": solved.seconds,
        }
    )
    return f'{head[:-1]}, "snapshot": {snapshot}}}'


if __name__ == "__main__":
    raise SystemExit(main())
