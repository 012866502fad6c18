r"""Asymmetry by axial divergence: L. W. Finger, D. E. Cox, A. P. Jephcoat, J. Appl. Cryst. 27 (1994) 892.

The half heights of sample and detector slit are taken as equal, S/L = H/L = a/2. To second order in a the centroid of the kernel lies at
:math:`-\tfrac{a^2}{12}\cot 2\theta` (radians) from the Bragg angle.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["axial_centroids", "axial_nodes", "axial_spread", "axial_stretch"]

FloatArray = NDArray[np.float64]

_CENTROID_NODES = 6


@lru_cache(maxsize=32)
def _gauss_legendre(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return np.asarray(nodes), np.asarray(weights)


def axial_nodes(two_theta: float | FloatArray, axial: float, n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Positions (degrees 2θ) and weights by which axial divergence spreads peaks.

    With equal half heights of sample and slit and the substitution :math:`\\cos 2\\varphi = \\cos 2\\theta\\sqrt{1 + (a t)^2}` the kernel of
    Finger, Cox and Jephcoat becomes :math:`(1-t) / ((1 + a^2t^2) \\sin 2\\varphi)` on t in [0, 1], smooth, so that few Gauss–Legendre
    nodes suffice.

    Parameters
    ----------
    two_theta : float or ndarray, shape (n,)
        Bragg angles.
    axial : float
        a = (S + H)/L.
    n_nodes : int
        Nodes per peak.

    Returns
    -------
    positions, weights : ndarray, shape (n, n_nodes)
        The weights of each peak sum to 1.
    """
    nodes, gauss = _gauss_legendre(n_nodes)
    t, gauss = (nodes + 1) / 2, gauss / 2
    stretch = axial_stretch(axial, n_nodes)
    cosine = np.cos(np.radians(np.atleast_1d(two_theta)))[:, None] * stretch
    cosine = np.clip(cosine, -1 + 1e-12, 1 - 1e-12)
    weights = gauss * (1 - t) / (stretch**2 * np.sqrt(1 - cosine**2))
    return np.degrees(np.arccos(cosine)), weights / weights.sum(axis=1, keepdims=True)


def axial_stretch(axial: float, n_nodes: int) -> FloatArray:
    """cos 2φ / cos 2θ at the nodes, the same for all peaks, (n_nodes,)."""
    return np.asarray(np.sqrt(1 + (axial * (_gauss_legendre(n_nodes)[0] + 1) / 2) ** 2))


def axial_spread(two_theta: FloatArray, axial: float) -> FloatArray:
    """How far axial divergence reaches from each position, degrees."""
    cosine = np.cos(np.radians(two_theta)) * np.sqrt(1 + axial**2)
    return np.asarray(np.abs(np.degrees(np.arccos(np.clip(cosine, -1, 1))) - two_theta))


def axial_centroids(two_theta: FloatArray, axial: float) -> FloatArray:
    """Mean positions of peaks under axial divergence, degrees 2θ."""
    if axial == 0:
        return two_theta
    positions, weights = axial_nodes(two_theta, axial, _CENTROID_NODES)
    return np.asarray((positions * weights).sum(axis=1))
