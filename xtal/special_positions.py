"""Rounded coordinates (0.3333, 0.667) put exactly onto the special position that they mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .symmetry import SpaceGroup

__all__ = ["SNAP", "on_special_position"]

SNAP = 5e-4
"""Largest change of a coordinate that counts as rounding."""

_REACH = 3.0 * SNAP
_EXACT = 1e-9
_TWENTY_FOURTHS = 24.0


def on_special_position(space_group: SpaceGroup, xyz: tuple[float, float, float]) -> tuple[float, float, float]:
    """The special position within `SNAP` of a point in every coordinate, or the point itself.

    The point is averaged over the operations that leave it almost where it is; a special position that is this close
    moves under its own operations by at most three times as much, the largest row sum of a rotation less the identity.
    """
    point = np.asarray(xyz, dtype=float)
    for reach in (_REACH, SNAP):
        mean = _average(space_group, point, reach)
        if mean is not None and np.abs(mean - point).max() <= SNAP:
            x, y, z = (float(value) for value in mean)
            return (x, y, z)
    return xyz


def _average(space_group: SpaceGroup, point: NDArray[np.float64], reach: float) -> NDArray[np.float64] | None:
    """Mean image under the operations that move the point by less than `reach`; None if they don't hold the mean."""
    images = np.einsum("nij,j->ni", space_group.rotations, point) + space_group.translations
    shift = images - point
    shift -= np.round(shift)
    near = np.all(np.abs(shift) < reach, axis=1)
    if np.abs(shift[near]).max() < _EXACT:
        return point
    mean = _without_rounding(point + shift[near].mean(axis=0))
    held = np.einsum("nij,j->ni", space_group.rotations[near], mean) + space_group.translations[near] - mean
    return mean if np.abs(held - np.round(held)).max() < _EXACT else None


def _without_rounding(point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates that are a 24th but for floating-point error, as that fraction."""
    fractions = np.round(point * _TWENTY_FOURTHS) / _TWENTY_FOURTHS
    return np.where(np.abs(point - fractions) < 1e-12, fractions, point)
