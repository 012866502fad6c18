"""Who starts from whose answer. The plan is fixed before the run, so that the result doesn't depend on who was quicker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["BOTH_WAYS", "Step", "make_plan"]

Strategy = Literal["bisect", "chain", "cold"]
BOTH_WAYS = ("cold", "forward", "backward")
"""Routes that are compared when a series is refined both ways."""

USUAL_SPACING = 32
MOST_COLD = 32
"""Cold starts of a long series, about: enough to keep many workers busy, few enough to cost little."""


@dataclass(frozen=True)
class Step:
    """One refinement of one frame.

    Parameters
    ----------
    frame : int
        Its index.
    route : str
        ``main``; or ``cold``, ``forward``, ``backward`` of a series that is refined both ways.
    parent : int or None
        Frame whose answer, on the same route, it starts from; None for a cold start.
    """

    frame: int
    route: str = "main"
    parent: int | None = None


def make_plan(
    frames: Sequence[int], strategy: Strategy = "bisect", spacing: int | None = None, both_ways: bool = False
) -> tuple[Step, ...]:
    """Steps of a series in an order in which every parent comes before its children.

    Parameters
    ----------
    frames : sequence of int
        Indices in order.
    strategy : {"bisect", "chain", "cold"}
        bisect: every `spacing`-th frame and the last start cold, then each gap is halved, the middle starting from its
        nearest end. chain: blocks of `spacing` frames, the first cold, each other from the one before it. cold: all.
    spacing : int, optional
        Frames between cold starts; by default 32, or so many that about 32 of a long series start cold.
    both_ways : bool
        Every frame cold, along the whole series forward, and backward; `strategy` is not used.
    """
    if both_ways:
        chains = {
            "cold": _cold(frames),
            "forward": _chain(frames, len(frames)),
            "backward": _chain(frames[::-1], len(frames)),
        }
        return tuple(Step(step.frame, route, step.parent) for route in BOTH_WAYS for step in chains[route])
    block = spacing or max(USUAL_SPACING, -(-len(frames) // MOST_COLD))
    match strategy:
        case "cold":
            return tuple(_cold(frames))
        case "chain":
            return tuple(_chain(frames, block))
        case _:
            return tuple(_bisected(frames, block))


def _cold(frames: Sequence[int]) -> list[Step]:
    return [Step(frame) for frame in frames]


def _chain(frames: Sequence[int], block: int) -> list[Step]:
    """Blocks side by side: all first frames, then all second ones, so that blocks run in parallel."""
    starts = range(0, len(frames), max(block, 1))
    steps = []
    for place in range(min(block, len(frames))):
        for start in starts:
            position = start + place
            if place < block and position < min(start + block, len(frames)):
                steps.append(Step(frames[position], "main", frames[position - 1] if place else None))
    return steps


def _bisected(frames: Sequence[int], spacing: int) -> list[Step]:
    if not frames:
        return []
    grid = sorted({*range(0, len(frames), spacing), len(frames) - 1})
    steps = [Step(frames[position]) for position in grid]
    gaps = list(itertools.pairwise(grid))
    while gaps:
        narrower = []
        for low, high in gaps:
            if high - low < 2:
                continue
            middle = (low + high) // 2
            nearest = low if middle - low <= high - middle else high
            steps.append(Step(frames[middle], "main", frames[nearest]))
            narrower += [(low, middle), (middle, high)]
        gaps = narrower
    return steps
