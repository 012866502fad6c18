"""What a phase's reflections are before an instrument sees them; every diffractometer makes its peaks from this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["INVERSE_D_SQUARED", "INVERSE_SIZE", "STRAIN", "STRENGTH", "Reflected"]

FloatArray = NDArray[np.float64]

STRENGTH, INVERSE_D_SQUARED, INVERSE_SIZE, STRAIN = range(4)
"""Rows of `Reflected.slopes`."""


@dataclass(frozen=True)
class Reflected:
    """Reflections of a phase.

    Parameters
    ----------
    strength : ndarray, shape (n,)
        scale · multiplicity · \\|F\\|² · orientation.
    inverse_d_squared : ndarray, shape (n,)
        1/d², Å⁻².
    inverse_size : ndarray, shape (n,)
        Reciprocal crystallite size along the reflection, 1/nm.
    strain : ndarray, shape (n,)
        Microstrain along the reflection, dimensionless.
    f_squared : ndarray, shape (n,)
        \\|F\\|² alone.
    names : tuple of str
        Moving parameters of the phase.
    slopes : ndarray, shape (k, 4, n)
        Derivatives of the first four by these.
    """

    strength: FloatArray
    inverse_d_squared: FloatArray
    inverse_size: FloatArray
    strain: FloatArray
    f_squared: FloatArray
    names: tuple[str, ...]
    slopes: FloatArray
