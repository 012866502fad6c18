"""Transition temperatures: a step in a share, and in the splitting of a cell, for each ramp by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .trends import usable

__all__ = ["Hysteresis", "StepFit", "fit_step", "hysteresis", "splitting"]

FloatArray = NDArray[np.float64]
LOGISTIC_10_90 = 2 * np.log(9.0)
LEAST_STEP = 5.0
"""Esds that a step must be high to count as one."""


@dataclass(frozen=True)
class StepFit:
    """A step that a quantity takes along a ramp.

    Parameters
    ----------
    position : float
        Where half of it is done, in units of the axis.
    position_esd : float or None
        Standard uncertainty; where fewer than two frames lie in the step, that of a position anywhere between two frames,
        their distance/√12; None when the fit gave no covariance.
    width : float
        From 10 to 90 %.
    low, high : float
        Quantity before and after, in the sense of the axis.
    direction : {"up", "down"}
        Of the ramp.
    chi2_red : float
        χ²/ν with the given esds.
    n_points : int
        Points used.
    """

    position: float
    position_esd: float | None
    width: float
    low: float
    high: float
    direction: str
    chi2_red: float
    n_points: int

    def evaluate(self, axis: ArrayLike) -> FloatArray:
        """Values of the step."""
        return _step(np.asarray(axis, dtype=float), self.position, self.width, self.low, self.high)


@dataclass(frozen=True)
class Hysteresis:
    """Distance of the transition on the way up from that on the way down, with its esd."""

    value: float
    esd: float | None


def fit_step(axis: ArrayLike, values: ArrayLike, esds: ArrayLike, direction: str = "up") -> StepFit | None:
    """Logistic step through a quantity, weighted by its esds (lmfit); None when there is none.

    f(T) = low + (high − low)/(1 + exp(−(T − T0)·2 ln 9/width)), so that `width` spans 10 to 90 %.

    Parameters
    ----------
    axis, values, esds : array_like, shape (n,)
        Points of one ramp; those without an esd are left out.
    direction : {"up", "down"}
        Of the ramp, for the record.
    """
    from lmfit import Model

    x, y, sigma = usable(axis, values, esds)
    if len(x) < 5:
        return None
    order = np.argsort(x)
    x, y, sigma = x[order], y[order], np.maximum(sigma, 1e-3 * max(float(np.ptp(y)), 1e-300))[order]
    ends = max(len(x) // 8, 1)
    low, high = float(np.median(y[:ends])), float(np.median(y[-ends:]))
    if abs(high - low) < LEAST_STEP * float(np.median(sigma)) or not _crosses(y, low, high):
        return None
    middle = _half_way(x, y, (low + high) / 2)
    spacing = _spacing(x, middle)
    model = Model(_step, independent_vars=["x"])
    parameters = model.make_params(position=middle, width=spacing, low=low, high=high)
    parameters["width"].set(min=0.05 * spacing, max=float(np.ptp(x)))
    parameters["position"].set(min=float(x[0]), max=float(x[-1]))
    found = model.fit(y, parameters, x=x, weights=1 / sigma, scale_covar=False)
    chi2_red = float(found.chisqr / max(len(x) - 4, 1))
    best = found.best_values
    return StepFit(best["position"], _esd(found, chi2_red, x, spacing), best["width"], best["low"], best["high"], direction,
                   chi2_red, len(x))  # fmt: skip


def _step(x: FloatArray, position: float, width: float, low: float, high: float) -> FloatArray:
    exponent = np.clip(-(x - position) * LOGISTIC_10_90 / width, -700, 700)
    return np.asarray(low + (high - low) / (1 + np.exp(exponent)))


def _crosses(y: FloatArray, low: float, high: float) -> bool:
    part = (y - low) / (high - low)
    return bool(np.any(part < 0.3) and np.any(part > 0.7))


def _half_way(x: FloatArray, y: FloatArray, middle: float) -> float:
    """Where neighbouring points lie on either side of the middle; the first place."""
    sides = np.sign(y - middle)
    index = int(np.flatnonzero(np.diff(sides) != 0)[0])
    rise = y[index + 1] - y[index]
    part = (middle - y[index]) / rise if rise else 0.5
    return float(x[index] + part * (x[index + 1] - x[index]))


def _spacing(x: FloatArray, position: float) -> float:
    """Distance of the frames about a position."""
    index = int(np.clip(np.searchsorted(x, position), 1, len(x) - 1))
    return float(max(x[index] - x[index - 1], 1e-9))


def _esd(found: object, chi2_red: float, x: FloatArray, spacing: float) -> float | None:
    parameter = found.params["position"]  # type: ignore[attr-defined]
    width = found.best_values["width"]  # type: ignore[attr-defined]
    inside = int(np.sum(np.abs(x - parameter.value) < width / 2))
    statistical = None if parameter.stderr is None else float(parameter.stderr * np.sqrt(max(chi2_red, 1.0)))
    return statistical if inside >= 2 else float(spacing / np.sqrt(12))


def hysteresis(up: StepFit | None, down: StepFit | None) -> Hysteresis | None:
    """Transition on the way up minus that on the way down; None unless both were found."""
    if up is None or down is None:
        return None
    first, second = up.position_esd, down.position_esd
    esd = None if first is None or second is None else float(np.hypot(first, second))
    return Hysteresis(up.position - down.position, esd)


def splitting(
    cells: Mapping[str, ArrayLike],
    esds: Mapping[str, ArrayLike],
    divisors: Mapping[str, float],
    share: ArrayLike,
    share_esd: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Mean splitting of the sample's axes: (largest − smallest)/mean of the comparable axes, times the share that is split.

    Where the distorted phase was not found, the splitting is 0 with the esd of its share times the typical splitting.

    Parameters
    ----------
    cells, esds : mapping of array_like, shape (n,)
        Axes by name in Å and their esds; NaN where the phase was not found.
    divisors : mapping of float
        What each axis is divided by to be comparable.
    share, share_esd : array_like, shape (n,)
        Share of the distorted phase, 0–1.

    Returns
    -------
    values, esds : ndarray, shape (n,)
    """
    lengths = np.array([np.asarray(cells[name], dtype=float) / divisors[name] for name in divisors])
    errors = np.array([np.asarray(esds[name], dtype=float) / divisors[name] for name in divisors])
    part, part_esd = np.asarray(share, dtype=float), np.asarray(share_esd, dtype=float)
    strain = np.ptp(lengths, axis=0) / np.mean(lengths, axis=0)
    strain_esd = np.sqrt(np.sum(errors**2, axis=0)) / np.mean(lengths, axis=0)
    known = np.isfinite(strain)
    typical = float(np.median(strain[known])) if np.any(known) else np.nan
    values = np.where(known, strain * part, 0.0)
    found = np.sqrt((np.nan_to_num(strain_esd) * part) ** 2 + (np.where(known, strain, typical) * part_esd) ** 2)
    return values, np.asarray(found)
