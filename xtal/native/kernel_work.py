"""What the kernels get: one description for the compiled and for the vectorised ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PeakWork", "TofWork"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class PeakWork(NamedTuple):
    """Peaks of a phase at constant wavelength.

    A kernel adds counts, k derivatives, and that by (S + H)/L, to `rows` of an array with n columns.

    Parameters
    ----------
    axis : ndarray, shape (n,)
        Points, degrees 2θ.
    first, last : ndarray of int, shape (m,)
        Windows first ≤ i < last.
    area, fwhm, eta : ndarray, shape (m,)
        Counts · degree, degrees, Lorentzian fraction.
    start, nodes, centroid : ndarray
        As in `axial_kernel.Nodes`.
    broad : float
        Half width of the common tail, degrees.
    slopes : ndarray, shape (m, 4, k)
        Derivatives of area, centre, FWHM, η by k parameters.
    with_axial : bool
        Whether the derivative by (S + H)/L is wanted.
    rows : ndarray of int, shape (k + 2,)
        Where the answer goes.
    """

    axis: FloatArray
    first: IntArray
    last: IntArray
    area: FloatArray
    fwhm: FloatArray
    eta: FloatArray
    start: IntArray
    nodes: FloatArray
    centroid: FloatArray
    broad: float
    slopes: FloatArray
    with_axial: bool
    rows: IntArray


class TofWork(NamedTuple):
    """Peaks of a phase at time of flight.

    A kernel adds counts and k derivatives to `rows` of an array with n columns.

    Parameters
    ----------
    axis : ndarray, shape (n,)
        Points, µs.
    first, last : ndarray of int, shape (m,)
        Windows first ≤ i < last.
    peaks : ndarray, shape (m, 6)
        Area, centre, rise α, decay β, FWHM and η of the pseudo-Voigt.
    slopes : ndarray, shape (m, 6, k)
        Their derivatives by k parameters.
    rows : ndarray of int, shape (k + 1,)
        Where the answer goes.
    """

    axis: FloatArray
    first: IntArray
    last: IntArray
    peaks: FloatArray
    slopes: FloatArray
    rows: IntArray
