r"""The direction from which reciprocal space is seen: a plane that lies in the paper, a zone axis, or a rotation.

Crystal frame (that of the whole toolkit): :math:`a` along :math:`e_1`, :math:`c^*` along :math:`e_3`, right-handed.
Paper frame: x to the right, y up, z towards the viewer. An orientation is the (3, 3) matrix whose rows are the paper's
right, up and viewer directions in the crystal frame, so that :math:`g_{paper} = O\,g_{crystal}`.
A plane (hkl) is seen along its normal :math:`g_{hkl}`, which points at the viewer; a zone axis [uvw] points at the viewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from .angles import angle_of_vectors
from .indices import Indices, coprime, direction_indices, plane_indices, written

__all__ = ["FRAME", "View", "nearest_zone_axis", "rotation_matrix"]

FloatArray = NDArray[np.float64]

FRAME = "Frame: a ∥ e₁, c* ∥ e₃, right-handed"
"""The Cartesian frame in the words that figures carry."""

ZONE_TOLERANCE = 0.5
"""Degrees by which a plane's normal may miss a zone axis whose layers are then shown."""

LARGEST_ZONE_INDEX = 12
_ALONG = 1e-6
_LARGEST_SEARCHED = 12


@dataclass(frozen=True)
class View:
    """A direction of view. Exactly one of `plane`, `zone`, `rotation` is given; the class methods do it.

    Parameters
    ----------
    plane : tuple of int, optional
        Plane (hkl) or (hkil) that lies in the paper.
    zone : tuple of int, optional
        Direction [uvw] or [UVTW] that points at the viewer.
    rotation : tuple of tuple of float, optional
        Orientation matrix, rows right, up, viewer in the crystal frame.
    right : tuple of int, optional
        Direction [uvw] or [UVTW] whose projection points to the right. By default the shortest direction in the plane,
        or the shortest reciprocal vector of the zone.
    angle : float
        Turns the picture counterclockwise, degrees.

    Raises
    ------
    GeometryError
        None or several of plane, zone and rotation, or indices or a matrix without meaning.
    """

    plane: tuple[int, ...] | None = None
    zone: tuple[int, ...] | None = None
    rotation: tuple[tuple[float, float, float], ...] | None = None
    right: tuple[int, ...] | None = None
    angle: float = 0.0

    def __post_init__(self) -> None:
        given = [name for name in ("plane", "zone", "rotation") if getattr(self, name) is not None]
        if len(given) != 1:
            raise GeometryError(f"a view needs one of plane, zone and rotation and has {len(given)};",
                                remedy="use View.along_plane, View.along_zone or View.from_rotation.")  # fmt: skip
        if self.plane is not None:
            plane_indices(self.plane)
        if self.zone is not None:
            direction_indices(self.zone)
        if self.right is not None:
            direction_indices(self.right)
        if not np.isfinite(self.angle):
            raise GeometryError(f"angle {self.angle} is not a number;", remedy="give degrees.")

    @classmethod
    def along_plane(cls, *hkl: int, right: Sequence[int] | None = None, angle: float = 0.0) -> View:
        """View along the normal of a plane: ``View.along_plane(1, 0, 0)``; four indices for a hexagonal cell."""
        return cls(plane=hkl, right=None if right is None else tuple(right), angle=angle)

    @classmethod
    def along_zone(cls, *uvw: int, right: Sequence[int] | None = None, angle: float = 0.0) -> View:
        """View along a zone axis: ``View.along_zone(0, 0, 1)``; four indices for a hexagonal cell."""
        return cls(zone=uvw, right=None if right is None else tuple(right), angle=angle)

    @classmethod
    def from_rotation(cls, matrix: ArrayLike, *, angle: float = 0.0) -> View:
        """View given by an orientation matrix, rows right, up, viewer in the crystal frame.

        Raises
        ------
        GeometryError
            The matrix isn't a proper rotation.
        """
        rows = np.asarray(matrix, dtype=float)
        if rows.shape != (3, 3) or not np.allclose(rows @ rows.T, np.eye(3), atol=1e-6) or np.linalg.det(rows) < 0:
            raise GeometryError("the matrix is not a proper rotation;",
                                remedy="its rows must be orthogonal unit vectors with determinant +1.")  # fmt: skip
        return cls(rotation=tuple((float(x), float(y), float(z)) for x, y, z in rows), angle=angle)

    def turned(self, angle: float) -> View:
        """The same view turned counterclockwise by further degrees."""
        return replace(self, angle=self.angle + angle)

    @property
    def label(self) -> str:
        """``"(100)"`` for a plane, ``"[001]"`` for a zone axis, ``"rotation"`` for a matrix."""
        if self.plane is not None:
            return f"({written(self.plane)})"
        return f"[{written(self.zone)}]" if self.zone is not None else "rotation"

    def orientation(self, lattice: Lattice) -> FloatArray:
        """Rows right, up, viewer in the crystal frame, (3, 3).

        Raises
        ------
        GeometryError
            Four indices for a cell that isn't hexagonal, or `right` along the direction of view.
        """
        return rotation_matrix(self.angle) @ self._upright(lattice)

    def _upright(self, lattice: Lattice) -> FloatArray:
        if self.rotation is not None:
            return np.array(self.rotation)
        normal = self.normal(lattice)
        return _frame_from(normal, self._right_vector(lattice), self)

    def normal(self, lattice: Lattice) -> FloatArray:
        """Unit vector from the crystal to the viewer in the crystal frame, (3,)."""
        if self.rotation is not None:
            return np.array(self.rotation[2])
        if self.plane is not None:
            vector = np.array(plane_indices(self.plane, lattice)) @ lattice.reciprocal_matrix
        else:
            vector = np.array(direction_indices(self.zone or (), lattice)) @ lattice.matrix
        return np.asarray(vector / np.linalg.norm(vector))

    def _right_vector(self, lattice: Lattice) -> FloatArray:
        if self.right is not None:
            return np.asarray(np.array(direction_indices(self.right, lattice)) @ lattice.matrix)
        if self.plane is not None:
            in_plane = _shortest_across(plane_indices(self.plane, lattice), lattice.metric_tensor.tobytes())
            return np.asarray(np.array(in_plane) @ lattice.matrix)
        of_zone = _shortest_across(
            direction_indices(self.zone or (), lattice), lattice.reciprocal_metric_tensor.tobytes()
        )
        return np.asarray(np.array(of_zone) @ lattice.reciprocal_matrix)

    def zone_axis(self, lattice: Lattice) -> tuple[Indices, float] | None:
        """Zone axis [uvw] of the view, coprime, and its angle to the direction of view in degrees.

        For a plane or a rotation the simplest axis within `ZONE_TOLERANCE`, or None where no axis is that near.
        """
        if self.zone is not None:
            return coprime(direction_indices(self.zone, lattice)), 0.0
        return nearest_zone_axis(lattice, self.normal(lattice))


