r"""Peak shapes at constant wavelength: widths, and the Thompson–Cox–Hastings pseudo-Voigt.

Widths, in degrees 2θ: Gaussian variance :math:`U\tan^2\theta + V\tan\theta + W`, Lorentzian FWHM
:math:`X/\cos\theta + Y\tan\theta + \frac{180}{\pi}\frac{\lambda}{L\cos\theta} + \frac{180}{\pi}\varepsilon\tan\theta`
(Scherrer constant 1, ε as in ``microstrain``). Pseudo-Voigt: P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20 (1987) 79.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Profile

__all__ = [
    "FWHM_PER_SIGMA",
    "NM_TO_ANGSTROM",
    "gaussian_fwhm",
    "lorentzian_fwhm",
    "pseudo_voigt",
    "thompson_cox_hastings",
]

FloatArray = NDArray[np.float64]

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
NM_TO_ANGSTROM = 10.0


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
    wavelength: float | FloatArray,
    size_nm: float | None = None,
    microstrain: float = 0.0,
) -> FloatArray:
    """Lorentzian FWHM of instrument, crystallite size (nm; None for none) and microstrain ε (dimensionless), degrees 2θ."""
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
