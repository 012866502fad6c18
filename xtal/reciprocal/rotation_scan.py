"""Overlap score against the in-plane rotation of the second crystal, and the rotation that overlaps best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from .pairs import TOLERANCE, check_tolerance, overlap_score
from .spots import Projection
from .view import rotation_matrix

__all__ = ["RotationScan", "angle_range", "scan_rotation"]

FloatArray = NDArray[np.float64]

_MOST_ANGLES = 100_000
_SAME_SCORE = 1e-9


@dataclass(frozen=True, eq=False)
class RotationScan:
    """Overlap score against rotation.

    Parameters
    ----------
    names : tuple of str
        Labels of the two projections.
    angles : ndarray, shape (n,)
        Counterclockwise turns of the second crystal from where it was, degrees.
    scores : ndarray, shape (n,)
        Overlap scores, 0–1.
    best_angle : float
        Angle of the highest score, refined between the scanned angles; of equal ones that nearest to zero.
    best_score : float
        Score there.
    tolerance : float
        Of the pairs, fraction of |g|.
    """

    names: tuple[str, str]
    angles: FloatArray
    scores: FloatArray
    best_angle: float
    best_score: float
    tolerance: float

    @property
    def typical_score(self) -> float:
        """Mean over the scanned angles: what chance gives."""
        return float(self.scores.mean())

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import svg_text
        from ..plot.projection_scan import plot_rotation_scan

        return svg_text(plot_rotation_scan(self))


def angle_range(text: str) -> FloatArray:
    """Angles from ``"0:90:0.5"`` (start, stop, step; both ends included), degrees.

    Raises
    ------
    GeometryError
        Not three numbers, a step that doesn't lead from start to stop, or more than 100 000 angles.
    """
    parts = text.split(":")
    try:
        start, stop, step = (float(part) for part in parts)
    except ValueError:
        start = stop = step = np.nan
    if not np.isfinite([start, stop, step]).all() or step <= 0 or stop <= start or (stop - start) / step > _MOST_ANGLES:
        raise GeometryError(
            f"{text!r} is not a range of angles;", where="rotate", remedy="write start:stop:step, as in 0:90:0.5."
        )
    return np.asarray(start + step * np.arange(int(np.floor((stop - start) / step + 1e-9)) + 1))


def scan_rotation(
    first: Projection, second: Projection, angles: ArrayLike, *, tolerance: float = TOLERANCE
) -> RotationScan:
    """Overlap score while the second crystal turns about the direction of view.

    Parameters
    ----------
    first, second : Projection
        On the same paper, as an overlay aligns them.
    angles : array_like
        Counterclockwise turns, degrees, rising.
    tolerance : float
        See `xtal.reciprocal.pair_spots`.

    Raises
    ------
    GeometryError
        No angles, or a tolerance outside 0–0.5.
    """
    check_tolerance(tolerance)
    turns = np.asarray(angles, dtype=float).ravel()
    if not turns.size or not np.isfinite(turns).all():
        raise GeometryError("no angles to scan;", where="rotate", remedy="give start:stop:step, as in 0:90:0.5.")
    one, two = first.xy[first.in_paper], second.xy[second.in_paper]
    scores = np.array([_score_at(angle, one, two, tolerance) for angle in turns])
    best = _refined(turns, scores, one, two, tolerance)
    return RotationScan((first.label, second.label), turns, scores, *best, tolerance)


def _score_at(angle: float, one: FloatArray, two: FloatArray, tolerance: float) -> float:
    return overlap_score(one, two @ rotation_matrix(angle)[:2, :2].T, tolerance)


def _refined(
    turns: FloatArray, scores: FloatArray, one: FloatArray, two: FloatArray, tolerance: float
) -> tuple[float, float]:
    """Best scanned angle, moved where a finer search within its neighbours finds a higher score."""
    from scipy.optimize import minimize_scalar

    equal = np.flatnonzero(scores >= scores.max() - _SAME_SCORE)
    best = int(equal[np.argmin(np.abs(turns[equal]))])
    low, high = turns[max(best - 1, 0)], turns[min(best + 1, len(turns) - 1)]
    if high <= low:
        return float(turns[best]), float(scores[best])
    found = minimize_scalar(lambda a: -_score_at(a, one, two, tolerance), bounds=(low, high), method="bounded",
                            options={"xatol": 1e-4})  # fmt: skip
    if -found.fun > scores[best] + _SAME_SCORE:
        return float(found.x), float(-found.fun)
    return float(turns[best]), float(scores[best])
