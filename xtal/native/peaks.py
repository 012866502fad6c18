"""Peaks of a diffractometer of constant wavelength, as the kernels take them, with their derivatives.

The formulas are those of `xtal.diffraction`; here they are chained: an area, centre, FWHM and η depends on its reflection through four
quantities (see `reflected`), and on parameters of the pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..diffraction.absorption import capillary_transmission, log_slopes, plate_fraction
from ..diffraction.lorentz_polarization import instrument_factor, instrument_factor_slope
from ..diffraction.peak_positions import displacement_shift, transparency_shift
from ..diffraction.profiles import (
    FWHM_PER_SIGMA,
    NM_TO_ANGSTROM,
    gaussian_variance,
    thompson_cox_hastings,
    thompson_cox_hastings_slopes,
)
from ..instrument import Instrument
from .reflected import Reflected

__all__ = ["AREA", "CENTRE", "ETA", "FLOOR", "FWHM", "Peaks", "Seen", "constant_wavelength_peaks", "shared_names"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FLOOR = 1e-8 / FWHM_PER_SIGMA**2
"""Smallest Gaussian variance, deg²: where U, V, W give less, the width is held there."""

_WIDTHS = {f"pattern.profile.{letter}": letter for letter in "uvwxy"}
_PLACES = ("pattern.zero", "pattern.displacement", "pattern.transparency")
_ABSORPTIONS = {"pattern.absorption": capillary_transmission, "pattern.plate_mu_t": plate_fraction}

AREA, CENTRE, FWHM, ETA = range(4)
"""Rows of `Peaks.slopes`."""


@dataclass(frozen=True)
class Peaks:
    """Everything the kernels need of a phase.

    Parameters
    ----------
    centre, area, fwhm, eta : ndarray, shape (n,)
        Degrees 2θ, counts · degree, degrees, Lorentzian fraction.
    slopes : ndarray, shape (n, 4, k)
        Of (area, centre, FWHM, η) by k parameters.
    """

    centre: FloatArray
    area: FloatArray
    fwhm: FloatArray
    eta: FloatArray
    slopes: FloatArray


@dataclass(frozen=True)
class Seen:
    """Which reflection each peak belongs to, its wavelength (Å) and its line's share of the radiation, each (n,)."""

    reflection: IntArray
    wavelengths: FloatArray
    shares: FloatArray


def shared_names(instrument: Instrument) -> list[str]:
    """Parameters that all phases share, the background and the axial divergence aside."""
    flat = ["pattern.transparency"] * (instrument.goniometer_radius is not None) + ["pattern.plate_mu_t"]
    absorbing = flat if instrument.geometry == "bragg-brentano" else ["pattern.absorption"]
    return ["pattern.zero", "pattern.displacement", *_WIDTHS, *absorbing]


def constant_wavelength_peaks(
    reflected: Reflected, seen: Seen, instrument: Instrument, values: Mapping[str, float], moving: tuple[str, ...]
) -> tuple[Peaks, tuple[str, ...]]:
    """Peaks, and the names, in the order of their slopes, of what moves them.

    Parameters
    ----------
    reflected : Reflected
        The phase's reflections.
    seen : Seen
        The peaks.
    instrument : Instrument
        Optics and geometry.
    values : mapping
        All parameters.
    moving : tuple of str
        Those that move; names of phases are taken from `reflected`.
    """
    r = seen.reflection
    sine = np.clip(seen.wavelengths * np.sqrt(reflected.inverse_d_squared[r]) / 2, 0, 1 - 1e-12)
    theta = np.arcsin(sine)
    two_theta = np.degrees(2 * theta)
    turn = np.degrees(np.tan(theta) / reflected.inverse_d_squared[r])
    centre, centre_turn, places = _centres(two_theta, instrument, values)
    factor, factor_turn, factors = _factors(two_theta, instrument, values, moving)
    widths = _Widths(theta, seen.wavelengths, reflected.inverse_size[r], reflected.strain[r], values)
    unit = seen.shares * factor
    area = unit * reflected.strength[r]
    shared = [name for name in moving if name in places or name in factors or name in _WIDTHS]
    k = len(reflected.names)
    if not k and not shared:
        return Peaks(centre, area, widths.fwhm, widths.eta, np.zeros((len(r), 4, 0))), ()
    widths.differentiate()
    slopes = np.zeros((4, k + len(shared), len(r)))
    if k:
        by_strength, by_d, by_size, by_strain = reflected.slopes[:, :, r].transpose(1, 0, 2)
        turned = by_d * turn
        slopes[AREA, :k] = unit * by_strength + area * factor_turn * turned
        slopes[CENTRE, :k] = centre_turn * turned
        by_shape = by_size * widths.per_inverse_size + by_strain * widths.per_strain
        for row in (0, 1):
            slopes[FWHM + row, :k] = widths.by_angle[row] * turned + widths.by_lorentz[row] * by_shape
    for column, name in enumerate(shared, start=k):
        if name in places:
            slopes[CENTRE, column] = places[name]
        elif name in factors:
            slopes[AREA, column] = area * factors[name]
        else:
            slopes[FWHM:, column] = widths.by(_WIDTHS[name])
    made = np.ascontiguousarray(slopes.transpose(2, 0, 1))
    return Peaks(centre, area, widths.fwhm, widths.eta, made), (*reflected.names, *shared)


