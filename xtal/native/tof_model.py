"""The calculated pattern of a time-of-flight bank with its derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.back_to_back import back_to_back_slopes
from ..diffraction.reflections import tof_limits
from ..diffraction.time_of_flight import TOF_MARGIN, tof_reach
from ..errors import InputError
from .kernel_work import TofWork
from .kernels import add_tof_peaks
from .pattern_model import PatternModel
from .peak_columns import rows_of_windows
from .phase_model import PhaseModel
from .refusals import NativeError
from .tof_peaks import TOF_NAMES, TofPeaks, bank_at, smallest_variance, tof_peaks

__all__ = ["TofPatternModel", "TofPhaseModel"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MOVED, _WIDENED = 0.25, 0.2


class TofPhaseModel(PhaseModel):
    """A phase as a time-of-flight bank sees it."""

    def list_reflections(self, values: Mapping[str, float], low: float, high: float) -> None:
        """Make the list of reflections that reach into a range of flight times (µs), and keep it."""
        bank = bank_at(values, self.two_theta)
        try:
            limits = tof_limits(bank, low * (1 - TOF_MARGIN), high * (1 + TOF_MARGIN))
        except InputError as error:
            raise NativeError("bad_input", str(error)) from error
        self._list(self.lattice(values), *limits)
        if not len(self.hkl):
            raise NativeError("bad_input", f"phase {self.name}: no reflection between {low:g} and {high:g} µs.")
        self.reflection = np.arange(len(self.hkl))
        self.line = np.zeros_like(self.reflection)

    @property
    def two_theta(self) -> float:
        """Angle of the bank, degrees."""
        assert self.instrument.bank is not None
        return self.instrument.bank.two_theta

    def peaks(self, values: Mapping[str, float], moving: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        """Peaks, and the names, in the order of the slopes, of the moving parameters that change them."""
        return tof_peaks(self.reflected(values, moving), self.two_theta, values, moving)


@dataclass(frozen=True)
class _Windows:
    """Windows of the peaks of one phase and the table they were made for."""

    first: IntArray
    last: IntArray
    table: FloatArray

    @classmethod
    def of(cls, axis: FloatArray, table: FloatArray) -> _Windows:
        _, centre, alpha, beta, fwhm, eta = table.T
        before, after = tof_reach(alpha, beta, fwhm, eta)
        first, last = np.searchsorted(axis, centre - before), np.searchsorted(axis, centre + after)
        return cls(first, last, table.copy())

    def still_fit(self, table: FloatArray) -> bool:
        """Whether the peaks are still about where and as wide as they were."""
        if table.shape != self.table.shape:
            return False
        moved = np.abs(table[:, 1] - self.table[:, 1]) < _MOVED * self.table[:, 4]
        same = np.abs(table[:, 2:5] - self.table[:, 2:5]) < _WIDENED * self.table[:, 2:5]
        return bool(moved.all() and same.all() and (np.abs(table[:, 5] - self.table[:, 5]) < _WIDENED).all())


class TofPatternModel(PatternModel):
    """The model of one time-of-flight pattern; arguments and errors as of `PatternModel`."""

    axis_name, width_terms = "tof", "sig_0, sig_1, sig_2, sig_q"

    def _phase(self, phase: dict[str, Any], dispersion: bool) -> PhaseModel:
        return TofPhaseModel(phase, self.instrument, dispersion)

    def shared_names(self) -> list[str]:
        """Parameters of bank and profile."""
        return list(TOF_NAMES)

    def add_phases(
        self, values: Mapping[str, float], moving: tuple[str, ...], by_free: FloatArray, sums: FloatArray
    ) -> None:
        """See `PatternModel.add_phases`."""
        row_of = {name: by_free[i] for i, name in enumerate(moving)}
        for index, phase in enumerate(self.phases):
            peaks, names = phase.peaks(values, moving)
            assert isinstance(peaks, TofPeaks)
            rows = np.array([row_of[name] for name in names]).reshape(len(names), by_free.shape[1])
            used = np.flatnonzero(rows.any(axis=0))
            places = np.concatenate([[index], len(self.phases) + used])
            windows = self._windows_at(phase.name, peaks)
            slopes = np.ascontiguousarray(peaks.slopes @ rows[:, used])
            add_tof_peaks(TofWork(self.axis, windows.first, windows.last, peaks.table, slopes, places), sums)

    def shapes(self, name: str, peaks: Any, values: Mapping[str, float]) -> Any:
        """Peaks of a phase at unit area within their windows, sparse, (peaks, n)."""
        windows = self._windows_at(name, peaks)
        _, centre, alpha, beta, fwhm, eta = peaks.table.T

        def shape(x: FloatArray, i: int) -> FloatArray:
            return np.asarray(back_to_back_slopes(x - centre[i], alpha[i], beta[i], fwhm[i], eta[i])[0])

        return rows_of_windows(self.axis, windows.first, windows.last, shape)

    def _windows_at(self, name: str, peaks: TofPeaks) -> _Windows:
        """The windows of a phase, made anew when its peaks have moved."""
        windows = self._kept.get(name)
        if windows is None or not windows.still_fit(peaks.table):
            windows = self._kept[name] = _Windows.of(self.axis, peaks.table)
        return windows

    def list_reflections(self, values: Mapping[str, float]) -> None:
        """Make the reflection lists anew."""
        self._kept: dict[str, _Windows] = {}
        super().list_reflections(values)

    def refuse_lost_width(self, values: Mapping[str, float]) -> None:
        """Nothing: a profile of exponentials has a width without the Gaussian one."""

    def has_negative_width(self, values: Mapping[str, float]) -> bool:
        """Whether the terms of the Gaussian width give a negative variance within the range."""
        d = np.linspace(self.axis[0], self.axis[-1], 200) / values["pattern.dif_c"]
        return smallest_variance(d, values) < 0
