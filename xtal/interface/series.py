"""Mismatch against composition: a Vegard line through measured cells, and where it meets the substrate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..result import Value
from .mismatch import Definition, linear_mismatch

__all__ = ["CompositionSeries", "fit_composition_series"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CompositionSeries:
    """A fitted series.

    Parameters
    ----------
    composition, length, esd : ndarray
        Of the film: x, lattice parameter and its esds (Å; NaN where none is known).
    substrate : Value
        Length that the film should have, Å.
    definition : str
        Of `mismatch`.
    mismatch : tuple of Value
        At the measured compositions; esds when film and substrate have them.
    intercept, slope : Value
        Vegard line, Å and Å per unit of x.
    reduced_chi_square : float or None
        Of the weighted fit; None without esds.
    matching_composition : Value
        Where the line meets the substrate.
    extrapolated : bool
        Whether that lies outside the measured range.
    """

    composition: FloatArray
    length: FloatArray
    esd: FloatArray
    substrate: Value
    definition: Definition
    mismatch: tuple[Value, ...]
    intercept: Value
    slope: Value
    reduced_chi_square: float | None
    matching_composition: Value
    extrapolated: bool

    def line(self, composition: ArrayLike) -> FloatArray:
        """Length on the fitted line, Å."""
        return np.asarray(float(self.intercept.value or 0) + float(self.slope.value or 0) * np.asarray(composition))


def fit_composition_series(
    composition: ArrayLike,
    length: ArrayLike,
    substrate: Value,
    esd: ArrayLike | None = None,
    definition: Definition = "film_over_substrate",
) -> CompositionSeries:
    """Fit length = intercept + slope · x (Vegard) and find where it equals the substrate's length.

    The points are weighted by their esds when all have one; the esds of the line then count at least as the esds say, and more when
    the points scatter more (χ²_red above 1). Without esds they come from the scatter, which needs three points.

    Parameters
    ----------
    composition, length : array_like, shape (n,)
        x and lattice parameter (Å), at least two different x.
    substrate : Value
        Target length, Å; without an esd the matching composition has none.
    esd : array_like, optional
        Of `length`, Å.
    definition : str
        Of the mismatch (see `mismatch`).

    Raises
    ------
    GeometryError
        Fewer than two compositions, arrays of different size, or an esd that isn't positive.
    """
    x, y, sigma = _checked(composition, length, esd)
    weighted = bool(np.all(np.isfinite(sigma)))
    (intercept, slope), covariance, chi = _fitted_line(x, y, sigma if weighted else None)
    target = float(substrate.value or 0.0)
    root = _matching(intercept, slope, covariance, substrate)
    return CompositionSeries(
        x, y, sigma, substrate, definition,
        mismatch=tuple(_point(float(f), float(s), substrate, target, definition) for f, s in zip(y, sigma, strict=True)),
        intercept=_coefficient(intercept, covariance, 0),
        slope=_coefficient(slope, covariance, 1),
        reduced_chi_square=chi,
        matching_composition=root,
        extrapolated=root.value is not None and not x.min() <= root.value <= x.max(),
    )  # fmt: skip


def _checked(
    composition: ArrayLike, length: ArrayLike, esd: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, y = np.atleast_1d(np.asarray(composition, float)), np.atleast_1d(np.asarray(length, float))
    sigma = np.full(y.shape, np.nan) if esd is None else np.atleast_1d(np.asarray(esd, float))
    if not x.shape == y.shape == sigma.shape or len(np.unique(x)) < 2:
        raise GeometryError(
            f"a series of {len(np.unique(x))} compositions, {y.size} lengths and {sigma.size} esds;",
            remedy="give equally many, and at least two different compositions.",
        )
    if np.any(y <= 0) or not np.all(np.isfinite(x)) or np.any(sigma <= 0):
        raise GeometryError(
            "a composition, length or esd in the series is not a usable number;",
            remedy="lengths and esds are positive, in Å; leave an esd empty where none is known.",
        )
    return x, y, sigma


def _fitted_line(
    x: FloatArray, y: FloatArray, sigma: FloatArray | None
) -> tuple[tuple[float, float], FloatArray | None, float | None]:
    """Intercept and slope, their covariance (None when nothing supports one) and χ²_red."""
    from lmfit.models import LinearModel

    model = LinearModel()
    weights = None if sigma is None else 1 / sigma
    fit = model.fit(y, x=x, weights=weights, slope=0.0, intercept=float(y.mean()), scale_covar=False)
    values = fit.params["intercept"].value, fit.params["slope"].value
    freedom = len(x) - 2
    names = [fit.var_names.index(name) for name in ("intercept", "slope")]
    if fit.covar is None or (sigma is None and freedom < 1):
        return values, None, None
    covariance = np.asarray(fit.covar)[np.ix_(names, names)]
    chi = float(fit.chisqr / freedom) if freedom else None
    if sigma is None:
        return values, covariance * (chi or 0.0), None
    return values, covariance * max(chi or 1.0, 1.0), chi


def _coefficient(value: float, covariance: FloatArray | None, number: int) -> Value:
    if covariance is None:
        return Value(value, None, "two points without esds leave no scatter to judge by")
    return Value(value, float(np.sqrt(covariance[number, number])))


def _matching(intercept: float, slope: float, covariance: FloatArray | None, substrate: Value) -> Value:
    """Composition at which the line meets the substrate, with the covariance of the line and the substrate's esd."""
    if slope == 0.0 or substrate.value is None:
        return Value(None, None, "the line is level: it meets no other length")
    root = (substrate.value - intercept) / slope
    if covariance is None or substrate.esd is None:
        missing = "the substrate's length" if substrate.esd is None else "the line"
        return Value(root, None, f"no esd of {missing}")
    gradient = np.array([-1.0, -root]) / slope
    return Value(root, float(np.sqrt(gradient @ covariance @ gradient + (substrate.esd / slope) ** 2)))


def _point(film: float, sigma: float, substrate: Value, target: float, definition: Definition) -> Value:
    value = float(linear_mismatch(film, target, definition))
    if not np.isfinite(sigma) or substrate.esd is None:
        missing = "the substrate's length" if substrate.esd is None else "the film's length"
        return Value(value, None, f"no esd of {missing}")
    steps = [(film + sigma, target), (film, target + substrate.esd)]
    changes = [float(linear_mismatch(f, s, definition)) - value for f, s in steps]
    return Value(value, float(np.hypot(changes[0], changes[1])))
