"""The halo of a glass in a refined pattern: its area apart from the Bragg peaks and the smooth background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..result import ProfileCurves, Value

__all__ = ["HumpFit", "fit_hump", "gaussian_hump", "measured_hump"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HumpFit:
    """A halo found under a pattern.

    Parameters
    ----------
    area : Value
        Counts · degree.
    bragg_area : float
        Of all Bragg peaks, counts · degree.
    curve, baseline : ndarray, shape (n,)
        The halo and the smooth background, counts.
    """

    area: Value
    bragg_area: float
    curve: FloatArray
    baseline: FloatArray


def gaussian_hump(x: ArrayLike, position: float, fwhm: float) -> FloatArray:
    """Gaussian of height 1 at `position` (degrees 2θ)."""
    if not fwhm > 0:
        raise InputError(f"halo of width {fwhm:g}°;", remedy="the width must be positive.")
    return np.asarray(np.exp(-4 * np.log(2) * ((np.asarray(x, dtype=float) - position) / fwhm) ** 2))


def measured_hump(x: ArrayLike, glass_x: ArrayLike, glass_intensity: ArrayLike) -> FloatArray:
    """Shape of a measured pure glass on another axis: smoothed over 1 % of its points, straight base removed, height 1.

    Raises
    ------
    InputError
        The glass was not measured over the whole range, or shows no halo.
    """
    from scipy.ndimage import gaussian_filter1d

    points, own = np.asarray(x, dtype=float), np.asarray(glass_x, dtype=float)
    if points[0] < own[0] - 1e-9 or points[-1] > own[-1] + 1e-9:
        raise InputError(f"the glass spans {own[0]:g}–{own[-1]:g}°, the pattern {points[0]:g}–{points[-1]:g}°;",
                         remedy="measure the glass over the whole range.")  # fmt: skip
    smooth = gaussian_filter1d(np.asarray(glass_intensity, dtype=float), max(own.size / 100, 1.0))
    shape = np.interp(points, own, smooth)
    shape = shape - np.linspace(shape[0], shape[-1], shape.size)
    if shape.max() <= 0:
        raise InputError(
            "the glass shows no halo above a straight line;", remedy="give its position and width instead."
        )
    return np.asarray(shape / shape.max())


def fit_hump(curves: ProfileCurves, shape: ArrayLike, *, terms: int = 4) -> HumpFit:
    """Separate a halo of known shape from a smooth background.

    The calculated Bragg intensity is taken off; what is left is, by weighted linear least squares, `terms` Chebyshev polynomials and the
    halo. The esd holds the misfit (√χ²red where that is above 1), not the error of the shape.

    Parameters
    ----------
    curves : ProfileCurves
        Of a fit whose background was free enough to follow the halo.
    shape : array_like, shape (n,)
        The halo on the axis of the curves, any height.
    terms : int
        Chebyshev terms of the background beside it.

    Raises
    ------
    InputError
        A shape that doesn't fit the pattern.
    """
    halo = np.asarray(shape, dtype=float)
    if halo.shape != curves.x.shape or not halo.max() > 0:
        raise InputError("the halo lies outside the pattern;", remedy="give a position within the fitted range.")
    bragg = curves.calculated - curves.background
    reduced = 2 * (curves.x - curves.x[0]) / (curves.x[-1] - curves.x[0]) - 1
    design = np.column_stack([halo, np.polynomial.chebyshev.chebvander(reduced, terms - 1)])
    sigma = np.where(curves.sigma > 0, curves.sigma, 1.0)
    weighted, target = design / sigma[:, None], (curves.observed - bragg) / sigma
    solution, *_ = np.linalg.lstsq(weighted, target, rcond=None)
    chi2 = float(np.sum((target - weighted @ solution) ** 2)) / max(target.size - terms - 1, 1)
    covariance = np.linalg.inv(weighted.T @ weighted) * max(chi2, 1.0)
    area = float(np.sum(halo * np.gradient(curves.x)))
    value = Value(float(solution[0]) * area, float(np.sqrt(covariance[0, 0])) * area)
    bragg_area = float(np.sum(bragg * np.gradient(curves.x)))
    return HumpFit(value, bragg_area, solution[0] * halo, design[:, 1:] @ solution[1:])
