r"""Powder patterns of mixtures: what an instrument would show.

Integrated intensity of a reflection of phase p at a line of relative weight :math:`w_\lambda`:

.. math:: I = S_p\, w_\lambda\, m\, L(\theta) P(\theta)\, |F|^2\, O\, \tau_p, \qquad S_p \propto W_p / (M_p V_p)

with the weight fraction W, the mass M of the cell's content and the cell volume V (R. J. Hill, C. J. Howard, J. Appl. Cryst. 20 (1987)
467), texture O and microabsorption τ. Peaks have unit area per degree times I.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Instrument, TofBank
from ..pattern import Axis, Pattern
from ..structure import Structure
from .absorption import brindley_factors, capillary_transmission
from .background import Background
from .fundamental_parameters import SlitOptics, fundamental_profile, sum_of_fundamental_peaks
from .lorentz_polarization import instrument_factor
from .peak_positions import apparent_two_theta
from .profiles import gaussian_fwhm, lorentzian_fwhm, sum_of_peaks, thompson_cox_hastings
from .reflections import Reflections, calculate_reflections, tof_limits
from .texture import MarchDollase, march_dollase_factor
from .time_of_flight import sum_of_tof_peaks, tof_lorentz, tof_widths

__all__ = ["PhaseProfile", "SimulatedPhase", "Simulation", "axis_points", "simulate_pattern"]

FloatArray = NDArray[np.float64]

_WEIGHT_TOLERANCE = 1e-3
_MARGIN = 1.0
_BACKSCATTERED = 179.0


@dataclass(frozen=True)
class PhaseProfile:
    """What a phase adds to the instrument's peaks.

    Parameters
    ----------
    size_nm : float or None
        Crystallite size, nm (Scherrer constant 1, Lorentzian); None for no broadening.
    microstrain : float
        ε of FWHM = ε tanθ radians 2θ, dimensionless (Lorentzian); Δd/d = ε/2.
    texture : MarchDollase or None
        Preferred orientation.
    grain_um : float or None
        Grain diameter for microabsorption, µm; None for none.
    """

    size_nm: float | None = None
    microstrain: float = 0.0
    texture: MarchDollase | None = None
    grain_um: float | None = None

    def __post_init__(self) -> None:
        if (self.size_nm is not None and not self.size_nm > 0) or not self.microstrain >= 0:
            raise InputError(f"crystallite size {self.size_nm} nm with microstrain {self.microstrain:g};",
                             remedy="the size must be positive and the strain not negative.")  # fmt: skip


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
        Families within the range, and one degree (for time of flight: no margin) beyond it.
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
class Simulation:
    """A synthetic pattern with its parts.

    Parameters
    ----------
    pattern : Pattern
        With counting noise when a seed was given.
    background : ndarray, shape (n,)
        Counts.
    components : dict of str to ndarray, shape (n,)
        Each phase's noise-free counts.
    phases : tuple of SimulatedPhase
        Reflections, positions, intensities.
    instrument : Instrument
        What measured it.
    seed : int or None
        Seed of the Poisson noise; None without noise.
    scale : float
        Factor that brought the intensities to the wanted counts.
    """

    pattern: Pattern
    background: FloatArray
    components: dict[str, FloatArray]
    phases: tuple[SimulatedPhase, ...]
    instrument: Instrument
    seed: int | None = None
    scale: float = 1.0
    settings: dict[str, str | float] = field(default_factory=dict)

    @cached_property
    def calculated(self) -> FloatArray:
        """Noise-free counts, (n,)."""
        return np.asarray(self.background + sum(self.components.values()))

    def peaks(self) -> list[dict[str, float | int | str | None]]:
        """Rows phase, h, k, l, multiplicity, d, two_theta (or tof), f_squared, intensity of all reflections in the range."""
        low, high = self.pattern.x[0], self.pattern.x[-1]
        rows: list[dict[str, float | int | str | None]] = []
        for phase in self.phases:
            table = phase.reflections.to_table()
            for row, position, intensity in zip(table, phase.position, phase.intensity, strict=True):
                if low <= position <= high:
                    del row["two_theta"]
                    f_squared = row.pop("f_squared")
                    rows.append({**row, self.pattern.axis: float(position), "f_squared": f_squared,
                                 "intensity": float(intensity)})  # fmt: skip
        return rows


def axis_points(low: float, high: float, step: float) -> FloatArray:
    """Equidistant axis from `low` to `high`, both included where the step divides the range.

    Raises
    ------
    InputError
        A range or step without points.
    """
    if not (low < high and 0 < step <= high - low):
        raise InputError(f"range {low:g}–{high:g} in steps of {step:g};", remedy="give low < high and a smaller step.")
    return np.asarray(low + step * np.arange(int(np.floor((high - low) / step + 1e-9)) + 1)).round(10)


def simulate_pattern(
    phases: Sequence[tuple[Structure, float, PhaseProfile]],
    instrument: Instrument,
    axis: ArrayLike,
    *,
    background: Background | None = None,
    counts: float | None = None,
    seed: int | None = None,
    displacement: float = 0.0,
    mu_r: float = 0.0,
    use_dispersion: bool = True,
    neutral_atoms: bool = False,
    optics: SlitOptics | None = None,
) -> Simulation:
    """Powder pattern of one phase or a mixture.

    Parameters
    ----------
    phases : sequence of (Structure, weight fraction, PhaseProfile)
        The fractions sum to 1.
    instrument : Instrument
        Radiation, geometry, profile.
    axis : array_like, shape (n,)
        Increasing; degrees 2θ, or µs for time of flight.
    background : Background, optional
        Counts below the peaks; none by default.
    counts : float, optional
        Height of the highest point above the background; without it intensities keep the scale
        Σ w/(M V)·m·LP·\\|F\\|², the same for every simulation of an instrument.
    seed : int, optional
        Poisson noise with this seed; without it the pattern is noise-free.
    displacement : float
        Specimen displacement, mm.
    mu_r : float
        Absorption × radius of a capillary (Debye–Scherrer only).
    use_dispersion, neutral_atoms : bool
        See `calculate_structure_factors`.
    optics : SlitOptics, optional
        Peak shapes from the dimensions of the diffractometer instead of the instrument's profile (needs xrayutilities).

    Raises
    ------
    InputError
        Weights that don't sum to 1, repeated names, a range without reflections, an impossible profile, background or radiation.
    CifError
        An ion without form factor.
    """
    points = np.asarray(axis, dtype=float)
    _check_phases(phases)
    tau = _microabsorption(phases, instrument)
    made = [
        _simulate_phase(structure, weight * tau[index], profile, instrument, points, displacement, mu_r,
                        use_dispersion, neutral_atoms, optics)
        for index, (structure, weight, profile) in enumerate(phases)
    ]  # fmt: skip
    highest = float(np.max(sum(component for _, component in made)))
    scale = 1.0 if counts is None else counts / highest
    base = (background or Background()).evaluate(points, _scattering_vector(points, instrument))
    components = {phase.structure.name: component * scale for phase, component in made}
    calculated = base + sum(components.values())
    scaled = tuple(
        SimulatedPhase(phase.structure, weight, phase.reflections, phase.position, phase.intensity * scale)
        for (phase, _), (_, weight, _) in zip(made, phases, strict=True)
    )
    pattern = _counted(points, calculated, instrument, scaled, seed)
    return Simulation(pattern, base, components, scaled, instrument, seed, scale)


def _check_phases(phases: Sequence[tuple[Structure, float, PhaseProfile]]) -> None:
    names = [structure.name for structure, _, _ in phases]
    if not names or len(set(names)) < len(names):
        raise InputError(f"phases {names};", where="mixture", remedy="give at least one, each under its own name.")
    weights = [weight for _, weight, _ in phases]
    if min(weights) < 0 or abs(sum(weights) - 1) > _WEIGHT_TOLERANCE:
        listed = ", ".join(f"{name} {weight:g}" for name, weight in zip(names, weights, strict=True))
        raise InputError(f"weight fractions {listed} sum to {sum(weights):.4g};", where="mixture",
                         remedy="they must be non-negative and sum to 1.")  # fmt: skip


def _microabsorption(phases: Sequence[tuple[Structure, float, PhaseProfile]], instrument: Instrument) -> FloatArray:
    grains = [profile.grain_um for _, _, profile in phases]
    if all(grain is None for grain in grains) or instrument.radiation.kind != "xray":
        return np.ones(len(phases))
    return brindley_factors([structure for structure, _, _ in phases], [weight for _, weight, _ in phases],
                            [grain or 0.0 for grain in grains], instrument.radiation.wavelength)  # fmt: skip


def _scattering_vector(points: FloatArray, instrument: Instrument) -> FloatArray:
    if instrument.bank is not None:
        return np.asarray(2 * np.pi * instrument.bank.dif_c / points)
    return np.asarray(4 * np.pi * np.sin(np.radians(points / 2)) / instrument.radiation.wavelength)


def _simulate_phase(
    structure: Structure,
    weight: float,
    profile: PhaseProfile,
    instrument: Instrument,
    points: FloatArray,
    displacement: float,
    mu_r: float,
    use_dispersion: bool,
    neutral_atoms: bool,
    optics: SlitOptics | None,
) -> tuple[SimulatedPhase, FloatArray]:
    """Reflections, positions, intensities and profile of one phase on a common, unscaled intensity."""
    if instrument.bank is not None:
        return _simulate_tof_phase(structure, weight, profile, instrument, instrument.bank, points, neutral_atoms)
    radiation = instrument.radiation
    span = (max(points[0] - _MARGIN, 0.0), min(points[-1] + _MARGIN, 180.0))
    table = calculate_reflections(structure, radiation, two_theta=span, use_dispersion=use_dispersion,
                                  neutral_atoms=neutral_atoms)  # fmt: skip
    strength = _strength(structure, weight, profile, table)
    angles, areas = _lines(table, strength, instrument, mu_r)
    total = np.nan_to_num(areas).sum(axis=0)
    position = apparent_two_theta(table.two_theta(radiation.wavelength), instrument, displacement)
    if optics is None:
        component = _profile(points, angles, areas, profile, instrument, displacement)
    else:
        shape = fundamental_profile(optics, radiation, profile.size_nm, profile.microstrain)
        component = sum_of_fundamental_peaks(points, angles[0], total, shape, position - angles[0])
    if not np.any((position >= points[0]) & (position <= points[-1])):
        raise InputError(f"no reflection between {points[0]:g} and {points[-1]:g}° 2θ;", where=structure.name,
                         remedy="widen the range or shorten the wavelength.")  # fmt: skip
    return SimulatedPhase(structure, weight, table, position, total), component


def _strength(structure: Structure, weight: float, profile: PhaseProfile, table: Reflections) -> FloatArray:
    """Intensities before the factors that depend on the angle."""
    strength = weight / (structure.cell_mass * structure.lattice.volume) * table.multiplicity * table.f_squared
    if profile.texture is None:
        return np.asarray(strength)
    return np.asarray(strength * march_dollase_factor(structure, table.hkl, profile.texture))


def _simulate_tof_phase(
    structure: Structure,
    weight: float,
    profile: PhaseProfile,
    instrument: Instrument,
    bank: TofBank,
    points: FloatArray,
    neutral_atoms: bool,
) -> tuple[SimulatedPhase, FloatArray]:
    """The same for a time-of-flight bank."""
    d_min, d_max = tof_limits(bank, points[0], points[-1])
    table = calculate_reflections(
        structure, instrument.radiation, d_min=d_min, d_max=d_max, neutral_atoms=neutral_atoms
    )
    areas = _strength(structure, weight, profile, table) * tof_lorentz(table.d_spacing, bank)
    position = table.tof(bank)
    widths = tof_widths(table.d_spacing, bank, profile.size_nm, profile.microstrain)
    return SimulatedPhase(structure, weight, table, position, areas), sum_of_tof_peaks(points, position, areas, widths)


def _lines(
    table: Reflections, strength: FloatArray, instrument: Instrument, mu_r: float
) -> tuple[FloatArray, FloatArray]:
    """Bragg angles and integrated intensities of every line, (lines, n); NaN where a line can't reflect."""
    lines = instrument.radiation.lines
    whole = sum(share for _, share in lines)
    angles = np.stack([table.two_theta(wavelength) for wavelength, _ in lines])
    shares = np.array([[share / whole] for _, share in lines])
    areas = strength * shares * instrument_factor(angles, instrument)
    return angles, areas * capillary_transmission(angles, mu_r) if mu_r else areas


