r"""Weight fractions and group shares from scale factors, with their covariance.

:math:`w_i = S_i f_i / \sum_j S_j f_j` (R. J. Hill & C. J. Howard, J. Appl. Cryst. 20 (1987) 467, with the mass factor
:math:`f = ZMV` of the engine's scale); first-order propagation with the whole covariance of the scales:
:math:`\partial w_i/\partial S_k = (\delta_{ik} f_k - w_i f_k)/\sum_j S_j f_j`. The mass factors are taken as exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["weight_fractions"]

FloatArray = NDArray[np.float64]


def weight_fractions(
    scales: ArrayLike, mass_factors: ArrayLike, covariance: ArrayLike | None
) -> tuple[FloatArray, FloatArray | None]:
    """Weight fractions of phases and their standard uncertainties.

    Parameters
    ----------
    scales : array_like, shape (n,)
        Scale factors, not all zero.
    mass_factors : array_like, shape (n,)
        Weight per unit of scale.
    covariance : array_like, shape (n, n), or None
        Covariance of the scales.

    Returns
    -------
    fractions : ndarray, shape (n,)
        They sum to 1.
    esds : ndarray, shape (n,), or None
        None without a covariance.
    """
    scale, factor = np.asarray(scales, dtype=float), np.asarray(mass_factors, dtype=float)
    weights = scale * factor
    fractions = weights / weights.sum()
    if covariance is None:
        return fractions, None
    jacobian = (np.diag(factor) - np.outer(fractions, factor)) / weights.sum()
    variance = np.einsum("ik,kl,il->i", jacobian, np.asarray(covariance, dtype=float), jacobian)
    return fractions, np.sqrt(np.maximum(variance, 0.0))
