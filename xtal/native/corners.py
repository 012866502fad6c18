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
    cost_at: Callable[[FloatArray], float], theta: FloatArray, cost: float, curvature: FloatArray, esd: FloatArray,
    chi_squared: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which parameters sit on a corner of the cost.

    Parameters
    ----------
    cost_at : callable
        Cost at parameters (k,).
    theta : ndarray, shape (k,)
        The point.
    cost : float
        Cost there.
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
    for i in np.flatnonzero(np.isfinite(esd)):
        slopes = [_slope(cost_at, theta, cost, i, side * _STEP * esd[i]) for side in (-1.0, 1.0)]
        # a smooth cost differs from side to side by its curvature alone
        jump = (slopes[1] - slopes[0]) * esd[i] - 2 * _STEP * curvature[i] * esd[i] ** 2
        found[i] = bool(jump > _FELT * chi_squared)
    return found


def _slope(cost_at: Callable[[FloatArray], float], theta: FloatArray, cost: float, i: np.intp, step: float) -> float:
    moved = theta.copy()
    moved[i] += step
    try:
        return (cost_at(moved) - cost) / step
    except NativeError:
        return np.nan
