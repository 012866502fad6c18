"""Every distance of a crystal up to a limit, each once: symmetry tells how many pairs of the cell it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..distances import SAME_PLACE
from ..errors import InputError
from ..lattice import Lattice
from ..structure import Structure
from ..symmetry import SpaceGroup

__all__ = ["PairTable", "pair_table"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_DISTANCES_AT_ONCE = 2_000_000
_TABLES_KEPT = 16
_MOST_PAIRS = 1e7


@dataclass(frozen=True, eq=False)
class PairTable:
    """Pairs of positions, one row for all that symmetry and exchange make equal.

    Parameters
    ----------
    r : ndarray, shape (n,)
        Distance, Å.
    first, second : ndarray, shape (n,)
        Indices into the structure's sites.
    count : ndarray, shape (n,)
        Ordered pairs of the cell that the row stands for; for ``first != second`` both orders are counted.
    image : ndarray, shape (n,)
        Index of the second atom among the cell's positions (`Structure.expanded`); it fixes how U is turned.
    direction : ndarray, shape (n, 3)
        Cartesian unit vector from the first to the second atom.
    maximum : float
        Largest distance, Å.
    """

    r: FloatArray
    first: IntArray
    second: IntArray
    count: FloatArray
    image: IntArray
    direction: FloatArray
    maximum: float


def pair_table(structure: Structure, maximum: float) -> PairTable:
    """Pairs of a structure up to `maximum` (Å). Atoms that share a position are no pair. Tables are kept for the next call.

    Raises
    ------
    InputError
        `maximum` isn't positive, the structure has no site, or so many that its pairs don't fit into memory.
    """
    if not maximum > 0:
        raise InputError(f"maximum distance {maximum:g} Å;", where="pairs", remedy="it must be positive.")
    if not structure.sites:
        raise InputError(f"{structure.name} has no site;", where="pairs", remedy="give a structure with atoms.")
    _refuse_too_many(structure, maximum)
    return _table(structure.lattice, structure.space_group, tuple(site.xyz for site in structure.sites), float(maximum))


def _refuse_too_many(structure: Structure, maximum: float) -> None:
    """Raise InputError before a table fills the memory."""
    positions = sum(structure.multiplicities)
    pairs = len(structure.sites) * positions * 4.2 * maximum**3 / structure.lattice.volume
    if pairs > _MOST_PAIRS:
        raise InputError(f"{structure.name} has about {pairs:.1g} pairs up to {maximum:g} Å;", where="pairs",
                         remedy="end at a smaller r, or give a smaller cell or its symmetry.")  # fmt: skip


@lru_cache(maxsize=_TABLES_KEPT)
def _table(
    lattice: Lattice, group: SpaceGroup, positions: tuple[tuple[float, float, float], ...], maximum: float
) -> PairTable:
    orbits = [group.orbit(xyz) for xyz in positions]
    sizes = np.array([len(orbit) for orbit in orbits])
    cell, owner = np.concatenate(orbits), np.repeat(np.arange(len(orbits)), sizes)
    # The site with the fewest images is the centre, so that the fewest distances are needed.
    rank = np.empty(len(sizes), dtype=int)
    rank[np.argsort(sizes, kind="stable")] = np.arange(len(sizes))
    parts = [
        part
        for site, orbit in enumerate(orbits)
        for part in _around(lattice, orbit[0], cell, np.flatnonzero(rank[owner] >= rank[site]), maximum, site)
    ]
    vector, image, first = (np.concatenate([part[k] for part in parts]) for k in range(3))
    r = np.sqrt(np.einsum("ij,ij->i", vector, vector))
    second = owner[image]
    count = sizes[first] * np.where(first == second, 1.0, 2.0)
    return PairTable(r, first, second, count, image, vector / r[:, None], maximum)


def _around(
    lattice: Lattice, center: FloatArray, cell: FloatArray, wanted: IntArray, maximum: float, site: int
) -> list[tuple[FloatArray, IntArray, IntArray]]:
    """Cartesian vectors from a centre to the wanted positions of all cells in reach, with the index of each position."""
    # Differences within half a cell need the fewest translations.
    offsets = cell[wanted] - center
    offsets -= np.round(offsets)
    base = lattice.cartesian_from_fractional(offsets)
    shifts = _translations(lattice, maximum)
    size = max(1, _DISTANCES_AT_ONCE // len(base))
    found = []
    for start in range(0, len(shifts), size):
        moved = shifts[start : start + size, None] + base[None]
        squared = np.einsum("ijk,ijk->ij", moved, moved)
        row, column = np.nonzero((squared <= maximum**2) & (squared > SAME_PLACE**2))
        found.append((moved[row, column], wanted[column], np.full(len(row), site)))
    return found


@lru_cache(maxsize=_TABLES_KEPT)
def _translations(lattice: Lattice, maximum: float) -> FloatArray:
    """Cartesian lattice vectors that can carry a point of the cell around the origin into the sphere, (n, 3)."""
    half_cell = 0.5 * float(np.sum(np.linalg.norm(lattice.matrix, axis=1)))
    reach = np.floor(maximum * np.sqrt(np.diag(lattice.reciprocal_metric_tensor)) + 0.5).astype(int)
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    vectors = lattice.cartesian_from_fractional(steps)
    return np.asarray(vectors[np.einsum("ij,ij->i", vectors, vectors) <= (maximum + half_cell) ** 2])
