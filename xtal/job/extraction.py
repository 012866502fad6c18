"""Le Bail and Pawley: what is left of a job when the intensities don't come from its structures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import JobError
from .resolved import Parameter, Stage, Tie

__all__ = ["needs_structure", "without_structures"]

_OF_STRUCTURES = re.compile(r"phase\.[^.]+\.(scale$|site\.|texture\.)|pattern\.[^.]+\.(scale$|share\.)")


def needs_structure(name: str) -> bool:
    """Whether a parameter has no meaning when intensities are extracted: scales, shares, texture, sites."""
    return _OF_STRUCTURES.match(name) is not None


def without_structures(
    parameters: Mapping[str, Parameter], ties: Sequence[Tie], stages: Sequence[Stage], where: str
) -> tuple[dict[str, Parameter], tuple[Tie, ...], tuple[Stage, ...]]:
    """Parameters, ties and stages without what needs a structure; a stage that changes nothing any more is left out.

    Raises
    ------
    JobError
        No stage is left.
    """
    kept = {name: item for name, item in parameters.items() if not needs_structure(name)}
    left = tuple(tie for tie in ties if all(name in kept for name in (tie.target, *(name for _, name in tie.terms))))
    reduced = [replace(stage, free=tuple(name for name in stage.free if name in kept)) for stage in stages]
    before: list[tuple[str, ...]] = [(), *(stage.free for stage in reduced)]
    remaining = tuple(stage for stage, last in zip(reduced, before, strict=False) if stage.free not in ((), last))
    if not remaining:
        raise JobError(
            "every stage frees only what needs a structure;",
            where=where,
            remedy="free the background, the cell or widths: Le Bail and Pawley have no scales, sites or texture.",
        )
    return kept, left, remaining
