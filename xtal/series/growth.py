"""A series that grows: patterns that were added since it was begun become frames of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..io.series_files import SeriesInput, list_frames
from .frames import Frame
from .plan import BOTH_WAYS, make_plan
from .store import Store

__all__ = ["take_new_frames"]


def take_new_frames(given: SeriesInput, store: Store, portable: Callable[[Frame], Frame]) -> int:
    """Append the patterns that the store doesn't know yet, with a plan of their own; returns how many.

    Frames keep their numbers, new ones follow the last. Where the axis is the order itself, so do their values. A series of
    which only some frames were chosen takes none.

    Parameters
    ----------
    given : SeriesInput
        The series file; its glob is looked at again.
    store : Store
        Open for writing.
    portable : callable
        Makes a frame's path what the store keeps.

    Raises
    ------
    InputError
        The axis value of a pattern can't be found.
    """
    meta = store.meta
    if meta.get("selection", "unknown") is not None:
        return 0
    number = {frame.path.name: frame.index for frame in store.frames()}
    listed = list_frames(given)
    new = [frame for frame in listed if frame.path.name not in number]
    if not new:
        return 0
    first = 1 + max(number.values())
    number |= {frame.path.name: first + place for place, frame in enumerate(new)}
    appended = [portable(_numbered(frame, number[frame.path.name], given)) for frame in new]
    both_ways = any(step.route in BOTH_WAYS for step in store.steps())
    strategy: Any = "bisect" if both_ways else meta["strategy"]
    plan = make_plan([frame.index for frame in appended], strategy, given.series.run.spacing, both_ways)
    store.extend(appended, plan, {number[frame.path.name]: (frame.ramp, frame.direction) for frame in listed})
    return len(new)


def _numbered(frame: Frame, index: int, given: SeriesInput) -> Frame:
    axis = given.series.axis
    value = index * axis.factor + axis.offset if axis.source == "order" else frame.value
    return replace(frame, index=index, value=value)
