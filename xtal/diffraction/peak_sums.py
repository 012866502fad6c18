"""Sums of many peaks on a common axis, each evaluated within a window, and their Lorentzian tails on a coarse grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .axial_divergence import axial_centroids, axial_nodes, axial_spread

__all__ = ["DISCARDED_TAIL", "add_windows", "sum_of_peaks"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

DISCARDED_TAIL = 5e-4
"""Share of a peak's area that may be lost."""

_GAUSSIAN_REACH = 3.0
_CHUNK = 250_000
_BROAD = 2.0
_SAME_WINDOW = 1.5


def sum_of_peaks(
    two_theta: ArrayLike,
    positions: ArrayLike,
    areas: ArrayLike,
    fwhm: ArrayLike,
    eta: ArrayLike,
    axial: float = 0.0,
) -> FloatArray:
    """Sum of pseudo-Voigt peaks on an axis, Lorentzian tails to its ends.

    A Lorentzian is split into a broad one with the same tails, :math:`\\gamma / (x^2 + \\Gamma^2)`, smooth enough for a coarse grid, and
    the rest, which falls with :math:`x^{-4}` and is cut where `DISCARDED_TAIL` of the area is left outside.

    Parameters
    ----------
    two_theta : array_like, shape (n,)
        Increasing axis, degrees 2θ.
    positions, areas, fwhm, eta : array_like, shape (m,)
        Peaks: degrees 2θ, area in counts · degree, degrees 2θ, Lorentzian fraction.
    axial : float
        (S + H)/L.

    Returns
    -------
    ndarray, shape (n,)
        Counts.
    """
    axis = np.asarray(two_theta, dtype=float)
    peaks = np.stack(np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (positions, areas, fwhm, eta))), axis=1)
    peaks = peaks[np.isfinite(peaks).all(axis=1) & (peaks[:, 1] != 0)]
    total = np.zeros(axis.shape)
    for octave in np.unique(np.floor(np.log2(peaks[:, 2]))):
        _add_similar_peaks(total, axis, peaks[np.floor(np.log2(peaks[:, 2])) == octave], axial)
    return total


def _add_similar_peaks(total: FloatArray, axis: FloatArray, peaks: FloatArray, axial: float) -> None:
    """Add peaks (position, area, fwhm, eta) whose widths differ by less than two."""
    broad = _BROAD * float(peaks[:, 2].max())
    spread = axial_spread(peaks[:, 0], axial)
    centroids = axial_centroids(peaks[:, 0], axial)
    tails = np.stack([centroids, peaks[:, 1] * peaks[:, 2] * peaks[:, 3] / (2 * np.pi)], axis=1)
    total += _broad_tails(axis, tails, broad)
    reach = _reach(peaks, broad) + spread
    add_windows(total, axis, tails, reach, lambda x, p: -p[1] / (x * x + broad * broad))
    for nodes, members in _by_node_count(spread / peaks[:, 2]):
        at, share = centroids[members, None], np.ones((len(members), 1))
        if nodes > 1:
            at, share = axial_nodes(peaks[members, 0], axial, nodes)
        chosen = np.repeat(_two_terms(peaks[members]), at.shape[1], axis=0)
        chosen[:, 0] = at.ravel()
        chosen[:, [1, 3]] *= share.ravel()[:, None]
        repeated = np.repeat(members, at.shape[1])
        add_windows(total, axis, chosen, reach[repeated], _pseudo_voigt_terms, centroids[repeated])


def _two_terms(peaks: FloatArray) -> FloatArray:
    """Position, Lorentzian amplitude and squared half width, Gaussian amplitude and exponent of each peak."""
    position, area, fwhm, eta = peaks.T
    lorentz, gauss = area * eta * fwhm / (2 * np.pi), area * (1 - eta) * np.sqrt(4 * np.log(2) / np.pi) / fwhm
    return np.stack([position, lorentz, fwhm**2 / 4, gauss, -4 * np.log(2) / fwhm**2], axis=1)


def _pseudo_voigt_terms(x: FloatArray, p: FloatArray) -> FloatArray:
    squared = x * x
    values: FloatArray = np.exp(p[4] * squared)
    values *= p[3]
    squared += p[2]
    np.divide(p[1], squared, out=squared)
    values += squared
    return values


