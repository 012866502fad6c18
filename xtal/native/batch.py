"""Many fits of one model in one process: what doesn't depend on the counts is made once and kept.

A series refines thousands of patterns with the same phases on the same axis. Symmetry, orbits, background terms and the grid of the
tails are the same for all of them; a kept model gives the numbers that a new one would give.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from .joint_model import model_of
from .refinement import refine_task

__all__ = ["Batch"]

_KEPT = 8
_OF_THE_COUNTS = {"title", "work_dir", "parameters", "stages", "pattern"}


class Batch:
    """Fits one task after the other; not for several threads at once."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, Any] = OrderedDict()

    def refine(self, task: dict[str, Any], emit: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """As `refine_task`, with a model kept from an earlier task where only counts, start values and bounds differ."""
        return refine_task(task, emit, self._model)

    def _model(self, task: dict[str, Any]) -> Any:
        if "patterns" in task:
            return model_of(task)
        key = _fingerprint(task)
        if key not in self._models:
            self._models[key] = model_of(task)
            if len(self._models) > _KEPT:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        model = self._models[key]
        model.observed, model.sigma = (np.array(task["pattern"][name], dtype=float) for name in ("intensity", "sigma"))
        return model


def _fingerprint(task: dict[str, Any]) -> str:
    """Digest of all that a model is made of."""
    described = {name: value for name, value in task.items() if name not in _OF_THE_COUNTS}
    described["names"] = list(task["parameters"])
    described["free"] = [stage["free"] for stage in task["stages"]]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, values in sorted(task["pattern"].items()):
        if name not in ("intensity", "sigma"):
            digest.update(name.encode() + np.asarray(values, dtype=float).tobytes())
    return digest.hexdigest()
