"""Phases that a fit hardly finds: their cell and width are held, so that noise is not taken for a phase.

A phase that isn't there still lowers χ² when its cell and width are free: they wander until a ripple fits. Holding them
asks the one question that the data can answer, whether its scale differs from zero at the expected positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..job import Job, Stage
from ..result import Result

__all__ = ["WEAK_BELOW", "weak_phases", "with_held_phases"]

WEAK_BELOW = 5.0
"""Esds of the weight fraction below which a phase counts as weak."""

WEAK_IN_A_FAILED_FIT = 20.0
NOTHING = 1e-3
"""Weight fraction without an esd up to which a failed fit had lost the phase."""


def weak_phases(job: Job, result: Result) -> tuple[str, ...]:
    """Phases that had more than a scale free and were hardly found.

    Of those marked `hold_when_weak`, the ones with less than `WEAK_BELOW` esds of weight fraction. When the fit failed, all with less
    than `WEAK_IN_A_FAILED_FIT`, marked or not: the cell of a phase that isn't there is what usually ends a fit.
    """
    found = [phase for phase in job.phases if phase.name in result.phases and _more_than_scale(job, phase.name)]
    return tuple(
        phase.name
        for phase in found
        if (phase.hold_when_weak and _is_weak(result, phase.name)) or _is_lost(result, phase.name)
    )


def with_held_phases(job: Job, names: Sequence[str]) -> Job:
    """The same job with only the scale of some phases free."""
    notes = (
        f"{name}: the first fit hardly found it, so it was refitted with its cell and width held at the start values."
        for name in names
    )
    stages = tuple(_without(stage, names) for stage in job.stages)
    return replace(job, stages=tuple(stage for stage in stages if stage.free), notes=(*job.notes, *notes))


def _is_weak(result: Result, name: str) -> bool:
    fraction = result.phases[name].weight_fraction
    if fraction.value is None or fraction.esd is None:
        return True
    return fraction.value < WEAK_BELOW * fraction.esd


def _is_lost(result: Result, name: str) -> bool:
    """Whether a fit that failed had hardly any of the phase."""
    fraction = result.phases[name].weight_fraction
    if result.status != "failed" or fraction.value is None:
        return False
    return fraction.value < (NOTHING if fraction.esd is None else WEAK_IN_A_FAILED_FIT * fraction.esd)


def _more_than_scale(job: Job, name: str) -> bool:
    return any(free.startswith(f"phase.{name}.") and not free.endswith(".scale") for free in job.free_names)


def _without(stage: Stage, names: Sequence[str]) -> Stage:
    prefixes = tuple(f"phase.{name}." for name in names)
    free = tuple(free for free in stage.free if not free.startswith(prefixes) or free.endswith(".scale"))
    return replace(stage, free=free)
