r"""What makes G(r) fade with r: the size of spherical particles and the resolution of the instrument.

Sphere of diameter d: :math:`\gamma_0(r) = 1 - \tfrac32 (r/d) + \tfrac12 (r/d)^3` for r < d
(A. Guinier & G. Fournet, Small-Angle Scattering of X-rays, 1955). Resolution: :math:`e^{-(Q_{damp} r)^2/2}`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["resolution_envelope", "sphere_envelope"]

FloatArray = NDArray[np.float64]


def sphere_envelope(r: ArrayLike, diameter: float | None) -> FloatArray:
    """Share of a sphere that overlaps with itself moved by r (Å); 1 for a `diameter` (Å) of None, a bulk crystal."""
    distance = np.asarray(r, dtype=float)
    if diameter is None:
        return np.ones_like(distance)
    x = np.minimum(distance / diameter, 1.0)
    return np.asarray(1.0 - 1.5 * x + 0.5 * x**3)


def resolution_envelope(r: ArrayLike, q_damp: float) -> FloatArray:
    """Damping of an instrument with Gaussian resolution `q_damp` (Å⁻¹) at r (Å)."""
    return np.asarray(np.exp(-0.5 * (q_damp * np.asarray(r, dtype=float)) ** 2))
