"""Le Bail and Pawley stages: intensities from the pattern instead of from structures.

Le Bail alternates rietx's partition of the observed intensity with least squares of everything else until Rwp rests;
Pawley refines the intensities with the rest, those of overlapping reflections held together softly by rietx.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rietx.model.forward import WINDOW_AREA_TOL
from rietx.optimize.least_squares import _jacobian_for
from rietx.optimize.lm import FTOL
from rietx.schemas.plan import CLOSING_WINDOW_TOL, INTERMEDIATE_FTOL
from scipy import sparse

from xtal.engines.rietx_covariance import Solved, solved_stage
from xtal.engines.rietx_freedom import Problem, free_exactly
from xtal.engines.rietx_stages import check_finite, compiled, solve

PARTITIONS = 30
"""Partitions of the pattern between two least squares; they cost little once the profiles are calculated."""

CYCLES = 3
"""Cycles of least squares between two partitions."""

CORE = 0.02
"""Share of a peak's height down to which it takes part in the sharing out, as in the native engine."""

SMALLEST = 1.0e-10
"""Intensities and curves below this count as none."""


@dataclass(frozen=True)
class Turns:
    """How long Le Bail goes on, at most `rounds` turns until Rwp changes by less than `rest` of itself, with which windows."""

    window: float
    tolerance: float
    rounds: int
    rest: float


ON_THE_WAY = Turns(WINDOW_AREA_TOL, INTERMEDIATE_FTOL, 6, 1.0e-3)


AT_THE_END = (Turns(WINDOW_AREA_TOL, INTERMEDIATE_FTOL, 25, 1.0e-4), Turns(CLOSING_WINDOW_TOL, FTOL, 6, 1.0e-3))
"""The last stage comes to rest with narrow windows; wide ones, which cost ten times as much, move it little."""


def run_extraction_stage(problem: Problem, stage: dict[str, Any], *, last: bool) -> Solved:
    """Free exactly the stage's parameters and minimise; the last stage a second time with wide windows."""
    start = time.perf_counter()
    free = tuple(dict.fromkeys(stage["free"]))
    cycles = int(stage.get("max_cycles") or 20)
    free_exactly(problem, free)
    run = lebail if problem.task["mode"] == "lebail" else pawley
    for turns in AT_THE_END if last else (ON_THE_WAY,):
        solved = run(problem, (stage["name"], free, cycles), turns)
    check_finite(solved)
    return replace(solved, seconds=time.perf_counter() - start)


def lebail(problem: Problem, stage: tuple[str, tuple[str, ...], int], turns: Turns) -> Solved:
    """Partition and least squares in turn; converged when Rwp rests."""
    name, free, cycles = stage
    model, _ = started(problem, turns.window)
    rwp = np.inf
    rests = False
    for _ in range(turns.rounds):
        partition(model, problem.table.decode(problem.table.x0()))
        answer = solve(problem, model, min(cycles, CYCLES), turns.tolerance)
        solved = solved_stage(name, free, model, answer, problem.table, 0.0)
        rests = abs(rwp - solved.rwp) <= turns.rest * solved.rwp
        if rests:
            break
        rwp = solved.rwp
    keep_intensities(problem, model)
    return replace(solved, is_at_rest=rests)


