"""What lattice parameters do along the axis: weighted straight lines and parabolas, thermal expansion, Vegard's slope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = ["Trend", "fit_trend", "usable"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trend:
    """A polynomial fitted to a quantity, about the middle of its axis.

    Parameters
    ----------
    centre : float
        Where the polynomial is expanded: mean of the axis.
    coefficients : tuple of float
        Value, slope, half curvature … at `centre`.
    esds : tuple of float
        With the factor sqrt(χ²/ν) where that is above 1.
    relative_slope : float
        Slope divided by value: the expansion coefficient when the axis is a temperature.
    relative_slope_esd : float
        Its standard uncertainty, from the whole covariance.
    chi2_red : float
        χ²/ν of the fit with the given esds; NaN when nothing is left over.
    n_points : int
        Points used.
    """

    centre: float
    coefficients: tuple[float, ...]
    esds: tuple[float, ...]
    relative_slope: float
    relative_slope_esd: float
    chi2_red: float
    n_points: int

    @property
    def slope(self) -> float:
        """Change of the quantity per unit of the axis: Vegard's slope when the axis is a composition."""
        return self.coefficients[1]

    @property
    def slope_esd(self) -> float:
        """Standard uncertainty of `slope`."""
        return self.esds[1]

    def evaluate(self, axis: ArrayLike) -> FloatArray:
        """Values of the polynomial."""
        shifted = np.asarray(axis, dtype=float) - self.centre
        return np.asarray(sum(value * shifted**power for power, value in enumerate(self.coefficients)))


def fit_trend(axis: ArrayLike, values: ArrayLike, esds: ArrayLike, degree: int = 1) -> Trend:
    """Polynomial through a quantity, weighted by its esds (lmfit).

    Parameters
    ----------
    axis, values, esds : array_like, shape (n,)
        Points; those that are not finite, or without an esd, are left out.
    degree : int
        1 for a line, 2 for a parabola.

    Raises
    ------
    InputError
        Fewer points than coefficients plus one, or fewer places on the axis than coefficients.
    """
    x, y, sigma = usable(axis, values, esds)
    if len(x) < degree + 2:
        raise InputError(f"{len(x)} points with an esd;", where="trend", remedy=f"degree {degree} needs {degree + 2}.")
    if len(np.unique(x)) <= degree:
        raise InputError(f"{len(np.unique(x))} different places on the axis;", where="trend",
                         remedy=f"degree {degree} needs {degree + 1}.")  # fmt: skip
    from lmfit.models import PolynomialModel

    centre, span = float(np.mean(x)), float(np.ptp(x)) / 2 or 1.0
    names = [f"c{power}" for power in range(degree + 1)]
    start = np.polynomial.polynomial.polyfit((x - centre) / span, y, degree, w=1 / sigma)
    model = PolynomialModel(degree=degree)
    parameters = model.make_params(**dict(zip(names, map(float, start), strict=True)))
    found = model.fit(y, parameters, x=(x - centre) / span, weights=1 / sigma, scale_covar=False)
    scale = span ** -np.arange(degree + 1.0)
    values_found = np.array([found.params[name].value for name in names]) * scale
    chi2_red = float(found.chisqr / (len(x) - degree - 1))
    covariance = np.asarray(found.covar) * np.outer(scale, scale) * max(chi2_red, 1.0)
    return _trend(centre, values_found, covariance, chi2_red, len(x))


def _trend(centre: float, values: FloatArray, covariance: FloatArray, chi2_red: float, n_points: int) -> Trend:
    ratio = float(values[1] / values[0]) if values[0] else np.nan
    gradient = np.zeros(len(values))
    gradient[:2] = [-ratio / values[0], 1 / values[0]] if values[0] else [np.nan, np.nan]
    return Trend(
        centre=centre,
        coefficients=tuple(map(float, values)),
        esds=tuple(map(float, np.sqrt(np.diag(covariance)))),
        relative_slope=ratio,
        relative_slope_esd=float(np.sqrt(gradient @ covariance @ gradient)),
        chi2_red=chi2_red,
        n_points=n_points,
    )


def usable(axis: ArrayLike, values: ArrayLike, esds: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Points with a finite value and a positive esd."""
    columns: Any = [np.asarray(one, dtype=float) for one in (axis, values, esds)]
    keep = np.all(np.isfinite(columns), axis=0) & (columns[2] > 0)
    return columns[0][keep], columns[1][keep], columns[2][keep]
