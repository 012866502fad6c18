r"""Two or more crystals on one paper: orientation relation, coincident spots, what their pairs say about the mismatch.

Orientation relation: the planes of both views lie in the paper (plane ∥ plane), and a direction of each crystal points the same way
(direction ∥ direction). Spots of two crystals are paired when each is the other's nearest and the distance on the paper is within
`tolerance` times the first spot's distance from the origin. The mismatch of a pair is :math:`|g_2|/|g_1| - 1 = (d_1 - d_2)/d_2`,
the convention (a_film − a_substrate)/a_substrate with the first crystal as the film; lengths are those on the paper.

All pairs together give the linear map :math:`g_2 = M g_1` by least squares; its singular values minus 1 are the principal mismatches
(film against substrate, as above) and the rotation of its polar decomposition is what turns the first net onto the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..structure import Structure
from .angles import angle_of_vectors
from .indices import direction_indices, parse_indices, written
from .intensities import Probe
from .lattice_points import calculate_lattice_points
from .spots import Projection, project_points
from .view import View

__all__ = [
    "Alignment",
    "Mismatch",
    "Overlay",
    "Pairs",
    "aligned_view",
    "overlap_score",
    "overlay",
    "pair_spots",
    "parse_alignment",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 0.03
"""Default limit of a pair's distance as a fraction of |g|."""

_IN_PLANE = 0.01

Alignment = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Mismatch:
    """What all pairs of two crystals say together.

    Parameters
    ----------
    principal : tuple of float
        Principal mismatches (film − substrate)/substrate, the larger first; the first crystal is the film.
    rotation : float
        Angle by which the first crystal's net is turned onto the second's, degrees counterclockwise.
    residual : float
        Root mean square distance that the linear map leaves, Å⁻¹; zero when every pair follows the same map.
    """

    principal: tuple[float, float]
    rotation: float
    residual: float

    @property
    def mean(self) -> float:
        """Mean of the principal mismatches."""
        return sum(self.principal) / 2


@dataclass(frozen=True, eq=False)
class Pairs:
    """Coincident spots of two projections.

    Parameters
    ----------
    first, second : Projection
        The two crystals.
    tolerance : float
        Largest distance as a fraction of the first spot's distance from the origin.
    rows_1, rows_2 : ndarray of int, shape (n,)
        Rows of the paired spots.
    distance : ndarray, shape (n,)
        On the paper, Å⁻¹.
    """

    first: Projection
    second: Projection
    tolerance: float
    rows_1: IntArray
    rows_2: IntArray
    distance: FloatArray

    def __len__(self) -> int:
        return len(self.rows_1)

    @property
    def hkl_1(self) -> IntArray:
        """Indices of the first crystal's spots, (n, 3)."""
        return self.first.hkl[self.rows_1]

    @property
    def hkl_2(self) -> IntArray:
        """Indices of the second crystal's spots, (n, 3)."""
        return self.second.hkl[self.rows_2]

    @property
    def mismatch(self) -> FloatArray:
        """|g₂|/|g₁| − 1 of each pair on the paper, (n,); positive where the first crystal's spacing is the larger."""
        return np.asarray(self.second.radius[self.rows_2] / self.first.radius[self.rows_1] - 1)

    @property
    def rotation(self) -> FloatArray:
        """Angle from the first to the second spot of each pair, degrees counterclockwise, (n,)."""
        one, two = self.first.xy[self.rows_1], self.second.xy[self.rows_2]
        cross = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
        return np.asarray(np.degrees(np.arctan2(cross, np.einsum("ni,ni->n", one, two))))

    @property
    def score(self) -> float:
        """Overlap score between 0 and 1, see `overlap_score`."""
        one, two = self.first.xy[self.first.in_paper], self.second.xy[self.second.in_paper]
        return overlap_score(one, two, self.tolerance)

    @cached_property
    def combined(self) -> Mismatch | None:
        """Linear map through all pairs; None when the pairs lie on one line through the origin, or there are none."""
        one, two = self.first.xy[self.rows_1], self.second.xy[self.rows_2]
        if len(self) < 2 or np.linalg.matrix_rank(one, tol=1e-6) < 2:
            return None
        map_transposed, *_ = np.linalg.lstsq(one, two, rcond=None)
        u, stretches, vt = np.linalg.svd(map_transposed.T)
        turn = u @ vt
        residual = float(np.sqrt(np.mean(np.sum((one @ map_transposed - two) ** 2, axis=1))))
        angle = float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))
        return Mismatch((float(stretches[0] - 1), float(stretches[1] - 1)), angle, residual)


