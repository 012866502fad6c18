r"""How much of G(r) is crystalline, and which crystal.

:math:`G(r) = \sum_k w_k G_k(r) + w_a G_a(r)` by least squares with weights that aren't negative: k the crystalline references (nanocrystals with their
own damping), a an amorphous reference. Without one, only r beyond the reach of amorphous order is fitted, where G_a = 0, and the
amorphous part is what is left below. G(r) is normalised by ⟨b⟩² of the whole, so that for references of the sample's composition w
is a share of atoms.

Which references are needed is asked of BIC = n ln(S/n) + p ln n, with n = (r₂ − r₁) Qmax/π independent data. Of all combinations within 6 of
the smallest BIC the one with fewest references is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..result import Value
from .agreement import rw
from .transform import nyquist_step

__all__ = ["CrystallineFraction", "MixtureModel", "crystalline_fraction"]

FloatArray = NDArray[np.float64]

STRONG_EVIDENCE = 6.0
"""Difference in BIC; R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773."""

AMORPHOUS = "amorphous"


@dataclass(frozen=True, eq=False)
class MixtureModel:
    """One combination of references.

    Parameters
    ----------
    crystals : tuple of str
        Those in it; none for a purely amorphous sample.
    weights : dict of Value
        Of every reference in it, the amorphous one too.
    rw : float
        Over the fitted range; with nothing to fit it is 1.
    bic : float
        See the module.
    model : ndarray
        G(r), Å⁻², over the fitted range.
    covariance : ndarray
        Of the weights, in their order; zero for those at their limit.
    """

    crystals: tuple[str, ...]
    weights: dict[str, Value]
    rw: float
    bic: float
    model: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class CrystallineFraction:
    """What the comparison of combinations says.

    Parameters
    ----------
    best : MixtureModel
        The combination that the data ask for.
    models : tuple of MixtureModel
        All, by BIC.
    fractions : dict of Value
        Share of each crystal in `best`; empty where there is none.
    total : Value
        Crystalline fraction; without an esd and with a reason where no crystal is asked for.
    fit_range : (float, float)
        Å.
    n_independent : float
        Independent data in it.
    r, observed : ndarray
        What was fitted.
    amorphous_part : ndarray
        G(r) without the crystals of `best`, over the whole r given.
    """

    best: MixtureModel
    models: tuple[MixtureModel, ...]
    fractions: dict[str, Value]
    total: Value
    fit_range: tuple[float, float]
    n_independent: float
    r: FloatArray
    observed: FloatArray
    amorphous_part: FloatArray

    @property
    def stacking(self) -> str:
        """Names of the crystals in the best combination, joined by +; ``none`` for a purely amorphous sample."""
        return " + ".join(self.best.crystals) or "none"


def crystalline_fraction(
    r: FloatArray, gr: FloatArray, crystals: Mapping[str, FloatArray], q_max: float, *,
    amorphous: FloatArray | None = None, fit_range: tuple[float, float] | None = None, amorphous_reach: float = 12.0,
) -> CrystallineFraction:  # fmt: skip
    """Fit every combination of references and choose.

    Parameters
    ----------
    r, gr : ndarray, shape (n,)
        Å and Å⁻².
    crystals : mapping of name to ndarray, shape (n,)
        G(r) of the crystalline references at the same r.
    q_max : float
        Å⁻¹.
    amorphous : ndarray, shape (n,), optional
        G(r) of the amorphous reference; without it the fit starts at `amorphous_reach`, Å.
    fit_range : (float, float), optional
        Å.

    Raises
    ------
    InputError
        No crystals, references at other r, a range outside the data or too short for the references.
    """
    _refuse_bad(r, gr, crystals, amorphous)
    low, high = fit_range or (float(r[0]) if amorphous is not None else amorphous_reach, float(r[-1]))
    inside = (r >= low - 1e-9) & (r <= high + 1e-9)
    independent = (high - low) / nyquist_step(q_max)
    if low < r[0] - 1e-9 or high > r[-1] + 1e-9 or independent < len(crystals) + 3:
        raise InputError(
            f"the range {low:g}–{high:g} Å of data from {r[0]:g} to {r[-1]:g} Å can't tell {len(crystals)} references apart;",
            where="local",
            remedy="reduce to a larger rmax, or lower --amorphous-reach.",
        )
    fixed = {} if amorphous is None else {AMORPHOUS: amorphous[inside]}
    names = [chosen for size in range(len(crystals) + 1) for chosen in combinations(crystals, size)]
    models = [_fitted(gr[inside], {name: crystals[name][inside] for name in chosen} | fixed, chosen, independent)
              for chosen in names]  # fmt: skip
    ranked = tuple(sorted(models, key=lambda model: model.bic))
    best = min((m for m in ranked if m.bic <= ranked[0].bic + STRONG_EVIDENCE), key=lambda m: (len(m.crystals), m.bic))
    fractions, total = _fractions(best, amorphous is not None)
    crystalline = sum((crystals[name] * (best.weights[name].value or 0.0) for name in best.crystals), np.zeros_like(gr))
    return CrystallineFraction(
        best, ranked, fractions, total, (low, high), independent, r[inside], gr[inside], gr - crystalline
    )


def _refuse_bad(
    r: FloatArray, gr: FloatArray, crystals: Mapping[str, FloatArray], amorphous: FloatArray | None
) -> None:
    if not crystals:
        raise InputError("no crystalline reference;", where="local", remedy="give at least one (--crystal NAME=CIF).")
    if AMORPHOUS in crystals:
        raise InputError(f"a crystal called {AMORPHOUS!r};", where="local", remedy="give it another name.")
    every = {**crystals, "data": gr} | ({} if amorphous is None else {AMORPHOUS: amorphous})
    for name, curve in every.items():
        if curve.shape != r.shape:
            raise InputError(
                f"{name} has {curve.size} points, r has {r.size};", where="local", remedy="put all on one grid."
            )


def _fitted(
    observed: FloatArray, references: Mapping[str, FloatArray], chosen: tuple[str, ...], n: float
) -> MixtureModel:
    from scipy.optimize import nnls

    names = list(references)
    if not names:
        return MixtureModel((), {}, 1.0, _bic(observed, n, 0), np.zeros_like(observed), np.zeros((0, 0)))
    matrix = np.column_stack([references[name] for name in names])
    weights, _ = nnls(matrix, observed)
    model = matrix @ weights
    active = weights > 0
    covariance = np.zeros((len(names), len(names)))
    if np.any(active):
        # Oversampling by k multiplies both the normal matrix and the sum of squares by k, and cancels.
        variance = float(np.sum((observed - model) ** 2)) / max(n - active.sum(), 1.0)
        covariance[np.ix_(active, active)] = np.linalg.inv(matrix[:, active].T @ matrix[:, active]) * variance
    values = {name: Value(float(w), float(np.sqrt(covariance[k, k]))) if w > 0 else Value(0.0, None, "at its limit, 0")
              for k, (name, w) in enumerate(zip(names, weights, strict=True))}  # fmt: skip
    bic = _bic(observed - model, n, len(names))
    return MixtureModel(chosen, values, rw(observed, model), bic, model, covariance)


def _bic(residual: FloatArray, n: float, n_parameters: int) -> float:
    mean_square = max(float(np.mean(residual**2)), np.finfo(float).tiny)
    return float(n * np.log(mean_square) + n_parameters * np.log(n))


def _fractions(best: MixtureModel, with_amorphous: bool) -> tuple[dict[str, Value], Value]:
    """Shares of the crystals; with an amorphous reference they are relative to the sum of all weights."""
    if not best.crystals:
        return {}, Value(0.0, None, "no crystalline reference improves the fit by more than chance")
    names = list(best.weights)
    shares = {name: _share(best, [names.index(name)], with_amorphous) for name in best.crystals}
    return shares, _share(best, [names.index(name) for name in best.crystals], with_amorphous)


def _share(best: MixtureModel, members: list[int], relative: bool) -> Value:
    """Sum of some weights, or its share in all, with the esd of their covariance."""
    weights = np.array([value.value or 0.0 for value in best.weights.values()])
    gradient = np.zeros_like(weights)
    gradient[members] = 1.0
    share = float(weights[members].sum())
    if relative:
        share /= weights.sum()
        gradient = (gradient - share) / weights.sum()
    if share == 0:
        return Value(0.0, None, "at its limit, 0")
    return Value(share, float(np.sqrt(gradient @ best.covariance @ gradient)))
