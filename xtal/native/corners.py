"""Corners of the cost: where a parameter's slope differs from side to side, so that no gradient leads on.

The Gaussian width makes them: where U, V, W reach a variance of zero at a reflection, it stays zero beyond.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .refusals import NativeError

__all__ = ["cornered"]

FloatArray = NDArray[np.float64]

_STEP = 0.01
"""In esds: far enough for the cost to be told from rounding, near enough to see the corner and not what lies behind."""

_FELT = 0.1
"""Jump of the slope, in χ²red per esd, from which on a corner holds a search back."""


def cornered(
    cost_at: Callable[[FloatArray], float],
    theta: FloatArray,
    curvature: FloatArray,
    esd: FloatArray,
    chi_squared: float,
) -> NDArray[np.bool_]:
    """Which parameters sit on a corner of the cost.

    Parameters
    ----------
    cost_at : callable
        Cost at parameters (k,).
    theta : ndarray, shape (k,)
        The point.
    curvature : ndarray, shape (k,)
        Diagonal of the normal matrix.
    esd : ndarray, shape (k,)
        Infinite or NaN for a parameter that isn't looked at.
    chi_squared : float
        Reduced χ²: what one esd costs at a smooth minimum.

    Returns
    -------
    ndarray of bool, shape (k,)
    """
    found = np.zeros(len(theta), dtype=bool)
    # anew, like its neighbours: what the search had here may differ by how finely it was summed
    cost = cost_at(theta)
    for i in np.flatnonzero(np.isfinite(esd)):
        far = _jump(cost_at, theta, cost, i, _STEP * esd[i], curvature[i]) * esd[i]
        if far > _FELT * chi_squared:
            # A corner's jump is the same from nearer by. What bends smoothly, as where parameters are hardly separable and an
            # esd is a long way, jumps a quarter as much at a quarter of the step.
            near = _jump(cost_at, theta, cost, i, _STEP / 4 * esd[i], curvature[i]) * esd[i]
            found[i] = bool((4 * near - far) / 3 > _FELT * chi_squared)
    return found


def _jump(
    cost_at: Callable[[FloatArray], float], theta: FloatArray, cost: float, i: np.intp, step: float, curvature: float
) -> float:
    """Difference of the slopes to either side beyond that of a parabola."""
    below, above = (_slope(cost_at, theta, cost, i, side * step) for side in (-1.0, 1.0))
    return above - below - 2 * step * curvature


def _slope(cost_at: Callable[[FloatArray], float], theta: FloatArray, cost: float, i: np.intp, step: float) -> float:
    moved = theta.copy()
    moved[i] += step
    try:
        return (cost_at(moved) - cost) / step
    except NativeError:
        return np.nan
