"""Scales where the job leaves them to the engine: one weighted linear least squares with the background."""

from __future__ import annotations

from typing import Any

import numpy as np

from .parameters import Parameters
from .pattern_model import PatternModel

__all__ = ["set_start_scales"]

SMALLEST_SHARE = 0.02
"""A start scale is at least this share of the one by which the phases would explain the pattern evenly."""


def set_start_scales(task: dict[str, Any], model: PatternModel, parameters: Parameters) -> None:
    """Replace scales that start at exactly 1 by ones that match the pattern."""
    names = [f"phase.{phase.name}.scale" for phase in model.phases]
    given = [task["parameters"].get(name, {"value": 1.0})["value"] for name in names]
    wanted = [i for i, name in enumerate(names) if given[i] in (None, 1.0) and name not in parameters.ties]
    if not wanted:
        return
    curves = np.array(model.evaluate(parameters.values).phases)
    known = [i for i in range(len(names)) if i not in wanted]
    rest = model.observed - curves[known].sum(axis=0)
    rows = np.vstack([curves[wanted], model.background_rows]) / model.sigma
    norms = np.linalg.norm(rows, axis=1)
    norms[norms == 0] = 1.0
    fitted = np.linalg.lstsq((rows / norms[:, None]).T, rest / model.sigma, rcond=None)[0] / norms
    areas = curves[wanted].sum(axis=1)
    even = max(float(np.sum(rest - rest.min())), 1.0) / len(wanted) / np.where(areas > 0, areas, 1.0)
    for i, scale in zip(wanted, np.maximum(fitted[: len(wanted)], SMALLEST_SHARE * even), strict=True):
        low, high = parameters.bounds.get(names[i], (0.0, np.inf))
        parameters.values[names[i]] = float(np.clip(scale, low, high))
    parameters.follow()
