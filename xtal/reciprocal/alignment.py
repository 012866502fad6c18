"""Orientation relation of two crystals: their planes lie in the paper and a direction of each points the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..errors import GeometryError
from ..lattice import Lattice
from .angles import angle_of_vectors
from .indices import direction_indices, parse_indices, written
from .view import View

__all__ = ["Alignment", "aligned_view", "check_in_plane", "parse_alignment"]

_IN_PLANE = 0.01

Alignment = tuple[tuple[int, ...], tuple[int, ...]]
"""A direction of the first crystal and one of the second that are made parallel."""


def parse_alignment(text: str) -> Alignment:
    """Two directions from text: ``"0,1,0//1,0,0"`` or ``"[010] || [100]"``.

    Raises
    ------
    GeometryError
        Not two directions.
    """
    halves = text.replace("∥", "//").replace("||", "//").split("//")
    if len(halves) != 2:
        raise GeometryError(f"{text!r} is not a pair of directions;", where="align", remedy="write 0,1,0//1,0,0.")
    return parse_indices(halves[0]), parse_indices(halves[1])


def aligned_view(first: Lattice, first_view: View, second: Lattice, second_view: View, align: Alignment | None) -> View:
    """The second crystal's view, turned so that the aligned directions point the same way on the paper.

    Raises
    ------
    GeometryError
        A direction that isn't in the plane of its view.
    """
    if align is None:
        return second_view
    check_in_plane(first, first_view, align[0])
    check_in_plane(second, second_view, align[1])
    on_paper = first_view.orientation(first) @ (np.array(direction_indices(align[0], first)) @ first.matrix)
    azimuth = float(np.degrees(np.arctan2(on_paper[1], on_paper[0])))
    if second_view.rotation is None:
        return replace(second_view, right=tuple(align[1]), angle=second_view.angle + azimuth)
    own = second_view.orientation(second) @ (np.array(direction_indices(align[1], second)) @ second.matrix)
    return second_view.turned(azimuth - float(np.degrees(np.arctan2(own[1], own[0]))))


def check_in_plane(lattice: Lattice, view: View, direction: Sequence[int]) -> None:
    """Raise `GeometryError` for a direction that isn't perpendicular to the direction of view."""
    angle = angle_of_vectors(view.normal(lattice), np.array(direction_indices(direction, lattice)) @ lattice.matrix)
    if abs(angle - 90) > _IN_PLANE:
        raise GeometryError(
            f"direction [{written(direction)}] is not in the plane of the view {view.label}: it makes {angle:.2f}° with the normal;",
            where="align",
            remedy="choose directions with hu + kv + lw = 0.",
        )
