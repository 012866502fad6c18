r"""1/d² of reflections and its derivatives by the cell parameters that symmetry leaves free.

:math:`1/d^2 = h G^* h` with :math:`\partial G^*/\partial p = -G^* (\partial G/\partial p) G^*`, G the direct metric tensor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..lattice import Lattice
from ..symmetry import SpaceGroup

__all__ = ["CELL_NAMES", "metric_slopes", "reciprocal_metric_slopes"]

FloatArray = NDArray[np.float64]

CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
_ENCLOSED = {3: (1, 2), 4: (0, 2), 5: (0, 1)}
_PER_DEGREE = np.pi / 180


def metric_slopes(lattice: Lattice) -> FloatArray:
    """Derivatives of the metric tensor by a, b, c (Å) and α, β, γ (per degree), (6, 3, 3)."""
    cell, slopes = np.array(lattice.parameters), np.zeros((6, 3, 3))
    metric = lattice.metric_tensor
    for axis in range(3):
        slopes[axis, axis, :] += metric[axis] / cell[axis]
        slopes[axis, :, axis] += metric[axis] / cell[axis]
    for angle, (i, j) in _ENCLOSED.items():
        slope = -cell[i] * cell[j] * np.sin(np.radians(cell[angle])) * _PER_DEGREE
        slopes[angle, i, j] = slopes[angle, j, i] = slope
    return slopes


def reciprocal_metric_slopes(lattice: Lattice, group: SpaceGroup) -> dict[str, FloatArray]:
    """Derivatives of the reciprocal metric tensor by each free cell parameter, with the others that follow it."""
    direct, inverse = metric_slopes(lattice), lattice.reciprocal_metric_tensor
    followers: dict[str, FloatArray] = {}
    for index, leader in enumerate(group.cell_leaders):
        if leader >= 0:
            name = CELL_NAMES[leader]
            followers[name] = followers.get(name, np.zeros((3, 3))) + direct[index]
    return {name: -inverse @ slope @ inverse for name, slope in followers.items()}
