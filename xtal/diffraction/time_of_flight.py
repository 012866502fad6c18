r"""Time-of-flight banks: where reflections arrive, how wide and how strong they are; the peak itself is `back_to_back`.

Terms by GSAS-II's names (d in Å, times in µs; alpha_0 is FullProf's): flight time :math:`t = \mathrm{dif_c}\,d + \mathrm{dif_a}\,d^2 + \mathrm{dif_b}/d + \mathrm{zero}`,
rise :math:`\alpha = \mathrm{alpha}/d + \mathrm{alpha_0}`, decay :math:`\beta = \mathrm{beta_0} + \mathrm{beta_1}/d^4 + \mathrm{beta_q}/d^2` (µs⁻¹), Gaussian variance
:math:`\sigma^2 = \mathrm{sig_0} + \mathrm{sig_1} d^2 + \mathrm{sig_2} d^4 + \mathrm{sig_q} d`, Lorentzian FWHM
:math:`\Gamma = X d + Y d^2 + Z`. Size adds :math:`\mathrm{dif_c}\, d^2/L`; a microstrain ε, which at constant wavelength gives
:math:`\epsilon \tan\theta` radians 2θ and hence Δd/d = ε/2, adds :math:`\mathrm{dif_c}\, d\, \epsilon/2`.
Lorentz factor :math:`d^4 \sin\theta`. Source: R. B. Von Dreele, J. D. Jorgensen, C. G. Windsor, J. Appl. Cryst. 15 (1982) 581.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import TofBank
from .back_to_back import back_to_back_exponential
from .peak_sums import add_windows
from .profiles import FWHM_PER_SIGMA, NM_TO_ANGSTROM, thompson_cox_hastings

__all__ = [
    "FLIGHT",
    "STRAIN_SHARE",
    "TOF_MARGIN",
    "WIDTHS",
    "power_sum",
    "sum_of_tof_peaks",
    "tof_lorentz",
    "tof_reach",
    "tof_wavelength",
    "tof_widths",
]

FloatArray = NDArray[np.float64]

FLIGHT: Mapping[str, int] = {"dif_c": 1, "dif_a": 2, "dif_b": -1, "zero": 0}
"""Powers of d with which the terms of the flight time are multiplied."""

WIDTHS: Mapping[str, Mapping[str, int]] = {
    "alpha": {"alpha": -1, "alpha_0": 0},
    "beta": {"beta_0": 0, "beta_1": -4, "beta_q": -2},
    "sig": {"sig_0": 0, "sig_1": 2, "sig_2": 4, "sig_q": 1},
    "gamma": {"x": 1, "y": 2, "z": 0},
}
"""The same for rise and decay, Gaussian variance and Lorentzian FWHM."""

STRAIN_SHARE = 0.5
"""Δd/d per microstrain."""

TOF_MARGIN = 0.01
"""Reflections outside the range by this share of the flight time still reach into it."""

_GAUSSIAN_REACH = 3.0
_EXPONENTIAL_REACH = 10.0
_DISCARDED_TAIL = 2e-3


def power_sum(d_spacing: FloatArray, powers: Mapping[str, int], terms: Mapping[str, float]) -> FloatArray:
    """Σ term · d^power; terms that `terms` lacks are 0."""
    return np.asarray(sum(terms.get(name, 0.0) * d_spacing ** float(power) for name, power in powers.items()))


def tof_lorentz(d_spacing: ArrayLike, bank: TofBank) -> FloatArray:
    """Lorentz factor d⁴ sinθ of a bank for a pattern normalised to the incident spectrum."""
    return np.asarray(np.asarray(d_spacing, dtype=float) ** 4 * np.sin(np.radians(bank.two_theta / 2)))


def tof_wavelength(d_spacing: ArrayLike, bank: TofBank) -> FloatArray:
    """Wavelength 2 d sinθ (Å) at which a bank sees reflections."""
    return np.asarray(2 * np.asarray(d_spacing, dtype=float) * np.sin(np.radians(bank.two_theta / 2)))


def tof_widths(
    d_spacing: ArrayLike,
    bank: TofBank,
    size_nm: float | FloatArray | None = None,
    microstrain: float | FloatArray = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Rise α and decay β (µs⁻¹), Gaussian σ and Lorentzian FWHM (µs) of reflections.

    Raises
    ------
    InputError
        The bank's terms give a rise, decay or variance that isn't positive.
    """
    d = np.asarray(d_spacing, dtype=float)
    alpha, beta, variance, gamma = (power_sum(d, powers, bank.profile) for powers in WIDTHS.values())
    if size_nm is not None:
        gamma = gamma + bank.dif_c * d**2 / (size_nm * NM_TO_ANGSTROM)
    gamma = gamma + bank.dif_c * d * microstrain * STRAIN_SHARE
    for name, values in (("alpha", alpha), ("beta", beta), ("sig", variance)):
        if np.any(values <= 0):
            raise InputError(f"the bank's {name} terms give {values.min():.3g} at d = {d[np.argmin(values)]:.3g} Å;",
                             where="time of flight", remedy="they must stay positive over the range.")  # fmt: skip
    return alpha, beta, np.sqrt(variance), gamma


def tof_reach(alpha: FloatArray, beta: FloatArray, fwhm: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far before and after its centre a peak is drawn, µs; η · FWHM/πX of it lies beyond ±X.

    `fwhm` and `eta` are those of the pseudo-Voigt within it.
    """
    around = np.maximum(_GAUSSIAN_REACH, eta / (np.pi * _DISCARDED_TAIL)) * fwhm
    return around + _EXPONENTIAL_REACH / alpha, around + _EXPONENTIAL_REACH / beta


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
    before, after = tof_reach(alpha, beta, *thompson_cox_hastings(FWHM_PER_SIGMA * sigma, gamma))
    total = np.zeros(axis.shape)
    add_windows(
        total, axis, peaks, (before + after) / 2,
        lambda x, p: p[1] * back_to_back_exponential(x, *p[2:]), peaks[:, 0] + (after - before) / 2,
    )  # fmt: skip
    return total
