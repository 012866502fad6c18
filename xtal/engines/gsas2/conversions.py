"""Units and spellings: pure functions, no GSAS-II."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from .errors import bad_input


def polarization_fraction(polarization: float | None, monochromator_two_theta: float | None) -> float:
    """GSAS-II ``Polariz.`` for a beam and a monochromator.

    GSAS-II multiplies intensities by ``(1 - P) cos²2θ + P``, proportional to
    ``1 + A cos²2θ`` with ``A = (1 - P) / P``. A tube has ``A = cos²2θ_m``
    (1 without monochromator); a beam with the fraction ``p`` polarised
    perpendicular to the scattering plane has ``A = cos²2θ_m (1 - p) / p``.

    Parameters
    ----------
    polarization : float or None
        Fraction ``p`` polarised perpendicular to the scattering plane (in the
        orbit plane of a storage ring); None for a tube, 0.5.
    monochromator_two_theta : float or None
        2θ of the monochromator reflection, degrees.

    Returns
    -------
    float
        ``P`` between 0.5 (unpolarised) and 1.
    """
    fraction = 0.5 if polarization is None else float(polarization)
    if not 0.0 < fraction <= 1.0:
        raise bad_input(f"instrument.polarization is {fraction}; it must lie above 0 and up to 1")
    ratio = (1.0 - fraction) / fraction
    if monochromator_two_theta is not None:
        ratio *= math.cos(math.radians(monochromator_two_theta)) ** 2
    return 1.0 / (1.0 + ratio)


def voigt_fwhm(variance: np.ndarray, lorentzian: np.ndarray) -> np.ndarray:
    """FWHM in degrees from GSAS-II's variance (centideg²) and Lorentzian FWHM (centideg).

    Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79, equation for Γ.
    """
    g = np.sqrt(8.0 * math.log(2.0) * variance)
    x = lorentzian
    fifth = g**5 + 2.69269 * g**4 * x + 2.42843 * g**3 * x**2 + 4.47163 * g**2 * x**3
    return np.asarray((fifth + 0.07842 * g * x**4 + x**5) ** 0.2 / 100.0)


def ion_name(ion: str | None, element: str) -> str:
    """GSAS-II spelling of an ion: ``Cl1-`` becomes ``Cl-1``."""
    match = re.fullmatch(r"([A-Za-z]{1,2})(\d*)([+-])(\d*)", (ion or "").strip())
    if not match:
        return element
    symbol, before, sign, after = match.groups()
    return f"{symbol.capitalize()}{sign}{before or after or '1'}"


def isotope_number(isotope: Any) -> str | None:
    """Mass number as text from ``7``, ``"7Li"`` or ``"Li-7"``; None stays None."""
    if isotope is None:
        return None
    match = re.search(r"\d+", str(isotope))
    if not match:
        raise bad_input(f"isotope {isotope!r} has no mass number")
    return match.group()


def power_of_ten(value: float) -> float:
    """Largest power of ten not above ``value``; 1 if value is not positive."""
    if not math.isfinite(value) or value <= 0.0:
        return 1.0
    return float(10.0 ** math.floor(math.log10(value)))
