r"""Le Bail and Pawley: intensities from the pattern itself, for whatever cell, widths and background the search tries.

For each point of the search the intensities that suit it are found first, so that the search moves only what is not an intensity, with
derivatives from which the part that intensities take up has been projected (G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, in the
simplification of L. Kaufman, BIT 15 (1975) 49): the esds of the cell are then those of the whole fit.

- Le Bail (A. Le Bail, H. Duroy, J. L. Fourquet, Mater. Res. Bull. 23 (1988) 447): every reflection gets its share of the observed counts above the
  background wherever it is more than 2 % of its height, again and again; after a few turns Newton's method takes these shares to where they rest.
- Pawley (G. S. Pawley, J. Appl. Cryst. 14 (1981) 357): weighted linear least squares. Two reflections nearer than half their FWHM are drawn towards
  equal \|F\|², with the weight :math:`10^{-3}(1 - 2\delta)^2` of what the data say of them, δ their distance over the FWHM; a reflection that comes out
  negative is drawn to zero with the weight of the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .refusals import NativeError

if TYPE_CHECKING:
    from .pattern_model import PatternModel
    from .phase_model import PhaseModel

__all__ = ["Extraction", "Mode"]

FloatArray = NDArray[np.float64]
Mode = Literal["lebail", "pawley"]

_NEAR, _TOGETHER = 0.5, 1e-3
_RIDGE = 1e-9
_ROUNDS = {"lebail": 3, "pawley": 4}
_FIRST_TURNS, _TURNS = 3, 15
_SETTLED = 1e-5
_MOST = 5000
"""Intensities; their normal matrix is dense, 200 MB for that many."""

_UNSEEN, _LEAST, _TAIL = 1e-7, 1e-7, 0.02


class Extraction:
    """Intensities of one pattern, kept from one evaluation to the next.

    Parameters
    ----------
    model : PatternModel
        The pattern's model.
    mode : {"lebail", "pawley"}
        How the intensities are found.
    """

    def __init__(self, model: PatternModel, mode: Mode) -> None:
        self.model, self.mode = model, mode
        for phase in model.phases:
            phase.extracted = np.zeros(0)
        self._known: dict[tuple[str, int, int, int], float] = {}
        self._best = np.inf
        self._columns: Any = None
        self._near: Any = None
        self._weighted: Any = None
        self._normal = self._penalty = np.zeros((0, 0))
        self._centre, self._fwhm, self._held = np.zeros((3, 0))
        self.taken = np.zeros((0, 0))
        self.of_free: NDArray[np.int64] | None = None

    def forget(self) -> None:
        """Start anew, from equal \\|F\\|²."""
        self._known.clear()
        self.list_reflections()

    def list_reflections(self) -> None:
        """Take the reflections that the phases list now; known intensities stay."""
        if self.n > _MOST:
            raise NativeError("bad_input", f"{self.n} reflections to extract, more than {_MOST}: narrow the pattern.")
        self._best = np.inf
        self.keep_best()

    @property
    def n(self) -> int:
        """Number of intensities."""
        return sum(len(phase.hkl) for phase in self.model.phases)

    def settle(self, values: Mapping[str, float], background: FloatArray) -> None:
        """Find the intensities at `values` above a background (n,), and leave them in the phases."""
        excess = self.model.observed - background
        self._columns, self._centre, self._fwhm = self._shapes(values)
        found = np.concatenate([self._start(phase) for phase in self.model.phases])
        if not np.all(np.isfinite(found)):
            whole = self._curve(values, np.ones(len(found)))
            found = np.full(len(found), max(float(excess.sum()), 1.0) / max(float(whole.sum()), 1e-300))
        self._held, self._near = np.zeros(len(found)), self._columns
        if self.mode == "pawley":
            self._weigh(1 / self.model.sigma**2)
        improve = self._partition if self.mode == "lebail" else self._solve
        for _ in range(_ROUNDS[self.mode]):
            rest = self._curve(values, found) - self._columns.T @ found
            better = improve(found, excess, rest)
            settled = np.abs(better - found).max() < _SETTLED * np.abs(better).max()
            found = better
            if settled:
                break
        self._give(found)

    def _weigh(self, weights: FloatArray) -> None:
        """Set up the linear system of the intensities with weights of the points (n,)."""
        self._weighted = self._near.multiply(weights).tocsr()
        self._normal = np.asarray((self._weighted @ self._near.T).todense())
        self._penalty = _penalty(self._normal, self._centre, self._fwhm)

    def _shapes(self, values: Mapping[str, float]) -> tuple[Any, FloatArray, FloatArray]:
        """Counts per unit \\|F\\|² within windows, (reflections, points), sparse; position and FWHM of the reflections' first lines."""
        from scipy.sparse import csr_matrix, vstack

        blocks, centres, widths = [], [], []
        for phase in self.model.phases:
            phase.extracted = np.ones(len(phase.hkl))
            peaks, _ = phase.peaks(values, ())
            shapes = self.model.shapes(phase.name, peaks, values)
            lines = np.arange(len(phase.reflection))
            gather = csr_matrix((peaks.area, (phase.reflection, lines)), (len(phase.hkl), len(lines)))
            blocks.append(gather @ shapes)
            first = np.full(len(phase.hkl), -1)
            first[phase.reflection[::-1]] = lines[::-1]
            centres.append(np.where(first >= 0, peaks.centre[first], np.inf))
            widths.append(peaks.fwhm[first])
        return vstack(blocks).tocsr(), np.concatenate(centres), np.concatenate(widths)

    def _curve(self, values: Mapping[str, float], found: FloatArray) -> FloatArray:
        """What all phases scatter with intensities \\|F\\|² (n,)."""
        self._give(found)
        sums = np.zeros((len(self.model.phases) + 1, len(self.model.axis)))
        self.model.add_phases(values, (), np.zeros((0, 0)), sums)
        return np.asarray(sums[:-1].sum(axis=0))

    def _give(self, found: FloatArray) -> None:
        start = 0
        for phase in self.model.phases:
            phase.extracted = found[start : start + len(phase.hkl)]
            start += len(phase.hkl)

    def _partition(self, found: FloatArray, excess: FloatArray, rest: FloatArray) -> FloatArray:
        """Le Bail's shares until they rest: his iteration first, then Newton's on the same equations."""
        self._near = _without_tails(self._columns)
        whole = np.asarray(self._near.sum(axis=1)).ravel()
        least = _LEAST * max(float(np.max(found)), 1e-300)
        for turn in range(_TURNS):
            calculated = self._columns.T @ found + rest
            seen = calculated > _UNSEEN * calculated.max()
            ratio = np.where(seen, excess / np.where(seen, calculated, 1.0), 0.0)
            lack = self._near @ (ratio - seen)
            if turn < _FIRST_TURNS:
                better = found * np.maximum(1 + lack / np.where(whole > 0, whole, np.inf), 0.0)
            else:
                self._weigh(np.where(seen, 1 / np.where(seen, calculated, 1.0), 0.0))
                self._held = np.where((found <= least) & (lack < 0), 1e6 * np.diag(self._normal), 0.0)
                better = np.clip(found + self._inverse_times(lack), 0.2 * found, 5 * found)
            better = np.maximum(better, least)
            change = float(np.abs(better - found).max())
            found = better
            if turn >= _FIRST_TURNS and change < _SETTLED * float(found.max()):
                break
        return np.asarray(found)

    def _solve(self, found: FloatArray, excess: FloatArray, rest: FloatArray) -> FloatArray:
        """Pawley's least squares, reflections that come out negative drawn to zero."""
        right = self._weighted @ (excess - rest)
        self._held = np.zeros(len(found))
        for _ in range(3):
            solved = self._inverse_times(right)
            negative = solved < 0
            if np.array_equal(negative, self._held > 0):
                break
            self._held = np.where(negative, np.diag(self._normal), 0.0)
        return solved

    def _inverse_times(self, right: FloatArray) -> FloatArray:
        from scipy.linalg import cho_factor, cho_solve

        matrix = self._normal + self._penalty
        diagonal = np.diag(self._normal).copy()
        seen = diagonal[diagonal > 0]
        if not seen.size:
            raise NativeError("bad_input", "no reflection lies within the pattern.")
        floor = _RIDGE * float(np.median(seen))
        matrix[np.diag_indices_from(matrix)] += _RIDGE * diagonal + floor + self._held
        return np.asarray(cho_solve(cho_factor(matrix, overwrite_a=True), right))

    def project(self, jacobian: FloatArray) -> FloatArray:
        r"""Derivatives (k, n) less what the intensities would take up.

        Those of Le Bail solve :math:`\sum_i A_{ji} (y_i/c_i - 1) = 0`, c the counts of the phases, so that the weights are 1/c there.
        """
        self.taken = self._inverse_times(self._weighted @ jacobian.T)
        return np.asarray(jacobian - (self._columns.T @ self.taken).T)

    def judge(self, total: FloatArray) -> None:
        """Keep the intensities if the pattern (n,) with them is the best so far."""
        cost = float(np.sum(((self.model.observed - total) / self.model.sigma) ** 2))
        if cost < self._best:
            self._best = cost
            for phase in self.model.phases:
                assert phase.extracted is not None
                self._known |= dict(zip(_keys(phase), phase.extracted.tolist(), strict=True))

    def keep_best(self) -> None:
        """Give the phases the intensities of the best pattern."""
        for phase in self.model.phases:
            phase.extracted = self._start(phase)

    def _start(self, phase: PhaseModel) -> FloatArray:
        """Intensities of the best pattern so far; where a reflection is new, the median of the others."""
        others = float(np.median(list(self._known.values()))) if self._known else np.nan
        return np.array([self._known.get(key, others) for key in _keys(phase)])

    def esds(self, covariance: FloatArray, chi_squared: float) -> FloatArray:
        """Standard uncertainties of the intensities, with the factor GOF and with what the free parameters add.

        Parameters
        ----------
        covariance : ndarray, shape (k, k)
            Of the free parameters, with the factor χ²; those of the last `project` are all, or the ones at `of_free`.
        chi_squared : float
            Reduced χ².
        """
        own = np.diag(self._inverse_times(np.eye(self.n))) * chi_squared
        shared = covariance if self.of_free is None else covariance[np.ix_(self.of_free, self.of_free)]
        return np.asarray(np.sqrt(own + np.einsum("ik,kl,il->i", self.taken, shared, self.taken)))


def _without_tails(columns: Any) -> Any:
    """Columns where they are more than `_TAIL` of their highest: far out a share is the ratio of noise to nothing."""
    highest = np.maximum(columns.max(axis=1).toarray().ravel(), 1e-300)
    kept = columns.copy()
    kept.data[kept.data < _TAIL * np.repeat(highest, np.diff(columns.indptr))] = 0.0
    kept.eliminate_zeros()
    return kept


def _keys(phase: PhaseModel) -> list[tuple[str, int, int, int]]:
    return [(phase.name, int(h), int(k), int(l)) for h, k, l in phase.hkl]


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
