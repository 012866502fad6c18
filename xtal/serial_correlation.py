"""How much serially correlated residuals enlarge the esds of a fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["serial_correlation"]

FloatArray = NDArray[np.float64]


def serial_correlation(residual: FloatArray) -> float:
    r"""Factor by which serially correlated weighted residuals (n,) enlarge the esds.

    With :math:`x_i = a_i^2 + a_{i-1}^2`, a point of the sign of its predecessor counts as correlated with it by
    :math:`z_i = \sqrt{2\pi x_i}/(2 + \sqrt{2\pi x_i})`, others by 0; the factor is the root of
    :math:`[\sum (1-z_i^2) a_i^2 + \sum_{runs} (\sum z_i a_i)^2] / \sum a_i^2`. White residuals give 1.13.
    J.-F. Bérar, P. Lelann, J. Appl. Cryst. 24 (1991) 1, equations 10–12.
    """
    a = np.asarray(residual, dtype=float)
    whole = float(a @ a)
    if len(a) < 2 or whole == 0:
        return 1.0
    root = np.sqrt(2 * np.pi * (a[1:] ** 2 + a[:-1] ** 2))
    z = np.append(0.0, np.where(a[1:] * a[:-1] > 0, root / (2 + root), 0.0))
    run = np.cumsum(z == 0)
    coherent = np.bincount(run, weights=z * a)
    return float(np.sqrt(max((float(((1 - z**2) * a**2).sum()) + float(coherent @ coherent)) / whole, 1.0)))
