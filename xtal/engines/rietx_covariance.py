"""Standard uncertainties of a finished rietx stage.

They are the square roots of the diagonal of ``chi2_red (J^T W J)^-1`` and so contain the
factor GOF, as GSAS-II's do.  rietx's own esds carry the Bérar–Lelann factor on top; here that
factor is only reported as a warning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xtal.engines.rietx_freedom import Array, Problem

EIGENVALUE_FLOOR = 1.0e-12
"""Directions of the scaled normal matrix below this are not determined by the data."""


@dataclass(frozen=True)
class Solved:
    """One finished stage: what was free, the solver's answer and the curves it gives.

    `values` maps rietx paths to rietx values; the curves are in counts. `intensity_columns` are Pawley's intensities in
    the Jacobian.
    """

    name: str
    free: tuple[str, ...]
    model: Any
    answer: Any
    seconds: float
    values: dict[str, float]
    background: Array
    phases: tuple[Array, ...]
    peaks: Array | float = 0.0
    is_at_rest: bool | None = None
    intensity_columns: Array | None = None

    @property
    def converged(self) -> bool:
        """Whether the solver met one of its convergence criteria or, in Le Bail, the turns came to rest."""
        return bool(self.answer.status == "converged") if self.is_at_rest is None else self.is_at_rest

    @property
    def n_free(self) -> int:
        """Free parameters, intensities of Pawley included."""
        return len(self.free) + (0 if self.intensity_columns is None else self.intensity_columns.shape[1])

    @property
    def calculated(self) -> Array:
        """Calculated profile: background, extra peaks and all phases (counts)."""
        total: Array = self.background + self.peaks + sum(self.phases)
        return total

    @property
    def residual(self) -> Array:
        """(observed - calculated) / sigma on the fitted points."""
        residual: Array = (self.model.y_obs - self.calculated) / self.model.sigma
        return residual

    @property
    def reduced_chi2(self) -> float:
        """χ² of the pattern's points by their number less that of the free parameters."""
        return float(self.residual @ self.residual) / max(len(self.residual) - self.n_free, 1)

    @property
    def rwp(self) -> float:
        """Weighted profile R value, as a fraction."""
        observed = self.model.y_obs / self.model.sigma
        return math.sqrt(float(np.sum(self.residual**2)) / float(observed @ observed))


def solved_stage(name: str, free: tuple[str, ...], model: Any, answer: Any, table: Any, seconds: float) -> Solved:
    """Evaluate the model once at the solver's answer."""
    values = table.decode(answer.theta)
    curves = tuple(model.phase_component(index, values) for index in range(len(model.phases)))
    return Solved(
        name, free, model, answer, seconds, values, model.background(values), curves, model.extra_peak_curve(values)
    )


@dataclass(frozen=True)
class Covariance:
    """Covariance of the determined parameters in xtal units, and why others have none."""

    names: tuple[str, ...]
    matrix: Array
    reasons: dict[str, str]

    def esd(self, name: str) -> float | None:
        """Return the standard uncertainty of a parameter, or None."""
        if name not in self.names:
            return None
        variance = float(self.matrix[self.names.index(name), self.names.index(name)])
        return math.sqrt(variance) if variance > 0.0 else None


def covariance_of(problem: Problem, solved: Solved) -> Covariance | None:
    """Return the covariance in xtal units of the free parameters and their followers.

    Parameters on a bound are left out of the normal matrix; parameters in a direction the
    data do not determine are left out of the result.
    """
    answer = solved.answer
    if answer.jac is None or not solved.free:
        return None
    reasons = bound_reasons(problem, solved)
    paths = problem.table.free_paths
    by_path = {problem.links[name].path: name for name in solved.free}
    inside = np.array([by_path[path] not in reasons for path in paths], dtype=bool)
    columns = np.asarray(answer.jac)[:, inside]
    if solved.intensity_columns is not None:
        columns = np.hstack([columns, solved.intensity_columns])
    inner, undetermined = inverse_normal(columns)
    n_inside = int(inside.sum())
    full = np.zeros((len(paths), len(paths)))
    full[np.ix_(inside, inside)] = inner[:n_inside, :n_inside] * solved.reduced_chi2
    for path in np.array(paths, dtype=object)[inside][undetermined[:n_inside]]:
        reasons[by_path[path]] = "not determined: the data do not separate it from other parameters"
    return in_xtal_units(problem, solved, full, reasons)


def inverse_normal(jacobian: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return ((J^T J)^-1, mask of undetermined columns) with unit-scaled columns."""
    norms = np.sqrt(np.sum(jacobian**2, axis=0))
    live = norms > 0.0
    scale = np.where(live, 1.0 / np.where(live, norms, 1.0), 0.0)
    normal = (jacobian * scale).T @ (jacobian * scale)
    eigenvalues, vectors = np.linalg.eigh(normal)
    good = eigenvalues > EIGENVALUE_FLOOR * max(float(eigenvalues[-1:].sum()), 1.0)
    inverse = (vectors[:, good] / eigenvalues[good]) @ vectors[:, good].T
    lost = np.any(np.abs(vectors[:, ~good]) > 1.0e-3, axis=1)
    return inverse * np.outer(scale, scale), lost | ~live


def bound_reasons(problem: Problem, solved: Solved) -> dict[str, str]:
    """Return the reason text of every free parameter that ended on a bound."""
    active = solved.answer.active_bounds
    if active is None:
        return {}
    by_path = {problem.links[name].path: name for name in solved.free}
    held = [path for path, side in zip(problem.table.free_paths, active, strict=True) if side]
    return {by_path[path]: "at bound" for path in held}


def in_xtal_units(
    problem: Problem,
    solved: Solved,
    native: Array,
    reasons: dict[str, str],
) -> Covariance:
    """Carry a covariance of rietx's free vector over to the named xtal parameters."""
    blocked = follower_reasons(problem, reasons)
    names = [n for n in (*solved.free, *moving_followers(problem)) if n not in blocked]
    table = problem.table
    paths = [problem.links[name].path for name in names]
    rows = [table._paths[path] for path in paths]
    tangent = np.asarray(table.constraint_block()[0][rows, :].todense())
    links = [problem.links[name] for name in names]
    slopes = np.array([link.slope(solved.values[link.path]) for link in links])
    jacobian = slopes[:, None] * tangent
    return Covariance(tuple(names), jacobian @ native @ jacobian.T, blocked)


def moving_followers(problem: Problem) -> list[str]:
    """Return the tied parameters that move with something free."""
    moving = set(problem.table.moving_paths)
    return [name for name in problem.followers if problem.links[name].path in moving]


def follower_reasons(problem: Problem, reasons: dict[str, str]) -> dict[str, str]:
    """Extend the reasons to parameters tied to one that has no uncertainty."""
    extended = dict(reasons)
    for tie in problem.task.get("ties", []):
        sources = [name for _, name in tie["terms"] if name in extended]
        if sources:
            extended[tie["target"]] = f"tied to {sources[0]}: {extended[sources[0]]}"
    return extended
