"""Other models that a referee would accept for the same data, and the fractions that they give.

Counting statistics say nothing of the model's own error, which dominates quantitative analysis with X-rays (I. C. Madsen et al.,
J. Appl. Cryst. 34 (2001) 409: round-robin scatter of percents where esds are tenths). So the fit is repeated with a common shift of each
phase's displacement parameters free and with a more flexible background, and Brindley's microabsorption is applied with grains of a
given size in all phases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...defence import Interval
from ...diffraction.absorption import brindley_factors
from ...job import Job, Parameter, Tie
from ...result import Result
from .continued import continued, last_free
from .interval import LEVEL

__all__ = ["GRAIN_UM", "alternative_jobs", "grain_shifts", "model_interval"]

GRAIN_UM = 5.0
"""Grain diameter for microabsorption, µm: what an ordinarily ground powder may still have."""
MORE_BACKGROUND = 3


def alternative_jobs(job: Job, result: Result) -> Iterator[tuple[str, Job]]:
    """Alternative models, warm from a result: name and job."""
    ties, leaders = _common_shifts(job, result)
    if leaders:
        yield "displacement parameters free", continued(job, result, ties=ties, also_free=leaders)
    more = [f"pattern.background.c{job.background_terms + i}" for i in range(MORE_BACKGROUND)]
    wider = replace(
        job,
        background_terms=job.background_terms + MORE_BACKGROUND,
        parameters={**job.parameters, **dict.fromkeys(more, Parameter(0.0))},
    )
    yield f"{MORE_BACKGROUND} more background terms", continued(wider, result, also_free=more)


def _common_shifts(job: Job, result: Result) -> tuple[list[Tie], list[str]]:
    """One shift of all isotropic U of a phase that nothing else moves: ties to the first, and the first ones."""
    moving = set(last_free(result)) | {tie.target for tie in job.ties} | {n for t in job.ties for _, n in t.terms}
    ties: list[Tie] = []
    leaders: list[str] = []
    for phase in job.phases:
        prefix = f"phase.{phase.name}.site."
        names = [name for name in job.parameters if name.startswith(prefix) and name.endswith(".u_iso")]
        if not names or set(names) & moving:
            continue
        start = {name: result.parameters[name].value for name in names}
        ties += [Tie(name, ((1.0, names[0]),), start[name] - start[names[0]]) for name in names[1:]]
        leaders.append(names[0])
    return ties, leaders


def grain_shifts(job: Job, result: Result, grain_um: float) -> dict[str, float]:
    """Weight fractions after Brindley's correction with one grain diameter for all phases; empty for neutrons."""
    names = list(result.phases)
    weights = [result.phases[name].weight_fraction.value for name in names]
    if job.instrument.radiation.kind != "xray" or grain_um <= 0 or len(names) < 2 or None in weights:
        return {}
    found = np.array(weights, dtype=float)
    structures = [result.structures[name] for name in names]
    corrected = found / brindley_factors(
        structures, found.tolist(), [grain_um] * len(names), job.instrument.radiation.wavelength
    )
    return dict(zip(names, (corrected / corrected.sum()).tolist(), strict=True))


def model_interval(phase: str, own: Interval, alternatives: list[Result], grains: dict[str, float]) -> Interval:
    """Union of a phase's own interval, those of the alternative models, and the shift by microabsorption."""
    low, high = own.low, own.high
    for result in alternatives:
        value = result.phases[phase].weight_fraction
        if value.value is not None and value.esd is not None:
            low = min(low, value.value - LEVEL * value.esd)
            high = max(high, value.value + LEVEL * value.esd)
    if phase in grains:
        best = next((fraction for fraction, rise in own.points if rise == 0.0), (own.low + own.high) / 2)
        shift = grains[phase] - best
        low, high = (low + shift, high) if shift < 0 else (low, high + shift)
    return Interval(max(low, 0.0), min(high, 1.0))
