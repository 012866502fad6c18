"""Other models that a referee would accept for the same data, and the fractions that they give.

Counting statistics say nothing of the model's own error, which dominates quantitative analysis with X-rays (I. C. Madsen et al.,
J. Appl. Cryst. 34 (2001) 409: round-robin scatter of percents where esds are tenths). So the fit is repeated with a common shift of each
phase's displacement parameters free, with each phase's displacement parameters larger by what literature values scatter, with each phase's
crystallites oriented along its main axis (March–Dollase), and with a more flexible background; Brindley's microabsorption is applied with grains of a
given size in all phases. The statistical part is enlarged by what serially correlated residuals say of it (J.-F. Bérar, P. Lelann, J. Appl. Cryst. 24
(1991) 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...defence import Interval
from ...diffraction.absorption import brindley_factors
from ...job import Job, JobPhase, Parameter, Tie
from ...result import Result
from .continued import continued, last_free

__all__ = ["GRAIN_UM", "U_SHIFT", "alternative_jobs", "grain_shifts", "model_interval"]

GRAIN_UM = 5.0
"""Grain diameter for microabsorption, µm: what an ordinarily ground powder may still have."""
U_SHIFT = 0.003
"""Å²; how far apart published displacement parameters of one compound usually lie (0.24 Å² in B)."""
MORE_BACKGROUND = 3
MAIN_AXIS, CUBIC_AXIS, FIRST_CUBIC = (0, 0, 1), (1, 1, 1), 195


def alternative_jobs(job: Job, result: Result) -> Iterator[tuple[str, Job]]:
    """Alternative models, warm from a result: name and job."""
    ties, leaders = _common_shifts(job, result)
    if leaders:
        yield "displacement parameters free", continued(job, result, ties=ties, also_free=leaders)
    for leader in leaders:
        phase = leader.split(".")[1]
        yield f"displacement of {phase} + {U_SHIFT} Å²", _shifted(continued(job, result), f"phase.{phase}.site.")
    for oriented in job.phases:
        if oriented.texture_axis is None and not oriented.harmonics:
            yield f"texture of {oriented.name}", _textured(job, result, oriented)
    more = [f"pattern.background.c{job.background_terms + i}" for i in range(MORE_BACKGROUND)]
    wider = replace(
        job,
        background_terms=job.background_terms + MORE_BACKGROUND,
        parameters={**job.parameters, **dict.fromkeys(more, Parameter(0.0))},
    )
    yield f"{MORE_BACKGROUND} more background terms", continued(wider, result, also_free=more)


def _shifted(job: Job, prefix: str) -> Job:
    """The job with the isotropic U of one phase larger by `U_SHIFT`."""
    parameters = {
        name: replace(item, start=item.start + U_SHIFT) if name.startswith(prefix) and name.endswith(".u_iso") else item
        for name, item in job.parameters.items()
    }
    return replace(job, parameters=parameters)


def _textured(job: Job, result: Result, phase: JobPhase) -> Job:
    """The job with the crystallites of one phase oriented along c, in a cubic phase along [111]."""
    name = f"phase.{phase.name}.texture.r"
    oriented = replace(
        phase, texture_axis=CUBIC_AXIS if phase.structure.space_group.number >= FIRST_CUBIC else MAIN_AXIS
    )
    other = replace(
        job,
        phases=tuple(oriented if one is phase else one for one in job.phases),
        parameters={**job.parameters, name: Parameter(1.0, 0.1, 3.0)},
    )
    return continued(other, result, also_free=[name])


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
    """Weight fractions after Brindley's correction with the grain sizes of the job, elsewhere `grain_um`; empty for neutrons."""
    names = list(result.phases)
    weights = [result.phases[name].weight_fraction.value for name in names]
    if job.instrument.radiation.kind != "xray" or grain_um <= 0 or len(names) < 2 or None in weights:
        return {}
    found = np.array(weights, dtype=float)
    structures = [result.structures[name] for name in names]
    sizes = [job.phase(name).grain_size_um or grain_um for name in names]
    corrected = found / brindley_factors(structures, found.tolist(), sizes, job.instrument.radiation.wavelength)
    return dict(zip(names, (corrected / corrected.sum()).tolist(), strict=True))


def model_interval(
    phase: str, best: float, own: Interval, alternatives: list[Result], grains: dict[str, float], serial: float = 1.0
) -> Interval:
    """A phase's own interval widened by the shifts of the alternative models in quadrature, and by microabsorption.

    Each alternative may err either way; microabsorption has a sign, so it moves one end only.

    Parameters
    ----------
    phase : str
        Its name.
    best : float
        Its weight fraction.
    own : Interval
        Of counting statistics.
    alternatives : list of Result
        Fits of the other models.
    grains : dict of float
        Fractions after the correction for microabsorption, by phase.
    serial : float
        By how much serial correlation enlarges the statistical part.
    """
    found = [result.phases[phase].weight_fraction.value for result in alternatives]
    shifts = [value - best for value in found if value is not None]
    low = best - math.hypot(serial * (best - own.low), *shifts)
    high = best + math.hypot(serial * (own.high - best), *shifts)
    coarse = grains.get(phase, best) - best
    return Interval(max(low + min(coarse, 0.0), 0.0), min(high + max(coarse, 0.0), 1.0))
