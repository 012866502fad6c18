"""The whole calculated pattern with its derivatives by what a stage frees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axial_kernel import spread_nodes
from .from_task import instrument_of
from .kernels import kernel
from .peaks import Peaks
from .phase_model import PATTERN_NAMES, PhaseModel
from .refusals import refuse_unknown_kinds, refuse_unknown_names
from .tails import Tails
from .windows import BROAD, Windows, make_windows

__all__ = ["AXIAL", "Calculated", "PatternModel"]

FloatArray = NDArray[np.float64]

AXIAL = "pattern.profile.axial"


@dataclass(frozen=True)
class Calculated:
    """A calculated pattern.

    Parameters
    ----------
    background : ndarray, shape (n,)
        Counts.
    phases : tuple of ndarray, shape (n,)
        Counts of each phase.
    jacobian : ndarray, shape (k, n)
        Derivatives by the free parameters.
    """

    background: FloatArray
    phases: tuple[FloatArray, ...]
    jacobian: FloatArray

    @property
    def total(self) -> FloatArray:
        """Background and all phases, counts."""
        return np.asarray(self.background + sum(self.phases))


class PatternModel:
    """The model of a task.

    Parameters
    ----------
    task : dict
        Engine task.

    Raises
    ------
    NativeError
        ``unsupported`` for what this engine can't express, ``bad_input`` for values that contradict each other.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        refuse_unknown_kinds(task)
        self.instrument = instrument_of(task)
        self.axis, self.observed, self.sigma = (
            np.array(task["pattern"][key], dtype=float) for key in ("two_theta", "intensity", "sigma")
        )
        dispersion = bool(task["instrument"].get("dispersion", True))
        self.phases = [PhaseModel(phase, self.instrument, dispersion) for phase in task["phases"]]
        self.background_names = [f"pattern.background.c{i}" for i in range(int(task["background"]["n_terms"]))]
        low, high = (float(edge) for edge in task["background"]["range"])
        reduced = 2 * (self.axis - low) / (high - low) - 1
        self.background_rows = np.polynomial.chebyshev.chebvander(reduced, len(self.background_names) - 1).T.copy()
        refuse_unknown_names(task, self.known_names())
        self.tails = Tails(self.axis)
        self._windows: dict[str, Windows] = {}

    def known_names(self) -> list[str]:
        """Dotted names of all parameters of the model."""
        shared = ["pattern.zero", "pattern.displacement", *PATTERN_NAMES, AXIAL, *self.background_names]
        return [*shared, *(name for phase in self.phases for name in phase.known_names())]

    def list_reflections(self, values: Mapping[str, float]) -> None:
        """Make the reflection lists anew."""
        self._windows.clear()
        for phase in self.phases:
            phase.list_reflections(values, float(self.axis[0]), float(self.axis[-1]))

    def evaluate(
        self, values: Mapping[str, float], moving: tuple[str, ...] = (), reduction: FloatArray | None = None
    ) -> Calculated:
        """Pattern at `values`.

        Parameters
        ----------
        values : mapping
            Every parameter, engine's units.
        moving : tuple of str
            Parameters that move with the free ones.
        reduction : ndarray, shape (len(moving), k)
            Their derivatives by the free ones; identity by default.
        """
        by_free = np.eye(len(moving)) if reduction is None else reduction
        row_of = {name: by_free[i] for i, name in enumerate(moving)}
        jacobian = np.zeros((by_free.shape[1], len(self.axis)))
        coefficients = np.array([values.get(name, 0.0) for name in self.background_names])
        for name, row in zip(self.background_names, self.background_rows, strict=True):
            for k in np.flatnonzero(row_of.get(name, np.zeros(0))):
                jacobian[k] += row_of[name][k] * row
        curves = []
        for phase in self.phases:
            peaks, names = phase.peaks(values, moving)
            rows = np.array([row_of[name] for name in names]).reshape(len(names), by_free.shape[1])
            used = np.flatnonzero(rows.any(axis=0))
            axial_row = row_of.get(AXIAL)
            total = self._sum(phase.name, peaks, rows[:, used], values.get(AXIAL, 0.0), axial_row is not None)
            curves.append(total[0])
            jacobian[used] += total[1 : len(used) + 1]
            if axial_row is not None:
                jacobian += np.outer(axial_row, total[-1])
        return Calculated(coefficients @ self.background_rows, tuple(curves), jacobian)

    def _sum(self, name: str, peaks: Peaks, reduction: FloatArray, axial: float, with_axial: bool) -> FloatArray:
        """Counts of a phase, derivatives by the free parameters that touch it, derivative by (S + H)/L, (k + 2, n)."""
        windows = self._windows.get(name)
        if windows is None or not windows.still_fit(peaks.centre, peaks.fwhm, axial):
            windows = make_windows(self.axis, peaks.centre, peaks.fwhm, peaks.eta, axial)
            self._windows[name] = windows
        nodes = spread_nodes(peaks.centre, axial, windows.nodes)
        slopes = np.ascontiguousarray(peaks.slopes @ reduction)
        n_free = reduction.shape[1]
        total = np.zeros((n_free + 2, len(self.axis)))
        kernel()(self.axis, windows.first, windows.last, peaks.area, peaks.fwhm, peaks.eta, nodes.start, nodes.table,
                 nodes.centroid, BROAD, slopes, with_axial, total)  # fmt: skip
        unit = peaks.eta * peaks.fwhm / (2 * np.pi)
        amplitude = peaks.area * unit
        by_free = slopes[:, 0] * unit[:, None]
        by_free += (peaks.area / (2 * np.pi))[:, None] * (
            slopes[:, 2] * peaks.eta[:, None] + slopes[:, 3] * peaks.fwhm[:, None]
        )
        moved = slopes[:, 1] * nodes.centroid[:, 1:2]
        by_all = np.column_stack([by_free, np.zeros(len(unit))])
        moved_all = np.column_stack([moved, nodes.centroid[:, 2]])
        last = n_free + 1 if with_axial else n_free
        total[: last + 1] += self.tails.evaluate(amplitude, nodes.centroid[:, 0], by_all[:, :last], moved_all[:, :last])
        return total

    def has_negative_width(self, values: Mapping[str, float]) -> bool:
        """Whether U, V, W give a variance below the floor somewhere in the range."""
        from ..diffraction.profiles import gaussian_variance

        u, v, w = (values.get(f"pattern.profile.{letter}", 0.0) for letter in "uvw")
        return bool(np.min(gaussian_variance(self.axis, u, v, w)) < 0)
