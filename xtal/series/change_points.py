"""Change points: where a quantity stops following one straight line, with an interval of confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .trends import usable

__all__ = ["ChangePoint", "change_points"]

FloatArray = NDArray[np.float64]
SEGMENT = 4
STRONG = 10.0


@dataclass(frozen=True)
class ChangePoint:
    """A place between two frames at which one straight line ends and another begins.

    Parameters
    ----------
    position : float
        Midway between the frames, in units of the axis.
    low, high : float
        Interval of 95 % from the profile of χ², frames that bound it.
    delta_bic : float
        By how much the Bayesian information criterion falls with this change; above 10 is strong (Kass & Raftery, 1995).
    """

    position: float
    low: float
    high: float
    delta_bic: float


def change_points(axis: ArrayLike, values: ArrayLike, esds: ArrayLike, most: int = 4) -> tuple[ChangePoint, ...]:
    """Places at which weighted straight lines change, by binary segmentation, each with ΔBIC above 10.

    Each segment has its own line; a change costs three parameters, two of the line and its place. Esds are scaled by
    sqrt(χ²/ν) of the best description with a change where that is above 1, so that underestimated esds find no changes.

    Parameters
    ----------
    axis, values, esds : array_like, shape (n,)
        Points of one ramp; those without an esd are left out.
    most : int
        Changes at most.
    """
    x, y, sigma = usable(axis, values, esds)
    order = np.argsort(x)
    x, y, sigma = x[order], y[order], sigma[order]
    found: list[ChangePoint] = []
    segments = [(0, len(x))]
    while segments and len(found) < most:
        first, last = segments.pop(0)
        best = _best_change(x[first:last], y[first:last], sigma[first:last])
        if best is not None:
            cut, point = best
            found.append(point)
            segments += [(first, first + cut), (first + cut, last)]
    return tuple(sorted(found, key=lambda point: point.position))


def _best_change(x: FloatArray, y: FloatArray, sigma: FloatArray) -> tuple[int, ChangePoint] | None:
    n = len(x)
    if n < 2 * SEGMENT:
        return None
    whole = _chi2(x, y, sigma)
    cuts = range(SEGMENT, n - SEGMENT + 1)
    chi2 = np.array([_chi2(x[:cut], y[:cut], sigma[:cut]) + _chi2(x[cut:], y[cut:], sigma[cut:]) for cut in cuts])
    scale = max(float(chi2.min()) / max(n - 5, 1), 1.0)
    gain = (whole - float(chi2.min())) / scale - 3 * np.log(n)
    if gain <= STRONG:
        return None
    place = int(np.argmin(chi2))
    inside = np.flatnonzero((chi2 - chi2.min()) / scale <= 3.84)
    cut = cuts[place]
    point = ChangePoint(
        position=float(x[cut - 1] + x[cut]) / 2,
        low=float(x[cuts[int(inside[0])] - 1]),
        high=float(x[cuts[int(inside[-1])]]),
        delta_bic=float(gain),
    )
    return cut, point


def _chi2(x: FloatArray, y: FloatArray, sigma: FloatArray) -> float:
    """χ² of the weighted straight line."""
    weight = 1 / sigma**2
    total = weight.sum()
    mean_x, mean_y = (weight @ x) / total, (weight @ y) / total
    spread = weight @ (x - mean_x) ** 2
    slope = (weight @ ((x - mean_x) * (y - mean_y))) / spread if spread > 0 else 0.0
    return float(weight @ (y - mean_y - slope * (x - mean_x)) ** 2)
