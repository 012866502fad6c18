"""Peaks of a time-of-flight bank, as the kernels take them, with their derivatives.

The formulas are those of `xtal.diffraction.time_of_flight`; here they are chained as `peaks` does for constant wavelength.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..diffraction.absorption import capillary_transmission, log_slopes
from ..diffraction.profiles import (
    FWHM_PER_SIGMA,
    NM_TO_ANGSTROM,
    thompson_cox_hastings,
    thompson_cox_hastings_slopes,
)
from ..diffraction.time_of_flight import FLIGHT, STRAIN_SHARE, WIDTHS, power_sum, tof_lorentz, tof_wavelength
from ..instrument import TofBank
from .reflected import Reflected
from .refusals import NativeError

__all__ = ["TOF_NAMES", "TofPeaks", "bank_at", "smallest_variance", "tof_peaks"]

FloatArray = NDArray[np.float64]

_ABSORPTION = "pattern.absorption"
_FLIGHT = {f"pattern.{name}": power for name, power in FLIGHT.items()}
_WIDTHS = {part: {f"pattern.profile.{name}": power for name, power in terms.items()} for part, terms in WIDTHS.items()}

TOF_NAMES = (*_FLIGHT, _ABSORPTION, *(name for terms in _WIDTHS.values() for name in terms))
"""Parameters that all phases share, the background aside."""

FLOOR = (0.1 / FWHM_PER_SIGMA) ** 2
"""Smallest Gaussian variance, µs²: where the terms give less, the width is held there."""

AREA, CENTRE, ALPHA, BETA, FWHM, ETA = range(6)


@dataclass(frozen=True)
class TofPeaks:
    """Everything the kernels need of a phase.

    Parameters
    ----------
    table : ndarray, shape (n, 6)
        Area (counts · µs), centre (µs), rise and decay (µs⁻¹), FWHM (µs) and η of the pseudo-Voigt.
    slopes : ndarray, shape (n, 6, k)
        Their derivatives by k parameters.
    """

    table: FloatArray
    slopes: FloatArray

    @property
    def area(self) -> FloatArray:
        """Counts · µs."""
        return self.table[:, AREA]

    @property
    def centre(self) -> FloatArray:
        """Flight times, µs."""
        return self.table[:, CENTRE]

    @property
    def fwhm(self) -> FloatArray:
        """Width of the pseudo-Voigt plus the half-lives of rise and decay, µs."""
        return np.asarray(self.table[:, FWHM] + np.log(2) * (1 / self.table[:, ALPHA] + 1 / self.table[:, BETA]))


def smallest_variance(d_spacing: FloatArray, values: Mapping[str, float]) -> float:
    """Smallest Gaussian variance, µs², that the terms give."""
    return float(power_sum(d_spacing, _WIDTHS["sig"], values).min())


def bank_at(values: Mapping[str, float], two_theta: float) -> TofBank:
    """The bank at `two_theta` (degrees) with the flight times of the parameters."""
    dif_c, dif_a, dif_b, zero = (values.get(name, 0.0) for name in _FLIGHT)
    return TofBank(dif_c, dif_a, dif_b, zero, two_theta)


def tof_peaks(
    reflected: Reflected, two_theta: float, values: Mapping[str, float], moving: tuple[str, ...]
) -> tuple[TofPeaks, tuple[str, ...]]:
    """Peaks, and the names, in the order of their slopes, of what moves them.

    Parameters
    ----------
    reflected : Reflected
        The phase's reflections.
    two_theta : float
        Angle of the bank, degrees.
    values : mapping
        All parameters.
    moving : tuple of str
        Those that move; names of phases are taken from `reflected`.

    Raises
    ------
    NativeError
        A rise or decay that isn't positive (``diverged``).
    """
    d = reflected.inverse_d_squared**-0.5
    shared = [name for name in moving if name in TOF_NAMES]
    k = len(reflected.names)
    table, by_d = np.zeros((2, 6, len(d)))
    slopes = np.zeros((6, k + len(shared), len(d)))
    columns = {name: slopes[:, k + index] for index, name in enumerate(shared)}
    table[CENTRE], by_d[CENTRE] = _terms(d, _FLIGHT, values, columns, CENTRE)
    table[ALPHA], by_d[ALPHA] = _terms(d, _WIDTHS["alpha"], values, columns, ALPHA)
    table[BETA], by_d[BETA] = _terms(d, _WIDTHS["beta"], values, columns, BETA)
    # until they are joined, FWHM and η stand for variance and Lorentzian FWHM
    table[FWHM], by_d[FWHM] = _terms(d, _WIDTHS["sig"], values, columns, FWHM)
    table[ETA], by_d[ETA] = _terms(d, _WIDTHS["gamma"], values, columns, ETA)
    per_size, per_strain = d**2 / NM_TO_ANGSTROM, STRAIN_SHARE * d
    spread = per_size * reflected.inverse_size + per_strain * reflected.strain
    dif_c = values["pattern.dif_c"]
    table[ETA] += dif_c * spread
    by_d[ETA] += dif_c * (2 * per_size / d * reflected.inverse_size + per_strain / d * reflected.strain)
    if "pattern.dif_c" in columns:
        columns["pattern.dif_c"][ETA] += spread
    _check(d, table)
    factor, factor_by_d = _factor(d, two_theta, values, columns)
    table[AREA] = factor * reflected.strength
    by_d[AREA] = table[AREA] * factor_by_d
    if _ABSORPTION in columns:
        columns[_ABSORPTION][AREA] *= table[AREA]
    if k:
        by_strength, by_q, by_size, by_strain = np.moveaxis(reflected.slopes, 1, 0)
        slopes[:, :k] = by_d[:, None] * (-(d**3) / 2 * by_q)
        slopes[AREA, :k] += factor * by_strength
        slopes[ETA, :k] += dif_c * (by_size * per_size + by_strain * per_strain)
    _join(table, slopes)
    made = np.ascontiguousarray(np.moveaxis(slopes, 2, 0))
    return TofPeaks(np.ascontiguousarray(table.T), made), (*reflected.names, *shared)


def _terms(
    d: FloatArray, powers: Mapping[str, int], values: Mapping[str, float], columns: dict[str, FloatArray], row: int
) -> tuple[FloatArray, FloatArray]:
    """Σ term · d^power and its slope by d; the slopes by the terms are entered in a row of their columns."""
    for name in powers.keys() & columns.keys():
        columns[name][row] = d ** float(powers[name])
    falling = {name: power * values.get(name, 0.0) for name, power in powers.items()}
    return power_sum(d, powers, values), power_sum(d, powers, falling) / d


def _check(d: FloatArray, table: FloatArray) -> None:
    for name, row in (("alpha", ALPHA), ("beta", BETA)):
        worst = int(np.argmin(table[row]))
        if not table[row, worst] > 0:
            raise NativeError(
                "diverged", f"the {name} terms of the profile give {table[row, worst]:.3g} at d = {d[worst]:.3g} Å"
            )


def _factor(
    d: FloatArray, two_theta: float, values: Mapping[str, float], columns: dict[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Lorentz factor and absorption, and their logarithmic slope by d; that by the absorption is entered."""
    bank = TofBank(1.0, two_theta=two_theta)
    lorentz, by_d = tof_lorentz(d, bank), 4 / d
    per_wavelength = values.get(_ABSORPTION, 0.0)
    if not per_wavelength and _ABSORPTION not in columns:
        return lorentz, by_d
    wavelength = tof_wavelength(d, bank)
    passed, _, slope = log_slopes(capillary_transmission, np.full_like(d, two_theta), per_wavelength * wavelength)
    if _ABSORPTION in columns:
        columns[_ABSORPTION][AREA] = slope * wavelength
    return lorentz * passed, by_d + slope * per_wavelength * wavelength / d


def _join(table: FloatArray, slopes: FloatArray) -> None:
    """Turn variance and Lorentzian FWHM into FWHM and η of the pseudo-Voigt."""
    gauss, lorentz = FWHM_PER_SIGMA * np.sqrt(np.maximum(table[FWHM], FLOOR)), np.maximum(table[ETA], 0.0)
    fwhm, eta = (np.asarray(each) for each in thompson_cox_hastings_slopes(gauss, lorentz))
    by_variance = (table[FWHM] > FLOOR) * FWHM_PER_SIGMA**2 / (2 * gauss) * slopes[FWHM]
    # at 0 the slope is that of a first step upwards
    by_lorentz = (table[ETA] >= 0) * slopes[ETA]
    slopes[FWHM] = fwhm[0] * by_variance + fwhm[1] * by_lorentz
    slopes[ETA] = eta[0] * by_variance + eta[1] * by_lorentz
    table[FWHM], table[ETA] = thompson_cox_hastings(gauss, lorentz)
