"""Scales where the job leaves them to the engine: weighted linear least squares with the background, pattern by pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .joint_model import JointModel
from .parameters import Parameters
from .pattern_model import PatternModel, View
from .refusals import used_names

__all__ = ["set_start_scales"]

FloatArray = NDArray[np.float64]

SMALLEST_SHARE = 0.02
"""A start scale is at least this share of the one by which the phases would explain the pattern evenly."""


def set_start_scales(task: dict[str, Any], model: PatternModel | JointModel, parameters: Parameters) -> None:
    """Replace scales that start at exactly 1 by ones that match the pattern: the phases' in the first, then one for each further."""
    first, *others = views = model.views(parameters.values)
    if first.model.extraction is not None:
        for view in views:
            view.model.start_extraction()
        return
    names = [f"phase.{phase.name}.scale" for phase in first.model.phases]
    if _wanted(task, parameters, names):
        _set(task, parameters, names, np.array(first.model.evaluate(first.values).phases), first)
    freed = used_names(task)
    for number in range(1, 1 + len(others)):
        view = model.views(parameters.values)[number]
        name = f"pattern.{view.name}.scale"
        if name in freed:
            total = np.sum(view.model.evaluate(view.values).phases, axis=0)
            _set(task, parameters, [name], total[None], view)


def _set(task: dict[str, Any], parameters: Parameters, names: list[str], curves: FloatArray, view: View) -> None:
    """Those of the named scales that start at 1, from their curves at 1."""
    wanted = _wanted(task, parameters, names)
    if not wanted:
        return
    known = [i for i in range(len(names)) if i not in wanted]
    rest = view.model.observed - curves[known].sum(axis=0)
    for i, scale in zip(wanted, _scales(curves[wanted], rest, view.model), strict=True):
        low, high = parameters.bounds.get(names[i], (0.0, np.inf))
        parameters.values[names[i]] = float(np.clip(scale, low, high))
    parameters.follow()


def _wanted(task: dict[str, Any], parameters: Parameters, names: list[str]) -> list[int]:
    """Which of the scales start at 1."""
    given = [task["parameters"].get(name, {"value": 1.0})["value"] for name in names]
    return [i for i, name in enumerate(names) if given[i] in (None, 1.0) and name not in parameters.ties]


def _scales(curves: FloatArray, observed: FloatArray, model: PatternModel) -> FloatArray:
    """Scales of curves (k, n) that explain counts (n,) together with a background."""
    rows = np.vstack([curves, model.background_rows]) / model.sigma
    norms = np.linalg.norm(rows, axis=1)
    norms[norms == 0] = 1.0
    fitted = np.linalg.lstsq((rows / norms[:, None]).T, observed / model.sigma, rcond=None)[0] / norms
    areas = curves.sum(axis=1)
    even = max(float(np.sum(observed - observed.min())), 1.0) / len(curves) / np.where(areas > 0, areas, 1.0)
    return np.asarray(np.maximum(fitted[: len(curves)], SMALLEST_SHARE * even))
