"""The whole calculated pattern with its derivatives by what a stage frees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.profiles import gaussian_variance
from .axial_kernel import Nodes, spread_nodes
from .extra_peaks import ExtraPeaks
from .extraction import Extraction
from .from_task import instrument_of
from .kernel_work import PeakWork
from .kernels import add_peaks, kernel_name
from .peak_columns import windowed_shapes
from .peaks import Peaks, shared_names
from .phase_model import PhaseModel
from .refusals import NativeError, refuse_displacement, refuse_unknown_kinds, refuse_unknown_names, used_names
from .tails import Tails
from .windows import Windows, broad_of, make_windows

__all__ = ["AXIAL", "Calculated", "PatternModel", "View"]

FloatArray = NDArray[np.float64]

IntArray = NDArray[np.int64]

AXIAL = "pattern.profile.axial"
_TAILS_AT_ONCE = 16


@dataclass(frozen=True)
class Calculated:
    """A calculated pattern.

    Parameters
    ----------
    background : ndarray, shape (n,)
        Counts, those of extra peaks among them.
    phases : tuple of ndarray, shape (n,)
        Counts of each phase.
    jacobian : ndarray, shape (k, n)
        Derivatives by the free parameters.
    extra_peaks : ndarray, shape (n,), or None
        Counts of extra peaks.
    restrained : tuple of ndarray, shape (m,) and (k, m), or None
        Weighted residuals of restraints and the derivatives of what is restrained.
    """

    background: FloatArray
    phases: tuple[FloatArray, ...]
    jacobian: FloatArray
    extra_peaks: FloatArray | None = None
    restrained: tuple[FloatArray, FloatArray] | None = None

    @property
    def total(self) -> FloatArray:
        """Background and all phases, counts."""
        return np.asarray(self.background + sum(self.phases))


@dataclass(frozen=True)
class View:
    """One pattern of a model, as outcomes and start values see it.

    Parameters
    ----------
    name : str
        Among several patterns; empty for an only one.
    model : PatternModel
        The pattern's own model.
    values : mapping
        Parameters as that model calls them.
    points : slice
        Where its points stand among all.
    """

    name: str
    model: PatternModel
    values: Mapping[str, float]
    points: slice


class PatternModel:
    """The model of one pattern.

    Parameters
    ----------
    task : dict
        Engine task of one pattern.
    check_names : bool
        Whether parameters without a place in the model are refused.

    Raises
    ------
    NativeError
        ``unsupported`` for what this engine can't express, ``bad_input`` for values that contradict each other.
    """

    axis_name, width_terms = "two_theta", "U, V, W"

    def __init__(self, task: dict[str, Any], check_names: bool = True) -> None:
        refuse_unknown_kinds(task)
        self.instrument = instrument_of(task)
        self.axis, self.observed, self.sigma = (
            np.array(task["pattern"][key], dtype=float) for key in (self.axis_name, "intensity", "sigma")
        )
        dispersion = bool(task["instrument"].get("dispersion", True))
        self.phases = [self._phase(phase, dispersion) for phase in task["phases"]]
        mode = task.get("mode", "rietveld")
        self.extraction = None if mode == "rietveld" else Extraction(self, mode)
        self.extra_peaks = ExtraPeaks(task.get("peaks", []))
        self.background_names = [f"pattern.background.c{i}" for i in range(int(task["background"]["n_terms"]))]
        low, high = (float(edge) for edge in task["background"]["range"])
        reduced = 2 * (self.axis - low) / (high - low) - 1
        self.background_rows = np.polynomial.chebyshev.chebvander(reduced, len(self.background_names) - 1).T.copy()
        if check_names:
            refuse_unknown_names(task, self.known_names())
            refuse_displacement(task, used_names(task))
        self.broad = broad_of(self.axis)
        self._tails: Tails | None = None
        self._windows: dict[str, Windows] = {}
        self._variances: tuple[tuple[float, ...], tuple[float, float]] | None = None

    def _phase(self, phase: dict[str, Any], dispersion: bool) -> PhaseModel:
        return PhaseModel(phase, self.instrument, dispersion)

    def shared_names(self) -> list[str]:
        """Parameters of instrument and sample that all phases share."""
        return [*shared_names(self.instrument), AXIAL]

    def known_names(self) -> list[str]:
        """Dotted names of all parameters of the model."""
        shared = [*self.shared_names(), *self.background_names]
        return [
            *shared,
            *self.extra_peaks.known_names(),
            *(name for phase in self.phases for name in phase.known_names()),
        ]

    def views(self, values: Mapping[str, float]) -> list[View]:
        """The only pattern."""
        return [View("", self, values, slice(None))]

    def list_reflections(self, values: Mapping[str, float]) -> None:
        """Make the reflection lists anew."""
        self._windows.clear()
        for phase in self.phases:
            phase.list_reflections(values, float(self.axis[0]), float(self.axis[-1]))
        if self.extraction is not None:
            self.extraction.list_reflections()

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

        Raises
        ------
        NativeError
            The instrument's Gaussian width is negative everywhere: nothing would depend on it any more.
        """
        self.refuse_lost_width(values)
        by_free = np.eye(len(moving)) if reduction is None else reduction
        row_of = {name: by_free[i] for i, name in enumerate(moving)}
        n_phases, n_free = len(self.phases), by_free.shape[1]
        # one array for all that kernels add to: the phases, the derivatives, and a row for that by (S + H)/L
        sums = np.zeros((n_phases + n_free + 1, len(self.axis)))
        curves, jacobian = sums[:n_phases], sums[n_phases:-1]
        coefficients = np.array([values.get(name, 0.0) for name in self.background_names])
        for name, row in zip(self.background_names, self.background_rows, strict=True):
            for k in np.flatnonzero(row_of.get(name, np.zeros(0))):
                jacobian[k] += row_of[name][k] * row
        extra, extra_slopes = self.extra_peaks.evaluate(self.axis, values, moving)
        for name, slope in extra_slopes.items():
            jacobian += np.outer(row_of[name], slope)
        background = coefficients @ self.background_rows + extra
        if self.extraction is not None:
            self.extraction.settle(values, background)
        self.add_phases(values, moving, by_free, sums)
        if self.extraction is not None:
            self.extraction.judge(background + curves.sum(axis=0))
            jacobian = self.extraction.project(jacobian)
        # a copy, or the curves would keep the derivatives' memory as long as themselves
        return Calculated(background, tuple(curves.copy()), jacobian, extra)

    @property
    def tails(self) -> Tails:
        """The operators of the common tails."""
        if self._tails is None:
            self._tails = Tails(self.axis, self.broad)
        return self._tails

    def start_extraction(self) -> None:
        """Forget extracted intensities, those of an earlier fit for example."""
        if self.extraction is not None:
            self.extraction.forget()

    def finish_extraction(self) -> None:
        """Give the phases the intensities of the best pattern since the reflections were listed."""
        if self.extraction is not None:
            self.extraction.keep_best()

    @property
    def n_extracted(self) -> int:
        """Number of intensities that come from the pattern itself."""
        return 0 if self.extraction is None else self.extraction.n

    def shapes(self, name: str, peaks: Any, values: Mapping[str, float]) -> Any:
        """Peaks of a phase at unit area within their windows, sparse, (peaks, n)."""
        axial = values.get(AXIAL, 0.0)
        windows = self._windows_of(name, peaks, axial)
        nodes = spread_nodes(peaks.centre, axial, windows.nodes, with_axial=False)
        return windowed_shapes(self.axis, windows, nodes, peaks.fwhm, peaks.eta)

    def add_phases(
        self, values: Mapping[str, float], moving: tuple[str, ...], by_free: FloatArray, sums: FloatArray
    ) -> None:
        """Add the phases and their derivatives by the free parameters to the rows of `sums`, (phases + k + 1, n); the last is spare."""
        row_of = {name: by_free[i] for i, name in enumerate(moving)}
        n_phases, n_free = len(self.phases), by_free.shape[1]
        deposit = np.zeros((self.tails.n, n_phases + n_free))
        axial_row = row_of.get(AXIAL, np.zeros(n_free))
        for index, phase in enumerate(self.phases):
            peaks, names = phase.peaks(values, moving)
            rows = np.array([row_of[name] for name in names]).reshape(len(names), n_free)
            used = np.flatnonzero(rows.any(axis=0) | (axial_row != 0))
            places = np.concatenate([[index], n_phases + used, [n_phases + n_free]])
            slopes = np.ascontiguousarray(peaks.slopes @ rows[:, used])
            nodes = self._sum(phase.name, peaks, slopes, values.get(AXIAL, 0.0), bool(np.any(axial_row)), places, sums)
            self._deposit(peaks, slopes, nodes, axial_row[used], places, deposit)
        for k in np.flatnonzero(axial_row):
            sums[n_phases + k] += axial_row[k] * sums[-1]
        # background and extra peaks have no tails
        filled = np.flatnonzero(deposit.any(axis=0))
        for start in range(0, len(filled), _TAILS_AT_ONCE):
            block = filled[start : start + _TAILS_AT_ONCE]
            sums[block] += self.tails.evaluate(deposit[:, block])

    def _sum(
        self,
        name: str,
        peaks: Peaks,
        slopes: FloatArray,
        axial: float,
        with_axial: bool,
        places: IntArray,
        sums: FloatArray,
    ) -> Nodes:
        """Add a phase within its windows, and its derivatives, to rows of `sums`; the nodes of its peaks."""
        windows = self._windows_of(name, peaks, axial)
        nodes = spread_nodes(peaks.centre, axial, windows.nodes, with_axial)
        add_peaks(PeakWork(self.axis, windows.first, windows.last, peaks.area, peaks.fwhm, peaks.eta, nodes.start,
                           nodes.table, nodes.centroid, self.broad, slopes, with_axial, places), sums)  # fmt: skip
        return nodes

    def _windows_of(self, name: str, peaks: Peaks, axial: float) -> Windows:
        """The windows of a phase, made anew when its peaks have moved."""
        windows = self._windows.get(name)
        if windows is None or not windows.still_fit(peaks.centre, peaks.fwhm, axial):
            windows = make_windows(self.axis, peaks.centre, peaks.fwhm, peaks.eta, axial, self.broad)
            self._windows[name] = windows
        return windows

    def _deposit(
        self, peaks: Peaks, slopes: FloatArray, nodes: Nodes, axial_row: FloatArray, places: IntArray,
        deposit: FloatArray,
    ) -> None:  # fmt: skip
        """Add the tails, T = area · η · FWHM / 2π, and their derivatives to columns of the grid."""
        if kernel_name() == "numba":
            from .compiled_spread import add_deposit

            add_deposit(self.tails.low, self.tails.step, peaks.area, peaks.fwhm, peaks.eta, slopes, nodes.centroid,
                        axial_row, places, deposit)  # fmt: skip
            return
        unit = peaks.eta * peaks.fwhm / (2 * np.pi)
        by_shape = slopes[:, 2] * peaks.eta[:, None] + slopes[:, 3] * peaks.fwhm[:, None]
        by_free = slopes[:, 0] * unit[:, None] + (peaks.area / (2 * np.pi))[:, None] * by_shape
        moved = slopes[:, 1] * nodes.centroid[:, 1:2] + np.outer(nodes.centroid[:, 2], axial_row)
        deposit[:, places[:-1]] += self.tails.deposit(peaks.area * unit, nodes.centroid[:, 0], by_free, moved)

    def has_negative_width(self, values: Mapping[str, float]) -> bool:
        """Whether U, V, W give a variance below the floor somewhere in the range."""
        return self._variance_range(values)[0] < 0

    def refuse_lost_width(self, values: Mapping[str, float]) -> None:
        """Refuse U, V, W whose variance is negative in the whole range: a search that steps there finds no way back.

        Raises
        ------
        NativeError
            They are.
        """
        if self._variance_range(values)[1] < 0:
            raise NativeError("diverged", "the instrument's Gaussian width (U, V, W) is negative in the whole range")

    def _variance_range(self, values: Mapping[str, float]) -> tuple[float, float]:
        """Least and largest Gaussian variance within the range, deg²; kept while U, V, W rest."""
        given = u, v, w = tuple(values.get(f"pattern.profile.{letter}", 0.0) for letter in "uvw")
        if self._variances is None or self._variances[0] != given:
            variance = gaussian_variance(self.axis, u, v, w)
            self._variances = given, (float(np.min(variance)), float(np.max(variance)))
        return self._variances[1]
