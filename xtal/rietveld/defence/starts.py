"""Refits from scattered starts: does the fit find the same fractions from elsewhere?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...defence import Defence, Starts
from ...errors import EngineError
from ...job import Job, Parameter
from ...result import Result
from ..run import DEFAULT_TIMEOUT, refine
from .figures import chi_square, reduced_chi_square

__all__ = ["scattered_job", "scattered_starts"]

DEFAULT_SEED = 1
SAME_MINIMUM = 1.0
"""Units of the reduced χ² within which two fits count as the same minimum."""
_CELL, _WIDTH, _SCALE, _U, _COORDINATE = 5e-4, np.log(1.8), np.log(3.0), 0.003, 0.003


def scattered_job(job: Job, result: Result, random: np.random.Generator) -> Job:
    """The job with the starts of everything that it frees scattered about the job's own starts.

    Cells by 500 ppm, sizes and strains by a factor 1.8, scales by a factor 3 about the values found, displacement parameters by 0.003 Å²,
    coordinates by 0.003 (one standard deviation of a normal or log-normal distribution); profile and background are left.
    """
    free = set(job.free_names)
    parameters = dict(job.parameters)
    for name in job.parameters:
        if name in free:
            parameters[name] = _moved(name, job.parameters[name], result, random)
    return replace(job, parameters=parameters)


def _moved(name: str, parameter: Parameter, result: Result, random: np.random.Generator) -> Parameter:
    draw = float(random.standard_normal())
    last = name.rsplit(".", 1)[-1]
    start = parameter.start
    if last == "scale":
        start = max(result.parameters[name].value, 1e-12) * float(np.exp(_SCALE * draw))
    elif ".cell." in name:
        start *= 1 + _CELL * draw
    elif last in ("crystallite_size_nm", "microstrain"):
        start *= float(np.exp(_WIDTH * draw))
    elif last == "u_iso":
        start = abs(start + _U * draw)
    elif last in ("x", "y", "z"):
        start += _COORDINATE * draw
    low = -np.inf if parameter.min is None else parameter.min
    high = np.inf if parameter.max is None else parameter.max
    return replace(parameter, start=float(np.clip(start, low, high)))


def scattered_starts(
    job: Job,
    result: Result,
    n: int,
    *,
    seed: int | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Callable[[str], None] = lambda what: None,
) -> Result:
    """The result with the spread of `n` refits from scattered starts beside each fraction.

    Parameters
    ----------
    job, result
        The fit.
    n : int
        Number of refits, each through all stages.
    seed : int, optional
        Of the scatter; the job's, else 1.
    """
    chosen = job.seed if seed is None and job.seed is not None else (DEFAULT_SEED if seed is None else seed)
    random = np.random.default_rng(chosen)
    refits: list[Result | None] = []
    for index in range(n):
        progress(f"start {index + 1} of {n}")
        refits.append(_refit(scattered_job(job, result, random), result.engine["name"], timeout))
    good = [refit for refit in refits if refit is not None]
    same = _best_minimum([result, *good], result)
    elsewhere = len(good) - sum(refit in same for refit in good)
    phases = {
        name: replace(phase, defence=replace(
            phase.defence or Defence(),
            starts=_summary(name, [r for r in same if r is not result], n, n - len(good), elsewhere, chosen)))
        for name, phase in result.phases.items()
    }  # fmt: skip
    return replace(result, phases=phases)


def _refit(job: Job, engine: str, timeout: float) -> Result | None:
    try:
        refit = refine(job, engine=engine, timeout=timeout)
    except EngineError:
        return None
    return refit if refit.agreement is not None and refit.status != "failed" else None


def _best_minimum(results: list[Result], reference: Result) -> list[Result]:
    """Fits whose χ² is that of the best of all."""
    if reference.agreement is None:
        return []
    values = [chi_square(result.agreement) for result in results if result.agreement is not None]
    limit = min(values) + SAME_MINIMUM * reduced_chi_square(reference.agreement)
    return [result for result, value in zip(results, values, strict=True) if value <= limit]


def _summary(name: str, same: list[Result], n: int, n_failed: int, n_elsewhere: int, seed: int) -> Starts:
    found = [result.phases[name].weight_fraction.value for result in same]
    values = np.array([value for value in found if value is not None])
    if not values.size:
        return Starts(n, n_failed, n_elsewhere, seed, None, None, None)
    spread = float(values.std(ddof=1)) if values.size > 1 else None
    return Starts(n, n_failed, n_elsewhere, seed, spread, float(values.min()), float(values.max()))
