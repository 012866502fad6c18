r"""Rival models of one pattern: which do the data prefer, and can they tell at all?

Hamilton's test (W. C. Hamilton, Acta Cryst. 18 (1965) 502): a model with b parameters fewer is rejected at level α when
:math:`R_1/R_2 > \sqrt{1 + \frac{b}{n-k} F_{b,n-k,\alpha}}`. Residuals of neighbouring points are correlated wherever a model is not perfect, so that
the points overstate the evidence; `effective_points` divides them by the residual's correlation length, :math:`1 + 2\sum_{j} \rho_j` up to
the first negative :math:`\rho_j`, and the verdict uses the BIC with that number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..result import Agreement, ProfileCurves, Result
from .defence.figures import chi_square

__all__ = ["RIVALS_SCHEMA", "Hamilton", "Pair", "Rival", "RivalModels", "compare_rivals", "effective_points", "hamilton"]  # fmt: skip

RIVALS_SCHEMA = "xtal-rivals/1"
CLEAR = 10.0
"""ΔBIC above which a preference counts as clear (R. E. Kass, A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773)."""
TOLD_APART = 9.0
"""Distance of two fitted patterns in χ² at which they differ by three σ."""
SIGNIFICANCE = 0.01
UNPHYSICAL = frozenset(
    {
        "displacement-parameter",
        "occupancy-above-one",
        "parameter-at-bound",
        "cell-moved",
        "phase-not-carried",
        "phase-not-shown",
    }
)
"""Checks that speak against a model and not against the data."""

_UNFINISHED = "Its fit has not converged: a longer one may bring its Rwp and ΔBIC down."

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Hamilton:
    """Hamilton's R-ratio test of a model against the best one, which has `b` parameters more."""

    b: int
    ratio: float
    critical: float

    @property
    def rejected(self) -> bool:
        """Whether the smaller model is rejected at 1 %."""
        return self.ratio > self.critical


@dataclass(frozen=True, eq=False)
class Rival:
    """One model.

    Parameters
    ----------
    name : str
        Of the variant or job.
    result : Result
        Its fit.
    rwp, gof : float or None
        None when the fit failed.
    n_free : int
        Refined parameters.
    delta_bic, delta_bic_effective : float or None
        Above the best model, with the points and with the effective points.
    hamilton : Hamilton or None
        Against the best model; None when that has no more parameters.
    unphysical : tuple of str
        Sentences of checks that speak against the model.
    """

    name: str
    result: Result
    rwp: float | None
    gof: float | None
    n_free: int
    delta_bic: float | None
    delta_bic_effective: float | None
    hamilton: Hamilton | None
    unphysical: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Distance of the fitted patterns of two models.

    Parameters
    ----------
    first, second : str
        Models.
    distance : float
        Σ((c₁ − c₂)/σ)², what the data could tell them apart by.
    counts_factor : float
        How many times these counts would bring the distance to 9 (three σ); below 1 the data suffice.
    """

    first: str
    second: str
    distance: float
    counts_factor: float


@dataclass(frozen=True, eq=False)
class RivalModels:
    """All models, best first, with what the data say."""

    title: str
    rivals: tuple[Rival, ...]
    pairs: tuple[Pair, ...]
    n_points: int
    effective_points: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Content of rivals.json."""
        return {
            "schema": RIVALS_SCHEMA,
            "title": self.title,
            "sentence": self.sentence,
            "n_points": self.n_points,
            "effective_points": self.effective_points,
            "models": [_rival_dict(rival) for rival in self.rivals],
            "pairs": [asdict(pair) for pair in self.pairs],
        }


def _rival_dict(rival: Rival) -> dict[str, Any]:
    keys = ("name", "rwp", "gof", "n_free", "delta_bic", "delta_bic_effective")
    test = None if rival.hamilton is None else {**asdict(rival.hamilton), "rejected": rival.hamilton.rejected}
    facts = {key: getattr(rival, key) for key in keys}
    return {**facts, "status": rival.result.status, "hamilton": test, "unphysical": list(rival.unphysical)}


