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


def weak_phases(job: Job, result: Result) -> tuple[str, ...]:
    """Phases marked `hold_when_weak` that had more than a scale free and were hardly found.

    That is less than `WEAK_BELOW` esds of weight fraction, or less than `WEAK_IN_A_FAILED_FIT` when the fit failed:
    the cell of a phase that isn't there is what usually ends a fit.
    """
    marked = [phase.name for phase in job.phases if phase.hold_when_weak and phase.name in result.phases]
    return tuple(name for name in marked if _is_weak(result, name) and _more_than_scale(job, name))


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
    limit = WEAK_IN_A_FAILED_FIT if result.status == "failed" else WEAK_BELOW
    return fraction.value < limit * fraction.esd


def _more_than_scale(job: Job, name: str) -> bool:
    return any(free.startswith(f"phase.{name}.") and not free.endswith(".scale") for free in job.free_names)


def _without(stage: Stage, names: Sequence[str]) -> Stage:
    prefixes = tuple(f"phase.{name}." for name in names)
    free = tuple(free for free in stage.free if not free.startswith(prefixes) or free.endswith(".scale"))
    return replace(stage, free=free)
