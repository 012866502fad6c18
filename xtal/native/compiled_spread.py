"""Axial nodes of peaks and the deposit of their tails, compiled by numba; imported only where that is installed.

The arithmetic is that of `axial_kernel.vectorised_nodes` and `tails.Tails.deposit`.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["add_deposit", "fill_nodes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_DEGREE = math.pi / 180


def _fill_nodes(
    centre: FloatArray, axial: float, start: IntArray, gauss: FloatArray, offset: IntArray, with_axial: bool,
    table: FloatArray, centroid: FloatArray,
) -> None:  # fmt: skip
    """Fill `table` and `centroid`, see `axial_kernel.Nodes`; `gauss` holds (t, weight) of the rules that begin at `offset`."""
    for r in range(len(centre)):
        count, first = start[r + 1] - start[r], start[r]
        angle = centre[r] * _DEGREE
        if count == 1:
            cotangent = 1 / math.tan(angle)
            table[first, :] = 0.0
            table[first, 0] = centre[r] - axial * axial / 12 * cotangent / _DEGREE
            table[first, 1] = 1.0
            table[first, 2] = 1 + axial * axial / 12 / math.sin(angle) ** 2
            table[first, 4] = -axial / 6 * cotangent / _DEGREE
            centroid[r, 0], centroid[r, 1], centroid[r, 2] = table[first, 0], table[first, 2], table[first, 4]
            continue
        cos_angle, sin_angle, whole = math.cos(angle), math.sin(angle), 0.0
        for i in range(count):
            t, weight = gauss[offset[count] + i, 0], gauss[offset[count] + i, 1]
            squared = 1 + axial * axial * t * t
            stretch = math.sqrt(squared)
            cosine = min(max(cos_angle * stretch, -1 + 1e-12), 1 - 1e-12)
            sine = math.sqrt(1 - cosine * cosine)
            place = table[first + i]
            place[0] = math.acos(cosine) / _DEGREE
            place[1] = weight * (1 - t) / (squared * sine)
            place[2] = stretch * sin_angle / sine
            place[3] = -place[2] * cosine / sine
            growth = axial * t * t / squared
            place[4] = -cosine * growth / sine
            place[5] = -2 * growth - cosine / sine * place[4]
            whole += place[1]
        by_centre, by_axial = 0.0, 0.0
        for i in range(first, first + count):
            table[i, 1] /= whole
            by_centre += table[i, 1] * table[i, 3]
            by_axial += table[i, 1] * table[i, 5]
        centroid[r, :] = 0.0
        for i in range(first, first + count):
            place = table[i]
            place[3] = place[1] * (place[3] - by_centre) * _DEGREE
            place[5] = place[1] * (place[5] - by_axial) if with_axial else 0.0
            place[4] = place[4] / _DEGREE if with_axial else 0.0
            centroid[r, 0] += place[0] * place[1]
            centroid[r, 1] += place[2] * place[1] + place[0] * place[3]
            centroid[r, 2] += place[4] * place[1] + place[0] * place[5]


def _add_deposit(
    low: float, step: float, area: FloatArray, fwhm: FloatArray, eta: FloatArray, slopes: FloatArray,
    centroid: FloatArray, axial_row: FloatArray, places: IntArray, deposit: FloatArray,
) -> None:  # fmt: skip
    """Add the tails of peaks and their derivatives to columns of a grid, see `tails.Tails.deposit`."""
    n = deposit.shape[0]
    weights, moves = np.empty(4), np.empty(4)
    for r in range(len(area)):
        place = min(max(centroid[r, 0], low + step), low + (n - 3) * step)
        reduced = (place - low) / step
        node = min(max(math.floor(reduced) - 1, 0), n - 4)
        t = reduced - node - 1
        weights[0], weights[1] = -t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2
        weights[2], weights[3] = -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6
        moves[0], moves[1] = -(3 * t * t - 6 * t + 2) / 6 / step, (3 * t * t - 4 * t - 1) / 2 / step
        moves[2], moves[3] = -(3 * t * t - 2 * t - 2) / 2 / step, (3 * t * t - 1) / 6 / step
        unit = eta[r] * fwhm[r] / (2 * math.pi)
        per_shape = area[r] / (2 * math.pi)
        for i in range(4):
            deposit[node + i, places[0]] += area[r] * unit * weights[i]
        for k in range(len(axial_row)):
            tall = slopes[r, 0, k] * unit + per_shape * (slopes[r, 2, k] * eta[r] + slopes[r, 3, k] * fwhm[r])
            shift = area[r] * unit * (slopes[r, 1, k] * centroid[r, 1] + centroid[r, 2] * axial_row[k])
            for i in range(4):
                deposit[node + i, places[k + 1]] += tall * weights[i] + shift * moves[i]


fill_nodes = numba.njit(cache=True, fastmath=True, error_model="numpy")(_fill_nodes)
"""Fills the table of axial nodes; its machine code is kept on disk."""

add_deposit = numba.njit(cache=True, fastmath=True, error_model="numpy")(_add_deposit)
"""Adds tails to a grid; its machine code is kept on disk."""
