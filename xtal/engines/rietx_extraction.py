"""Le Bail and Pawley stages: intensities from the pattern instead of from structures.

Le Bail alternates rietx's partition of the observed intensity with least squares of everything else until Rwp rests;
Pawley refines the intensities with the rest, those of overlapping reflections held together softly by rietx.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from rietx.model.forward import WINDOW_AREA_TOL
from rietx.optimize.least_squares import _jacobian_for
from rietx.optimize.lm import FTOL
from rietx.schemas.plan import CLOSING_WINDOW_TOL, INTERMEDIATE_FTOL

from xtal.engines.rietx_covariance import Solved, solved_stage
from xtal.engines.rietx_freedom import Problem, free_exactly
from xtal.engines.rietx_stages import check_finite, compiled, solve

FIRST_PARTITIONS = 20
"""Partitions of the pattern before the first least squares, from equal intensities."""

PARTITIONS = 3
"""Partitions between two least squares."""

ROUNDS = {WINDOW_AREA_TOL: 5, CLOSING_WINDOW_TOL: 25}
"""Partitions and least squares in turn at most, in a stage and at the end of the last one."""

AT_REST = {WINDOW_AREA_TOL: 1.0e-3, CLOSING_WINDOW_TOL: 1.0e-4}
"""Relative change of Rwp below which the turns end."""


def run_extraction_stage(problem: Problem, stage: dict[str, Any], *, last: bool) -> Solved:
    """Free exactly the stage's parameters and minimise; the last stage a second time with wide windows."""
    start = time.perf_counter()
    free = tuple(dict.fromkeys(stage["free"]))
    cycles = int(stage.get("max_cycles") or 20)
    free_exactly(problem, free)
    run = lebail if problem.task["mode"] == "lebail" else pawley
    solved = run(problem, (stage["name"], free, cycles), WINDOW_AREA_TOL, INTERMEDIATE_FTOL)
    if last:
        solved = run(problem, (stage["name"], free, cycles), CLOSING_WINDOW_TOL, FTOL)
    check_finite(solved)
    return replace(solved, seconds=time.perf_counter() - start)


def lebail(problem: Problem, stage: tuple[str, tuple[str, ...], int], window: float, tolerance: float) -> Solved:
    """Partition and least squares in turn; converged when Rwp rests and the last least squares did."""
    name, free, cycles = stage
    model, is_carried = started(problem, window)
    rwp = np.inf
    rests = False
    for number in range(ROUNDS[window]):
        partitions = PARTITIONS if is_carried or number else FIRST_PARTITIONS
        model.lebail_update(problem.table.decode(problem.table.x0()), n_cycles=partitions)
        answer = solve(problem, model, cycles, tolerance)
        solved = solved_stage(name, free, model, answer, problem.table, 0.0)
        rests = abs(rwp - solved.rwp) <= AT_REST[window] * solved.rwp
        if rests:
            break
        rwp = solved.rwp
    keep_intensities(problem, model)
    return replace(solved, is_at_rest=rests)


def pawley(problem: Problem, stage: tuple[str, tuple[str, ...], int], window: float, tolerance: float) -> Solved:
    """Least squares of parameters and intensities at once; the first start comes from a partition."""
    name, free, cycles = stage
    model, is_carried = started(problem, window)
    if not is_carried:
        model.lebail_update(problem.table.decode(problem.table.x0()), n_cycles=FIRST_PARTITIONS)
    model.build_pawley_restraint()
    answer = solve(problem, model, cycles, tolerance)
    keep_intensities(problem, model)
    solved = solved_stage(name, free, model, answer, problem.table, 0.0)
    jacobian = _jacobian_for(model, problem.table, "numpy")(np.concatenate([answer.theta, model.pawley_x0()]))
    return replace(solved, intensity_columns=np.asarray(jacobian)[:, len(answer.theta) :])


def started(problem: Problem, window: float) -> tuple[Any, bool]:
    """The compiled model with the intensities of the stage before, and whether there were any."""
    model = compiled(problem, window)
    for index, phase in enumerate(model.phases):
        for row, hkl in enumerate(phase.reflections.hkl):
            phase.hkl_intensity[row] = problem.intensities.get((index, *map(int, hkl)), phase.hkl_intensity[row])
    return model, bool(problem.intensities)


def keep_intensities(problem: Problem, model: Any) -> None:
    """Remember every reflection's intensity for the next stage, whose list may differ."""
    for index, phase in enumerate(model.phases):
        for hkl, intensity in zip(phase.reflections.hkl, phase.hkl_intensity, strict=True):
            problem.intensities[(index, *map(int, hkl))] = float(intensity)
