"""The sum of the peaks of a phase and its derivatives in one pass over windows, compiled by numba; imported only where that is installed.

The pseudo-Voigt is that of `xtal.diffraction.profiles.pseudo_voigt`, here with its derivatives and less the common tail (see `tails`).
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from .kernel_work import PeakWork

__all__ = ["accumulate_peaks"]

FloatArray = NDArray[np.float64]


def _accumulate_peaks(work: PeakWork, total: FloatArray) -> None:
    """Add peaks and derivatives to an array, see `kernel_work.PeakWork`."""
    axis, first, last, area, fwhm, eta, start, nodes, centroid, broad, slopes, with_axial, rows = work
    n_slopes = slopes.shape[2]
    largest = 1
    for r in range(len(area)):
        largest = max(largest, last[r] - first[r])
    shape, by_centre, by_fwhm, by_eta, by_axial = np.zeros((5, largest))
    log2 = math.log(2.0)
    for r in range(len(area)):
        low, high = first[r], last[r]
        width = high - low
        points = axis[low:high]
        if width <= 0:
            continue
        gamma, share = fwhm[r], eta[r]
        quarter, lorentz_height = gamma * gamma / 4, gamma / (2 * math.pi)
        gauss_height, gauss_rate = 2 * math.sqrt(log2 / math.pi) / gamma, 4 * log2 / (gamma * gamma)
        at, at_slope, at_axial = centroid[r, 0], centroid[r, 1], centroid[r, 2]
        for i in range(width):
            x = points[i] - at
            tail = lorentz_height / (x * x + broad * broad)
            fall = 2 * x * tail / (x * x + broad * broad) * share
            shape[i] = -share * tail
            by_centre[i] = -fall * at_slope
            by_fwhm[i] = -share * tail / gamma
            by_eta[i] = -tail
            by_axial[i] = -fall * at_axial
        for node in range(start[r], start[r + 1]):
            place, weight = nodes[node, 0], nodes[node, 1]
            move, weight_move = nodes[node, 2], nodes[node, 3]
            for i in range(width):
                x = points[i] - place
                inverse = 1 / (x * x + quarter)
                lorentz = lorentz_height * inverse
                fall = 2 * x * lorentz * inverse * share
                shape[i] += weight * share * lorentz
                by_centre[i] += weight * move * fall + weight_move * share * lorentz
                by_fwhm[i] += weight * share * lorentz * (1 / gamma - gamma / 2 * inverse)
                by_eta[i] += weight * lorentz
            reach = 2.7 * gamma
            inner = low
            while inner < high and axis[inner] < place - reach:
                inner += 1
            i = inner - low
            while i < width and axis[low + i] <= place + reach:
                x = axis[low + i] - place
                gauss = gauss_height * math.exp(-gauss_rate * x * x)
                fall = 2 * gauss_rate * x * gauss * (1 - share)
                shape[i] += weight * (1 - share) * gauss
                by_centre[i] += weight * move * fall + weight_move * (1 - share) * gauss
                by_fwhm[i] += weight * (1 - share) * gauss * (2 * gauss_rate * x * x - 1) / gamma
                by_eta[i] -= weight * gauss
                i += 1
            if with_axial:
                drift, weight_drift = nodes[node, 4], nodes[node, 5]
                for i in range(width):
                    x = axis[low + i] - place
                    inverse = 1 / (x * x + quarter)
                    lorentz = share * lorentz_height * inverse
                    by_axial[i] += weight * drift * 2 * x * lorentz * inverse + weight_drift * lorentz
                i = inner - low
                while i < width and axis[low + i] <= place + reach:
                    x = axis[low + i] - place
                    gauss = (1 - share) * gauss_height * math.exp(-gauss_rate * x * x)
                    by_axial[i] += weight * drift * 2 * gauss_rate * x * gauss + weight_drift * gauss
                    i += 1
        size = area[r]
        curve = total[rows[0], low:high]
        for i in range(width):
            curve[i] += size * shape[i]
        for k in range(n_slopes):
            a, c, g, e = slopes[r, 0, k], size * slopes[r, 1, k], size * slopes[r, 2, k], size * slopes[r, 3, k]
            line = total[rows[k + 1], low:high]
            if c == 0.0 and g == 0.0 and e == 0.0:
                # scale, coordinates, occupancies: all that changes intensities alone
                for i in range(width):
                    line[i] += a * shape[i]
                continue
            for i in range(width):
                line[i] += a * shape[i] + c * by_centre[i] + g * by_fwhm[i] + e * by_eta[i]
        if with_axial:
            for i in range(width):
                total[rows[n_slopes + 1], low + i] += size * by_axial[i]


accumulate_peaks = numba.njit(cache=True, fastmath=True, error_model="numpy")(_accumulate_peaks)
"""Adds peaks and derivatives to an array, see `kernel_work.PeakWork`; its machine code is kept on disk."""
