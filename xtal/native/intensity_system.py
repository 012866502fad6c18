"""The equations that give intensities: reflections against points, regularised where the pattern doesn't part them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refusals import NativeError

__all__ = ["SETTLED", "IntensitySystem"]

FloatArray = NDArray[np.float64]

SETTLED = 1e-5
"""Change, over the highest intensity, at which an iteration rests."""

_NEAR, _TOGETHER = 0.5, 1e-3
_RIDGE = 1e-9
_FIRST_TURNS, _TURNS = 3, 15
_UNSEEN, _LEAST, _TAIL = 1e-7, 1e-7, 0.02


class IntensitySystem:
    """Intensities of m reflections on n points.

    Parameters
    ----------
    columns : sparse matrix, shape (m, n)
        Counts per unit intensity, within windows.
    centre, fwhm : ndarray, shape (m,)
        Position and width of each reflection, unit of the axis; those nearer than half a width are drawn towards equal intensities.
    """

    def __init__(self, columns: Any, centre: FloatArray, fwhm: FloatArray) -> None:
        self.columns = self.near = columns
        self.weighted: Any = None
        self._centre, self._fwhm = centre, fwhm
        self._normal = self._penalty = np.zeros((0, 0))
        self._held = np.zeros(len(centre))

    def weigh(self, weights: FloatArray) -> None:
        """Set up the linear system of the intensities with weights of the points (n,)."""
        self.weighted = self.near.multiply(weights).tocsr()
        self._normal = np.asarray((self.weighted @ self.near.T).todense())
        self._penalty = _penalty(self._normal, self._centre, self._fwhm)

    def partition(self, found: FloatArray, excess: FloatArray, rest: FloatArray) -> FloatArray:
        """Le Bail's shares until they rest: his iteration first, then Newton's on the same equations."""
        self.near = _without_tails(self.columns)
        whole = np.asarray(self.near.sum(axis=1)).ravel()
        least = _LEAST * max(float(np.max(found)), 1e-300)
        for turn in range(_TURNS):
            calculated = self.columns.T @ found + rest
            seen = calculated > _UNSEEN * calculated.max()
            ratio = np.where(seen, excess / np.where(seen, calculated, 1.0), 0.0)
            lack = self.near @ (ratio - seen)
            if turn < _FIRST_TURNS:
                better = found * np.maximum(1 + lack / np.where(whole > 0, whole, np.inf), 0.0)
            else:
                self.weigh(np.where(seen, 1 / np.where(seen, calculated, 1.0), 0.0))
                self._held = np.where((found <= least) & (lack < 0), 1e6 * np.diag(self._normal), 0.0)
                better = np.clip(found + self.solve(lack), 0.2 * found, 5 * found)
            better = np.maximum(better, least)
            change = float(np.abs(better - found).max())
            found = better
            if turn >= _FIRST_TURNS and change < SETTLED * float(found.max()):
                break
        return np.asarray(found)

    def least_squares(self, counts: FloatArray, sigma: FloatArray) -> FloatArray:
        """Pawley's intensities from the counts (n,) to be explained, those that come out negative drawn to zero."""
        self.weigh(1 / sigma**2)
        right = self.weighted @ counts
        self._held = np.zeros(len(right))
        for _ in range(3):
            solved = self.solve(right)
            negative = solved < 0
            if np.array_equal(negative, self._held > 0):
                break
            self._held = np.where(negative, np.diag(self._normal), 0.0)
        return solved

    def solve(self, right: FloatArray) -> FloatArray:
        """Intensities, (m,) or (m, k), of a right-hand side.

        Raises
        ------
        NativeError
            No reflection lies within the pattern.
        """
        from scipy.linalg import cho_factor, cho_solve

        matrix = self._normal + self._penalty
        diagonal = np.diag(self._normal).copy()
        seen = diagonal[diagonal > 0]
        if not seen.size:
            raise NativeError("bad_input", "no reflection lies within the pattern.")
        floor = _RIDGE * float(np.median(seen))
        matrix[np.diag_indices_from(matrix)] += _RIDGE * diagonal + floor + self._held
        return np.asarray(cho_solve(cho_factor(matrix, overwrite_a=True), right))


def _without_tails(columns: Any) -> Any:
    """Columns where they are more than `_TAIL` of their highest: far out a share is the ratio of noise to nothing."""
    highest = np.maximum(columns.max(axis=1).toarray().ravel(), 1e-300)
    kept = columns.copy()
    kept.data[kept.data < _TAIL * np.repeat(highest, np.diff(columns.indptr))] = 0.0
    kept.eliminate_zeros()
    return kept


def _penalty(normal: FloatArray, centre: FloatArray, fwhm: FloatArray) -> FloatArray:
    """Quadratic form that draws near reflections towards equal intensities."""
    order = np.argsort(centre)
    left, right = order[:-1], order[1:]
    apart = (centre[right] - centre[left]) / ((fwhm[right] + fwhm[left]) / 2)
    near = np.isfinite(apart) & (apart < _NEAR)
    left, right, apart = left[near], right[near], apart[near]
    diagonal = np.diag(normal)
    weight = _TOGETHER * (1 - apart / _NEAR) ** 2 * np.sqrt(diagonal[left] * diagonal[right])
    penalty = np.zeros_like(normal)
    np.add.at(penalty, (left, left), weight)
    np.add.at(penalty, (right, right), weight)
    np.add.at(penalty, (left, right), -weight)
    np.add.at(penalty, (right, left), -weight)
    return penalty
