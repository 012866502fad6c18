r"""Peak shapes at constant wavelength: widths, Thompson–Cox–Hastings pseudo-Voigt, axial asymmetry.

Widths, in degrees 2θ: Gaussian variance :math:`U\tan^2\theta + V\tan\theta + W`, Lorentzian FWHM
:math:`X/\cos\theta + Y\tan\theta + \frac{180}{\pi}\frac{\lambda}{L\cos\theta} + \frac{180}{\pi}\varepsilon\tan\theta`
(Scherrer constant 1, ε as in ``microstrain``). Pseudo-Voigt: P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20 (1987) 79.
Axial divergence: L. W. Finger, D. E. Cox, A. P. Jephcoat, J. Appl. Cryst. 27 (1994) 892, with equal sample and slit heights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Profile

__all__ = ["axial_nodes", "gaussian_fwhm", "lorentzian_fwhm", "pseudo_voigt", "sum_of_peaks", "thompson_cox_hastings"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
NM_TO_ANGSTROM = 10.0
DISCARDED_TAIL = 0.002
"""Share of a peak's area left outside its window."""

_GAUSSIAN_REACH = 3.0
_CHUNK = 2_000_000


def gaussian_fwhm(two_theta: ArrayLike, profile: Profile) -> FloatArray:
    """Gaussian FWHM of an instrument, degrees 2θ.

    Raises
    ------
    InputError
        U, V, W give a negative variance within the range.
    """
    tangent = np.tan(np.radians(np.asarray(two_theta, dtype=float)) / 2)
    variance = (profile.u * tangent + profile.v) * tangent + profile.w
    if np.any(variance < 0):
        raise InputError(f"U = {profile.u:g}, V = {profile.v:g}, W = {profile.w:g} deg² give a negative peak width;",
                         where="profile", remedy="raise W or U, or make V less negative.")  # fmt: skip
    return np.asarray(FWHM_PER_SIGMA * np.sqrt(variance))


def lorentzian_fwhm(
    two_theta: ArrayLike,
    profile: Profile,
    wavelength: float,
    size_nm: float | None = None,
    microstrain: float = 0.0,
) -> FloatArray:
    """Lorentzian FWHM of instrument, crystallite size (nm; None for none) and microstrain (Δd/d, dimensionless), degrees 2θ."""
    theta = np.radians(np.asarray(two_theta, dtype=float)) / 2
    over_cosine = profile.x + (0.0 if size_nm is None else np.degrees(wavelength / (size_nm * NM_TO_ANGSTROM)))
    return np.asarray(over_cosine / np.cos(theta) + (profile.y + np.degrees(microstrain)) * np.tan(theta))


def thompson_cox_hastings(gaussian: ArrayLike, lorentzian: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """FWHM and Lorentzian fraction η of the pseudo-Voigt that stands for a Voigt of two given FWHM."""
    g, l = np.asarray(gaussian, dtype=float), np.asarray(lorentzian, dtype=float)
    fifth = g**5 + 2.69269 * g**4 * l + 2.42843 * g**3 * l**2 + 4.47163 * g**2 * l**3 + 0.07842 * g * l**4 + l**5
    fwhm = fifth**0.2
    ratio = l / fwhm
    return fwhm, np.asarray(ratio * (1.36603 + ratio * (-0.47719 + 0.11116 * ratio)))


def pseudo_voigt(x: ArrayLike, fwhm: ArrayLike, eta: ArrayLike) -> FloatArray:
    """Pseudo-Voigt of unit area at distances `x` from its centre, in the unit of `fwhm`."""
    width, share = np.asarray(fwhm, dtype=float), np.asarray(eta, dtype=float)
    reduced = np.square(2 * np.asarray(x, dtype=float) / width)
    gauss = 2 * np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * reduced)
    lorentz = 2 / np.pi / (1 + reduced)
    return np.asarray((share * lorentz + (1 - share) * gauss) / width)


