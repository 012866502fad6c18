r"""Back-to-back exponentials convoluted with a pseudo-Voigt, the peak of a spallation source, with its derivatives.

With the pseudo-Voigt's FWHM Γ and Lorentzian share η, σ = Γ/√(8 ln 2) and :math:`N = \alpha\beta / 2(\alpha+\beta)`:

.. math:: P(t) = N\,[(1-\eta)\,(e^u \mathrm{erfc}\,y + e^v \mathrm{erfc}\,z) - \tfrac{2\eta}{\pi}\,\mathrm{Im}\,(e^p E_1(p) + e^q E_1(q))]

:math:`u = \tfrac{\alpha}{2}(\alpha\sigma^2 + 2t)`, :math:`y = (\alpha\sigma^2 + t)/\sqrt2\sigma`, v and z the same with β and −t, :math:`p = \alpha(t + i\Gamma/2)`,
:math:`q = \beta(i\Gamma/2 - t)`. R. B. Von Dreele, J. D. Jorgensen, C. G. Windsor, J. Appl. Cryst. 15 (1982) 581; the Lorentzian part as in the GSAS
manual (LAUR 86-748), profile function 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .profiles import FWHM_PER_SIGMA, thompson_cox_hastings

__all__ = ["back_to_back_exponential", "back_to_back_slopes"]

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

_ASYMPTOTIC = 50.0


def back_to_back_exponential(
    x: ArrayLike, alpha: ArrayLike, beta: ArrayLike, sigma: ArrayLike, gamma: ArrayLike
) -> FloatArray:
    """Peak of unit area at times `x` (µs) from its centre.

    Parameters
    ----------
    x : array_like
        µs.
    alpha, beta : array_like
        Rise and decay, µs⁻¹.
    sigma, gamma : array_like
        Gaussian σ and Lorentzian FWHM before they are joined to a pseudo-Voigt, µs.
    """
    t, a, b, s = (np.asarray(v, dtype=float) for v in (x, alpha, beta, sigma))
    fwhm, eta = thompson_cox_hastings(FWHM_PER_SIGMA * s, gamma)
    norm = a * b / (2 * (a + b))
    width = fwhm / FWHM_PER_SIGMA
    gauss = _erfc_term(t, a, width) + _erfc_term(-t, b, width)
    lorentz = _scaled_exp1(a * (t + 0.5j * fwhm)).imag + _scaled_exp1(b * (0.5j * fwhm - t)).imag
    return np.asarray(norm * ((1 - eta) * gauss - eta * 2 / np.pi * lorentz))


def back_to_back_slopes(t: FloatArray, a: FloatArray, b: FloatArray, fwhm: FloatArray, eta: FloatArray) -> FloatArray:
    """The peak and its derivatives by t, α, β, Γ and η, in this order as the first axis of the answer."""
    norm, by_a, by_b = a * b / (2 * (a + b)), b * b / (2 * (a + b) ** 2), a * a / (2 * (a + b) ** 2)
    gauss = _gaussian_slopes(t, a, b, fwhm / FWHM_PER_SIGMA)
    gauss[4] /= FWHM_PER_SIGMA
    lorentz = _lorentzian_slopes(t, a, b, fwhm)
    whole = (1 - eta) * gauss + eta * lorentz
    slopes = norm * whole
    slopes[2] += by_a * whole[0]
    slopes[3] += by_b * whole[0]
    return np.concatenate([slopes, (norm * (lorentz[0] - gauss[0]))[None]])


def _erfc_term(t: FloatArray, rate: FloatArray, sigma: FloatArray) -> FloatArray:
    """e^u erfc(y), scaled so that neither factor overflows."""
    from scipy.special import erfcx

    bell = np.exp(-0.5 * (t / sigma) ** 2)
    y = (rate * sigma * sigma + t) / (np.sqrt(2) * sigma)
    mirrored = np.exp(np.minimum(0.5 * rate * (rate * sigma * sigma + 2 * t), 700.0))
    safe = bell * erfcx(np.maximum(y, 0.0))
    return np.asarray(np.where(y >= 0, safe, 2 * mirrored - bell * erfcx(np.maximum(-y, 0.0))))


def _gaussian_slopes(t: FloatArray, a: FloatArray, b: FloatArray, sigma: FloatArray) -> FloatArray:
    """Sum of the erfc terms and its derivatives by t, α, β and σ, (5, …)."""
    bell = np.sqrt(2 / np.pi) * np.exp(-0.5 * (t / sigma) ** 2)
    rise, fall = _erfc_term(t, a, sigma), _erfc_term(-t, b, sigma)
    by_sigma = a * a * sigma * rise + b * b * sigma * fall - bell * (a - t / sigma**2) - bell * (b + t / sigma**2)
    return np.stack([rise + fall, a * rise - b * fall, (a * sigma**2 + t) * rise - sigma * bell,
                     (b * sigma**2 - t) * fall - sigma * bell, by_sigma])  # fmt: skip


def _lorentzian_slopes(t: FloatArray, a: FloatArray, b: FloatArray, fwhm: FloatArray) -> FloatArray:
    """The Lorentzian part and its derivatives by t, α, β and Γ, (5, …); d(e^z E₁)/dz = e^z E₁ − 1/z."""
    p, q = (np.asarray(rate * (side + 0.5j * fwhm), dtype=complex) for rate, side in ((a, t), (b, -t)))
    rise, fall = _scaled_exp1(p), _scaled_exp1(q)
    d_rise, d_fall = rise - 1 / p, fall - 1 / q
    parts = np.stack([rise + fall, a * d_rise - b * d_fall, d_rise * p / a, d_fall * q / b,
                      0.5j * (a * d_rise + b * d_fall)])  # fmt: skip
    return np.asarray(-2 / np.pi * parts.imag)


def _scaled_exp1(z: ComplexArray) -> ComplexArray:
    """e^z E₁(z), by its asymptotic series where e^z or E₁ would overflow."""
    from scipy.special import exp1

    z = np.asarray(z)
    far = np.abs(z) > _ASYMPTOTIC
    near = np.where(far, 1.0, z)
    inverse = 1 / np.where(far, z, 1.0)
    series = np.ones_like(inverse)
    for order in range(10, 0, -1):
        series = 1 - order * inverse * series
    return np.asarray(np.where(far, inverse * series, np.exp(near) * exp1(near)))
