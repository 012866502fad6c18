r"""Preferred orientation by symmetrised spherical harmonics, for samples with axial symmetry about the scattering vector.

:math:`P(h) = 1 + \sum_{l,n} c_{ln}\,k_{ln}(h)` with real spherical harmonics of even order l that the Laue class leaves unchanged,
orthonormal over the sphere times √4π, so that the mean of :math:`k_{ln}^2` over all directions is 1 and that of P is 1.
Source: H.-J. Bunge, Texture Analysis in Materials Science (1982), chapter 14; R. B. Von Dreele, J. Appl. Cryst. 30 (1997) 517.

The Cartesian frame follows from the operations alone: z is the main axis of rotation, x lies along the projection of a
(of b where a is the main axis). Where the cell leaves the frame a choice, it moves with the cell as little as it can: as the symmetric
square root of the strain against a reference cell of the same symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..lattice import Lattice
from ..symmetry import SpaceGroup
from .solid_harmonics import Polynomial, as_table, component_powers, invariant_mixtures, mix, solid_harmonics

__all__ = ["HarmonicBasis", "harmonic_basis", "harmonic_terms"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_HIGHEST = 20
_AXIS_ORDER = {3: 1, -1: 2, 0: 3, 1: 4, 2: 6}
"""Order of a proper rotation by its trace."""


def harmonic_terms(space_group: SpaceGroup, order: int) -> list[tuple[int, int]]:
    """Orders l and running numbers n (from 1) of the functions up to `order` that the Laue class allows, l = 0 left out.

    Raises
    ------
    InputError
        An order that is odd or not between 2 and 20.
    """
    return list(harmonic_basis(space_group, order).terms)


@lru_cache(maxsize=64)
def harmonic_basis(space_group: SpaceGroup, order: int) -> HarmonicBasis:
    """The functions k_ln up to `order` of a space group.

    Raises
    ------
    InputError
        An order that is odd or not between 2 and 20.
    """
    if order % 2 or not 2 <= order <= _HIGHEST:
        raise InputError(f"order {order} of spherical harmonics;", remedy=f"give an even number from 2 to {_HIGHEST}.")
    frame = _reference_frame(space_group)
    inverse = np.linalg.inv(frame)
    rotations: FloatArray = np.unique(np.round(frame @ space_group.laue_rotations @ inverse, 9), axis=0)
    terms: list[tuple[int, int]] = []
    rows: list[Polynomial] = []
    for l in range(2, order + 1, 2):
        for n, mixed in enumerate(invariant_mixtures(l, rotations), start=1):
            terms.append((l, n))
            rows.append(mix(mixed, solid_harmonics(l)))
    return HarmonicBasis(tuple(terms), frame, *as_table(rows))


@dataclass(frozen=True, eq=False)
class HarmonicBasis:
    """Symmetrised harmonics as polynomials in the components of a unit vector.

    Parameters
    ----------
    terms : tuple of (int, int)
        l and n of each function.
    frame : ndarray, shape (3, 3)
        Columns are the axes of the reference cell in the Cartesian frame.
    exponents : ndarray of int, shape (p, 3)
        Powers of x, y, z of each monomial.
    coefficients : ndarray, shape (k, p)
        Of each function.
    """

    terms: tuple[tuple[int, int], ...]
    frame: FloatArray
    exponents: IntArray
    coefficients: FloatArray

    def at_directions(self, directions: ArrayLike) -> FloatArray:
        """Functions at Cartesian unit vectors (n, 3), (k, n)."""
        powers = component_powers(np.asarray(directions, dtype=float), int(self.exponents.max(initial=0)))
        return np.asarray(self.coefficients @ self._monomials(powers).T)

    def at_reflections(self, hkl: ArrayLike, lattice: Lattice) -> FloatArray:
        """Functions along the normals of reflections (n, 3), (k, n)."""
        along = self._normals(hkl, lattice.metric_tensor)[0]
        return self.at_directions(along / np.linalg.norm(along, axis=1)[:, None])

    def slopes(self, hkl: ArrayLike, lattice: Lattice, metric_slope: FloatArray) -> FloatArray:
        """Derivatives of `at_reflections` along a change (3, 3) of the direct metric tensor, (k, n)."""
        along, axes, root = self._normals(hkl, lattice.metric_tensor)
        inverse = np.linalg.inv(self.frame)
        turned = _root_slope(root, inverse.T @ metric_slope @ inverse) @ self.frame
        moved = -(along @ turned) @ np.linalg.inv(axes)
        length = np.linalg.norm(along, axis=1)[:, None]
        unit = along / length
        moved = (moved - unit * (unit * moved).sum(axis=1, keepdims=True)) / length
        return np.asarray(sum(self._gradient(unit, axis) * moved[:, axis] for axis in range(3)))

    def _normals(self, hkl: ArrayLike, metric: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Reciprocal vectors (n, 3), the cell's axes as columns, and the square root of its strain."""
        inverse = np.linalg.inv(self.frame)
        root = _symmetric_root(inverse.T @ metric @ inverse)
        axes = root @ self.frame
        return np.asarray(hkl, dtype=float) @ np.linalg.inv(axes), axes, root

    def _monomials(self, powers: FloatArray) -> FloatArray:
        e = self.exponents
        return np.asarray(powers[0][:, e[:, 0]] * powers[1][:, e[:, 1]] * powers[2][:, e[:, 2]])

    def _gradient(self, unit: FloatArray, axis: int) -> FloatArray:
        """Derivative of the polynomials by one component, (k, n)."""
        powers = component_powers(unit, int(self.exponents.max(initial=0)))
        raised = np.arange(powers.shape[2])
        powers[axis] = np.where(raised > 0, raised * np.roll(powers[axis], 1, axis=1), 0.0)
        return np.asarray(self.coefficients @ self._monomials(powers).T)