def _centres(
    two_theta: FloatArray, instrument: Instrument, values: Mapping[str, float]
) -> tuple[FloatArray, FloatArray, dict[str, FloatArray | float]]:
    """Where peaks are drawn, degrees 2θ; slopes by the Bragg angle and by parameters."""
    zero, radius = values.get("pattern.zero", 0.0), instrument.goniometer_radius
    slopes: dict[str, FloatArray | float] = {"pattern.zero": 1.0}
    if radius is None or instrument.geometry != "bragg-brentano":
        return two_theta + zero, np.ones_like(two_theta), slopes
    displacement, depth = (values.get(name, 0.0) for name in _PLACES[1:])
    slopes["pattern.displacement"] = off = displacement_shift(two_theta, 1.0, radius)
    slopes["pattern.transparency"] = sunk = transparency_shift(two_theta, 1.0, radius)
    angle = np.radians(two_theta)
    by_angle = 1 + displacement / radius * np.sin(angle / 2) - depth / (2 * radius) * np.cos(angle)
    return two_theta + zero + displacement * off + depth * sunk, by_angle, slopes


def _factors(
    two_theta: FloatArray, instrument: Instrument, values: Mapping[str, float], moving: tuple[str, ...]
) -> tuple[FloatArray, FloatArray, dict[str, FloatArray]]:
    """Lorentz, polarisation and absorption; the logarithmic slopes by 2θ (per degree) and by parameters."""
    factor, by_angle = instrument_factor(two_theta, instrument), instrument_factor_slope(two_theta, instrument)
    slopes = {}
    for name, law in _ABSORPTIONS.items():
        amount = values.get(name, np.inf)
        if np.isfinite(amount) and (amount or name in moving):
            value, turned, slopes[name] = log_slopes(law, two_theta, amount)
            factor, by_angle = factor * value, by_angle + turned
    return factor, by_angle, slopes


class _Widths:
    """FWHM and η of peaks, and, once `differentiate` was called, their slopes, each (2, n), by 2θ, by the Lorentzian FWHM and by parameters.

    Parameters
    ----------
    theta, wavelengths : ndarray, shape (n,)
        Bragg angles, radians, and Å.
    inverse_size, strain : ndarray, shape (n,)
        1/nm; dimensionless.
    values : mapping
        All parameters; U, V, W (deg²), X, Y (degrees) are read.
    """

    def __init__(
        self, theta: FloatArray, wavelengths: FloatArray, inverse_size: FloatArray, strain: FloatArray,
        values: Mapping[str, float],
    ) -> None:  # fmt: skip
        u, v, w, x, y = (values.get(name, 0.0) for name in _WIDTHS)
        self._u, self._v = u, v
        self.tangent, self.secant = np.tan(theta), 1 / np.cos(theta)
        self._variance = gaussian_variance(np.degrees(2 * theta), u, v, w)
        self._gauss = FWHM_PER_SIGMA * np.sqrt(np.maximum(self._variance, FLOOR))
        self.per_inverse_size = np.degrees(wavelengths / NM_TO_ANGSTROM) * self.secant
        self.per_strain = np.degrees(self.tangent)
        self._over_cosine = x * self.secant + inverse_size * self.per_inverse_size
        self._with_tangent = y + np.degrees(strain)
        self._lorentz = np.maximum(self._over_cosine + self._with_tangent * self.tangent, 0.0)
        self.fwhm, self.eta = thompson_cox_hastings(self._gauss, self._lorentz)

    def differentiate(self) -> None:
        """Find the slopes."""
        width, share = thompson_cox_hastings_slopes(self._gauss, self._lorentz)
        by_gauss, self.by_lorentz = np.array([width[0], share[0]]), np.array([width[1], share[1]])
        self.by_variance = by_gauss * ((self._variance > FLOOR) * FWHM_PER_SIGMA**2 / (2 * self._gauss))
        squared = self.secant**2
        self.by_angle = self.by_variance * ((2 * self._u * self.tangent + self._v) * squared)
        by_lorentz = self._over_cosine * self.tangent + self._with_tangent * squared
        self.by_angle = self.by_angle + self.by_lorentz * by_lorentz
        self.by_angle *= np.pi / 360

    def by(self, letter: str) -> FloatArray:
        """Slopes by u, v, w, x or y."""
        if letter in "xy":
            return np.asarray(self.by_lorentz * (self.secant if letter == "x" else self.tangent))
        return np.asarray(self.by_variance * self.tangent ** "wvu".index(letter))
