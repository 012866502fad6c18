"""Weight fractions as one of several patterns shows them."""

from __future__ import annotations

import numpy as np

from ..result import Result, Value
from .covariance import Covariance
from .fractions import weight_fractions

__all__ = ["pattern_fractions"]


def pattern_fractions(result: Result, pattern: str, covariance: Covariance | None) -> dict[str, Value]:
    """Weight fractions in a pattern: scales of the phases times their shares there.

    Those of the result while the shares are held at 1, as they are in the first pattern.

    Parameters
    ----------
    result : Result
        Of several patterns.
    pattern : str
        Name of the pattern.
    covariance : Covariance or None
        Of the fit; without it no esd is given.
    """
    fractions = {name: phase.weight_fraction for name, phase in result.phases.items()}
    shares = [f"pattern.{pattern}.share.{name}" for name in fractions]
    factors = [phase.mass_factor for phase in result.phases.values()]
    if all(_is_one(result, share) for share in shares) or any(value.value is None for value in fractions.values()):
        return fractions
    if any(factor is None for factor in factors):
        return dict.fromkeys(fractions, Value(None, None, "the engine gave no mass per unit of scale"))
    scales = [f"phase.{name}.scale" for name in fractions]
    scale = np.array([result.parameters[name].value for name in scales])
    share = np.array([result.parameters[name].value if name in result.parameters else 1.0 for name in shares])
    spread = None
    if covariance is not None:
        jacobian = np.hstack([np.diag(share), np.diag(scale)])
        spread = jacobian @ covariance.of([*scales, *shares]) @ jacobian.T
    found, esds = weight_fractions(scale * share, np.array(factors, dtype=float), spread)
    return {
        name: Value(float(value), None if esds is None or esds[i] < 1e-9 else float(esds[i]), None if esds is not None else "the fit has no covariance")
        for i, (name, value) in enumerate(zip(fractions, found, strict=True))
    }  # fmt: skip


def _is_one(result: Result, share: str) -> bool:
    item = result.parameters.get(share)
    return item is None or (item.value == 1.0 and item.esd is None)