def _symmetric_root(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)


def _root_slope(root: FloatArray, slope: FloatArray) -> FloatArray:
    """Change of a symmetric root T when T² changes by `slope`: the solution of T X + X T = slope."""
    values, vectors = np.linalg.eigh(root)
    inner = vectors.T @ slope @ vectors / (values[:, None] + values)
    return np.asarray(vectors @ inner @ vectors.T)


def _reference_frame(group: SpaceGroup) -> FloatArray:
    """Axes of a cell of the group's symmetry as columns, z along the main axis and x along the projection of a."""
    rotations = group.laue_rotations.astype(float)
    metric = np.einsum("nki,nkj->ij", rotations, rotations) / len(rotations)
    axes = np.linalg.cholesky(metric).T
    main = axes @ _main_axis(group)
    z = main / np.linalg.norm(main)
    flat = [axis - (axis @ z) * z for axis in axes.T[:2]]
    x = flat[0] if np.linalg.norm(flat[0]) > 1e-6 else flat[1]
    x = x / np.linalg.norm(x)
    return np.asarray(np.stack([x, np.cross(z, x), z]) @ axes)


def _main_axis(group: SpaceGroup) -> FloatArray:
    """Direction, in the cell's axes, of the rotation of highest order; of equal ones that nearest c; a cube's threefold doesn't count."""
    best, found = (1, 0.0), np.array([0.0, 0.0, 1.0])
    for rotation in group.laue_rotations:
        order = _AXIS_ORDER.get(round(np.trace(rotation)), 1) if np.linalg.det(rotation) > 0 else 1
        if order == 1 or (order == 3 and group.crystal_system == "cubic"):
            continue
        values, vectors = np.linalg.eig(rotation.astype(float))
        axis = vectors[:, int(np.argmin(np.abs(values - 1)))].real
        axis = axis / np.abs(axis).max()
        axis = axis if axis[np.flatnonzero(np.abs(axis) > 1e-6)[-1]] > 0 else -axis
        along_c = round(float(np.abs(axis[2]) - np.abs(axis[0]) - np.abs(axis[1])), 6)
        if (order, along_c) > best or best[0] == 1:
            best, found = (order, along_c), axis
    return found
