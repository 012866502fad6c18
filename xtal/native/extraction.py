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

from .intensity_system import SETTLED, IntensitySystem
from .refusals import NativeError

if TYPE_CHECKING:
    from .pattern_model import PatternModel
    from .phase_model import PhaseModel

__all__ = ["Extraction", "Mode"]

FloatArray = NDArray[np.float64]
Mode = Literal["lebail", "pawley"]

_ROUNDS = {"lebail": 3, "pawley": 4}
_MOST = 5000
"""Intensities; their normal matrix is dense, 200 MB for that many."""


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
        self._system: IntensitySystem | None = None
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
        system = self._system = IntensitySystem(*self._shapes(values))
        found = np.concatenate([self._start(phase) for phase in self.model.phases])
        if not np.all(np.isfinite(found)):
            whole = self._curve(values, np.ones(len(found)))
            found = np.full(len(found), max(float(excess.sum()), 1.0) / max(float(whole.sum()), 1e-300))
        for _ in range(_ROUNDS[self.mode]):
            rest = self._curve(values, found) - system.columns.T @ found
            if self.mode == "lebail":
                better = system.partition(found, excess, rest)
            else:
                better = system.least_squares(excess - rest, self.model.sigma)
            settled = np.abs(better - found).max() < SETTLED * np.abs(better).max()
            found = better
            if settled:
                break
        self._give(found)

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

    def project(self, jacobian: FloatArray) -> FloatArray:
        r"""Derivatives (k, n) less what the intensities would take up.

        Those of Le Bail solve :math:`\sum_i A_{ji} (y_i/c_i - 1) = 0`, c the counts of the phases, so that the weights are 1/c there.
        """
        assert self._system is not None
        self.taken = self._system.solve(self._system.weighted @ jacobian.T)
        return np.asarray(jacobian - (self._system.columns.T @ self.taken).T)

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
        assert self._system is not None
        own = np.diag(self._system.solve(np.eye(self.n))) * chi_squared
        shared = covariance if self.of_free is None else covariance[np.ix_(self.of_free, self.of_free)]
        return np.asarray(np.sqrt(own + np.einsum("ik,kl,il->i", self.taken, shared, self.taken)))


def _keys(phase: PhaseModel) -> list[tuple[str, int, int, int]]:
    return [(phase.name, int(h), int(k), int(l)) for h, k, l in phase.hkl]
