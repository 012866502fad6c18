r"""Lorentz and polarisation factors of powder diffraction at constant wavelength.

Lorentz factor of a powder: :math:`1/(\sin^2\theta \cos\theta)`. Polarisation: a tube without a crystal in the beam gives
:math:`(1+\cos^2 2\theta)/2`, with a crystal monochromator (before or after the sample, same scattering plane)
:math:`(1 + A\cos^2 2\theta)/(1+A)`, :math:`A = \cos^2 2\theta_m`; a beam of which a fraction K is polarised along the normal of the
scattering plane :math:`K + (1-K)\cos^2 2\theta`.
Source: International Tables for Crystallography, vol. C, sections 6.2.5 and 6.2.6 (L. V. Azároff, Acta Cryst. 8 (1955) 701).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..instrument import Instrument

__all__ = ["instrument_factor", "lorentz", "polarization_beam", "polarization_tube"]

FloatArray = NDArray[np.float64]


def lorentz(two_theta: ArrayLike) -> FloatArray:
    """Lorentz factor 1/(sin²θ cosθ); `two_theta` in degrees."""
    theta = np.radians(np.asarray(two_theta, dtype=float)) / 2
    return np.asarray(1.0 / (np.sin(theta) ** 2 * np.cos(theta)))


def polarization_tube(two_theta: ArrayLike, monochromator_two_theta: float | None = None) -> FloatArray:
    """Polarisation of tube radiation, with the crystal's 2θ_m (degrees) where there is a monochromator."""
    a = 1.0 if monochromator_two_theta is None else float(np.cos(np.radians(monochromator_two_theta)) ** 2)
    cos_squared = np.cos(np.radians(np.asarray(two_theta, dtype=float))) ** 2
    return np.asarray((1.0 + a * cos_squared) / (1.0 + a))


def polarization_beam(two_theta: ArrayLike, fraction: float) -> FloatArray:
    """Polarisation of a synchrotron beam, `fraction` of it polarised along the scattering plane's normal."""
    cos_squared = np.cos(np.radians(np.asarray(two_theta, dtype=float))) ** 2
    return np.asarray(fraction + (1.0 - fraction) * cos_squared)


def instrument_factor(two_theta: ArrayLike, instrument: Instrument) -> FloatArray:
    """Lorentz–polarisation factor of an instrument at `two_theta` (degrees): X-rays by its optics, neutrons Lorentz only."""
    factor = lorentz(two_theta)
    if instrument.radiation.kind != "xray":
        return factor
    if instrument.polarization is not None:
        return factor * polarization_beam(two_theta, instrument.polarization)
    return factor * polarization_tube(two_theta, instrument.monochromator_two_theta)
