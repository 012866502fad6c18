"""Surfaces: the planar lattice of any (hkl), with exact integer bases, and its symmetry.

A surface is the plane (hkl) of a crystal, seen from outside: its normal is the reciprocal vector of hkl. Its planar
lattice holds every lattice translation in the plane, centring included, as a right-handed Gauss–Lagrange reduced
basis; planar Cartesian coordinates have the first basis vector along x. Successive lattice planes are `d_spacing`
apart, which for centred lattices may be a fraction of the d-spacing of (hkl).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import gcd, lcm

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..structure import Structure
from .integer_lattice import bezout_basis, gauss_reduced, row_style_hermite

__all__ = ["PlanarSymmetry", "Surface", "format_direction", "format_plane", "low_index_planes", "miller_indices"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class PlanarSymmetry:
    """Point operations of a crystal that leave a plane where it is or turn it over.

    Parameters
    ----------
    matrices : ndarray of int, shape (n, 2, 2)
        Action on rows of planar coordinates: x' = x G.
    keeps_normal : ndarray of bool, shape (n,)
        False for an operation that turns the plane's normal round.
    proper : ndarray of bool, shape (n,)
        Whether the operation in space is a rotation (determinant +1).
    """

    matrices: IntArray
    keeps_normal: NDArray[np.bool_]
    proper: NDArray[np.bool_]


@dataclass(frozen=True)
class Surface:
    """A plane (hkl) of a crystal.

    Parameters
    ----------
    structure : Structure
        Crystal; its cell and space group decide about the planar lattice.
    hkl : tuple of int
        Miller indices in the setting of the structure; a common factor is divided out.

    Raises
    ------
    GeometryError
        (0, 0, 0), or indices that aren't integers.
    """

    structure: Structure
    hkl: tuple[int, int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "hkl", miller_indices(self.hkl))

    @cached_property
    def denominator(self) -> int:
        """Common denominator of the lattice's translations, 1 for a primitive cell, 2 for I and F, 3 for R."""
        return lcm(*(fraction[1] for row in _centring_translations(self.structure) for fraction in row), 1)

    @cached_property
    def _lattice_rows(self) -> list[list[int]]:
        """Basis of all lattice translations in units of 1/denominator of the cell vectors."""
        unit = self.denominator
        rows = [[unit * (i == j) for j in range(3)] for i in range(3)]
        rows += [[n * unit // d for n, d in row] for row in _centring_translations(self.structure)]
        return row_style_hermite(rows)

    @cached_property
    def oriented_basis(self) -> IntArray:
        """In-plane vectors a, b and a stacking vector c as rows, (3, 3), integers in units of 1/`denominator`.

        a and b span the planar lattice, c leads from one lattice plane to the next, outwards, as near to the normal
        as the lattice allows; together they span the whole lattice.
        """
        rows = np.array(self._lattice_rows, dtype=np.int64)
        scaled = [int(value) for value in rows @ np.array(self.hkl)]
        common = gcd(*scaled)
        raw = bezout_basis([value // common for value in scaled]) @ rows
        in_plane = self._nicest_planar_basis(raw[:2])
        return np.array([*in_plane, self._nearest_to_normal(raw[2], in_plane)], dtype=np.int64)

    def _metric(self) -> FloatArray:
        return self.structure.lattice.metric_tensor / self.denominator**2

    def _nicest_planar_basis(self, rows: IntArray) -> IntArray:
        """Shortest right-handed basis; among equally short ones the obtuse one with the largest leading indices."""
        metric, normal = self._metric(), np.array(self.hkl)
        a0, b0 = gauss_reduced(rows[None], metric)[0]
        vectors = np.array([i * a0 + j * b0 for i, j in product((1, 0, -1), repeat=2) if (i, j) != (0, 0)])
        squared = np.einsum("ni,ij,nj->n", vectors, metric, vectors)
        shortest = vectors[squared < squared.min() * (1 + _TIE)]
        a = max(shortest, key=lambda v: tuple(v.tolist()))
        handed = np.cross(a, vectors) @ normal
        partners, lengths = vectors[handed > 0], squared[handed > 0]
        near = partners[lengths < lengths.min() * (1 + _TIE)]
        return np.array([a, max(near, key=lambda v: (-round(float(a @ metric @ v), 9), tuple(v.tolist())))])

    def _nearest_to_normal(self, stacking: IntArray, in_plane: IntArray) -> IntArray:
        metric = self._metric()
        planar = in_plane @ metric @ in_plane.T
        shift = np.rint(np.linalg.solve(planar, in_plane @ metric @ stacking)).astype(np.int64)
        nearby = [stacking - np.add(shift, (i, j)) @ in_plane for i, j in product((0, 1, -1), repeat=2)]
        return min(nearby, key=lambda v: round(float(v @ metric @ v), 9))

    @cached_property
    def basis_uvw(self) -> FloatArray:
        """The two in-plane basis vectors as directions [uvw] of the cell, (2, 3); halves or thirds where centred."""
        return np.asarray(self.oriented_basis[:2] / self.denominator)

    @cached_property
    def plane_hkl(self) -> tuple[int, int, int]:
        """Reciprocal-lattice vector whose planes are the lattice planes: (2, 0, 0) for (100) of an F lattice."""
        stacking = self.oriented_basis[2] @ np.array(self.hkl)
        h, k, l = (int(index) * self.denominator // int(stacking) for index in self.hkl)
        return h, k, l

    @property
    def d_spacing(self) -> float:
        """Distance between successive lattice planes, Å."""
        return float(self.structure.lattice.d_spacing(self.plane_hkl))

    @cached_property
    def cartesian_axes(self) -> FloatArray:
        """Unit vectors x (along the first basis vector), y, z (outward normal) in the crystal's Cartesian frame, rows."""
        a = self.basis_uvw[0] @ self.structure.lattice.matrix
        z = np.array(self.hkl) @ self.structure.lattice.reciprocal_matrix
        x, z = a / np.linalg.norm(a), z / np.linalg.norm(z)
        return np.array([x, np.cross(z, x), z])

    @cached_property
    def oriented_vectors(self) -> FloatArray:
        """a, b and the stacking vector as rows in the surface's frame (x along a, z outward), (3, 3), Å."""
        vectors = self.oriented_basis / self.denominator @ self.structure.lattice.matrix @ self.cartesian_axes.T
        vectors[0, 1:], vectors[1, 2] = 0.0, 0.0
        return np.asarray(vectors)

    @cached_property
    def planar_basis(self) -> FloatArray:
        """a and b as rows in the plane, (2, 2), Å."""
        return self.oriented_vectors[:2, :2]

    @property
    def area(self) -> float:
        """Area of the planar primitive cell, Å²."""
        return float(np.linalg.det(self.planar_basis))

    @property
    def gamma(self) -> float:
        """Angle between the planar basis vectors, degrees."""
        a, b = self.planar_basis
        return float(np.degrees(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b)))

    @cached_property
    def symmetry(self) -> PlanarSymmetry:
        """Operations of the point group that leave the plane or turn it over."""
        basis = self.oriented_basis.T.astype(float)
        rotations = self.structure.space_group.point_group_rotations
        turned = np.rint(np.linalg.inv(basis) @ rotations @ basis).astype(np.int64)
        stays = ~np.any(turned[:, 2, :2], axis=1)
        kept = turned[stays]
        proper = np.rint(np.linalg.det(kept)) > 0
        return PlanarSymmetry(kept[:, :2, :2].transpose(0, 2, 1), kept[:, 2, 2] > 0, proper)

    @property
    def atoms_per_cell(self) -> float:
        """Atoms (occupancies counted) in the planar primitive cell and one lattice-plane spacing."""
        contents = sum(self.structure.cell_contents.values())
        return contents * self.area * self.d_spacing / self.structure.lattice.volume

    def planar_coordinates(self, uvw: Sequence[float]) -> FloatArray:
        """Coordinates of a direction [uvw] in the planar basis, (2,).

        Raises
        ------
        GeometryError
            The direction is zero or doesn't lie in the plane.
        """
        direction = np.asarray(uvw, dtype=float)
        scale = float(np.abs(direction).sum())
        if direction.shape != (3,) or not np.isfinite(scale) or scale == 0:
            raise GeometryError(f"{list(uvw)} is not a direction;", remedy="give three numbers u, v, w, not all 0.")
        out = float(direction @ np.array(self.hkl))
        if abs(out) > 1e-6 * scale:
            raise GeometryError(
                f"[{format_direction(uvw)}] does not lie in {self}: hu + kv + lw = {out:g}, not 0;",
                remedy=f"directions in it are combinations of {self.directions_text()}.",
            )
        coordinates = np.linalg.solve(self.oriented_basis.T.astype(float), direction * self.denominator)
        return np.asarray(coordinates[:2])

    def directions_text(self) -> str:
        """The two basis vectors as text, ``[0 1 0] and [0 0 1]``."""
        return " and ".join(f"[{format_direction(uvw)}]" for uvw in self.basis_uvw)

    def __str__(self) -> str:
        return f"{self.structure.name}{format_plane(self.hkl)}"


def _centring_translations(structure: Structure) -> list[list[tuple[int, int]]]:
    """Translations of operations without a rotation, each coordinate as (numerator, denominator)."""
    group = structure.space_group
    pure = np.all(group.rotations == np.eye(3, dtype=int), axis=(1, 2))
    in_24ths = np.rint(group.translations[pure] * 24).astype(int)
    return [[(int(n) // gcd(int(n), 24), 24 // gcd(int(n), 24)) for n in row] for row in in_24ths]


def miller_indices(indices: Sequence[float]) -> tuple[int, int, int]:
    """Coprime (hkl) from three indices, or four with h + k + i = 0.

    Raises
    ------
    GeometryError
        All zero, not integers, not three or four, or hkil with h + k + i ≠ 0.
    """
    text = ",".join(f"{value:g}" for value in indices)
    if len(indices) not in (3, 4) or any(value != int(value) for value in indices):
        raise GeometryError(f"({text}) is not a plane;", remedy="give three integers h,k,l, or four h,k,i,l.")
    values = [int(value) for value in indices]
    if len(values) == 4:
        if values[0] + values[1] + values[2]:
            raise GeometryError(f"({text}): h + k + i = {sum(values[:3])};", remedy="it must be 0.")
        del values[2]
    if not any(values):
        raise GeometryError("(0,0,0) is not a plane;", remedy="at least one index must differ from 0.")
    common = gcd(*values)
    return values[0] // common, values[1] // common, values[2] // common


def low_index_planes(structure: Structure, max_index: int = 1) -> tuple[Surface, ...]:
    """Planes with indices up to `max_index`, one of each set that the Laue class makes equivalent.

    Parameters
    ----------
    structure : Structure
        Crystal.
    max_index : int
        Largest |h|, |k|, |l|, at least 1.

    Returns
    -------
    tuple of Surface
        By largest index, then by falling d-spacing.
    """
    if max_index < 1:
        raise GeometryError(f"a largest index of {max_index} leaves no plane;", remedy="give 1 or more.")
    span = range(-max_index, max_index + 1)
    planes = [hkl for hkl in product(span, repeat=3) if gcd(*hkl) == 1]
    rotations = structure.space_group.laue_rotations
    images = np.einsum("pi,nij->pnj", np.array(planes), rotations)
    chosen = {max(map(tuple, image.tolist()), key=_niceness) for image in images}
    surfaces = [Surface(structure, hkl) for hkl in chosen]
    spacing = {surface: float(structure.lattice.d_spacing(surface.hkl)) for surface in surfaces}
    return tuple(
        sorted(surfaces, key=lambda s: (max(map(abs, s.hkl)), -round(spacing[s], 9), tuple(-i for i in s.hkl)))
    )


def _niceness(hkl: tuple[int, int, int]) -> tuple[int, tuple[int, int, int]]:
    return -sum(index < 0 for index in hkl), hkl


def format_plane(hkl: Sequence[int]) -> str:
    """``(1 0 0)``-like text without blanks where no index is negative or above 9: ``(100)``, ``(1 -1 0)``."""
    close = all(0 <= index <= 9 for index in hkl)
    return f"({('' if close else ' ').join(str(index) for index in hkl)})"


def format_direction(uvw: ArrayLike) -> str:
    """``1 0 0``, with fractions for halves and thirds: ``1/2 1/2 0``."""
    from fractions import Fraction

    return " ".join(str(Fraction(float(value)).limit_denominator(24)) for value in np.asarray(uvw))