@dataclass(frozen=True, eq=False)
class Overlay:
    """Projections of two or more crystals on one paper, every further crystal paired with the first.

    Parameters
    ----------
    projections : tuple of Projection
        All on the same paper.
    pairs : tuple of Pairs
        One per further crystal.
    alignments : tuple of Alignment or None
        Direction ∥ direction of each further crystal; None where the views' own right-hand directions were kept.
    rotations : tuple of float
        By how much each further crystal was then turned, degrees counterclockwise.
    """

    projections: tuple[Projection, ...]
    pairs: tuple[Pairs, ...]
    alignments: tuple[Alignment | None, ...]
    rotations: tuple[float, ...]

    @property
    def relation(self) -> str:
        """Orientation relations in words: ``"(100) ∥ (001), [010] ∥ [100]"``, one per further crystal."""
        first = self.projections[0]
        return "; ".join(
            f"{first.view.label} ∥ {other.view.label}"
            + (f", [{written(alignment[0])}] ∥ [{written(alignment[1])}]" if alignment else "")
            for other, alignment in zip(self.projections[1:], self.alignments, strict=True)
        )

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import plot_projections, svg_text

        return svg_text(plot_projections([self]))


def parse_alignment(text: str) -> Alignment:
    """Two directions from text: ``"0,1,0//1,0,0"`` or ``"[010] || [100]"``.

    Raises
    ------
    GeometryError
        Not two directions.
    """
    halves = text.replace("∥", "//").replace("||", "//").split("//")
    if len(halves) != 2:
        raise GeometryError(f"{text!r} is not a pair of directions;", where="align", remedy="write 0,1,0//1,0,0.")
    return parse_indices(halves[0]), parse_indices(halves[1])


def overlay(
    crystals: Sequence[Structure | Lattice],
    views: Sequence[View],
    *,
    align: Sequence[Alignment | None] | None = None,
    rotation: float | Sequence[float] = 0.0,
    tolerance: float = TOLERANCE,
    g_max: float = 1.2,
    layer: int = 0,
    slab: tuple[float, float] | None = None,
    probe: Probe | None = None,
    show_forbidden: bool = False,
    lattice_only: bool = False,
) -> Overlay:
    """Overlay of crystals: the first keeps its view, the others are aligned with it and turned.

    Parameters
    ----------
    crystals : sequence of Structure or Lattice
        Two or more; the first is the film in the sign of every mismatch.
    views : sequence of View
        One per crystal.
    align : sequence, optional
        For each further crystal a pair (direction of the first crystal, direction of this one) that are made parallel, or None
        to lay the right-hand directions of both views on each other.
    rotation : float or sequence of float
        Turns each further crystal counterclockwise from there, degrees.
    tolerance : float
        See `pair_spots`.
    g_max, layer, slab, probe, show_forbidden, lattice_only
        See `xtal.reciprocal.project`.

    Raises
    ------
    GeometryError
        Fewer than two crystals, a number of views, alignments or angles that doesn't fit, directions that aren't in the planes.
    """
    others = len(crystals) - 1
    relations = tuple(align) if align is not None else (None,) * others
    angles = (float(rotation),) * others if isinstance(rotation, (int, float)) else tuple(rotation)
    if others < 1 or not len(views) == others + 1 == len(relations) + 1 == len(angles) + 1:
        raise GeometryError(f"{len(crystals)} crystals, {len(views)} views, {len(relations)} alignments, {len(angles)} angles;",
                            where="overlay", remedy="give two or more crystals, a view for each, an alignment and angle for each but the first.")  # fmt: skip
    points = [calculate_lattice_points(crystal, g_max, probe=probe, lattice_only=lattice_only) for crystal in crystals]
    turned = [views[0]] + [
        aligned_view(points[0].lattice, views[0], point.lattice, view, relation).turned(angle)
        for point, view, relation, angle in zip(points[1:], views[1:], relations, angles, strict=True)
    ]
    drawn = tuple(
        project_points(point, view, layer=layer, slab=slab, show_forbidden=show_forbidden)
        for point, view in zip(points, turned, strict=True)
    )
    return Overlay(drawn, tuple(pair_spots(drawn[0], other, tolerance) for other in drawn[1:]), relations, angles)


