"""Mass of phases in the beam, from a result: scale × mass factor in the engine's units."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..result import Result, Value
from .covariance import Covariance

__all__ = ["mass_in_beam"]


def mass_in_beam(result: Result, phases: Sequence[str] | None = None, covariance: Covariance | None = None) -> Value:
    """Σ scale × mass factor over some phases, by default all.

    Without the covariance the scales count as independent.

    Raises
    ------
    InputError
        The result has no mass factors (it is older than this version), or its intensities were extracted.
    """
    names = list(result.phases) if phases is None else list(phases)
    factors = [result.phases[name].mass_factor for name in names]
    if result.mode != "rietveld":
        raise InputError(f"mode {result.mode!r} gives no amounts of phases;", remedy='refine with mode = "rietveld".')
    if None in factors:
        raise InputError("the result holds no mass factors;", remedy="refine again with this version.")
    factor = np.array(factors, dtype=float)
    items = [result.parameters[f"phase.{name}.scale"] for name in names]
    total = float(factor @ [item.value for item in items])
    if covariance is not None:
        matrix = covariance.of([f"phase.{name}.scale" for name in names])
        variance = float(factor @ matrix @ factor)
    else:
        variance = float(np.sum((factor * [item.esd or 0.0 for item in items]) ** 2))
    return Value(total, math.sqrt(variance)) if variance > 0 else Value(total, None, "the scales have no esd")
