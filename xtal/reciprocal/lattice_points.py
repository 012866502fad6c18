"""Every reciprocal-lattice point of a crystal within a sphere, with |F|² and systematic absences: computed once for all views."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..structure import Structure
from ..symmetry import SpaceGroup
from .intensities import Probe, intensities_of_friedel_pairs

__all__ = ["LatticePoints", "calculate_lattice_points"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_MOST_POINTS = 1_000_000
_BLOCK = 4_000_000
_WHOLE_PHASE = 1e-3
_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class LatticePoints:
    """Reciprocal-lattice points by rising |g|, the origin left out.

    Parameters
    ----------
    name : str
        Name of the crystal.
    lattice : Lattice
        Its cell.
    g_max : float
        Radius of the sphere, Å⁻¹ (1/d, no 2π).
    hkl : ndarray of int, shape (n, 3)
        Miller indices.
    g : ndarray, shape (n, 3)
        Vectors in the crystal frame, Å⁻¹.
    g_length : ndarray, shape (n,)
        1/d, Å⁻¹.
    forbidden : ndarray of bool, shape (n,)
        Systematically absent by the space group.
    f_squared : ndarray, shape (n,), or None
        |F|² of each point; None without atoms.
    probe : Probe or None
        What |F|² belongs to.
    """

    name: str
    lattice: Lattice
    g_max: float
    hkl: IntArray
    g: FloatArray
    g_length: FloatArray
    forbidden: BoolArray
    f_squared: FloatArray | None
    probe: Probe | None

    def __post_init__(self) -> None:
        for array in (self.hkl, self.g, self.g_length, self.forbidden, self.f_squared):
            if array is not None:
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.hkl)


def calculate_lattice_points(
    crystal: Structure | Lattice, g_max: float, *, probe: Probe | None = None, lattice_only: bool = False
) -> LatticePoints:
    """Reciprocal-lattice points within a sphere; the last few results are kept.

    Parameters
    ----------
    crystal : Structure or Lattice
        A lattice has no atoms and no absences.
    g_max : float
        Radius, Å⁻¹.
    probe : Probe, optional
        X-rays (Cu Kα1) when none is given.
    lattice_only : bool
        Leave out |F|²; the absences of a structure's space group are still known.

    Raises
    ------
    GeometryError
        A radius that isn't positive, that holds fewer than two points, or more than a million.
    """
    if not np.isfinite(g_max) or g_max <= 0:
        raise GeometryError(f"gmax = {g_max:g} Å⁻¹;", remedy="give a positive radius, for example 1.2.")
    with_atoms = isinstance(crystal, Structure) and not lattice_only
    return _calculate(crystal, float(g_max), (probe or Probe.from_text("xray")) if with_atoms else None)


@lru_cache(maxsize=8)
def _calculate(crystal: Structure | Lattice, g_max: float, probe: Probe | None) -> LatticePoints:
    structure = crystal if isinstance(crystal, Structure) else None
    lattice = structure.lattice if structure else crystal
    assert isinstance(lattice, Lattice)
    name = structure.name if structure else "lattice"
    half = _half_sphere(lattice, g_max, name)
    absent = _absent(half, structure.space_group) if structure else np.zeros(len(half), dtype=bool)
    squared = _squared_of_both_halves(structure, half, absent, probe) if structure and probe else None
    hkl = np.concatenate([half, -half])
    forbidden = np.concatenate([absent, absent])
    length = lattice.g_length(hkl)
    order = np.lexsort((*(-hkl.T[::-1]), np.round(length, 9)))
    g = hkl @ lattice.reciprocal_matrix
    ordered = None if squared is None else squared[order]
    return LatticePoints(name, lattice, g_max, hkl[order], g[order], length[order], forbidden[order], ordered, probe)


def _half_sphere(lattice: Lattice, g_max: float, name: str) -> IntArray:
    """One of each pair h, −h with |g| ≤ g_max, the origin left out."""
    limits = np.floor(g_max * np.array(lattice.parameters[:3]) + _EDGE).astype(np.int64)
    expected = 4 / 3 * np.pi * g_max**3 * lattice.volume
    if expected > _MOST_POINTS:
        raise GeometryError(f"gmax = {g_max:g} Å⁻¹ holds about {expected:.2g} reciprocal-lattice points;", where=name,
                            remedy="lower it; more than a million points make no readable figure.")  # fmt: skip
    h, k, l = np.arange(limits[0] + 1), *(np.arange(-limit, limit + 1) for limit in limits[1:])
    m = lattice.reciprocal_metric_tensor
    hh, kk, ll = h[:, None, None], k[None, :, None], l[None, None, :]
    squared = m[0, 0] * hh**2 + 2 * m[0, 1] * hh * kk + m[1, 1] * kk**2
    squared = squared + (2 * (m[0, 2] * hh + m[1, 2] * kk) + m[2, 2] * ll) * ll
    leading = (hh > 0) | (kk > 0) | ((kk == 0) & (ll > 0))
    at = np.nonzero((squared <= (g_max * (1 + _EDGE)) ** 2) & leading)
    found = np.stack([h[at[0]], k[at[1]], l[at[2]]], axis=1)
    if not len(found):
        raise GeometryError(f"gmax = {g_max:g} Å⁻¹ is too small to hold two spots;", where=name,
                            remedy=f"the shortest reciprocal vector is {_shortest(lattice):.4g} Å⁻¹ long.")  # fmt: skip
    return found


def _shortest(lattice: Lattice) -> float:
    grid = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return float(lattice.g_length(grid[grid.any(axis=1)]).min())


def _absent(hkl: IntArray, group: SpaceGroup) -> BoolArray:
    """Systematic absences: h W = h with a phase h·w that isn't whole; indices are packed into one number each."""
    order = float(4 * np.abs(hkl).max() + 3)
    packing = np.array([order * order, order, 1.0])
    images = (group.rotations @ packing).T
    absent = np.zeros(len(hkl), dtype=bool)
    step = max(1, _BLOCK // len(group.operations))
    for start in range(0, len(hkl), step):
        indices = hkl[start : start + step].astype(float)
        rows, operations = np.nonzero(indices @ images == (indices @ packing)[:, None])
        phase = np.einsum("ni,ni->n", indices[rows], group.translations[operations])
        absent[start + rows[np.abs(phase - np.rint(phase)) > _WHOLE_PHASE]] = True
    return absent


def _squared_of_both_halves(structure: Structure, half: IntArray, absent: BoolArray, probe: Probe) -> FloatArray:
    plus, minus = np.zeros((2, len(half)))
    plus[~absent], minus[~absent] = intensities_of_friedel_pairs(structure, half[~absent], probe)
    return np.concatenate([plus, minus])
