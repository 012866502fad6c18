"""The reciprocal lattices of a match on one paper."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from ..reciprocal.overlay import Overlay, overlay
from ..reciprocal.view import View
from .match import Match
from .surface import Surface

__all__ = ["overlay_of_match"]


def overlay_of_match(match: Match, *, g_max: float = 1.2, tolerance: float = 0.03) -> Overlay:
    """Film and substrate seen along their common normal, turned as the match says, both unstrained.

    Parameters
    ----------
    match : Match
        Gives planes, directions and rotation.
    g_max : float
        Radius of the projection, Å⁻¹.
    tolerance : float
        Of coincident spots (see `xtal.reciprocal.overlay`).
    """
    sign = -1 if match.flipped else 1
    views = [
        View.along_plane(*(sign * index for index in match.film.hkl)),
        View.along_plane(*match.substrate.hkl),
    ]
    align = (_whole(match.film, match.film_matrix[0]), _whole(match.substrate, match.substrate_matrix[0]))
    crystals = [match.film.structure, match.substrate.structure]
    ahead = _direction(match.film_cell[0] @ match.rotation_matrix) - _direction(match.substrate_cell[0])
    return overlay(crystals, views, align=[align], rotation=-ahead, g_max=g_max, tolerance=tolerance)


def _direction(vector: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arctan2(vector[1], vector[0])))


def _whole(surface: Surface, row: tuple[int, int]) -> tuple[int, ...]:
    """Cell vector as whole, coprime indices [uvw]."""
    u, v, w = (int(value) for value in np.array(row) @ surface.oriented_basis[:2])
    common = gcd(u, v, w)
    return u // common, v // common, w // common