def _profile(
    points: FloatArray,
    angles: FloatArray,
    areas: FloatArray,
    profile: PhaseProfile,
    instrument: Instrument,
    displacement: float,
) -> FloatArray:
    """Counts of all lines of a phase."""
    wavelengths = np.broadcast_to(
        np.array([[wavelength] for wavelength, _ in instrument.radiation.lines]), angles.shape
    )
    reachable = np.isfinite(angles) & (angles < _BACKSCATTERED)
    angles, areas, wavelengths = angles[reachable], areas[reachable], wavelengths[reachable]
    gauss = gaussian_fwhm(angles, instrument.profile)
    lorentz = lorentzian_fwhm(angles, instrument.profile, wavelengths, profile.size_nm, profile.microstrain)
    fwhm, eta = thompson_cox_hastings(gauss, lorentz)
    centres = apparent_two_theta(angles, instrument, displacement)
    return sum_of_peaks(points, centres, areas, fwhm, eta, instrument.profile.axial)


def _counted(
    points: FloatArray,
    calculated: FloatArray,
    instrument: Instrument,
    phases: tuple[SimulatedPhase, ...],
    seed: int | None,
) -> Pattern:
    """The pattern, with Poisson noise when there is a seed; its source calls it synthetic."""
    content = ", ".join(f"{phase.structure.name} {phase.weight_fraction:.4g}" for phase in phases)
    noise = "noise-free" if seed is None else f"Poisson counts with seed {seed}"
    metadata: dict[str, str | float] = {"synthetic": "yes", "radiation": instrument.radiation.name, "phases": content}
    if seed is not None:
        metadata["seed"] = seed
    intensity = calculated if seed is None else np.random.default_rng(seed).poisson(calculated).astype(float)
    axis: Axis = "tof" if instrument.bank is not None else "two_theta"
    return Pattern(points, intensity, axis=axis, source=f"synthetic: {content}; {instrument.name}; {noise}",
                   metadata=metadata)  # fmt: skip
