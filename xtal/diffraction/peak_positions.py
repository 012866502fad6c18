r"""Where the goniometer puts a Bragg angle: zero shift, sample displacement and transparency.

Flat plate in reflection, specimen surface a distance s (mm, positive away from source and detector: too low) off the axis of a goniometer of
radius R: :math:`\Delta 2\theta = -(2s/R)\cos\theta` in radians; a specimen into which the beam sinks by the depth :math:`t = 1/\mu`
(mm): :math:`\Delta 2\theta = -(t/2R)\sin 2\theta` on average. Source: A. J. C. Wilson, Mathematical Theory of X-ray Powder
Diffractometry (1963), chapter 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Instrument

__all__ = ["apparent_two_theta", "displacement_shift", "transparency_shift"]

FloatArray = NDArray[np.float64]


def displacement_shift(two_theta: ArrayLike, displacement: float, radius: float) -> FloatArray:
    """Shift in degrees 2θ of reflections at `two_theta` (degrees); `displacement` and `radius` in mm."""
    theta = np.radians(np.asarray(two_theta, dtype=float)) / 2
    return np.asarray(np.degrees(-2 * displacement / radius * np.cos(theta)))


def transparency_shift(two_theta: ArrayLike, depth: float, radius: float) -> FloatArray:
    """Mean shift in degrees 2θ of reflections at `two_theta` (degrees); `depth` = 1/μ and `radius` in mm."""
    return np.asarray(-np.degrees(depth / (2 * radius) * np.sin(np.radians(np.asarray(two_theta, dtype=float)))))


def apparent_two_theta(
    two_theta: ArrayLike, instrument: Instrument, displacement: float = 0.0, transparency: float = 0.0
) -> FloatArray:
    """Bragg angles with the instrument's zero, a sample displacement and a depth of transparency (mm), degrees 2θ.

    Raises
    ------
    InputError
        A displacement or transparency for an instrument without a goniometer radius.
    """
    angles = np.asarray(two_theta, dtype=float) + instrument.zero
    if displacement == 0 and transparency == 0:
        return angles
    if instrument.goniometer_radius is None:
        raise InputError("a sample displacement or transparency needs the goniometer radius;", where=instrument.name,
                         remedy="set goniometer_radius (mm) of the instrument.")  # fmt: skip
    radius = instrument.goniometer_radius
    shift = displacement_shift(two_theta, displacement, radius)
    return np.asarray(angles + shift + transparency_shift(two_theta, transparency, radius))
