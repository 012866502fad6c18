"""What the compiled kernels do, with numpy alone: peaks of similar windows, and equal nodes, at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..diffraction.back_to_back import back_to_back_slopes
from .kernel_work import PeakWork, TofWork

__all__ = ["accumulate_peaks", "accumulate_tof_peaks"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CHUNK = 200_000
_SAME_WINDOW = 1.5


def accumulate_peaks(work: PeakWork, total: FloatArray) -> None:
    """Add peaks and derivatives to `total`, see `kernel_work.PeakWork`."""
    axis, first, last, area, fwhm, eta, start, nodes, centroid, broad, slopes, with_axial, rows = work
    counts = np.diff(start)
    for count, members in _groups(last - first, counts):
        width = int((last - first)[members].max())
        points = first[members][:, None] + np.arange(width)
        inside = points < last[members][:, None]
        points = np.minimum(points, len(axis) - 1)
        table = nodes[start[members][:, None] + np.arange(count)]
        basis = _basis(axis[points], fwhm[members], eta[members], table, centroid[members], broad) * inside
        size, slope = area[members], slopes[members]
        flat = points.ravel()
        low, high = int(flat.min()), int(flat.max()) + 1

        def add(row: int, values: FloatArray, flat: IntArray = flat, low: int = low, high: int = high) -> None:
            total[rows[row], low:high] += np.bincount(flat - low, weights=values.ravel(), minlength=high - low)

        add(0, size[:, None] * basis[0])
        for k in range(slopes.shape[2]):
            factors = np.stack([slope[:, 0, k], *(size * slope[:, part, k] for part in (1, 2, 3))])
            if np.any(factors):
                add(k + 1, np.einsum("pm,pmi->mi", factors, basis[:4]))
        if with_axial:
            add(slopes.shape[2] + 1, size[:, None] * basis[4])


def accumulate_tof_peaks(work: TofWork, total: FloatArray) -> None:
    """Add peaks and derivatives to `total`, see `kernel_work.TofWork`."""
    axis, first, last, peaks, slopes, destinations = work
    for _, members in _groups(last - first, np.ones(len(first), dtype=np.int64)):
        points = first[members][:, None] + np.arange(int((last - first)[members].max()))
        inside = points < last[members][:, None]
        points = np.minimum(points, len(axis) - 1)
        area, centre, *shape = peaks[members].T[:, :, None]
        basis = back_to_back_slopes(axis[points] - centre, *shape) * inside
        basis[1] *= -1
        low, high = int(points.min()), int(points.max()) + 1
        factors = slopes[members] * np.concatenate([np.ones_like(area), np.repeat(area, 5, axis=1)], axis=1)[:, :, None]
        rows = np.concatenate([(area * basis[0])[None], np.einsum("mpk,pmi->kmi", factors, basis)])
        for row, values in zip(destinations, rows, strict=True):
            total[row, low:high] += np.bincount((points - low).ravel(), weights=values.ravel(), minlength=high - low)


def _groups(widths: IntArray, counts: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Peaks of one node count whose windows differ by less than half, in pieces of bounded size."""
    for count in np.unique(counts):
        members = np.flatnonzero((counts == count) & (widths > 0))
        members = members[np.argsort(widths[members], kind="stable")]
        while len(members):
            narrow = int(widths[members[0]])
            stop = int(np.searchsorted(widths[members], narrow * _SAME_WINDOW + 8, side="right"))
            stop = max(1, min(stop, _CHUNK // int(widths[members[stop - 1]] * count)))
            yield int(count), members[:stop]
            members = members[stop:]


def _basis(
    x: FloatArray, fwhm: FloatArray, eta: FloatArray, table: FloatArray, centroid: FloatArray, broad: float
) -> FloatArray:
    """Shape and its slopes by centre, FWHM, η and (S + H)/L at points (m, w), as (5, m, w)."""
    gamma, share = fwhm[:, None, None], eta[:, None, None]
    place, weight, move, weight_move, drift, weight_drift = (table[:, :, None, part] for part in range(6))
    away = x[:, None, :] - place
    squared = away * away
    inverse = 1 / (squared + gamma**2 / 4)
    lorentz = gamma / (2 * np.pi) * inverse
    rate = 4 * np.log(2) / gamma**2
    gauss = 2 * np.sqrt(np.log(2) / np.pi) / gamma * np.exp(-rate * squared)
    whole = share * lorentz + (1 - share) * gauss
    fall = 2 * away * (share * lorentz * inverse + (1 - share) * rate * gauss)
    spread = (
        share * lorentz * (1 / gamma - gamma / 2 * inverse) + (1 - share) * gauss * (2 * rate * squared - 1) / gamma
    )
    basis = np.stack([(weight * whole).sum(axis=1), (weight * move * fall + weight_move * whole).sum(axis=1),
                      (weight * spread).sum(axis=1), (weight * (lorentz - gauss)).sum(axis=1),
                      (weight * drift * fall + weight_drift * whole).sum(axis=1)])  # fmt: skip
    return basis - _tail_basis(x, fwhm[:, None], eta[:, None], centroid, broad)


def _tail_basis(x: FloatArray, gamma: FloatArray, share: FloatArray, centroid: FloatArray, broad: float) -> FloatArray:
    away = x - centroid[:, :1]
    below = away * away + broad**2
    tail = gamma / (2 * np.pi) / below
    fall = 2 * away * tail / below * share
    return np.stack([share * tail, fall * centroid[:, 1:2], share * tail / gamma, tail, fall * centroid[:, 2:3]])