def axial_nodes(two_theta: float | FloatArray, axial: float, n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Positions (degrees 2θ) and weights by which axial divergence spreads peaks.

    With equal half heights of sample and slit and the substitution :math:`\\cos 2\\varphi = \\cos 2\\theta\\sqrt{1 + (a t)^2}` the kernel of
    Finger, Cox and Jephcoat becomes :math:`(1-t) / ((1 + a^2t^2) \\sin 2\\varphi)` on t in [0, 1], smooth, so that few Gauss–Legendre
    nodes suffice.

    Parameters
    ----------
    two_theta : float or ndarray, shape (n,)
        Bragg angles.
    axial : float
        a = (S + H)/L.
    n_nodes : int
        Nodes per peak.

    Returns
    -------
    positions, weights : ndarray, shape (n, n_nodes)
        The weights of each peak sum to 1.
    """
    nodes, gauss = np.polynomial.legendre.leggauss(n_nodes)
    t, gauss = (nodes + 1) / 2, gauss / 2
    stretch = np.sqrt(1 + (axial * t) ** 2)
    cosine = np.cos(np.radians(np.atleast_1d(two_theta)))[:, None] * stretch
    cosine = np.clip(cosine, -1 + 1e-12, 1 - 1e-12)
    weights = gauss * (1 - t) / (stretch**2 * np.sqrt(1 - cosine**2))
    return np.degrees(np.arccos(cosine)), weights / weights.sum(axis=1, keepdims=True)


def sum_of_peaks(
    two_theta: ArrayLike,
    positions: ArrayLike,
    areas: ArrayLike,
    fwhm: ArrayLike,
    eta: ArrayLike,
    axial: float = 0.0,
) -> FloatArray:
    """Sum of pseudo-Voigt peaks on an axis, each within a window that holds all but `DISCARDED_TAIL` of its area.

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
    for n_nodes, members in _by_node_count(peaks, axial):
        chosen = peaks[members]
        if n_nodes > 1:
            centres, weights = axial_nodes(chosen[:, 0], axial, n_nodes)
            chosen = np.repeat(chosen, n_nodes, axis=0)
            chosen[:, 0], chosen[:, 1] = centres.ravel(), chosen[:, 1] * weights.ravel()
        _add_windows(total, axis, chosen)
    return total


def _by_node_count(peaks: FloatArray, axial: float) -> list[tuple[int, IntArray]]:
    """Peaks grouped by how many axial nodes they need: the spread of the kernel against the width of the peak."""
    if axial == 0 or not len(peaks):
        return [(1, np.arange(len(peaks)))] if len(peaks) else []
    cosine = np.cos(np.radians(peaks[:, 0])) * np.sqrt(1 + axial**2)
    spread = np.abs(np.degrees(np.arccos(np.clip(cosine, -1, 1))) - peaks[:, 0]) / peaks[:, 2]
    needed = np.where(spread < 1e-3, 2, np.minimum(3 + 2 * np.ceil(np.log2(1 + 8 * spread)) + np.ceil(4 * spread), 96))
    return [(int(count), np.flatnonzero(needed == count)) for count in np.unique(needed)]


def _add_windows(total: FloatArray, axis: FloatArray, peaks: FloatArray) -> None:
    """Add peaks (position, area, fwhm, eta) to `total`, all points of many windows at once."""
    reach = np.maximum(_GAUSSIAN_REACH, peaks[:, 3] / (np.pi * DISCARDED_TAIL)) * peaks[:, 2]
    first = np.searchsorted(axis, peaks[:, 0] - reach)
    counts = np.searchsorted(axis, peaks[:, 0] + reach) - first
    ends = np.cumsum(counts)
    start = 0
    while start < len(peaks):
        offset = ends[start] - counts[start]
        stop = max(start + 1, int(np.searchsorted(ends, offset + _CHUNK)))
        part = slice(start, stop)
        n = counts[part]
        owner = np.repeat(np.arange(start, stop), n)
        point = np.arange(n.sum()) + np.repeat(first[part] - (ends[part] - n - offset), n)
        shape = pseudo_voigt(axis[point] - peaks[owner, 0], peaks[owner, 2], peaks[owner, 3])
        total += np.bincount(point, weights=shape * peaks[owner, 1], minlength=len(axis))
        start = stop
