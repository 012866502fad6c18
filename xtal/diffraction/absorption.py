r"""X-ray absorption of a phase, and microabsorption in a mixture of grains.

Linear absorption from the optical theorem, :math:`\mu = (2 r_e \lambda / V) \sum f''` (photoelectric part only: coherent and incoherent
scattering add a few percent, more for light atoms at short wavelengths).
Microabsorption: a spherical grain in a mixture of mean absorption μ̄ transmits, averaged over its volume,
:math:`\tau = \frac{3}{8R^3}\int_0^{2R} u^2 e^{-(\mu-\bar\mu)u}\,du` (forward limit of G. W. Brindley, Phil. Mag. 36 (1945) 347).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..structure import Structure
from .form_factors import dispersion

__all__ = ["brindley_factor", "brindley_factors", "capillary_transmission", "linear_absorption", "log_slopes",
           "plate_fraction"]  # fmt: skip

FloatArray = NDArray[np.float64]

CLASSICAL_ELECTRON_RADIUS = 2.8179403205e-5
"""Å (CODATA 2022)."""

CM_PER_ANGSTROM = 1e-8
CM_PER_MICROMETRE = 1e-4

_THICK = 3.0
_HALF_DEGREE = np.pi / 360
_COMPLEX_STEP = 1e-30


def linear_absorption(structure: Structure, wavelength: float) -> float:
    """Linear absorption coefficient for X-rays of `wavelength` (Å), cm⁻¹, photoelectric part."""
    f_double_prime = sum(
        amount * dispersion(element, wavelength).imag for element, amount in structure.cell_contents.items()
    )
    per_angstrom = 2 * CLASSICAL_ELECTRON_RADIUS * wavelength * f_double_prime / structure.lattice.volume
    return float(per_angstrom / CM_PER_ANGSTROM)


def brindley_factor(contrast: ArrayLike) -> FloatArray:
    """Brindley's τ for `contrast` = (μ − μ̄) R, dimensionless; a series takes over near zero."""
    k = 2 * np.asarray(contrast, dtype=float)
    safe = np.where(np.abs(k) < 1e-2, 1.0, k)
    closed = 3 / safe**3 * (2 - np.exp(-safe) * (safe**2 + 2 * safe + 2))
    series = 1 - 3 * k / 4 + 3 * k**2 / 10 - k**3 / 12
    return np.asarray(np.where(np.abs(k) < 1e-2, series, closed))


def brindley_factors(
    structures: Sequence[Structure], weights: ArrayLike, diameters_um: ArrayLike, wavelength: float
) -> FloatArray:
    """τ of each phase of a mixture; `weights` are mass fractions, `diameters_um` grain diameters in µm."""
    mu = np.array([linear_absorption(structure, wavelength) for structure in structures])
    volumes = np.asarray(weights, dtype=float) / np.array([structure.density for structure in structures])
    mean = float(mu @ volumes / volumes.sum())
    radii = np.asarray(diameters_um, dtype=float) / 2 * CM_PER_MICROMETRE
    return brindley_factor((mu - mean) * radii)


def capillary_transmission(two_theta: ArrayLike, mu_r: ArrayLike) -> FloatArray:
    """Transmission of a cylinder of absorption × radius `mu_r` from 0 to 10 at angles `two_theta` (degrees), fully in the beam.

    The fits of N. N. Lobanov & L. Alte da Veiga (6th European Powder Diffraction Conference, 1998, P12-16), one for μR ≤ 3 and one beyond,
    with the coefficients that GSAS-II publishes; within 1 % of the integral over the paths.
    """
    sine_squared = np.sin(np.asarray(two_theta) * _HALF_DEGREE) ** 2
    amount = np.asarray(mu_r)
    thick = np.real(amount) > _THICK
    if not np.any(thick):
        return np.asarray(_thin_cylinder(sine_squared, amount))
    thicker = _thick_cylinder(sine_squared, np.where(thick, amount, _THICK))
    return np.asarray(np.where(thick, thicker, _thin_cylinder(sine_squared, np.where(thick, _THICK, amount))))


def _thin_cylinder(s: Any, mu_r: Any) -> Any:
    second = (25.99978 - 0.01911 * s**0.25) * np.exp(-0.024551 * s) + 0.109561 * s**0.5 - 26.04556
    third = -0.02489 - 0.39499 * s + 1.219077 * s**1.5 - 1.31268 * s**2 + 0.871081 * s**2.5 - 0.2327 * s**3
    fourth = 0.003045 + 0.018167 * s - 0.03305 * s**2
    return np.exp(-mu_r * (16 / (3 * np.pi) + mu_r * (second + mu_r * (third + mu_r * fourth))))


def _thick_cylinder(s: Any, mu_r: Any) -> Any:
    height = 1.433902 + 11.07504 * s - 8.77629 * s**2 + 10.02088 * s**3 - 3.36778 * s**4
    rate = (0.013869 - 0.01249 * s) * np.exp(3.27094 * s) + (0.337894 + 13.77317 * s) / (1 + 11.53544 * s) ** 1.555039
    power = 1.933433 / (1 + 23.12967 * s) ** 1.686715 - 0.13576 * s**0.5 + 1.163198
    rest = 0.044365 - 0.04259 / (1 + 0.41051 * s) ** 148.4202
    return ((height - rest) / (1 + rate * (mu_r - _THICK)) ** power + rest) / 100


def plate_fraction(two_theta: ArrayLike, mu_t: ArrayLike) -> FloatArray:
    """What a flat plate in reflection scatters of what a thick one would: 1 − exp(−2 μt / sin θ), μt its absorption × thickness.

    `two_theta` in degrees. Source: International Tables for Crystallography, vol. C, section 6.3.3.1.
    """
    return np.asarray(1 - np.exp(-2 * np.asarray(mu_t) / np.sin(np.asarray(two_theta) * _HALF_DEGREE)))


def log_slopes(
    factor: Callable[[ArrayLike, ArrayLike], FloatArray], two_theta: FloatArray, amount: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A factor of angle and amount of absorption with its logarithmic derivatives by 2θ (per degree) and by the amount.

    By complex steps, f′ = Im f(x + ih)/h, exact to rounding: W. Squire, G. Trapp, SIAM Rev. 40 (1998) 110.
    """
    amount = np.asarray(amount)
    value = factor(two_theta, amount)
    by_angle = factor(two_theta + 1j * _COMPLEX_STEP, amount).imag / _COMPLEX_STEP
    by_amount = factor(two_theta, amount + 1j * _COMPLEX_STEP).imag / _COMPLEX_STEP
    return value, by_angle / value, by_amount / value