def aligned_view(first: Lattice, first_view: View, second: Lattice, second_view: View, align: Alignment | None) -> View:
    """The second crystal's view, turned so that the aligned directions point the same way on the paper.

    Raises
    ------
    GeometryError
        A direction that isn't in the plane of its view.
    """
    if align is None:
        return second_view
    check_in_plane(first, first_view, align[0])
    check_in_plane(second, second_view, align[1])
    on_paper = first_view.orientation(first) @ (np.array(direction_indices(align[0], first)) @ first.matrix)
    azimuth = float(np.degrees(np.arctan2(on_paper[1], on_paper[0])))
    if second_view.rotation is None:
        return replace(second_view, right=tuple(align[1]), angle=second_view.angle + azimuth)
    own = second_view.orientation(second) @ (np.array(direction_indices(align[1], second)) @ second.matrix)
    return second_view.turned(azimuth - float(np.degrees(np.arctan2(own[1], own[0]))))


def check_in_plane(lattice: Lattice, view: View, direction: Sequence[int]) -> None:
    """Raise `GeometryError` for a direction that isn't perpendicular to the direction of view."""
    angle = angle_of_vectors(view.normal(lattice), np.array(direction_indices(direction, lattice)) @ lattice.matrix)
    if abs(angle - 90) > _IN_PLANE:
        raise GeometryError(
            f"direction [{written(direction)}] is not in the plane of the view {view.label}: it makes {angle:.2f}° with the normal;",
            where="align",
            remedy="choose directions with hu + kv + lw = 0.",
        )


def pair_spots(first: Projection, second: Projection, tolerance: float = TOLERANCE) -> Pairs:
    """Coincident spots of two projections; forbidden spots take no part, spots above each other count once.

    Parameters
    ----------
    first, second : Projection
        On the same paper.
    tolerance : float
        Largest distance as a fraction of the first spot's distance from the origin.

    Raises
    ------
    GeometryError
        A tolerance outside 0–0.5.
    """
    check_tolerance(tolerance)
    rows_1, rows_2 = first.in_paper, second.in_paper
    one, two, distance = _mutual_neighbours(first.xy[rows_1], second.xy[rows_2], tolerance)
    return Pairs(first, second, tolerance, rows_1[one], rows_2[two], distance)


def check_tolerance(tolerance: float) -> None:
    """Raise `GeometryError` for a tolerance that isn't a fraction up to one half."""
    if not 0 < tolerance <= 0.5:
        raise GeometryError(
            f"tolerance {tolerance:g};", where="overlay", remedy="give a fraction of |g| between 0 and 0.5."
        )


def _mutual_neighbours(one: FloatArray, two: FloatArray, tolerance: float) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows of points that are each other's nearest within the tolerance, and their distances."""
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(two).query(one)
    _, back = cKDTree(one).query(two)
    rows = np.arange(len(one))
    kept = (back[nearest] == rows) & (distance <= tolerance * np.linalg.norm(one, axis=1) + 1e-12)
    return rows[kept], nearest[kept], distance[kept]


def overlap_score(one: FloatArray, two: FloatArray, tolerance: float = TOLERANCE) -> float:
    r"""How well two sets of spots coincide, between 0 and 1.

    :math:`S = \frac{1}{\min(N_1, N_2)} \sum_{pairs} \left(1 - (\Delta / \tau |g_1|)^2\right)`: 1 when every spot of the sparser
    crystal lies on one of the other, 0 when no pair lies within the tolerance. Two dense nets coincide by chance; compare with the
    mean over all angles, which `scan_rotation` gives.

    Parameters
    ----------
    one, two : ndarray, shapes (n, 2) and (m, 2)
        Positions on the paper, Å⁻¹.
    tolerance : float
        τ, as in `pair_spots`.
    """
    if not len(one) or not len(two):
        return 0.0
    rows, _, distance = _mutual_neighbours(one, two, tolerance)
    closeness = 1 - (distance / (tolerance * np.linalg.norm(one[rows], axis=1))) ** 2
    return float(np.clip(closeness, 0, 1).sum() / min(len(one), len(two)))
