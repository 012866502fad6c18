r"""Lorentz and polarisation factors of powder diffraction at constant wavelength.

Lorentz factor of a powder: :math:`1/(\sin^2\theta \cos\theta)`. Polarisation of a beam of which the share K is polarised along the normal of
the scattering plane, with a crystal monochromator before or after the sample (same plane, ideally mosaic, Bragg angle
:math:`2\theta_m`): :math:`(K + (1-K) A\cos^2 2\theta) / (K + (1-K) A)`, :math:`A = \cos^2 2\theta_m`. For a tube, K = 1/2, it is
:math:`(1 + A\cos^2 2\theta)/(1+A)`; without a crystal A = 1.
Source: International Tables for Crystallography, vol. C, sections 6.2.5 and 6.2.6 (L. V. Azároff, Acta Cryst. 8 (1955) 701).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..instrument import Instrument

__all__ = ["instrument_factor", "instrument_factor_slope", "lorentz", "polarization"]

FloatArray = NDArray[np.float64]


def lorentz(two_theta: ArrayLike) -> FloatArray:
    """Lorentz factor 1/(sin²θ cosθ); `two_theta` in degrees."""
    theta = np.radians(np.asarray(two_theta, dtype=float)) / 2
    return np.asarray(1.0 / (np.sin(theta) ** 2 * np.cos(theta)))


def polarization(
    two_theta: ArrayLike, fraction: float = 0.5, monochromator_two_theta: float | None = None
) -> FloatArray:
    """Polarisation factor, 1 at 2θ = 0.

    Parameters
    ----------
    two_theta : array_like
        Degrees.
    fraction : float
        Share of the source polarised along the scattering plane's normal: 0.5 for a tube, near 1 for a synchrotron.
    monochromator_two_theta : float, optional
        Bragg angle 2θ_m of a crystal in the beam, degrees.
    """
    a = 1.0 if monochromator_two_theta is None else float(np.cos(np.radians(monochromator_two_theta)) ** 2)
    cos_squared = np.cos(np.radians(np.asarray(two_theta, dtype=float))) ** 2
    parallel = (1.0 - fraction) * a
    return np.asarray((fraction + parallel * cos_squared) / (fraction + parallel))


def instrument_factor(two_theta: ArrayLike, instrument: Instrument) -> FloatArray:
    """Lorentz–polarisation factor of an instrument at `two_theta` (degrees): X-rays by its optics, neutrons Lorentz only."""
    factor = lorentz(two_theta)
    if instrument.radiation.kind != "xray":
        return factor
    fraction = 0.5 if instrument.polarization is None else instrument.polarization
    return factor * polarization(two_theta, fraction, instrument.monochromator_two_theta)


def instrument_factor_slope(two_theta: ArrayLike, instrument: Instrument) -> FloatArray:
    """Logarithmic derivative of `instrument_factor` by 2θ, per degree."""
    angle = np.radians(np.asarray(two_theta, dtype=float))
    theta = angle / 2
    slope = np.tan(theta) / 2 - 1 / np.tan(theta)
    if instrument.radiation.kind == "xray":
        fraction = 0.5 if instrument.polarization is None else instrument.polarization
        crystal = instrument.monochromator_two_theta
        parallel = (1 - fraction) * (1.0 if crystal is None else np.cos(np.radians(crystal)) ** 2)
        slope = slope - parallel * np.sin(2 * angle) / (fraction + parallel * np.cos(angle) ** 2)
    return np.asarray(np.radians(slope))
