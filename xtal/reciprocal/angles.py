r"""Angles between plane normals, between directions, and between a normal and a direction, in any crystal system.

Between normals :math:`\cos\varphi = h^T G^* h' / (|h||h'|)`, between directions :math:`\cos\varphi = u^T G u' / (|u||u'|)`,
between a normal and a direction :math:`\cos\varphi = h \cdot u\,/\,(|g_h||u|)`
(International Tables for Crystallography, vol. D, section 1.1.2). Degrees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..lattice import Lattice
from .indices import direction_indices, plane_indices

__all__ = [
    "angle_between_directions",
    "angle_between_normal_and_direction",
    "angle_between_normals",
    "angle_of_vectors",
]


def angle_of_vectors(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Angle between two Cartesian vectors, degrees; exact to rounding at 0° and 180° too."""
    a, b = first / np.linalg.norm(first), second / np.linalg.norm(second)
    # W. Kahan's form: the arc cosine loses half the digits near 0° and 180°.
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b))))


def angle_between_normals(lattice: Lattice, first: Sequence[int], second: Sequence[int]) -> float:
    """Angle between the normals of two planes (hkl or hkil), degrees.

    Raises
    ------
    GeometryError
        Indices that name no plane.
    """
    vectors = np.array([plane_indices(plane, lattice) for plane in (first, second)]) @ lattice.reciprocal_matrix
    return angle_of_vectors(vectors[0], vectors[1])


def angle_between_directions(lattice: Lattice, first: Sequence[int], second: Sequence[int]) -> float:
    """Angle between two directions (uvw or UVTW), degrees.

    Raises
    ------
    GeometryError
        Indices that name no direction.
    """
    vectors = np.array([direction_indices(direction, lattice) for direction in (first, second)]) @ lattice.matrix
    return angle_of_vectors(vectors[0], vectors[1])


def angle_between_normal_and_direction(lattice: Lattice, plane: Sequence[int], direction: Sequence[int]) -> float:
    """Angle between the normal of a plane (hkl or hkil) and a direction (uvw or UVTW), degrees; 90° when it lies in the plane.

    Raises
    ------
    GeometryError
        Indices that name no plane or direction.
    """
    normal = np.array(plane_indices(plane, lattice)) @ lattice.reciprocal_matrix
    return angle_of_vectors(normal, np.array(direction_indices(direction, lattice)) @ lattice.matrix)
