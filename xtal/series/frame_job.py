"""The base job with a frame's own pattern, start values, bounds and held parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import JobError
from ..io.series_files import BaseJob, SeriesInput
from ..job import Job, Parameter, Stage
from ..job.messages import nearest
from ..job.parameters import adjusted, matching
from ..pattern import Pattern
from .frames import in_ranges
from .series_file import OverrideTable

__all__ = ["frame_job", "frame_parameters", "frame_stages"]


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
    job = base.job
    low, high = base.table.range or (float(pattern.x[0]), float(pattern.x[-1]))
    return replace(
        job,
        title=pattern.source,
        pattern=pattern,
        background_range=(max(low, float(pattern.x[0])), min(high, float(pattern.x[-1]))),
        parameters=frame_parameters(job.parameters, index, given),
        stages=frame_stages(job.stages, list(job.parameters), index, given),
    )


def frame_parameters(parameters: Mapping[str, Parameter], index: int, given: SeriesInput) -> dict[str, Parameter]:
    """Parameters with the start values and bounds that the series file has for a frame.

    Raises
    ------
    JobError
        A name that matches nothing, or a start outside its bounds.
    """
    found = dict(parameters)
    for one in _overrides(index, given):
        starts = {name: item.start for name, item in one.parameters.items() if item.start is not None}
        bounds = {
            name: [item.min, item.max]
            for name, item in one.parameters.items()
            if item.min is not None or item.max is not None
        }
        found = adjusted(found, starts, bounds, f"{given.name}, [[override]] frames {one.frames!r}")
    return found


def frame_stages(stages: tuple[Stage, ...], names: list[str], index: int, given: SeriesInput) -> tuple[Stage, ...]:
    """Stages without what the series file fixes in a frame.

    Raises
    ------
    JobError
        A name that matches nothing, or nothing is free any more.
    """
    fixed = [*given.series.shared.fixed, *(name for one in _overrides(index, given) for name in one.fixed)]
    return _without(stages, fixed, names, given.name)


def _overrides(index: int, given: SeriesInput) -> list[OverrideTable]:
    return [one for one in given.series.override if in_ranges(index, [one.frames])]


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
