"""All stages of a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import bad_input
from .fit import refine
from .names import Emit
from .outcome import outcome
from .program import Gsas2
from .project import open_session
from .stage import prepare_stage


def run_task(g2: Gsas2, task: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Refine all stages of a task, with an event after each; returns the last outcome."""
    session = open_session(g2, task)
    result: dict[str, Any] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        tied = prepare_stage(session, stage)
        fit = refine(session, is_last=index == len(task["stages"]) - 1)
        result = outcome(session, stage, fit, tied)
        emit(
            {
                "event": "stage",
                "index": index,
                "name": stage["name"],
                "rwp": result["agreement"]["rwp"],
                "seconds": fit.seconds,
                "snapshot": result,
            }
        )
    if not result:
        raise bad_input("the task has no stages")
    return result
