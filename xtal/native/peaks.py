"""Peaks as the kernels take them: centre, area, FWHM and η of every reflection and line, with their derivatives.

The formulas are those of `xtal.diffraction`; here they are chained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..diffraction.lorentz_polarization import instrument_factor, instrument_factor_slope
from ..diffraction.peak_positions import displacement_shift
from ..diffraction.profiles import (
    FWHM_PER_SIGMA,
    NM_TO_ANGSTROM,
    gaussian_variance,
    thompson_cox_hastings,
    thompson_cox_hastings_slopes,
)
from ..instrument import Instrument

__all__ = ["FLOOR", "Angles", "Peaks", "Widths", "bragg_angles", "peak_centres", "peak_widths"]

FloatArray = NDArray[np.float64]

FLOOR = 1e-8 / FWHM_PER_SIGMA**2
"""Smallest Gaussian variance, deg²: where U, V, W give less, the width is held there."""


@dataclass(frozen=True)
class Angles:
    """Bragg angles of peaks, degrees 2θ, and their slopes by 1/d² (degree · Å²)."""

    two_theta: FloatArray
    by_inverse_d_squared: FloatArray


@dataclass(frozen=True)
class Widths:
    """FWHM and η of peaks; the slopes, each (2, n), are those of (FWHM, η) by the parameter named.

    `by_angle` is the slope by 2θ.
    """

    fwhm: FloatArray
    eta: FloatArray
    by_angle: FloatArray
    slopes: dict[str, FloatArray]


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


def bragg_angles(inverse_d_squared: FloatArray, wavelengths: FloatArray) -> Angles:
    """2θ of peaks at 1/d² (Å⁻²) and wavelengths (Å), both (n,)."""
    sine = np.clip(wavelengths * np.sqrt(inverse_d_squared) / 2, 0, 1 - 1e-12)
    theta = np.arcsin(sine)
    return Angles(np.degrees(2 * theta), np.degrees(np.tan(theta) / inverse_d_squared))


def peak_centres(
    angles: Angles, instrument: Instrument, zero: float, displacement: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where peaks are drawn, degrees 2θ; slopes by the Bragg angle and by the displacement (degrees per mm)."""
    radius = instrument.goniometer_radius
    if radius is None or instrument.geometry != "bragg-brentano":
        return angles.two_theta + zero, np.ones_like(angles.two_theta), np.zeros_like(angles.two_theta)
    per_mm = displacement_shift(angles.two_theta, 1.0, radius)
    by_angle = 1 + displacement / radius * np.sin(np.radians(angles.two_theta / 2))
    return angles.two_theta + zero + displacement * per_mm, by_angle, per_mm


def peak_widths(two_theta: FloatArray, wavelengths: FloatArray, values: Mapping[str, float]) -> Widths:
    """FWHM and η at Bragg angles.

    Parameters
    ----------
    two_theta, wavelengths : ndarray, shape (n,)
        Degrees, Å.
    values : mapping
        u, v, w (deg²), x, y (degrees), inverse_size (1/nm), microstrain.
    """
    theta = np.radians(two_theta / 2)
    tangent, secant = np.tan(theta), 1 / np.cos(theta)
    half_degree = np.pi / 360
    variance = gaussian_variance(two_theta, values["u"], values["v"], values["w"])
    live = variance > FLOOR
    gauss = FWHM_PER_SIGMA * np.sqrt(np.maximum(variance, FLOOR))
    per_inverse_size = np.degrees(wavelengths / NM_TO_ANGSTROM) * secant
    over_cosine = values["x"] * secant + values["inverse_size"] * per_inverse_size
    with_tangent = values["y"] + np.degrees(values["microstrain"])
    lorentz = np.maximum(over_cosine + with_tangent * tangent, 0.0)
    fwhm, eta = thompson_cox_hastings(gauss, lorentz)
    by_g, by_l = np.moveaxis(np.stack(thompson_cox_hastings_slopes(gauss, lorentz)), 1, 0)
    per_variance = live * FWHM_PER_SIGMA**2 / (2 * gauss)
    gauss_slopes = {"u": tangent**2, "v": tangent, "w": np.ones_like(tangent)}
    lorentz_slopes = {"x": secant, "y": tangent, "inverse_size": per_inverse_size, "microstrain": np.degrees(tangent)}
    by_angle = by_g * (per_variance * (2 * values["u"] * tangent + values["v"]) * secant**2 * half_degree)
    by_angle = by_angle + by_l * ((over_cosine * tangent + with_tangent * secant**2) * half_degree)
    slopes = {name: by_g * (per_variance * slope) for name, slope in gauss_slopes.items()}
    slopes |= {name: by_l * slope for name, slope in lorentz_slopes.items()}
    return Widths(fwhm, eta, by_angle, slopes)


def angular_factor(two_theta: FloatArray, instrument: Instrument) -> tuple[FloatArray, FloatArray]:
    """Lorentz–polarisation factor and its logarithmic slope by 2θ, per degree."""
    return instrument_factor(two_theta, instrument), instrument_factor_slope(two_theta, instrument)
