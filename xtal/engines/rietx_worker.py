"""Child process that runs rietx: ``python -m xtal.engines.rietx_worker``; see `json_lines`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from rietx import __version__ as rietx_version

from xtal.engines.json_lines import Emit, serve
from xtal.engines.rietx_covariance import Solved
from xtal.engines.rietx_extraction import run_extraction_stage
from xtal.engines.rietx_freedom import Problem, build_problem
from xtal.engines.rietx_joint import build_joint, joint_rwp, run_joint_stage
from xtal.engines.rietx_joint_outcome import joint_outcome
from xtal.engines.rietx_outcome import outcome_of
from xtal.engines.rietx_restraints import restraint_bonds
from xtal.engines.rietx_stages import run_stage
from xtal.engines.worker_lines import TaskError

ENGINE = {"name": "rietx", "version": str(rietx_version)}


def refine(task: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Run every stage of a task, reporting each, and return the final outcome."""
    refuse_time_of_flight(task)
    if not task["stages"]:
        raise TaskError("bad_input", "stages: the task has none, so there is nothing to do.")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return (refine_jointly if "patterns" in task else refine_alone)(task, emit, caught)
        except np.linalg.LinAlgError as error:
            raise TaskError("diverged", str(error)) from error


def refine_alone(task: dict[str, Any], emit: Emit, caught: list[warnings.WarningMessage]) -> dict[str, Any]:
    """Run every stage of a task with one pattern."""
    problem = build_problem(task)
    problem.bonds = restraint_bonds(task, problem.structure)
    history: list[Solved] = []
    outcome: dict[str, Any] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        is_last = index + 1 == len(task["stages"])
        if task.get("mode", "rietveld") == "rietveld":
            solved = run_stage(problem, stage, first=index == 0, last=is_last)
        else:
            solved = run_extraction_stage(problem, stage, last=is_last)
        history.append(solved)
        collect_warnings(problem, caught)
        outcome = outcome_of(problem, history, ENGINE)
        emit(stage_event(index, solved, outcome, solved.rwp))
    return outcome


def refuse_time_of_flight(task: dict[str, Any]) -> None:
    """Refuse patterns that rietx reads and can't refine."""
    for entry in task.get("patterns", [task]):
        if entry["instrument"]["radiation"]["kind"] == "neutron_tof":
            raise TaskError(
                "unsupported",
                "radiation neutron_tof: rietx 1.10 reads time-of-flight banks and refines none; gsas2 and native do "
                "(--engine native).",
            )


def refine_jointly(task: dict[str, Any], emit: Emit, caught: list[warnings.WarningMessage]) -> dict[str, Any]:
    """Run every stage of a task with several patterns."""
    joint = build_joint(task)
    history: list[list[Solved]] = []
    outcome: dict[str, Any] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        history.append(run_joint_stage(joint, index, first=index == 0, last=index + 1 == len(task["stages"])))
        collect_warnings(joint.problems[0], caught)
        outcome = joint_outcome(joint, history, ENGINE)
        emit(stage_event(index, history[-1][0], outcome, joint_rwp(history[-1])))
    return outcome


def collect_warnings(problem: Problem, caught: list[warnings.WarningMessage]) -> None:
    """Move the warnings Python collected from rietx into the problem's list."""
    problem.warnings += [f"rietx: {text}" for text in dict.fromkeys(str(w.message) for w in caught)]
    caught.clear()


def stage_event(index: int, solved: Solved, snapshot: dict[str, Any], rwp: float) -> dict[str, Any]:
    """Return the stage event, whose snapshot is the outcome so far."""
    return {
        "event": "stage",
        "index": index,
        "name": solved.name,
        "rwp": rwp,
        "seconds": solved.seconds,
        "snapshot": snapshot,
    }


if __name__ == "__main__":
    raise SystemExit(serve(ENGINE, refine))