def _reach(peaks: FloatArray, broad: float) -> FloatArray:
    """Half widths of the windows: 2ηγΓ²/(3πX³) of the area lies beyond ±X."""
    lorentz = (peaks[:, 3] * peaks[:, 2] * broad**2 / (3 * np.pi * DISCARDED_TAIL)) ** (1 / 3)
    return np.asarray(np.maximum(_GAUSSIAN_REACH * peaks[:, 2], lorentz))


def _by_node_count(spread: FloatArray) -> list[tuple[int, IntArray]]:
    """Peaks grouped by the quadrature nodes they need; `spread` is in units of the FWHM."""
    ladder = np.array([1, 3, 4, 6, 8, 12, 20, 32, 64])
    step = np.searchsorted([0.02, 0.15, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0], spread)
    return [(int(ladder[index]), np.flatnonzero(step == index)) for index in np.unique(step)]


def _broad_tails(axis: FloatArray, tails: FloatArray, broad: float) -> FloatArray:
    """Sum of amplitude/(x² + Γ²) by cubic Hermite interpolation from a grid of step Γ/4 (error below 3e-4 of the height)."""
    n_coarse = int(np.ceil((axis[-1] - axis[0]) / (broad / 4))) + 2
    grid = np.linspace(axis[0], axis[-1], n_coarse)
    value, slope = np.zeros((2, n_coarse))
    step = max(1, _CHUNK // n_coarse)
    for start in range(0, len(tails), step):
        x = grid[:, None] - tails[None, start : start + step, 0]
        shape = 1 / (x * x + broad * broad)
        amplitude = tails[start : start + step, 1]
        value += shape @ amplitude
        slope += (-2 * x * shape * shape) @ amplitude
    return _hermite(axis, grid, value, slope)


def _hermite(x: FloatArray, grid: FloatArray, value: FloatArray, slope: FloatArray) -> FloatArray:
    """Cubic Hermite interpolation on an equidistant grid."""
    width = grid[1] - grid[0]
    at = np.clip(((x - grid[0]) / width).astype(np.int64), 0, len(grid) - 2)
    t = (x - grid[at]) / width
    left, right, s_left, s_right = value[at], value[at + 1], slope[at] * width, slope[at + 1] * width
    cubic, square = 2 * (left - right) + s_left + s_right, 3 * (right - left) - 2 * s_left - s_right
    return np.asarray(((cubic * t + square) * t + s_left) * t + left)


def add_windows(
    total: FloatArray,
    axis: FloatArray,
    peaks: FloatArray,
    reach: FloatArray,
    shape: Callable[[FloatArray, FloatArray], FloatArray],
    around: FloatArray | None = None,
) -> None:
    """Add peaks to a pattern, each within ±reach of its position, many windows at once.

    Parameters
    ----------
    total : ndarray, shape (n,)
        Pattern to add to.
    axis : ndarray, shape (n,)
        Increasing axis.
    peaks : ndarray, shape (m, k)
        One peak per row, its position first.
    reach : ndarray, shape (m,)
        Half widths of the windows, unit of the axis.
    shape : callable
        ``shape(x, peaks)`` with distances x (j, w) from the centres and columns of shape (k, j, 1).
    around : ndarray, shape (m,), optional
        Middles of the windows; the peaks' positions by default.
    """
    middle = peaks[:, 0] if around is None else around
    first = np.searchsorted(axis, middle - reach)
    counts = np.searchsorted(axis, middle + reach) - first
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    # points beyond the end land on places that are cut off again
    padded = np.append(axis, np.full(int(counts.max(initial=0)), 2 * axis[-1] - axis[0]))
    collected = np.zeros(len(padded))
    start = 0
    while start < len(order):
        narrow = int(counts[order[start]])
        width = int(narrow * _SAME_WINDOW) + 8
        stop = int(np.searchsorted(counts[order], width, side="right"))
        stop = min(stop, start + max(1, _CHUNK // width))
        members = order[start:stop]
        points = first[members, None] + np.arange(counts[members[-1]])
        columns = peaks[members].T[:, :, None]
        values = shape(padded[points] - columns[0], columns)
        # what one call subtracts and another adds must end at the same point, whatever windows share a block
        values[np.arange(values.shape[1]) >= counts[members, None]] = 0.0
        collected += np.bincount(points.ravel(), weights=values.ravel(), minlength=len(padded))
        start = stop
    total += collected[: len(axis)]
