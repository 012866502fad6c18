"""Chebyshev series on one range and on another."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def chebyshev_matrix(n_terms: int, source: Iterable[float], target: Iterable[float]) -> np.ndarray:
    """Matrix that turns Chebyshev coefficients on one range into those on another.

    Parameters
    ----------
    n_terms : int
        Number of coefficients, c0 first.
    source, target : pair of float
        Two-theta ranges mapped to [-1, 1], degrees.

    Returns
    -------
    ndarray, shape (n_terms, n_terms)
        ``M`` with ``c_target = M @ c_source``: the same polynomial. Upper triangular.
    """
    (s0, s1), (t0, t1) = source, target
    nodes = np.cos(np.pi * (np.arange(n_terms) + 0.5) / n_terms)
    two_theta = t0 + (nodes + 1.0) * (t1 - t0) / 2.0
    u = 2.0 * (two_theta - s0) / (s1 - s0) - 1.0
    matrix = np.linalg.solve(
        np.polynomial.chebyshev.chebvander(nodes, n_terms - 1), np.polynomial.chebyshev.chebvander(u, n_terms - 1)
    )
    return np.triu(matrix)


def chebyshev_curve(coefficients: np.ndarray, two_theta: np.ndarray, limits: Iterable[float]) -> np.ndarray:
    """First-kind Chebyshev series on x scaled to [-1, 1] over ``limits`` (degrees)."""
    low, high = limits
    x = 2.0 * (np.asarray(two_theta) - low) / (high - low) - 1.0
    return np.asarray(np.polynomial.chebyshev.chebval(x, coefficients))
