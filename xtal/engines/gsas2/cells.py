"""Direct cells and GSAS-II's six reciprocal terms."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
# The axis lengths are independent of each other in these Laue classes.
ORTHOGONAL_AXES = ("mmm", "4/m", "4/mmm", "6/m", "6/mmm", "3m1", "31m", "3", "m3", "m3m")


def cell_from_reciprocal(terms: Iterable[float]) -> np.ndarray:
    """Direct cell from GSAS-II's six reciprocal terms.

    The terms are ``a*², b*², c*², 2a*b*cosγ*, 2a*c*cosβ*, 2b*c*cosα*`` (Å⁻²).

    Returns
    -------
    ndarray, shape (6,)
        a, b, c in Å and α, β, γ in degrees.
    """
    a0, a1, a2, a3, a4, a5 = terms
    reciprocal = np.array([[a0, a3 / 2, a4 / 2], [a3 / 2, a1, a5 / 2], [a4 / 2, a5 / 2, a2]])
    metric = np.linalg.inv(reciprocal)
    a, b, c = np.sqrt(np.diag(metric))
    cosines = np.array([metric[1, 2] / (b * c), metric[0, 2] / (a * c), metric[0, 1] / (a * b)])
    return np.array([a, b, c, *np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))])


def cell_volume(cell: Iterable[float]) -> float:
    """Volume in Å³ of a cell a, b, c (Å), α, β, γ (degrees)."""
    a, b, c, *angles = cell
    ca, cb, cg = np.cos(np.radians(angles))
    return float(a * b * c * math.sqrt(1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg))


def reciprocal_terms(cell: Iterable[float]) -> list[float]:
    """GSAS-II's six reciprocal terms of a direct cell (Å, degrees); the inverse of ``cell_from_reciprocal``."""
    a, b, c, *angles = (float(v) for v in cell)
    ca, cb, cg = np.cos(np.radians(angles))
    metric = np.array(
        [[a * a, a * b * cg, a * c * cb], [a * b * cg, b * b, b * c * ca], [a * c * cb, b * c * ca, c * c]]
    )
    g = np.linalg.inv(metric)
    return [float(v) for v in (g[0, 0], g[1, 1], g[2, 2], 2 * g[0, 1], 2 * g[0, 2], 2 * g[1, 2])]


def complete_cell(cell: list[float], laue: str) -> list[float]:
    """Cell with the equalities of its Laue class, taken from a (and α)."""
    a, _, c, alpha, _, _ = cell
    if laue in ("m3", "m3m"):
        return [a, a, a, *cell[3:]]
    if laue in ("3R", "3mR"):
        return [a, a, a, alpha, alpha, alpha]
    if laue in ORTHOGONAL_AXES and laue != "mmm":
        return [a, a, c, *cell[3:]]
    return cell
