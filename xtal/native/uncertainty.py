r"""Standard uncertainties of a fit: the covariance :math:`\chi^2_{red} (J^T W J)^{-1}`, and what is not determined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .parameters import slope_of
from .solver import State

__all__ = ["Covariance", "covariance_of"]

FloatArray = NDArray[np.float64]

_CORNER = "held at a corner of the fit: the slope differs to either side, as where a width ends at zero"

_SINGULAR = 1e-12
_TAKES_PART = 0.1


@dataclass(frozen=True)
class Covariance:
    """Covariance in the job's units of what is determined, and why the rest isn't.

    Parameters
    ----------
    names : tuple of str
        Rows.
    matrix : ndarray, shape (n, n)
        It includes the factor GOF².
    reasons : dict of str to str
        Of free parameters and followers without an esd.
    warnings : tuple of str
        The singular directions, each in words.
    """

    names: tuple[str, ...]
    matrix: FloatArray
    reasons: dict[str, str]
    warnings: tuple[str, ...]

    def esd(self, name: str) -> float | None:
        """Standard uncertainty of a parameter, or None."""
        if name not in self.names:
            return None
        row = self.names.index(name)
        variance = float(self.matrix[row, row])
        return float(np.sqrt(variance)) if variance > 0 else None


def covariance_of(
    state: State,
    moving: tuple[str, ...],
    reduction: FloatArray,
    bounds: tuple[FloatArray, FloatArray],
    n_points: int,
    values: Mapping[str, float],
) -> Covariance:
    """Covariance of the moving parameters at a solution.

    Parameters
    ----------
    state : State
        The solution.
    moving : tuple of str
        The free names, then the followers.
    reduction : ndarray, shape (len(moving), k)
        Derivatives of the moving by the free ones.
    bounds : tuple of ndarray, shape (k,)
        Lower and upper bounds.
    n_points : int
        Observations.
    values : mapping
        Values in the engine's units.
    """
    low, high = bounds
    n_free = len(state.theta)
    on_bound = (state.theta <= low) | (state.theta >= high)
    cornered = np.zeros(n_free, dtype=bool) if state.held is None else state.held & ~on_bound
    silent = np.diag(state.normal) <= 0
    inside = ~on_bound & ~cornered & ~silent
    reasons = {moving[i]: "at bound" for i in np.flatnonzero(on_bound)}
    reasons |= {moving[i]: _CORNER for i in np.flatnonzero(cornered)}
    reasons |= {
        moving[i]: "not determined: the pattern does not depend on it" for i in np.flatnonzero(silent & ~on_bound)
    }
    inverse, directions = _inverse(state.normal[np.ix_(inside, inside)])
    members = np.flatnonzero(inside)
    warnings = []
    for direction in directions:
        mixed = [moving[members[i]] for i in direction]
        warnings.append(f"The data do not determine a combination of {', '.join(mixed)}; hold one of them.")
        reasons |= {name: f"not determined: the data do not separate {' and '.join(mixed)}" for name in mixed}
    full = np.zeros((n_free, n_free))
    full[np.ix_(inside, inside)] = inverse * state.cost / max(n_points - n_free, 1)
    lost = np.array([name in reasons for name in moving[:n_free]], dtype=bool)
    for row, name in zip(reduction[n_free:], moving[n_free:], strict=True):
        for i in np.flatnonzero((row != 0) & lost)[:1]:
            reasons[name] = f"tied to {moving[i]}: {reasons[moving[i]]}"
    kept = np.array([name not in reasons for name in moving], dtype=bool)
    names = tuple(name for name in moving if name not in reasons)
    slopes = np.array([slope_of(name, values[name]) for name in names])
    jacobian = slopes[:, None] * reduction[kept]
    return Covariance(names, jacobian @ full @ jacobian.T, reasons, tuple(warnings))


def _inverse(normal: FloatArray) -> tuple[FloatArray, list[NDArray[np.int64]]]:
    """Inverse over the determined directions, and the members of each direction that isn't."""
    if not len(normal):
        return normal, []
    scale = np.sqrt(np.diag(normal))
    values, vectors = np.linalg.eigh(normal / np.outer(scale, scale))
    good = values > _SINGULAR * max(float(values[-1]), 1.0)
    inverse = (vectors[:, good] / values[good]) @ vectors[:, good].T / np.outer(scale, scale)
    return inverse, [np.flatnonzero(np.abs(vector) > _TAKES_PART) for vector in vectors[:, ~good].T]
