"""Several patterns of one sample: each has a model of its own, whose parameters follow from those of the job (see `joint_names`)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .joint_names import PatternNames
from .pattern_model import Calculated, PatternModel, View
from .refusals import NativeError, refuse_displacement, refuse_unknown_names, used_names
from .tof_model import TofPatternModel

__all__ = ["JointModel", "model_of"]

FloatArray = NDArray[np.float64]


class JointModel:
    """The model of a task with several patterns; points, and derivatives by points, stand one pattern after the other.

    Parameters
    ----------
    task : dict
        Engine task with ``patterns``.

    Raises
    ------
    NativeError
        As for one pattern; two patterns of the same name.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        names = [str(entry["name"]) for entry in task["patterns"]]
        if len(set(names)) < len(names):
            raise NativeError("bad_input", f"patterns {', '.join(names)}: give each its own name.")
        alone = [{**task, **entry} for entry in task["patterns"]]
        self.patterns = [pattern_model(one, check_names=False) for one in alone]
        axes = {
            phase.name: [name for name in phase.structure.space_group.free_cell_parameters() if name in "abc"]
            for phase in self.patterns[0].phases
        }
        self.names = [PatternNames(name, axes, number == 0) for number, name in enumerate(names)]
        refuse_unknown_names(task, self.known_names())
        for one, own in zip(alone, self.names, strict=True):
            refuse_displacement({**one, "parameters": task["parameters"]}, used_names(task), own.prefix[:-1])
        edges = np.cumsum([0, *(len(pattern.axis) for pattern in self.patterns)])
        self.points = [slice(int(low), int(high)) for low, high in pairwise(edges)]
        self.axis, self.observed, self.sigma = (
            np.concatenate([getattr(pattern, part) for pattern in self.patterns])
            for part in ("axis", "observed", "sigma")
        )
        self.phases = self.patterns[0].phases

    def known_names(self) -> list[str]:
        """Dotted names of all parameters of the model."""
        found: dict[str, None] = {}
        for pattern, names in zip(self.patterns, self.names, strict=True):
            found |= dict.fromkeys([*names.own(), *map(names.outer, pattern.known_names())])
        return list(found)

    def views(self, values: Mapping[str, float]) -> list[View]:
        """The patterns, each with the parameters that its own model has at `values`."""
        return [
            View(names.prefix.removeprefix("pattern.")[:-1], pattern, names.values(values), points)
            for pattern, names, points in zip(self.patterns, self.names, self.points, strict=True)
        ]

    @property
    def n_extracted(self) -> int:
        """Number of intensities that come from the patterns themselves."""
        return sum(pattern.n_extracted for pattern in self.patterns)

    def list_reflections(self, values: Mapping[str, float]) -> None:
        """Make the reflection lists anew."""
        for view in self.views(values):
            view.model.list_reflections(view.values)

    def evaluate(
        self, values: Mapping[str, float], moving: tuple[str, ...] = (), reduction: FloatArray | None = None
    ) -> Calculated:
        """All patterns at `values`; arguments as of `PatternModel.evaluate`."""
        by_free = np.eye(len(moving)) if reduction is None else reduction
        rows = dict(zip(moving, by_free, strict=True))
        jacobian = np.zeros((by_free.shape[1], len(self.axis)))
        background, extra = np.zeros((2, len(self.axis)))
        curves = np.zeros((len(self.phases), len(self.axis)))
        for view, names in zip(self.views(values), self.names, strict=True):
            own = names.slopes(values, rows)
            matrix = np.array(list(own.values())).reshape(len(own), by_free.shape[1])
            used = np.flatnonzero(matrix.any(axis=0))
            found = view.model.evaluate(view.values, tuple(own), matrix[:, used])
            if view.model.extraction is not None:
                view.model.extraction.of_free = used
            jacobian[used, view.points] = found.jacobian
            background[view.points], curves[:, view.points] = found.background, found.phases
            if found.extra_peaks is not None:
                extra[view.points] = found.extra_peaks
        return Calculated(background, tuple(curves), jacobian, extra)


def pattern_model(task: dict[str, Any], check_names: bool = True) -> PatternModel:
    """The model of one pattern."""
    return (TofPatternModel if "tof" in task["pattern"] else PatternModel)(task, check_names)


def model_of(task: dict[str, Any]) -> PatternModel | JointModel:
    """The model of a task of one pattern or several."""
    return JointModel(task) if "patterns" in task else pattern_model(task)
