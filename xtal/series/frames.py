"""Frames: the patterns of a series in order, each with its value on the axis and the ramp that it belongs to."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError

__all__ = ["Frame", "natural_key", "parse_range", "ramps", "value_in"]

ENDLESS = 10**9
TURN = 0.1
"""Part of the axis's span by which the axis has to come back before a new ramp begins: steps of regulation are less."""


@dataclass(frozen=True)
class Frame:
    """One pattern of a series.

    Parameters
    ----------
    index : int
        Position in the series, from 0.
    path : Path
        The pattern's file.
    value : float
        On the axis, in its unit.
    ramp : int
        Number of the stretch, from 0, in which the axis only rises or only falls.
    direction : {"up", "down"}
        Which of the two.
    """

    index: int
    path: Path
    value: float
    ramp: int = 0
    direction: str = "up"


def natural_key(name: str) -> tuple[tuple[int, int | str], ...]:
    """Sort key that counts: ``frame_9`` comes before ``frame_10``."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part)


def value_in(text: str, expression: str, where: str) -> float:
    """Number that the first group of a regular expression finds in a text.

    Raises
    ------
    InputError
        The expression can't be used, doesn't match, or its group isn't a number.
    """
    try:
        match = re.search(expression, text)
    except re.error as error:
        raise InputError(f"regular expression {expression!r}: {error};", where=where, remedy="mend it.") from None
    if match is None:
        raise InputError(f"{expression!r} matches nothing in {text[:80]!r};", where=where,
                         remedy="adjust the pattern, exclude the file, or give the axis in a CSV.")  # fmt: skip
    found = match.group(1) if match.re.groups else match.group(0)
    try:
        value = float(found)
    except (ValueError, TypeError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{expression!r} finds {found!r}, which is no number;", where=where,
                         remedy="put the number alone into the first group.")  # fmt: skip
    return value


def ramps(values: ArrayLike) -> tuple[list[int], list[str]]:
    """Ramp number and direction of every frame.

    A ramp ends at an extremum from which the axis comes back by more than `TURN` of its whole span. The turning frame
    belongs to the ramp that it ends.
    """
    axis = np.asarray(values, dtype=float)
    if axis.size < 2 or np.ptp(axis) == 0:
        return [0] * axis.size, ["up"] * axis.size
    turns = _turns(axis, TURN * float(np.ptp(axis)))
    edges = [0, *turns, axis.size - 1]
    number, direction = [0] * axis.size, ["up"] * axis.size
    for ramp, (first, last) in enumerate(itertools.pairwise(edges)):
        for index in range(first if ramp == 0 else first + 1, last + 1):
            number[index] = ramp
            direction[index] = "up" if axis[last] >= axis[first] else "down"
    return number, direction


def _turns(axis: np.ndarray[tuple[int], np.dtype[np.float64]], least: float) -> list[int]:
    """Indices of extrema that are followed by a way back of at least `least`."""
    turns: list[int] = []
    low = high = 0
    sign = 0
    for index in range(1, axis.size):
        low = index if axis[index] < axis[low] else low
        high = index if axis[index] >= axis[high] else high
        if sign <= 0 and axis[index] - axis[low] > least:
            turns += [low] if sign else []
            sign, high = 1, index
        elif sign >= 0 and axis[high] - axis[index] > least:
            turns += [high] if sign else []
            sign, low = -1, index
    return turns


def parse_range(text: str, count: int) -> range:
    """Frame numbers of ``"0:200"``, ``"10:"`` or ``"7"``.

    Raises
    ------
    InputError
        Not a range, or one outside the series.
    """
    match = re.fullmatch(r"\s*(\d*)\s*(:?)\s*(\d*)\s*", text)
    if match is None or not any(match.groups()):
        raise InputError(f"frames {text!r};", remedy="write '0:200' (the last is not included) or '7'.")
    first = int(match[1] or 0)
    last = (int(match[3]) if match[3] else count) if match[2] else first + 1
    if not 0 <= first < last or first >= count:
        raise InputError(f"frames {text!r} of a series with {count};", remedy=f"choose from 0:{count}.")
    return range(first, min(last, count))


def in_ranges(index: int, texts: Sequence[str]) -> bool:
    """Whether a frame lies in one of the ranges."""
    return any(index in parse_range(text, ENDLESS) for text in texts)