def partition(model: Any, values: dict[str, float]) -> None:
    """Share the observed intensity above background out among the reflections, as their shares in the calculated one say.

    I_k ← I_k Σ_i A_ki n_i/y_i / Σ_i A_ki with the net intensity n, y = Σ I_k A_k and the profiles A summed over the lines
    (A. Le Bail, H. Duroy & J. L. Fourquet, Mater. Res. Bull. 23 (1988) 447). Sums go over the cores of the profiles and n keeps
    its sign: rietx's own partition takes whole profiles and drops what is below the background, so that tails collect noise.
    """
    net = model.y_obs - model.background(values) - model.extra_peak_curve(values)
    profiles = [profiles_of(model, number, values) for number in range(len(model.phases))]
    together = sparse.vstack(profiles, format="csr")
    cores = core_of(together)
    sums = np.asarray(cores.sum(axis=1)).ravel()
    intensities = np.concatenate([phase.hkl_intensity for phase in model.phases])
    for _ in range(PARTITIONS):
        curve = together.T @ intensities
        shared = cores @ np.where(curve > SMALLEST, net / np.maximum(curve, SMALLEST), 0.0)
        intensities = np.where(
            sums > 0, np.maximum(intensities * shared / np.maximum(sums, SMALLEST), SMALLEST), intensities
        )
    for phase, own in zip(
        model.phases, np.split(intensities, np.cumsum([p.shape[0] for p in profiles])[:-1]), strict=True
    ):
        phase.hkl_intensity = own


def core_of(profiles: Any) -> Any:
    """The profiles without what is below `CORE` of their height: what lies under strong neighbours tells of them."""
    heights = np.repeat(profiles.max(axis=1).toarray().ravel(), np.diff(profiles.indptr))
    return sparse.csr_array(
        (np.where(profiles.data >= CORE * heights, profiles.data, 0.0), profiles.indices, profiles.indptr),
        shape=profiles.shape,
    )


def profiles_of(model: Any, number: int, values: dict[str, float]) -> Any:
    """Profiles of a phase's reflections, a row each, summed over the lines by their weights."""
    phase = model.phases[number]
    shape = len(phase.reflections), len(model.tt)
    apertures = (values["instrument.geometry.axial_sl"], values["instrument.geometry.axial_hl"])
    rows, columns, data = [], [], []
    for line, (position, width, mixing, _) in enumerate(model.phase_peaks(number, values, np.ones(shape[0]))):
        weight = values[f"instrument.source.lines.{line}.weight"]
        for k in range(shape[0]):
            curve = model._reflection_profile(phase, line, k, position[k], width[k], mixing[k], *apertures)
            if curve is not None:
                first, last = (int(edge) for edge in phase.win[line, k])
                rows.append(np.full(last - first, k))
                columns.append(np.arange(first, last))
                data.append(weight * np.asarray(curve))
    if not data:
        return sparse.csr_array(shape)
    return sparse.csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def pawley(problem: Problem, stage: tuple[str, tuple[str, ...], int], turns: Turns) -> Solved:
    """Least squares of parameters and intensities at once; the first start comes from a partition."""
    name, free, cycles = stage
    model, is_carried = started(problem, turns.window)
    if not is_carried:
        partition(model, problem.table.decode(problem.table.x0()))
    model.build_pawley_restraint()
    answer = solve(problem, model, cycles, turns.tolerance)
    keep_intensities(problem, model)
    solved = solved_stage(name, free, model, answer, problem.table, 0.0)
    jacobian = _jacobian_for(model, problem.table, "numpy")(np.concatenate([answer.theta, model.pawley_x0()]))
    return replace(solved, intensity_columns=np.asarray(jacobian)[:, len(answer.theta) :])


def started(problem: Problem, window: float) -> tuple[Any, bool]:
    """The compiled model with the intensities of the stage before, and whether there were any."""
    model = compiled(problem, window)
    for index, phase in enumerate(model.phases):
        for row, (h, k, l) in enumerate(phase.reflections.hkl.tolist()):
            phase.hkl_intensity[row] = problem.intensities.get((index, h, k, l), phase.hkl_intensity[row])
    return model, bool(problem.intensities)


def keep_intensities(problem: Problem, model: Any) -> None:
    """Remember every reflection's intensity for the next stage, whose list may differ."""
    for index, phase in enumerate(model.phases):
        for (h, k, l), intensity in zip(phase.reflections.hkl.tolist(), phase.hkl_intensity, strict=True):
            problem.intensities[(index, h, k, l)] = float(intensity)
