"""Atoms of a slab: whole lattice-plane spacings of a crystal over a cell of its planar lattice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..structure import Structure
from .integer_lattice import hermite_normal_form
from .match import IntMatrix
from .surface import Surface

__all__ = ["Slab", "layers_for_thickness"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SAME_POINT = 1e-3


@dataclass(frozen=True)
class Slab:
    """A slab of a crystal.

    Parameters
    ----------
    surface : Surface
        Its plane.
    matrix : tuple of tuple of int
        Rows of its cell in the planar basis.
    layers : int
        Lattice-plane spacings from face to face.
    shift : float
        Height of the lower cut (see `termination`), in lattice-plane spacings.
    """

    surface: Surface
    matrix: IntMatrix
    layers: int
    shift: float

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise GeometryError(f"a slab of {self.layers} layers;", remedy="give 1 or more.")

    @property
    def thickness(self) -> float:
        """Height from cut to cut, Å."""
        return self.layers * self.surface.d_spacing

    @cached_property
    def atoms(self) -> tuple[IntArray, FloatArray]:
        """Numbers of the positions (see `positions_of`) and Cartesian coordinates in the surface's frame, Å.

        The lower cut is at z = 0; in the plane the atoms are not moved into one cell.
        """
        group, repeat_unit = self._repeat_unit()
        vectors = self.surface.oriented_vectors
        form = hermite_normal_form(np.array([self.matrix]))[0][0]
        planar = np.array([(i, j, 0) for i in range(form[0, 0]) for j in range(form[1, 1])])
        cells = np.concatenate([planar + np.array([0, 0, k]) for k in range(self.layers)])
        positions = (cells[:, None] + repeat_unit[None]) @ vectors
        positions[..., 2] -= self.shift * self.surface.d_spacing
        return np.tile(group, len(cells)), positions.reshape(-1, 3)

    def _repeat_unit(self) -> tuple[IntArray, FloatArray]:
        """Position numbers and coordinates, in the oriented primitive basis, of one planar cell between two cuts."""
        structure, basis = self.surface.structure, self.surface.oriented_basis / self.surface.denominator
        groups, coordinates = [], []
        for number, sites in enumerate(structure.shared_positions()):
            inside = structure.space_group.orbit(sites[0].xyz) @ np.linalg.inv(basis)
            distinct = _distinct(inside)
            groups.append(np.full(len(distinct), number))
            coordinates.append(distinct)
        points = np.concatenate(coordinates)
        points[:, 2] -= np.floor(points[:, 2] - self.shift + 1e-9)
        return np.concatenate(groups), points


def _distinct(points: FloatArray) -> FloatArray:
    """Points that no lattice translation makes equal to an earlier one."""
    difference = points[:, None] - points[None]
    same = np.all(np.abs(difference - np.rint(difference)) < _SAME_POINT, axis=2)
    return np.asarray(points[np.argmax(same, axis=1) == np.arange(len(points))])


def layers_for_thickness(surface: Surface, thickness: float) -> int:
    """Smallest number of lattice-plane spacings that is at least `thickness` (Å) high."""
    if not np.isfinite(thickness) or thickness <= 0:
        raise GeometryError(f"a thickness of {thickness:g} Å;", remedy="give a positive number.")
    return max(1, ceil(thickness / surface.d_spacing - 1e-9))


def positions_of(structure: Structure) -> list[dict[str, float]]:
    """Content of each position of the asymmetric unit: element → occupancy."""
    contents = []
    for sites in structure.shared_positions():
        amounts: dict[str, float] = {}
        for site in sites:
            amounts[site.element] = amounts.get(site.element, 0.0) + site.occupancy
        contents.append(amounts)
    return contents