def effective_points(curves: ProfileCurves) -> float:
    """Number of points over the correlation length of the weighted residual."""
    residual = curves.difference / np.where(curves.sigma > 0, curves.sigma, 1.0)
    residual = residual - residual.mean()
    n = residual.size
    variance = float(residual @ residual)
    if variance <= 0 or n < 4:
        return float(n)
    total = 1.0
    for lag in range(1, n // 4):
        rho = float(residual[lag:] @ residual[:-lag]) / variance
        if rho <= 0:
            break
        total += 2 * rho
    return float(n / total)


def hamilton(smaller: Agreement, larger: Agreement) -> Hamilton | None:
    """R-ratio test at 1 %; None unless the first has fewer parameters."""
    from scipy.stats import f as f_distribution

    b = larger.n_free - smaller.n_free
    freedom = larger.n_points - larger.n_free
    if b < 1 or freedom < 1:
        return None
    critical = math.sqrt(1 + b / freedom * float(f_distribution.isf(SIGNIFICANCE, b, freedom)))
    return Hamilton(b, smaller.rwp / larger.rwp, critical)


def _bic(agreement: Agreement, points: float) -> float:
    mean = max(chi_square(agreement), 1e-300) / agreement.n_points
    return points * math.log(mean) + agreement.n_free * math.log(points)


def compare_rivals(title: str, results: Mapping[str, Result]) -> RivalModels:
    """Rank models of the same data.

    Parameters
    ----------
    title : str
        Of the comparison.
    results : mapping
        Model to its fit; models whose fit failed stay in the table, last.
    """
    fitted = {name: result for name, result in results.items() if result.agreement and result.profile is not None}
    if not fitted:
        failed = tuple(_failed(name, result) for name, result in results.items())
        return RivalModels(title, failed, (), 0, 0.0, "No model could be fitted.")
    reference = min(fitted.values(), key=lambda result: result.agreement.rwp if result.agreement else math.inf)
    assert reference.profile is not None and reference.agreement is not None
    points = effective_points(reference.profile)
    order = sorted(fitted, key=lambda name: _bic(_agreement(fitted[name]), points))
    best = _agreement(fitted[order[0]])
    rivals = [_rival(name, fitted[name], best, points) for name in order]
    rivals += [_failed(name, result) for name, result in results.items() if name not in fitted]
    pairs = tuple(_pair(a, fitted[a], b, fitted[b]) for i, a in enumerate(order) for b in order[i + 1 :])
    models = tuple(rivals)
    return RivalModels(title, models, pairs, best.n_points, points, _sentence(models, pairs))


def _agreement(result: Result) -> Agreement:
    assert result.agreement is not None
    return result.agreement


def _failed(name: str, result: Result) -> Rival:
    return Rival(name, result, None, None, 0, None, None, None, (result.message,))


def _rival(name: str, result: Result, best: Agreement, points: float) -> Rival:
    own = _agreement(result)
    return Rival(
        name=name,
        result=result,
        rwp=own.rwp,
        gof=own.gof,
        n_free=own.n_free,
        delta_bic=_bic(own, own.n_points) - _bic(best, best.n_points),
        delta_bic_effective=_bic(own, points) - _bic(best, points),
        hamilton=hamilton(own, best),
        unphysical=(
            *(() if result.status == "converged" else (_UNFINISHED,)),
            *(check.sentence for check in result.checks if check.code in UNPHYSICAL),
        ),
    )


def _pair(first: str, one: Result, second: str, other: Result) -> Pair:
    assert one.profile is not None and other.profile is not None
    sigma = np.where(one.profile.sigma > 0, one.profile.sigma, 1.0)
    distance = float(np.sum(((one.profile.calculated - other.profile.calculated) / sigma) ** 2))
    return Pair(first, second, distance, TOLD_APART / distance if distance > 0 else math.inf)


def _sentence(rivals: tuple[Rival, ...], pairs: tuple[Pair, ...]) -> str:
    fitted = [rival for rival in rivals if rival.rwp is not None]
    best, parts = fitted[0], []
    clear = [rival.name for rival in fitted[1:] if (rival.delta_bic_effective or 0.0) > CLEAR]
    open_ = [rival for rival in fitted[1:] if rival.name not in clear]
    if clear:
        parts.append(f"The data prefer {best.name} to {', '.join(clear)} (ΔBIC above {CLEAR:g}).")
    for rival in open_:
        pair = next(pair for pair in pairs if {pair.first, pair.second} == {best.name, rival.name})
        parts.append(_undecided(best.name, rival, pair))
    if best.unphysical:
        parts.append(f"But {best.name} has {len(best.unphysical)} findings against it: {best.unphysical[0]}")
    failed = [rival.name for rival in rivals if rival.rwp is None]
    if failed:
        parts.append(f"No fit came of {', '.join(failed)}.")
    return " ".join(parts) if parts else f"Only {best.name} could be fitted."


def _undecided(best: str, rival: Rival, pair: Pair) -> str:
    head = f"These data can't tell {best} from {rival.name} (ΔBIC {rival.delta_bic_effective or 0.0:+.1f})"
    if not math.isfinite(pair.counts_factor):
        return f"{head}: their calculated patterns are the same, more counts won't help."
    if pair.counts_factor > 1:
        return (
            f"{head}: their fitted patterns differ by {math.sqrt(pair.distance):.1f} σ; three σ would take "
            f"{pair.counts_factor:.2g} times the counts, if everything else were perfect."
        )
    return (
        f"{head}, although their patterns differ by {math.sqrt(pair.distance):.1f} σ: both misfit alike, so that a better model "
        "or other data (neutrons, another range) will decide, not more counts."
    )
