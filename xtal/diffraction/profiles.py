r"""Peak shapes at constant wavelength: widths, and the Thompson–Cox–Hastings pseudo-Voigt.

Widths, in degrees 2θ: Gaussian variance :math:`U\tan^2\theta + V\tan\theta + W`, Lorentzian FWHM
:math:`X/\cos\theta + Y\tan\theta + \frac{180}{\pi}\frac{\lambda}{L\cos\theta} + \frac{180}{\pi}\varepsilon\tan\theta`
(Scherrer constant 1, ε as in ``microstrain``). Pseudo-Voigt: P. Thompson, D. E. Cox, J. B. Hastings, J. Appl. Cryst. 20 (1987) 79.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Profile

__all__ = [
    "FWHM_PER_SIGMA",
    "NM_TO_ANGSTROM",
    "gaussian_fwhm",
    "gaussian_variance",
    "lorentzian_fwhm",
    "pseudo_voigt",
    "thompson_cox_hastings",
    "thompson_cox_hastings_slopes",
]

FloatArray = NDArray[np.float64]

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
NM_TO_ANGSTROM = 10.0

_FIFTH_POWER = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
_LORENTZIAN_SHARE = (1.36603, -0.47719, 0.11116)


def gaussian_variance(two_theta: ArrayLike, u: float, v: float, w: float) -> FloatArray:
    """U tan²θ + V tanθ + W, deg², negative where the three contradict each other; `two_theta` in degrees."""
    tangent = np.tan(np.radians(np.asarray(two_theta, dtype=float)) / 2)
    return np.asarray((u * tangent + v) * tangent + w)


def gaussian_fwhm(two_theta: ArrayLike, profile: Profile) -> FloatArray:
    """Gaussian FWHM of an instrument, degrees 2θ.

    Raises
    ------
    InputError
        U, V, W give a negative variance within the range.
    """
    variance = gaussian_variance(two_theta, profile.u, profile.v, profile.w)
    if np.any(variance < 0):
        raise InputError(f"U = {profile.u:g}, V = {profile.v:g}, W = {profile.w:g} deg² give a negative peak width;",
                         where="profile", remedy="raise W or U, or make V less negative.")  # fmt: skip
    return np.asarray(FWHM_PER_SIGMA * np.sqrt(variance))


def lorentzian_fwhm(
    two_theta: ArrayLike,
    profile: Profile,
    wavelength: float | FloatArray,
    size_nm: float | FloatArray | None = None,
    microstrain: float | FloatArray = 0.0,
) -> FloatArray:
    """Lorentzian FWHM of instrument, crystallite size (nm; None for none) and microstrain ε (dimensionless), degrees 2θ."""
    theta = np.radians(np.asarray(two_theta, dtype=float)) / 2
    over_cosine = profile.x + (0.0 if size_nm is None else np.degrees(wavelength / (size_nm * NM_TO_ANGSTROM)))
    return np.asarray(over_cosine / np.cos(theta) + (profile.y + np.degrees(microstrain)) * np.tan(theta))


def thompson_cox_hastings(gaussian: ArrayLike, lorentzian: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """FWHM and Lorentzian fraction η of the pseudo-Voigt that stands for a Voigt of two given FWHM."""
    g, l = np.asarray(gaussian, dtype=float), np.asarray(lorentzian, dtype=float)
    fwhm = _homogeneous(_FIFTH_POWER, g, l) ** 0.2
    return fwhm, _share(l / fwhm)


def thompson_cox_hastings_slopes(gaussian: FloatArray, lorentzian: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of `thompson_cox_hastings`: those of FWHM and of η by (gaussian, lorentzian), each (2, n)."""
    g, l = gaussian, lorentzian
    fwhm = _homogeneous(_FIFTH_POWER, g, l) ** 0.2
    by_g = _homogeneous([c * (5 - n) for n, c in enumerate(_FIFTH_POWER[:5])], g, l)
    by_l = _homogeneous([c * n for n, c in enumerate(_FIFTH_POWER) if n], g, l)
    width = np.stack([by_g, by_l]) / (5 * np.square(fwhm * fwhm))
    ratio = l / fwhm
    first, second, third = _LORENTZIAN_SHARE
    by_ratio = first + (2 * second + 3 * third * ratio) * ratio
    return width, by_ratio / fwhm * (np.stack([np.zeros_like(l), np.ones_like(l)]) - ratio * width)


def _homogeneous(coefficients: Sequence[float], g: FloatArray, l: FloatArray) -> FloatArray:
    """Σ cₙ g^(m−n) lⁿ for m + 1 coefficients."""
    total, power = np.full_like(l, coefficients[0]), np.ones_like(l)
    for coefficient in coefficients[1:]:
        power = power * l
        total = total * g + coefficient * power
    return np.asarray(total)


def _share(ratio: FloatArray) -> FloatArray:
    """η of the ratio of the Lorentzian to the whole FWHM."""
    first, second, third = _LORENTZIAN_SHARE
    return np.asarray(((third * ratio + second) * ratio + first) * ratio)


def pseudo_voigt(x: ArrayLike, fwhm: ArrayLike, eta: ArrayLike) -> FloatArray:
    """Pseudo-Voigt of unit area at distances `x` from its centre, in the unit of `fwhm`."""
    width, share = np.asarray(fwhm, dtype=float), np.asarray(eta, dtype=float)
    reduced = np.square(2 * np.asarray(x, dtype=float) / width)
    gauss = 2 * np.sqrt(np.log(2) / np.pi) * np.exp(-np.log(2) * reduced)
    lorentz = 2 / np.pi / (1 + reduced)
    return np.asarray((share * lorentz + (1 - share) * gauss) / width)
