"""A reference whose cell is a little too small or large: the factor on its r that fits the data best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .agreement import best_scale, rw

__all__ = ["best_stretch", "stretched"]

FloatArray = NDArray[np.float64]

LARGEST = 0.05
TRIALS = 41


def stretched(r: FloatArray, curve: FloatArray, factor: float) -> FloatArray:
    """The curve of a crystal whose every length is `factor` times as long, at the same r (Å).

    G(r) scales as the density times r, so that its height changes by factor⁻².
    """
    return np.asarray(np.interp(r / factor, r, curve) / factor**2)


def best_stretch(
    r: FloatArray, gr: FloatArray, curve: FloatArray, limit: float, *, fit_range: tuple[float, float]
) -> float:
    """Factor within 1 ± `limit` with the lowest Rw of the scaled reference alone over `fit_range` (Å).

    Raises
    ------
    InputError
        A limit that isn't between 0 and 0.05: beyond, another crystal would be fitted.
    """
    if not 0 < limit <= LARGEST:
        raise InputError(
            f"a stretch of {limit:g};", where="local", remedy=f"give a part of the cell between 0 and {LARGEST:g}."
        )
    inside = (r >= fit_range[0]) & (r <= fit_range[1])
    observed = gr[inside]

    def misfit(factor: float) -> float:
        model = stretched(r, curve, factor)[inside]
        return rw(observed, max(best_scale(observed, model), 0.0) * model)

    from scipy.optimize import minimize_scalar

    trials = np.linspace(1 - limit, 1 + limit, TRIALS)
    start = trials[int(np.argmin([misfit(float(factor)) for factor in trials]))]
    spacing = float(trials[1] - trials[0])
    low, high = max(start - spacing, 1 - limit), min(start + spacing, 1 + limit)
    return float(minimize_scalar(misfit, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x)
