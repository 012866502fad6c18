r"""Time-of-flight peaks: back-to-back exponentials convoluted with a pseudo-Voigt.

Bank terms by GSAS-II's names (d in Å, times in µs): rise :math:`\alpha = \mathrm{alpha}/d`, decay
:math:`\beta = \mathrm{beta_0} + \mathrm{beta_1}/d^4 + \mathrm{beta_q}/d^2` (µs⁻¹), Gaussian variance
:math:`\sigma^2 = \mathrm{sig_0} + \mathrm{sig_1} d^2 + \mathrm{sig_2} d^4 + \mathrm{sig_q} d`, Lorentzian FWHM
:math:`\Gamma = X d + Y d^2 + Z`. Size adds :math:`\mathrm{difC}\, d^2/L`; a microstrain ε, which at constant wavelength gives
:math:`\epsilon \tan\theta` radians 2θ and hence Δd/d = ε/2, adds :math:`\mathrm{difC}\, d\, \epsilon/2`.
Lorentz factor :math:`d^4 \sin\theta`. Sources: R. B. Von Dreele, J. D. Jorgensen, C. G. Windsor, J. Appl. Cryst. 15 (1982) 581;
the Lorentzian convolution by exponential integrals as in the GSAS manual (LAUR 86-748), profile function 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import TofBank
from .peak_sums import add_windows
from .profiles import FWHM_PER_SIGMA, NM_TO_ANGSTROM, thompson_cox_hastings

__all__ = ["back_to_back_exponential", "sum_of_tof_peaks", "tof_lorentz", "tof_widths"]

FloatArray = NDArray[np.float64]

_GAUSSIAN_REACH = 3.5
_EXPONENTIAL_REACH = 10.0
_LORENTZIAN_REACH = 40.0
_ASYMPTOTIC = 50.0


def tof_lorentz(d_spacing: ArrayLike, bank: TofBank) -> FloatArray:
    """Lorentz factor d⁴ sinθ of a bank for a pattern normalised to the incident spectrum."""
    return np.asarray(np.asarray(d_spacing, dtype=float) ** 4 * np.sin(np.radians(bank.two_theta / 2)))


def tof_widths(
    d_spacing: ArrayLike, bank: TofBank, size_nm: float | None = None, microstrain: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Rise α and decay β (µs⁻¹), Gaussian σ and Lorentzian FWHM (µs) of reflections.

    Raises
    ------
    InputError
        The bank's terms give a rise, decay or variance that isn't positive.
    """
    d = np.asarray(d_spacing, dtype=float)

    def term(name: str) -> float:
        return bank.profile.get(name, 0.0)

    alpha = term("alpha") / d
    beta = term("beta_0") + term("beta_1") / d**4 + term("beta_q") / d**2
    variance = term("sig_0") + term("sig_1") * d**2 + term("sig_2") * d**4 + term("sig_q") * d
    gamma = term("x") * d + term("y") * d**2 + term("z")
    if size_nm is not None:
        gamma = gamma + bank.dif_c * d**2 / (size_nm * NM_TO_ANGSTROM)
    gamma = gamma + bank.dif_c * d * microstrain / 2
    for name, values in (("alpha", alpha), ("beta", beta), ("sig", variance)):
        if np.any(values <= 0):
            raise InputError(f"the bank's {name} terms give {values.min():.3g} at d = {d[np.argmin(values)]:.3g} Å;",
                             where="time of flight", remedy="they must stay positive over the range.")  # fmt: skip
    return alpha, beta, np.sqrt(variance), gamma


def back_to_back_exponential(
    x: ArrayLike, alpha: ArrayLike, beta: ArrayLike, sigma: ArrayLike, gamma: ArrayLike
) -> FloatArray:
    """Peak of unit area at times `x` (µs) from its centre; arguments as `tof_widths` gives them."""
    t, a, b, s = (np.asarray(v, dtype=float) for v in (x, alpha, beta, sigma))
    fwhm, eta = thompson_cox_hastings(FWHM_PER_SIGMA * s, gamma)
    norm = a * b / (2 * (a + b))
    return np.asarray(
        (1 - eta) * norm * _gaussian_part(t, a, b, fwhm / FWHM_PER_SIGMA) + eta * norm * _lorentzian_part(t, a, b, fwhm)
    )


def _gaussian_part(t: FloatArray, a: FloatArray, b: FloatArray, s: FloatArray) -> FloatArray:
    """Sum of the two erfc terms, scaled so that neither factor overflows."""
    from scipy.special import erfcx

    bell = np.exp(-0.5 * (t / s) ** 2)
    total = np.zeros(np.broadcast_shapes(t.shape, a.shape))
    for rate, sign in ((a, 1.0), (b, -1.0)):
        y = (rate * s * s + sign * t) / (np.sqrt(2) * s)
        mirrored = np.exp(np.minimum(0.5 * rate * (rate * s * s + 2 * sign * t), 700.0))
        safe = bell * erfcx(np.maximum(y, 0.0))
        total += np.where(y >= 0, safe, 2 * mirrored - bell * erfcx(np.maximum(-y, 0.0)))
    return total


def _lorentzian_part(t: FloatArray, a: FloatArray, b: FloatArray, fwhm: FloatArray) -> FloatArray:
    width = 1j * fwhm / 2
    rising, falling = _scaled_exp1(np.asarray(a * (t + width))), _scaled_exp1(np.asarray(b * (width - t)))
    return np.asarray(-2 / np.pi * (rising.imag + falling.imag))


def _scaled_exp1(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """e^z E₁(z), by its asymptotic series where e^z or E₁ would overflow."""
    from scipy.special import exp1

    far = np.abs(z) > _ASYMPTOTIC
    near = np.where(far, 1.0, z)
    inverse = 1 / np.where(far, z, 1.0)
    series = inverse * (1 - inverse * (1 - 2 * inverse * (1 - 3 * inverse * (1 - 4 * inverse))))
    return np.asarray(np.where(far, series, np.exp(near) * exp1(near)))


def sum_of_tof_peaks(
    tof: ArrayLike,
    positions: ArrayLike,
    areas: ArrayLike,
    widths: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """Sum of peaks on a time axis (µs): positions (µs), areas (counts · µs), widths of `tof_widths`."""
    axis = np.asarray(tof, dtype=float)
    peaks = np.column_stack([np.asarray(positions, dtype=float), np.asarray(areas, dtype=float), *widths])
    alpha, beta, sigma, gamma = peaks[:, 2:].T
    reach = np.maximum(_GAUSSIAN_REACH * FWHM_PER_SIGMA * sigma, _LORENTZIAN_REACH * gamma)
    reach = reach + _EXPONENTIAL_REACH / np.minimum(alpha, beta)
    total = np.zeros(axis.shape)
    add_windows(total, axis, peaks, reach, lambda x, p: p[1] * back_to_back_exponential(x, *p[2:]))
    return total
