r"""Transmission of flat samples against angle, 1 at 2θ = 0 except in reflection.

Plate across the beam (image plate behind a flat cell): the average over depth of the paths in and out,
:math:`A = \frac{e^{-\mu t} - e^{-\mu t/\cos 2\theta}}{\mu t (1/\cos 2\theta - 1)}` over its limit :math:`e^{-\mu t}`.
Plate turned with θ (symmetric transmission): :math:`A = e^{-\mu t(1/\cos\theta - 1)}/\cos\theta`.
Reflection: :math:`A = 1 - e^{-2\mu t/\sin\theta}`.
Source: International Tables for Crystallography, vol. C, section 6.3.3. The capillary is `xtal.diffraction.absorption.capillary_transmission`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..diffraction.absorption import capillary_transmission
from ..errors import InputError

__all__ = ["transmission"]

FloatArray = NDArray[np.float64]

LARGEST_MU_R = 1.0
ALMOST_NOTHING = 1e-9


def transmission(two_theta: FloatArray, geometry: str, absorption: float) -> FloatArray:
    """Relative transmission at angles 2θ (degrees).

    Parameters
    ----------
    two_theta : ndarray
        Degrees.
    geometry : {"none", "capillary", "plate", "symmetric_plate", "reflection"}
        Shape of the sample.
    absorption : float
        μR of a capillary, at most 1; μt of a plate.

    Raises
    ------
    InputError
        A negative absorption, a capillary beyond μR = 1, a plate across the beam beyond 2θ = 90°, an unknown geometry.
    """
    if absorption < 0 or (geometry == "capillary" and absorption > LARGEST_MU_R):
        raise InputError(f"absorption {absorption:g} of a {geometry};", remedy="give μt ≥ 0, or μR between 0 and 1.")
    if geometry == "none" or absorption < ALMOST_NOTHING:
        return np.ones_like(two_theta)
    if geometry not in _SHAPES:
        raise InputError(f"geometry {geometry!r};", remedy=f"it is none, {', '.join(_SHAPES)}.")
    return np.asarray(_SHAPES[geometry](two_theta, absorption))


def _plate(two_theta: FloatArray, mu_t: float) -> FloatArray:
    if np.any(two_theta >= 90):
        raise InputError("a plate across the beam seen at 2θ ≥ 90°;", remedy="lower q_max, or use another geometry.")
    extra = mu_t * (1 / np.cos(np.radians(two_theta)) - 1)
    safe = np.where(extra < ALMOST_NOTHING, 1.0, extra)
    return np.asarray(np.where(extra < ALMOST_NOTHING, 1.0, -np.expm1(-safe) / safe))


def _symmetric_plate(two_theta: FloatArray, mu_t: float) -> FloatArray:
    cosine = np.cos(np.radians(two_theta) / 2)
    return np.asarray(np.exp(-mu_t * (1 / cosine - 1)) / cosine)


def _reflection(two_theta: FloatArray, mu_t: float) -> FloatArray:
    return np.asarray(-np.expm1(-2 * mu_t / np.sin(np.radians(two_theta) / 2)))


def _capillary(two_theta: FloatArray, mu_r: float) -> FloatArray:
    straight = capillary_transmission(np.zeros(1), mu_r)[0]
    return np.asarray(capillary_transmission(two_theta, mu_r) / straight)


_SHAPES = {"capillary": _capillary, "plate": _plate, "symmetric_plate": _symmetric_plate, "reflection": _reflection}
