"""Run the stages of a task with rietx's compiled model and least-squares driver."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rietx.background.models import chebyshev_design_matrix
from rietx.model.forward import WINDOW_AREA_TOL, compile_model
from rietx.optimize.least_squares import run_least_squares
from rietx.optimize.lm import FTOL
from rietx.schemas.plan import CLOSING_WINDOW_TOL, INTERMEDIATE_FTOL

from xtal.engines.rietx_covariance import Solved, solved_stage
from xtal.engines.rietx_freedom import Problem, entry_of, free_exactly
from xtal.engines.rietx_restraints import with_restraints
from xtal.engines.worker_lines import TaskError

SMALLEST_SHARE = 0.02
"""A starting scale is at least this share of the one that explains the whole pattern."""


def run_stage(problem: Problem, stage: dict[str, Any], *, first: bool, last: bool) -> Solved:
    """Free exactly the stage's parameters and minimise.

    The last stage is solved twice: once with the peak windows of the early stages, then
    from that answer with peak tails kept to 0.1 % of the area, which the final values need.
    In a task that says `is_near` a single stage starts so close that the first of the two is left out.
    """
    start = time.perf_counter()
    free = tuple(dict.fromkeys(stage["free"]))
    cycles = int(stage.get("max_cycles") or 20)
    free_exactly(problem, free)
    closes_at_once = first and last and bool(problem.task.get("is_near"))
    model = compiled(problem, CLOSING_WINDOW_TOL if closes_at_once else WINDOW_AREA_TOL)
    if first:
        seed_scales(problem, model)
    solution = solve(problem, model, cycles, FTOL if closes_at_once else INTERMEDIATE_FTOL)
    if last and not closes_at_once:
        model = compiled(problem, CLOSING_WINDOW_TOL)
        solution = solve(problem, model, cycles, FTOL)
    seconds = time.perf_counter() - start
    solved = solved_stage(stage["name"], free, model, solution, problem.table, seconds)
    check_finite(solved)
    return solved


def compiled(problem: Problem, window_area: float) -> Any:
    """Compile rietx's forward model at the current values.

    The Chebyshev rows are rebuilt on the task's own range, because rietx scales x to the
    first and last fitted point.
    """
    table = problem.table
    try:
        table.apply_to_models(problem.structure, problem.instrument)
        model = compile_model(
            problem.structure,
            problem.instrument,
            problem.pattern,
            moving_paths=set(table.moving_paths),
            window_area_tol=window_area,
            mode=problem.task.get("mode", "rietveld"),
        )
    except (ValueError, KeyError) as error:
        raise TaskError("bad_input", f"rietx refuses the model: {error}") from error
    background = problem.task["background"]
    low, high = (float(edge) for edge in background["range"])
    model.bkg_design = chebyshev_design_matrix(model.tt, int(background["n_terms"]), low, high)
    return with_restraints(model, problem.bonds)


def solve(problem: Problem, model: Any, cycles: int, tolerance: float) -> Any:
    """Minimise with rietx's Levenberg-Marquardt driver and keep the answer in the table."""
    solution = run_least_squares(model, problem.table, max_iter=cycles, ftol=tolerance, phase_support_sigma=None)
    problem.table.commit(solution.theta)
    return solution


def check_finite(solved: Solved) -> None:
    """Raise when a stage ended in numbers that are not numbers."""
    if not math.isfinite(solved.rwp):
        raise TaskError(
            "diverged",
            f"stage '{solved.name}': Rwp is not a finite number; free fewer parameters at once or start closer.",
        )


def seed_scales(problem: Problem, model: Any) -> None:
    """Replace scales that start at exactly 1 by ones that match the pattern.

    The pattern is linear in the scales and the background, so one weighted linear least
    squares gives them; a phase the start model does not show keeps a small share.
    """
    table = problem.table
    values = table.decode(table.x0())
    wanted = [i for i, n in enumerate(problem.phase_names) if starts_at_one(problem, n)]
    if not wanted:
        return
    curves = np.array([model.phase_component(i, values) for i in wanted])
    known = [i for i in range(len(model.phases)) if i not in wanted]
    rest = model.y_obs - sum(model.phase_component(i, values) for i in known)
    for index, scale in zip(wanted, linear_scales(model, curves, rest), strict=True):
        entry = entry_of(table, f"phases.{index}.scale")
        entry.value = float(min(max(scale, entry.lo), entry.hi))
    table.set_vary([], True)


def starts_at_one(problem: Problem, phase: str) -> bool:
    """Tell whether the task leaves the starting scale of a phase to the worker."""
    name = f"phase.{phase}.scale"
    spec = problem.task["parameters"].get(name, {"value": 1.0})
    tied = name in problem.followers
    return not tied and spec["value"] in (None, 1.0)


def linear_scales(model: Any, curves: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scales of the phase curves that best describe `observed` with a background."""
    rows = np.vstack([curves, model.bkg_design]) / model.sigma
    norms = np.linalg.norm(rows, axis=1)
    norms[norms == 0.0] = 1.0
    fitted = np.linalg.lstsq((rows / norms[:, None]).T, observed / model.sigma, rcond=None)[0]
    scales: NDArray[np.float64] = (fitted / norms)[: len(curves)]
    areas = curves.sum(axis=1)
    whole = max(float(np.sum(observed - observed.min())), 1.0)
    even = whole / len(curves) / np.where(areas > 0.0, areas, 1.0)
    return np.maximum(scales, SMALLEST_SHARE * even)
