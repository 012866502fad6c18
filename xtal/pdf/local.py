r"""First shells from T(r): distances, widths and coordination numbers with their uncertainties, by lmfit.

Points of T(r) closer than π/Qmax repeat one another. The residuals are therefore projected on the eigenvectors of the covariance
:math:`C = A D A^T` of the sine transform A over the fitted range (D: variances of F(Q), or 1), and divided by the root of their
eigenvalues; those below a thousandth of the largest carry noise only and are left out. What remains is independent, its number is the
count of data, and the esds follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..result import Value
from .agreement import rw
from .shell_model import MeasuredBand, pair_weight, shell_total
from .shells import DEFAULT_SIGMA, LARGEST_SIGMA, Shell

__all__ = ["ShellFit", "ShellResult", "fit_shells"]

FloatArray = NDArray[np.float64]

SMALLEST_EIGENVALUE = 1e-3
AT_LIMIT = 1e-4
NARROWEST = 0.02
OFF_CENTRE = 0.45
"""Where between its limits a parameter starts: in the very middle MINPACK's relative step vanishes in lmfit's transformed variable."""


@dataclass(frozen=True, eq=False)
class ShellResult:
    """What a fit says about one shell.

    Parameters
    ----------
    shell : Shell
        What was asked for.
    distance, sigma, coordination : Value
        Å, Å and number, with esd or the reason why there is none.
    total : ndarray, shape (n,)
        Its T(r), Å⁻², at the fit's r.
    """

    shell: Shell
    distance: Value
    sigma: Value
    coordination: Value
    total: FloatArray


@dataclass(frozen=True, eq=False)
class ShellFit:
    """A fit of shells to T(r).

    Parameters
    ----------
    shells : tuple of ShellResult
        In the order given.
    r, observed, model : ndarray, shape (n,)
        Å and Å⁻², over the fitted range.
    rw : float
        sqrt(Σ(obs − model)²/Σobs²).
    reduced_chi_square : float
        Of the independent data; only with uncertainties of F(Q) is it meant to be 1.
    n_independent, n_varied : int
        Data and parameters.
    correlations : dict
        Of pairs of parameters beyond 0.8 in magnitude.
    success : bool
        Whether the fit converged.
    message : str
        What lmfit said.
    """

    shells: tuple[ShellResult, ...]
    r: FloatArray
    observed: FloatArray
    model: FloatArray
    rw: float
    reduced_chi_square: float
    n_independent: int
    n_varied: int
    correlations: dict[tuple[str, str], float]
    success: bool
    message: str


def fit_shells(
    band: MeasuredBand, total: FloatArray, shells: Sequence[Shell], *, fit_range: tuple[float, float] | None = None,
    fq_sigma: FloatArray | None = None,
) -> ShellFit:  # fmt: skip
    """Fit shells to T(r).

    Parameters
    ----------
    band : MeasuredBand
        Points and transform of the data.
    total : ndarray, shape (n_r,)
        T(r), Å⁻², at ``band.r``.
    shells : sequence of Shell
        At least one; of one pair, several may differ in distance.
    fit_range : (float, float), optional
        Å; by default from 0.3 Å below the shortest to 0.1 Å above the longest limit.
    fq_sigma : ndarray, shape (n_q,), optional
        Uncertainties of F(Q).

    Raises
    ------
    InputError
        No shells, a range outside the data, or fewer independent data than parameters.
    """
    import lmfit

    if not shells:
        raise InputError("no shells to fit;", where="local", remedy="name at least one, as in Si-O:1.5:1.7.")
    if fit_range is not None:
        _refuse_outside(shells, fit_range)
    used = _used(band.r, fit_range or (min(s.low for s in shells) - 0.3, max(s.high for s in shells) + 0.1))
    inside = MeasuredBand(band.r[used], band.q, band.window, band.composition, band.radiation)
    observed, matrix = total[used], inside.matrix()
    weights = [pair_weight(shell, inside) for shell in shells]
    project = _independent(matrix, fq_sigma)
    parameters = _parameters(lmfit, shells)
    varied = sum(1 for item in parameters.values() if item.vary)
    if project.shape[0] <= varied:
        raise InputError(
            f"{project.shape[0]} independent data for {varied} parameters;",
            where="local",
            remedy="widen the fit range, fix a cn or sigma, fit fewer shells, or measure to a higher Q.",
        )

    def parts(values: Any) -> list[FloatArray]:
        return [shell_total(matrix, band.q, weight, *(values[f"{key}{index}"].value for key in ("r", "cn", "sigma")))
                for index, weight in enumerate(weights)]  # fmt: skip

    found = lmfit.minimize(lambda values: project @ (observed - np.sum(parts(values), axis=0)), parameters)
    return _result(found, shells, inside.r, observed, parts(found.params), project.shape[0])


def _used(r: FloatArray, limits: tuple[float, float]) -> NDArray[np.bool_]:
    low, high = limits
    if not low < high:
        raise InputError(f"the fit range {low:g}–{high:g} Å;", where="local", remedy="give the smaller r first.")
    if low < r[0] - 1e-9 or high > r[-1] + 1e-9:
        raise InputError(f"the fit range {low:g}–{high:g} Å is outside the data ({r[0]:g}–{r[-1]:g} Å);", where="local",
                         remedy="narrow it, or reduce the data to a larger rmax.")  # fmt: skip
    return np.asarray((r >= low - 1e-9) & (r <= high + 1e-9))


def _refuse_outside(shells: Sequence[Shell], limits: tuple[float, float]) -> None:
    for shell in shells:
        if limits[0] < limits[1] and (shell.high <= limits[0] or shell.low >= limits[1]):
            raise InputError(f"shell {shell.pair} at {shell.low:g}–{shell.high:g} Å is outside the fit range {limits[0]:g}–{limits[1]:g} Å;",
                             where="local", remedy="widen the range, or leave the shell out.")  # fmt: skip


def _independent(matrix: FloatArray, fq_sigma: FloatArray | None) -> FloatArray:
    """Rows that turn a difference of T(r) into independent residuals."""
    scaled = matrix if fq_sigma is None else matrix * fq_sigma
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    kept = values > SMALLEST_EIGENVALUE * values[-1]
    return np.asarray((vectors[:, kept] / np.sqrt(values[kept])).T)


def _parameters(lmfit: Any, shells: Sequence[Shell]) -> Any:
    parameters = lmfit.Parameters()
    for index, shell in enumerate(shells):
        parameters.add(f"r{index}", shell.low + OFF_CENTRE * (shell.high - shell.low), min=shell.low, max=shell.high)
        parameters.add(f"cn{index}", shell.coordination or OFF_CENTRE * shell.largest, vary=shell.coordination is None,
                       min=0.0, max=max(shell.largest, shell.coordination or 0.0))  # fmt: skip
        parameters.add(f"sigma{index}", shell.sigma or DEFAULT_SIGMA, vary=shell.sigma is None,
                       min=min(NARROWEST, shell.sigma or NARROWEST), max=LARGEST_SIGMA)  # fmt: skip
    return parameters


def _result(
    found: Any, shells: Sequence[Shell], r: FloatArray, observed: FloatArray, parts: list[FloatArray], n_data: int
) -> ShellFit:
    results = tuple(
        ShellResult(
            shell, _value(found, f"r{index}"), _value(found, f"sigma{index}"), _value(found, f"cn{index}"), parts[index]
        )
        for index, shell in enumerate(shells)
    )
    model = np.sum(parts, axis=0)
    return ShellFit(results, r, observed, model, rw(observed, model), float(found.redchi), n_data, int(found.nvarys),
                    _correlations(found), bool(found.success), str(found.message))  # fmt: skip


def _value(found: Any, name: str) -> Value:
    item = found.params[name]
    if not item.vary:
        return Value(float(item.value), None, "given, not refined")
    if not found.success:
        return Value(float(item.value), None, "the fit did not converge")
    if min(item.value - item.min, item.max - item.value) < AT_LIMIT * (item.max - item.min):
        return Value(float(item.value), None, f"at its limit ({item.min:g}–{item.max:g})")
    if not found.errorbars or item.stderr is None:
        return Value(float(item.value), None, "no covariance: the data don't determine every parameter")
    return Value(float(item.value), float(item.stderr))


def _correlations(found: Any) -> dict[tuple[str, str], float]:
    pairs = {}
    for name, item in found.params.items():
        for other, value in (item.correl or {}).items():
            if name < other and abs(value) > 0.8:
                pairs[name, other] = float(value)
    return pairs
