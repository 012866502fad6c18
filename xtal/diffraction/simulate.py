"""Powder patterns of mixtures: what an instrument would show.

Phases add up with the Rietveld intensity scale (see `phase_pattern`), to which background and Poisson noise come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from ..instrument import Instrument
from ..pattern import Axis, Pattern
from ..structure import Structure
from .absorption import brindley_factors
from .background import Background
from .fundamental_parameters import SlitOptics
from .phase_pattern import Conditions, SimulatedPhase, simulate_phase
from .phase_profile import PhaseProfile

__all__ = ["Simulation", "axis_points", "simulate_pattern"]

FloatArray = NDArray[np.float64]

_WEIGHT_TOLERANCE = 1e-3


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
    transparency: float = 0.0,
    mu_r: float = 0.0,
    plate_mu_t: float | None = None,
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
    transparency : float
        Depth 1/μ to which the beam sinks into a flat plate, mm.
    mu_r : float
        Absorption × radius of a capillary (Debye–Scherrer only), 0 to 10; at time of flight per Å of wavelength.
    plate_mu_t : float, optional
        Absorption × thickness of a thin flat plate; without it the plate is thick.
    use_dispersion, neutral_atoms : bool
        See `calculate_structure_factors`.
    optics : SlitOptics, optional
        Peak shapes from the dimensions of the diffractometer instead of the instrument's profile (needs xrayutilities).

    Raises
    ------
    InputError
        Weights that don't sum to 1, repeated names, a range without reflections, an impossible profile, background or radiation, a capillary
        or plate that the geometry doesn't have.
    CifError
        An ion without form factor.
    """
    points = np.asarray(axis, dtype=float)
    _check_phases(phases)
    _check_sample(instrument, transparency, mu_r, plate_mu_t)
    tau = _microabsorption(phases, instrument)
    conditions = Conditions(
        instrument, points, displacement, transparency, mu_r, plate_mu_t, use_dispersion, neutral_atoms, optics
    )
    made = [
        simulate_phase(structure, weight * factor, profile, conditions)
        for (structure, weight, profile), factor in zip(phases, tau, strict=True)
    ]
    highest = float(np.max(sum(component for _, component in made)))
    if counts is not None and highest <= 0:
        raise InputError("the pattern has no intensity to scale;", where=", ".join(s.name for s, _, _ in phases),
                         remedy="check occupancies and range.")  # fmt: skip
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


def _check_sample(instrument: Instrument, transparency: float, mu_r: float, plate_mu_t: float | None) -> None:
    flat = instrument.geometry == "bragg-brentano" and instrument.bank is None
    if flat and mu_r:
        raise InputError(f"a capillary of µR = {mu_r:g} on a flat-plate instrument;", where=instrument.name,
                         remedy="give plate_mu_t, or an instrument of debye-scherrer geometry.")  # fmt: skip
    if not flat and (transparency or plate_mu_t is not None):
        raise InputError("transparency or thickness of a plate without one;", where=instrument.name,
                         remedy="they belong to bragg-brentano geometry; a capillary has µR.")  # fmt: skip
    if not 0 <= mu_r <= 10 or transparency < 0 or (plate_mu_t is not None and plate_mu_t <= 0):
        raise InputError(f"µR {mu_r:g}, transparency {transparency:g} mm, µt {plate_mu_t};", where="sample",
                         remedy="µR lies between 0 and 10, the others are positive.")  # fmt: skip


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
