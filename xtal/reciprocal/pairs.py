r"""Coincident spots of two projections, and what the pairs say about the mismatch.

Two spots are a pair when each is the other's nearest and their distance on the paper is within `tolerance` times the first spot's
distance from the origin. The mismatch of a pair is :math:`|g_2|/|g_1| - 1 = (d_1 - d_2)/d_2`, the convention
(a_film − a_substrate)/a_substrate with the first crystal as the film; lengths are those on the paper.

All pairs together give the linear map :math:`g_2 = M g_1` by least squares; its singular values minus 1 are the principal mismatches
(film against substrate, as above) and the rotation of its polar decomposition is what turns the first net onto the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .spots import Projection

__all__ = ["TOLERANCE", "Mismatch", "Pairs", "check_tolerance", "overlap_score", "pair_spots"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TOLERANCE = 0.03
"""Default limit of a pair's distance as a fraction of |g|."""


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
