r"""Standard uncertainties of a PDF fit.

PDFfit2's own depend on the weights alone, so that data without σ have no meaningful ones. Here
:math:`C = f\,\frac{\chi^2}{n - p}\,(J^T W J)^{-1}` with the Jacobian J of this project's own calculation, and
:math:`f = n / n_{ind}` because the points of G(r) lie closer than the π/Qmax at which they are independent
(C. L. Farrow et al., Phys. Rev. B 84 (2011) 134105). Systematic errors of the data are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..result import Status, Value
from .job import PdfData, PdfJob

__all__ = ["AT_REST", "PdfCovariance", "covariance_at_end", "fit_covariance", "parameter_step", "value_of"]

FloatArray = NDArray[np.float64]

_SINGULAR = 1e-13

AT_REST = 0.05
"""Share of χ² that another step may still promise at a minimum; the rest is the difference of two programs."""


@dataclass(frozen=True, eq=False)
class PdfCovariance:
    """Covariance of the free parameters.

    Parameters
    ----------
    names : tuple of str
        Free parameters, in order.
    matrix : ndarray or None
        (n, n); None when there is none.
    reason : str or None
        Why there is none.
    expected_drop : float
        Share of χ² that one more Gauss–Newton step would take away: next to nothing at a minimum.
    """

    names: tuple[str, ...]
    matrix: FloatArray | None
    reason: str | None = None
    expected_drop: float = 0.0

    def esd(self, name: str) -> float | None:
        """Standard uncertainty of a free parameter."""
        if self.matrix is None or name not in self.names:
            return None
        return float(np.sqrt(self.matrix[self.names.index(name), self.names.index(name)]))

    def propagated(self, gradient: Mapping[str, float]) -> float | None:
        """Standard uncertainty of a quantity with this gradient with respect to the free parameters."""
        if self.matrix is None:
            return None
        g = np.array([gradient.get(name, 0.0) for name in self.names])
        return float(np.sqrt(max(g @ self.matrix @ g, 0.0)))

    def correlations(self, threshold: float = 0.9) -> list[tuple[str, str, float]]:
        """Pairs of parameters with a correlation beyond the threshold."""
        if self.matrix is None:
            return []
        esd = np.sqrt(np.diag(self.matrix))
        r = self.matrix / np.outer(esd, esd)
        rows, columns = np.nonzero(np.triu(np.abs(r) > threshold, 1))
        return [(self.names[i], self.names[j], float(r[i, j])) for i, j in zip(rows, columns, strict=True)]


def covariance_at_end(
    job: PdfJob, values: Mapping[str, float], free: tuple[str, ...], outcome: Mapping[str, Any], status: Status
) -> PdfCovariance:
    """Covariance of a fit as an engine's outcome describes it; None, with its reason, where there is none."""
    if status != "converged":
        return PdfCovariance(free, None, "the fit did not converge")
    if not free:
        return PdfCovariance(free, None, "nothing was free at the end")
    calculated = {name: np.array(item["calculated"]) for name, item in outcome["data"].items()}
    return fit_covariance(job, values, free, calculated)


def value_of(name: str, values: Mapping[str, float], covariance: PdfCovariance) -> Value:
    """A parameter's value with its esd, or the reason why there is none."""
    esd = covariance.esd(name)
    return Value(values[name], esd, None if esd is not None else covariance.reason or "it was not refined")


def parameter_step(name: str, value: float) -> float:
    """Step for a central difference: small against what the data resolve."""
    last = name.rsplit(".", 1)[-1]
    if last in ("a", "b", "c"):
        return 1e-5 * value
    if last in ("alpha", "beta", "gamma"):
        return 1e-3
    if last in ("x", "y", "z"):
        return 1e-5
    if last in ("q_damp", "q_broad"):
        return 1e-4
    return max(1e-3 * abs(value), 1e-5)


def fit_covariance(
    job: PdfJob, values: Mapping[str, float], free: tuple[str, ...], calculated: Mapping[str, FloatArray]
) -> PdfCovariance:
    """Covariance of the `free` parameters at a minimum whose `calculated` G(r) is given by data set."""
    residual = np.concatenate([(data.pattern.intensity - calculated[data.name]) / _sigma(data) for data in job.data])
    chi2 = float(residual @ residual)
    n_points = sum(len(data.pattern) for data in job.data)
    if n_points <= len(free):
        return PdfCovariance(free, None, "there are not more points than parameters")
    n_independent = sum(data.n_independent for data in job.data)
    if n_independent <= len(free):
        return PdfCovariance(free, None, "there are not more independent points than parameters")
    jacobian = np.column_stack([_derivative(job, values, name) for name in free])
    scale = np.linalg.norm(jacobian, axis=0)
    if np.any(scale == 0):
        silent = free[int(np.argmin(scale))]
        return PdfCovariance(free, None, f"{silent} changes nothing in the fitted range")
    normal = (jacobian / scale).T @ (jacobian / scale)
    eigenvalues = np.linalg.eigvalsh(normal)
    if eigenvalues[0] < _SINGULAR * eigenvalues[-1]:
        return PdfCovariance(free, None, "the least-squares matrix is singular: some parameters can't be told apart")
    oversampling = n_points / n_independent
    variance = oversampling * chi2 / (n_points - len(free))
    inverse = np.linalg.inv(normal)
    gradient = (jacobian / scale).T @ residual
    drop = float(gradient @ inverse @ gradient / max(residual @ residual, 1e-300))
    return PdfCovariance(free, inverse / np.outer(scale, scale) * variance, None, drop)


def _derivative(job: PdfJob, values: Mapping[str, float], name: str) -> FloatArray:
    """Central difference of the weighted model."""
    step = parameter_step(name, values[name])
    low, high = (_weighted_model(job, job.completed({**values, name: values[name] + sign * step})) for sign in (-1, 1))
    return np.asarray((high - low) / (2 * step))


def _weighted_model(job: PdfJob, values: Mapping[str, float]) -> FloatArray:
    return np.concatenate(
        [values[f"data.{data.name}.scale"] * job.simulated(values, data).g / _sigma(data) for data in job.data]
    )


def _sigma(data: PdfData) -> FloatArray:
    return data.pattern.sigma if data.weighted else np.ones(len(data.pattern))
