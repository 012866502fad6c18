r"""Preferred orientation by March and Dollase.

:math:`P(\alpha) = (r^2\cos^2\alpha + \sin^2\alpha / r)^{-3/2}`, averaged over the equivalents of each family; α is the angle
between the reflection and the texture axis; r < 1 for plates lying flat in reflection. Its mean over all directions is 1.
Source: W. A. Dollase, J. Appl. Cryst. 19 (1986) 267.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..structure import Structure
from .families import equivalents

__all__ = ["MarchDollase", "march_dollase", "march_dollase_factor", "squared_axis_cosines"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class MarchDollase:
    """Fibre texture: the axis as (h, k, l) of the planes that orient, and March's coefficient r (1 = none)."""

    axis: tuple[int, int, int]
    r: float

    def __post_init__(self) -> None:
        if not self.r > 0 or not any(self.axis):
            raise InputError(
                f"texture axis {self.axis} with r = {self.r:g};", remedy="r must be positive, the axis not 000."
            )


def march_dollase_factor(structure: Structure, hkl: ArrayLike, texture: MarchDollase) -> FloatArray:
    """Intensity factor of reflections (n, 3), averaged over their equivalents, (n,)."""
    images = equivalents(np.asarray(hkl, dtype=np.int64), structure.space_group.laue_rotations).astype(float)
    cos_squared = squared_axis_cosines(images, structure.lattice.reciprocal_metric_tensor, texture.axis)
    return np.asarray(np.mean(march_dollase(cos_squared, texture.r), axis=1))


def squared_axis_cosines(hkl: FloatArray, metric: FloatArray, axis: ArrayLike) -> FloatArray:
    """cos²α between reflections (n, m, 3) and an axis (h, k, l), with the reciprocal `metric`, (n, m)."""
    along = np.asarray(axis, dtype=float)
    lengths = np.einsum("nmi,ij,nmj->nm", hkl, metric, hkl)
    return np.asarray((hkl @ metric @ along) ** 2 / (lengths * (along @ metric @ along)))


def march_dollase(cos_squared: FloatArray, r: float) -> FloatArray:
    """March's density for single directions at cos²α."""
    return np.asarray((r * r * cos_squared + (1 - cos_squared) / r) ** -1.5)
