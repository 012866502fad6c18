r"""The pattern of one phase on the common intensity scale of mixtures.

Integrated intensity of a reflection of phase p at a line of relative weight :math:`w_\lambda`:

.. math:: I = S_p\, w_\lambda\, m\, L(\theta) P(\theta)\, |F|^2\, O\, \tau_p, \qquad S_p \propto W_p / (M_p V_p)

with the weight fraction W, the mass M of the cell's content and the cell volume V (R. J. Hill, C. J. Howard, J. Appl. Cryst. 20 (1987)
467), texture O and microabsorption τ. Peaks have unit area per degree times I.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..instrument import Instrument, TofBank
from ..structure import Structure
from .absorption import capillary_transmission, plate_fraction
from .fundamental_parameters import SlitOptics, fundamental_profile, sum_of_fundamental_peaks
from .lorentz_polarization import instrument_factor
from .peak_positions import apparent_two_theta
from .peak_sums import sum_of_peaks
from .phase_profile import PhaseProfile, orientation_factor, size_along, strain_along
from .profiles import gaussian_fwhm, lorentzian_fwhm, thompson_cox_hastings
from .reflections import Reflections, calculate_reflections
from .time_of_flight import TOF_MARGIN, sum_of_tof_peaks, tof_lorentz, tof_wavelength, tof_widths

__all__ = ["Conditions", "PhaseProfile", "SimulatedPhase", "simulate_phase"]

FloatArray = NDArray[np.float64]

_MARGIN = 1.0
_BACKSCATTERED = 179.0


@dataclass(frozen=True, eq=False)
class SimulatedPhase:
    """One phase of a simulation.

    Parameters
    ----------
    structure : Structure
        What was simulated.
    weight_fraction : float
        Its share by weight.
    reflections : Reflections
        Families within the range, and one degree (for time of flight: one percent) beyond it.
    position : ndarray, shape (n,)
        Peak positions of the strongest line, in the axis of the pattern; NaN where it can't reflect.
    intensity : ndarray, shape (n,)
        Integrated intensities of all lines, counts · axis unit.
    """

    structure: Structure
    weight_fraction: float
    reflections: Reflections
    position: FloatArray
    intensity: FloatArray


@dataclass(frozen=True, eq=False)
class Conditions:
    """What all phases of a pattern share; the fields are those of `simulate_pattern`, `points` is its axis."""

    instrument: Instrument
    points: FloatArray
    displacement: float = 0.0
    transparency: float = 0.0
    mu_r: float = 0.0
    plate_mu_t: float | None = None
    use_dispersion: bool = True
    neutral_atoms: bool = False
    optics: SlitOptics | None = None


def simulate_phase(
    structure: Structure, weight: float, profile: PhaseProfile, conditions: Conditions
) -> tuple[SimulatedPhase, FloatArray]:
    """Reflections, positions and intensities of a phase, and its pattern, on the common scale w/(M V).

    Raises
    ------
    InputError
        No reflection in the range, a profile or radiation that can't be.
    CifError
        An ion without form factor.
    """
    instrument, points = conditions.instrument, conditions.points
    if instrument.bank is not None:
        return _simulate_tof_phase(structure, weight, profile, instrument.bank, conditions)
    span = (max(points[0] - _MARGIN, 0.0), min(points[-1] + _MARGIN, 180.0))
    table = calculate_reflections(structure, instrument.radiation, two_theta=span,
                                  use_dispersion=conditions.use_dispersion, neutral_atoms=conditions.neutral_atoms)  # fmt: skip
    angles, areas = _lines(table, _strength(structure, weight, profile, table), conditions)
    strongest = table.two_theta(instrument.radiation.wavelength)
    position = apparent_two_theta(strongest, instrument, conditions.displacement, conditions.transparency)
    if not np.any((position >= points[0]) & (position <= points[-1])):
        raise InputError(f"no reflection between {points[0]:g} and {points[-1]:g}° 2θ;", where=structure.name,
                         remedy="widen the range or shorten the wavelength.")  # fmt: skip
    total = np.nan_to_num(areas).sum(axis=0)
    found = SimulatedPhase(structure, weight, table, position, total)
    if conditions.optics is None:
        size, strain = size_along(structure, table, profile), strain_along(structure, table, profile)
        return found, _analytical(angles, areas, size, strain, conditions)
    if not profile.is_isotropic:
        raise InputError("anisotropic broadening with a fundamental-parameters profile;", where=structure.name,
                         remedy="leave out the slits, or the axis and the strain terms.")  # fmt: skip
    shape = fundamental_profile(conditions.optics, instrument.radiation, profile.size_nm, profile.microstrain)
    return found, sum_of_fundamental_peaks(points, angles[0], total, shape, position - angles[0])


def _strength(structure: Structure, weight: float, profile: PhaseProfile, table: Reflections) -> FloatArray:
    """Intensities before the factors that depend on the angle."""
    strength = weight / (structure.cell_mass * structure.lattice.volume) * table.multiplicity * table.f_squared
    return np.asarray(strength * orientation_factor(structure, table, profile))


def _simulate_tof_phase(
    structure: Structure, weight: float, profile: PhaseProfile, bank: TofBank, conditions: Conditions
) -> tuple[SimulatedPhase, FloatArray]:
    """The same for a time-of-flight bank."""
    points = conditions.points
    span = (bank, points[0] * (1 - TOF_MARGIN), points[-1] * (1 + TOF_MARGIN))
    table = calculate_reflections(structure, conditions.instrument.radiation, tof=span)
    areas = _strength(structure, weight, profile, table) * tof_lorentz(table.d_spacing, bank)
    if conditions.mu_r:
        lengths = tof_wavelength(table.d_spacing, bank)
        areas = areas * capillary_transmission(bank.two_theta, conditions.mu_r * lengths)
    position = table.tof(bank)
    size, strain = size_along(structure, table, profile), strain_along(structure, table, profile)
    widths = tof_widths(table.d_spacing, bank, size, strain)
    return SimulatedPhase(structure, weight, table, position, areas), sum_of_tof_peaks(points, position, areas, widths)


def _lines(table: Reflections, strength: FloatArray, conditions: Conditions) -> tuple[FloatArray, FloatArray]:
    """Bragg angles and integrated intensities of every line, (lines, n); NaN where a line can't reflect."""
    instrument = conditions.instrument
    lines = instrument.radiation.lines
    whole = sum(share for _, share in lines)
    angles = np.stack([table.two_theta(wavelength) for wavelength, _ in lines])
    shares = np.array([[share / whole] for _, share in lines])
    areas = strength * shares * instrument_factor(angles, instrument)
    if conditions.mu_r:
        areas = areas * capillary_transmission(angles, conditions.mu_r)
    if conditions.plate_mu_t is not None:
        areas = areas * plate_fraction(angles, conditions.plate_mu_t)
    return angles, areas


def _analytical(
    angles: FloatArray,
    areas: FloatArray,
    size_nm: float | FloatArray | None,
    strain: float | FloatArray,
    conditions: Conditions,
) -> FloatArray:
    """Counts of all lines with the instrument's pseudo-Voigt."""
    instrument = conditions.instrument
    wavelengths = np.broadcast_to(
        np.array([[wavelength] for wavelength, _ in instrument.radiation.lines]), angles.shape
    )
    reachable = np.isfinite(angles) & (angles < _BACKSCATTERED)
    angles, areas, wavelengths = angles[reachable], areas[reachable], wavelengths[reachable]
    gauss = gaussian_fwhm(angles, instrument.profile)
    sizes = None if size_nm is None else np.broadcast_to(size_nm, reachable.shape)[reachable]
    strains = np.broadcast_to(strain, reachable.shape)[reachable]
    lorentz = lorentzian_fwhm(angles, instrument.profile, wavelengths, sizes, strains)
    fwhm, eta = thompson_cox_hastings(gauss, lorentz)
    centres = apparent_two_theta(angles, instrument, conditions.displacement, conditions.transparency)
    return sum_of_peaks(conditions.points, centres, areas, fwhm, eta, instrument.profile.axial)
