r"""X-ray absorption of a phase, and microabsorption in a mixture of grains.

Linear absorption from the optical theorem, :math:`\mu = (2 r_e \lambda / V) \sum f''` (photoelectric part only: coherent and incoherent
scattering add a few percent, more for light atoms at short wavelengths).
Microabsorption: a spherical grain in a mixture of mean absorption μ̄ transmits, averaged over its volume,
:math:`\tau = \frac{3}{8R^3}\int_0^{2R} u^2 e^{-(\mu-\bar\mu)u}\,du` (forward limit of G. W. Brindley, Phil. Mag. 36 (1945) 347).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..structure import Structure
from .form_factors import dispersion

__all__ = ["brindley_factor", "brindley_factors", "capillary_transmission", "linear_absorption"]

FloatArray = NDArray[np.float64]

CLASSICAL_ELECTRON_RADIUS = 2.8179403205e-5
"""Å (CODATA 2022)."""

CM_PER_ANGSTROM = 1e-8
CM_PER_MICROMETRE = 1e-4


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


def capillary_transmission(two_theta: ArrayLike, mu_r: float) -> FloatArray:
    """Transmission of a cylinder of absorption × radius `mu_r` ≤ 1 at angles `two_theta` (degrees).

    Hewat's expansion :math:`A = e^{-(1.7133 - 0.0368\\sin^2\\theta)\\mu R + (0.0927 + 0.375\\sin^2\\theta)(\\mu R)^2}`
    (A. W. Hewat, Acta Cryst. A35 (1979) 248).
    """
    sine_squared = np.sin(np.radians(np.asarray(two_theta, dtype=float)) / 2) ** 2
    exponent = -(1.7133 - 0.0368 * sine_squared) * mu_r + (0.0927 + 0.375 * sine_squared) * mu_r**2
    return np.asarray(np.exp(exponent))