def rotation_matrix(angle: float) -> FloatArray:
    """Counterclockwise turn of the paper by `angle` degrees, (3, 3)."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _frame_from(normal: FloatArray, right: FloatArray, view: View) -> FloatArray:
    in_paper = right - (right @ normal) * normal
    length = np.linalg.norm(in_paper)
    if length < _ALONG * np.linalg.norm(right):
        raise GeometryError(f"direction [{written(view.right or ())}] is parallel to the direction of view {view.label};",
                            where="right", remedy="choose one that isn't, best one in the plane.")  # fmt: skip
    x = in_paper / length
    return np.array([x, np.cross(normal, x), normal])


@lru_cache(maxsize=4096)
def _shortest_across(indices: Indices, metric_bytes: bytes) -> Indices:
    """Shortest vector of the dual lattice whose product with `indices` is zero; of equal ones the simplest, in [100], [010] order."""
    metric = np.frombuffer(metric_bytes).reshape(3, 3)
    limit = min(max(3, *map(abs, indices)), _LARGEST_SEARCHED)
    grid = _index_grid(limit)
    across = grid[(grid @ np.array(indices) == 0) & grid.any(axis=1)]
    if not len(across):
        across = _generators_across(indices)
    lengths = np.round(np.sqrt(np.einsum("ni,ij,nj->n", across, metric, across)), 6)
    best = across[lengths == lengths.min()].tolist()
    first, second, third = max(best, key=lambda v: (-sum(map(abs, v)), sum(value >= 0 for value in v), v))
    return first, second, third


def _generators_across(indices: Indices) -> NDArray[np.int64]:
    h, k, l = indices
    return np.array([vector for vector in ((k, -h, 0), (l, 0, -h), (0, l, -k)) if any(vector)])


@lru_cache(maxsize=16)
def _index_grid(limit: int) -> NDArray[np.int64]:
    return np.array(list(product(range(-limit, limit + 1), repeat=3)))


def nearest_zone_axis(
    lattice: Lattice, vector: ArrayLike, *, tolerance: float = ZONE_TOLERANCE
) -> tuple[Indices, float] | None:
    """Simplest zone axis near a Cartesian vector.

    Parameters
    ----------
    lattice : Lattice
        Cell.
    vector : array_like, shape (3,)
        In the crystal frame.
    tolerance : float
        Largest angle, degrees.

    Returns
    -------
    tuple or None
        [uvw] with the smallest indices up to 12 and its angle to the vector in degrees; None where no axis is that near.
    """
    target = np.asarray(vector, dtype=float)
    fractional = lattice.fractional_from_cartesian(target)
    scaled = fractional / np.abs(fractional).max()
    for largest in range(1, LARGEST_ZONE_INDEX + 1):
        candidate = np.rint(scaled * largest).astype(int)
        angle = angle_of_vectors(candidate @ lattice.matrix, target)
        if angle <= tolerance:
            return coprime(candidate.tolist()), angle
    return None
