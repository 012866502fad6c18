r"""Who surrounds whom: unweighted radial distribution functions of pairs and coordination numbers by their integration.

:math:`R_{ab}(r)` is the number of atoms b around an atom a per Å of distance, so that :math:`N_{ab} = \int R_{ab}\,dr`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..structure import Structure
from .pairs import PairTable, pair_table
from .peak_widths import peak_variances, relative_displacements

__all__ = ["coordination_number", "partial_rdf"]

FloatArray = NDArray[np.float64]

_REACH = 6.0


@dataclass(frozen=True, eq=False)
class _Shells:
    """Neighbours of one kind: distances, standard deviations, and how many per central atom each row adds."""

    r: FloatArray
    sigma: FloatArray
    number: FloatArray


def coordination_number(
    structure: Structure,
    first: str,
    second: str,
    low: float,
    high: float,
    *,
    delta1: float = 0.0,
    delta2: float = 0.0,
) -> float:
    """Mean number of atoms `second` between `low` and `high` (Å) of an atom `first`, the tails of broad peaks included in part.

    Parameters
    ----------
    structure : Structure
        Structure; occupancies count.
    first, second : str
        Elements or labels of sites.
    low, high : float
        Limits, Å.
    delta1, delta2 : float
        Correlated motion, Å and Å².

    Raises
    ------
    InputError
        Unknown names or limits the wrong way round.
    """
    from scipy.special import erf

    if not 0 <= low < high:
        raise InputError(f"limits {low:g}-{high:g} Å;", where="coordination", remedy="give 0 ≤ low < high.")
    shells = _shells(structure, first, second, high + 2.0, delta1, delta2)
    width = shells.sigma * np.sqrt(2.0)
    inside = 0.5 * (erf((high - shells.r) / width) - erf((low - shells.r) / width))
    return float(shells.number @ inside)


def partial_rdf(
    structure: Structure, first: str, second: str, r: ArrayLike, *, delta1: float = 0.0, delta2: float = 0.0
) -> FloatArray:
    """R_ab at distances `r` (Å): atoms `second` around an atom `first`, Å⁻¹; both are elements or labels.

    Raises
    ------
    InputError
        Unknown names.
    """
    points = np.asarray(r, dtype=float)
    shells = _shells(structure, first, second, float(points.max()) + 2.0, delta1, delta2)
    total = np.zeros_like(points)
    for center, sigma, number in zip(shells.r, shells.sigma, shells.number, strict=True):
        near = np.abs(points - center) < _REACH * sigma
        total[near] += number / (sigma * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((points[near] - center) / sigma) ** 2)
    return total


def _shells(structure: Structure, first: str, second: str, maximum: float, delta1: float, delta2: float) -> _Shells:
    centers, ends = _named(structure, first), _named(structure, second)
    table = pair_table(structure, maximum)
    variance = peak_variances(table, relative_displacements(structure, table), delta1, delta2)
    occupancy = np.array([site.occupancy for site in structure.sites])
    central_atoms = float(np.array(structure.multiplicities)[centers] @ occupancy[centers])
    if central_atoms == 0:
        raise InputError(f"{first} isn't occupied;", where=structure.name, remedy="choose an occupied site.")
    number = _orders(table, centers, ends) * occupancy[table.first] * occupancy[table.second] / central_atoms
    kept = number > 0
    return _Shells(table.r[kept], np.sqrt(variance[kept]), number[kept])


def _orders(table: PairTable, centers: NDArray[np.bool_], ends: NDArray[np.bool_]) -> FloatArray:
    """How many of a row's ordered pairs lead from a centre to an end."""
    forward = centers[table.first] & ends[table.second]
    backward = centers[table.second] & ends[table.first]
    one_order = np.where(table.first == table.second, table.count, 0.5 * table.count)
    return np.asarray(one_order * np.where(table.first == table.second, forward, forward.astype(float) + backward))


def _named(structure: Structure, name: str) -> NDArray[np.bool_]:
    found = np.array([name in (site.label, site.element) for site in structure.sites])
    if not found.any():
        raise InputError(f"{name} is neither a site nor an element of {structure.name};", where="pairs",
                         remedy=f"it has {', '.join(site.label for site in structure.sites)}.")  # fmt: skip
    return np.asarray(found)
