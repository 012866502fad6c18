"""Kept models: the same numbers as new ones, whatever was refined before; fits in the calling process end in time."""

from __future__ import annotations

import copy

import pytest

from xtal.engines.native_engine import NativeEngine
from xtal.io.library import reference_structure
from xtal.native import refine_task
from xtal.native.batch import Batch

BACKGROUND = [f"pattern.background.c{i}" for i in range(3)]
FREE = ["phase.ni.scale", "phase.ni.cell.a", *BACKGROUND]


def silent(event):
    """Nobody listens."""


def without_times(outcome):
    return {**outcome, "stages": [{**stage, "seconds": 0} for stage in outcome["stages"]]}


@pytest.fixture
def tasks(make_task, laboratory):
    """Three patterns of nickel on one axis, and one on another."""
    nickel = [reference_structure("ni")]
    long, short = (40.0, 80.0, 0.04), (40.0, 70.0, 0.04)
    return [
        make_task(nickel, laboratory, stages=[FREE[:1] + BACKGROUND, FREE], span=span, seed=seed)
        for seed, span in ((1, long), (2, short), (3, long), (4, long))
    ]


def test_kept_model_gives_the_numbers_of_a_new_one(tasks):
    batch = Batch()
    for task in tasks:
        assert without_times(batch.refine(task, silent)) == without_times(refine_task(task, silent))
    assert len(batch._models) == 2


def test_other_free_parameters_and_other_start_values_are_not_mixed_up(tasks):
    batch, first = Batch(), tasks[0]
    warm = copy.deepcopy(first)
    warm["parameters"]["phase.ni.cell.a"]["value"] += 1e-3
    warm["stages"] = warm["stages"][-1:]
    batch.refine(first, silent)
    assert without_times(batch.refine(warm, silent)) == without_times(refine_task(warm, silent))
    unknown = copy.deepcopy(first)
    unknown["parameters"]["phase.ni.colour"] = {"value": 1.0, "min": None, "max": None}
    unknown["stages"][0]["free"].append("phase.ni.colour")
    assert NativeEngine().run_here(unknown, timeout=60).status == "unsupported"


def test_fit_in_the_calling_process_equals_that_of_the_child(tasks):
    run = NativeEngine().run_here(tasks[0], timeout=60)
    assert run.status == "done"
    assert without_times(run.outcome) == without_times(refine_task(tasks[0], silent))


def test_fit_in_the_calling_process_ends_with_its_time(tasks):
    run = NativeEngine().run_here(tasks[0], timeout=0.0)
    assert (run.status, run.outcome) == ("timeout", None)
    assert "time limit" in run.message


def test_bad_start_is_an_error_and_not_an_exception(tasks):
    task = copy.deepcopy(tasks[0])
    task["parameters"]["phase.ni.cell.a"]["min"] = 5.0
    run = NativeEngine().run_here(task, timeout=60)
    assert run.status == "error"
    assert "phase.ni.cell.a" in run.message
