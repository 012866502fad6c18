"""The covariance of a fit by parameter names, ties included."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job import Tie
from ..result import Correlation

__all__ = ["Covariance"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Covariance:
    """Covariance matrix of the free parameters, job units, with the followers of ties expressed through them.

    Parameters
    ----------
    names : tuple of str
        Free parameters.
    matrix : ndarray, shape (n, n)
        Scaled by the reduced χ², as the esds are.
    ties : tuple of Tie
        Linear relations of other parameters to these.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    ties: tuple[Tie, ...] = ()

    @classmethod
    def from_outcome(cls, content: Mapping[str, Any] | None, ties: Sequence[Tie]) -> Covariance | None:
        """Covariance of an engine's outcome; None when it has none or one that isn't finite."""
        if not content or not content["names"]:
            return None
        followers = {tie.target for tie in ties}
        leaders = [index for index, name in enumerate(content["names"]) if name not in followers]
        matrix = np.array(content["matrix"], dtype=float)[np.ix_(leaders, leaders)]
        if not np.all(np.isfinite(matrix)):
            return None
        return cls(tuple(content["names"][index] for index in leaders), matrix, tuple(ties))

    def gradient(self, name: str) -> FloatArray | None:
        """Derivative of a parameter by the free ones, (n,); None when it depends on none of them."""
        row = np.zeros(len(self.names))
        if name in self.names:
            row[self.names.index(name)] = 1.0
            return row
        for tie in self.ties:
            if tie.target == name:
                for coefficient, leader in tie.terms:
                    if leader in self.names:
                        row[self.names.index(leader)] += coefficient
        return row if np.any(row) else None

    def of(self, names: Sequence[str]) -> FloatArray:
        """Covariance of some parameters, (m, m); those that were not free have zero rows."""
        zero = np.zeros(len(self.names))
        rows = np.array([zero if (row := self.gradient(name)) is None else row for name in names])
        return np.asarray(rows @ self.matrix @ rows.T)

    def esd(self, name: str) -> float | None:
        """Standard uncertainty of a parameter; None when it was not free."""
        row = self.gradient(name)
        if row is None:
            return None
        variance = float(row @ self.matrix @ row)
        return float(np.sqrt(variance)) if variance > 0 else None

    def to_json(self, names: Sequence[str]) -> bytes:
        """Those of `names` that vary, followers of ties included, with their covariance: covariance.json of a result."""
        varying = [name for name in names if self.gradient(name) is not None]
        return json.dumps({"names": varying, "matrix": self.of(varying).tolist()}).encode()

    def correlations(self, limit: float) -> tuple[Correlation, ...]:
        """Pairs of free parameters with |r| above `limit`, strongest first."""
        esds = np.sqrt(np.maximum(np.diag(self.matrix), 0.0))
        safe = np.where(esds > 0, esds, np.inf)
        r = self.matrix / np.outer(safe, safe)
        rows, columns = np.nonzero(np.triu(np.abs(r) > limit, k=1))
        pairs = [Correlation(self.names[i], self.names[j], float(r[i, j])) for i, j in zip(rows, columns, strict=True)]
        return tuple(sorted(pairs, key=lambda pair: -abs(pair.r)))
