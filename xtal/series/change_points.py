"""Change points: where a quantity leaves its smooth course, with an interval of confidence."""

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
    """A place between two frames at which one smooth course ends and another begins.

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
    """Places at which a smooth course ends and another begins, by binary segmentation, each with ΔBIC above 10.

    On either side of a change runs a line or a parabola of its own. That must beat every single polynomial up to the fourth
    degree, so that the curved course of thermal expansion is no change. A change costs its place as a parameter. Esds are
    scaled by sqrt(χ²/ν) of the best description with a change where that is above 1, so that underestimated esds find none.

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
    cuts = [cut for cut in range(SEGMENT, n - SEGMENT + 1) if x[cut] > x[cut - 1]]
    if not cuts:
        return None
    candidates = [_with_change(x, y, sigma, cuts, degree) for degree in (1, 2)]
    scale = max(min(float(chi2.min()) / max(n - k, 1) for chi2, k in candidates), 1.0)
    smooth = min(_chi2(x, y, sigma, degree) / scale + (degree + 1) * np.log(n) for degree in (1, 2, 3, 4))
    chi2, k = min(candidates, key=lambda item: float(item[0].min()) / scale + item[1] * np.log(n))
    gain = smooth - (float(chi2.min()) / scale + k * np.log(n))
    if gain <= STRONG:
        return None
    inside = np.flatnonzero((chi2 - chi2.min()) / scale <= 3.84)
    cut = cuts[int(np.argmin(chi2))]
    point = ChangePoint(
        position=float(x[cut - 1] + x[cut]) / 2,
        low=float(x[cuts[int(inside[0])] - 1]),
        high=float(x[cuts[int(inside[-1])]]),
        delta_bic=float(gain),
    )
    return cut, point


def _with_change(
    x: FloatArray, y: FloatArray, sigma: FloatArray, cuts: list[int], degree: int
) -> tuple[FloatArray, int]:
    """χ² of two polynomials for every place of the change, and how many parameters they have."""
    chi2 = [_chi2(x[:cut], y[:cut], sigma[:cut], degree) + _chi2(x[cut:], y[cut:], sigma[cut:], degree) for cut in cuts]
    return np.array(chi2), 2 * (degree + 1) + 1


def _chi2(x: FloatArray, y: FloatArray, sigma: FloatArray, degree: int) -> float:
    """χ² of the weighted polynomial."""
    t = (x - x.mean()) / (np.ptp(x) or 1.0)
    columns = np.vander(t, degree + 1) / sigma[:, None]
    coefficients = np.linalg.lstsq(columns, y / sigma, rcond=None)[0]
    return float(np.sum((y / sigma - columns @ coefficients) ** 2))
