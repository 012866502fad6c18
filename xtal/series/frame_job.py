"""The base job with a frame's own pattern, start values, bounds and held parameters."""

from __future__ import annotations

from dataclasses import replace

from ..errors import JobError
from ..io.series_files import BaseJob, SeriesInput
from ..job import Job, Stage
from ..job.messages import nearest
from ..job.parameters import adjusted, matching
from ..pattern import Pattern
from .frames import in_ranges

__all__ = ["frame_job"]


def frame_job(base: BaseJob, pattern: Pattern, index: int, given: SeriesInput) -> Job:
    """The job of one frame.

    Parameters
    ----------
    base : BaseJob
        What all frames share.
    pattern : Pattern
        The frame's pattern, already cut.
    index : int
        Its number in the series.
    given : SeriesInput
        The series file with what is fixed and overridden.

    Raises
    ------
    JobError
        A name that matches nothing, or a stage in which nothing is free any more.
    """
    series, job = given.series, base.job
    overrides = [one for one in series.override if in_ranges(index, [one.frames])]
    parameters = job.parameters
    for one in overrides:
        starts = {name: item.start for name, item in one.parameters.items() if item.start is not None}
        bounds = {
            name: [item.min, item.max]
            for name, item in one.parameters.items()
            if item.min is not None or item.max is not None
        }
        parameters = adjusted(parameters, starts, bounds, f"{given.name}, [[override]] frames {one.frames!r}")
    fixed = [*series.shared.fixed, *(name for one in overrides for name in one.fixed)]
    low, high = base.table.range or (float(pattern.x[0]), float(pattern.x[-1]))
    return replace(
        job,
        title=pattern.source,
        pattern=pattern,
        background_range=(max(low, float(pattern.x[0])), min(high, float(pattern.x[-1]))),
        parameters=parameters,
        stages=_without(job.stages, fixed, list(job.parameters), given.name),
    )


def _without(stages: tuple[Stage, ...], fixed: list[str], names: list[str], where: str) -> tuple[Stage, ...]:
    held: set[str] = set()
    for pattern in fixed:
        found = matching(pattern, names)
        if not found:
            raise JobError(
                f"no parameter is called {pattern!r};", where=f"{where}, key 'fixed'", remedy=nearest(pattern, names)
            )
        held |= set(found)
    left = [replace(stage, free=tuple(name for name in stage.free if name not in held)) for stage in stages]
    kept = tuple(stage for stage in left if stage.free)
    if not kept:
        raise JobError("nothing is free any more;", where=f"{where}, key 'fixed'", remedy="fix less.")
    return kept
