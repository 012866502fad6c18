"""What a fit says of each phase: fractions, shares, cell, volume, density, size and strain, with esds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job import Job, JobPhase
from ..result import CELL_NAMES, CellResult, PhaseResult, ProfileCurves, Value
from ..structure import AMU_PER_CUBIC_ANGSTROM, Structure
from .covariance import Covariance
from .fractions import weight_fractions
from .microabsorption import microabsorption_factors

__all__ = ["NO_FRACTIONS", "phase_results"]

FloatArray = NDArray[np.float64]

NO_FRACTIONS = {
    "lebail": "Le Bail: intensities were extracted, not calculated from structures, so there are no fractions",
    "pawley": "Pawley: intensities were refined, not calculated from structures, so there are no fractions",
}
"""Why a fit in this mode gives no weight fractions."""

_NO_ESD = 1e-9
_NO_COVARIANCE = "the fit has no covariance"
_NOT_REFINED = "not refined"
_FIXED = "fixed by symmetry"
_FROM_PATTERN = "follows from the calculated pattern"
_UNCALIBRATED = "the instrument is not calibrated: widths hold the instrument"


def phase_results(
    job: Job,
    outcome: Mapping[str, Any],
    covariance: Covariance | None,
    curves: ProfileCurves,
    structures: Mapping[str, Structure],
) -> dict[str, PhaseResult]:
    """Results of every phase of a job.

    Parameters
    ----------
    job : Job
        What was asked.
    outcome : mapping
        What the engine answered.
    covariance : Covariance or None
        Of its free parameters.
    curves : ProfileCurves
        Observed and calculated pattern.
    structures : mapping of str to Structure
        Refined structures.
    """
    names = [phase.name for phase in job.phases]
    fractions = _fraction_values(names, job, outcome, covariance)
    shares = _intensity_shares(names, curves)
    groups: dict[str, Value] = {}
    for members in job.groups.values():
        groups |= dict(zip(members, _fraction_values(members, job, outcome, covariance), strict=True))
    corrected = _corrected_fractions(job, outcome, covariance, structures, fractions)
    volumes = {phase.name: _volume(phase, structures[phase.name], covariance) for phase in job.phases}
    no_group = Value(None, None, "in no group of this job")
    return {
        phase.name: PhaseResult(
            formula=structures[phase.name].formula,
            space_group=str(phase.structure.space_group),
            quality=phase.structure.quality,
            source=phase.structure.source,
            weight_fraction=fraction,
            group_share=groups.get(phase.name, no_group),
            intensity_share=share,
            density=_density(structures[phase.name], volumes[phase.name], covariance),
            volume=volumes[phase.name],
            crystallite_size_nm=_width("crystallite_size_nm", phase, job, outcome, covariance),
            microstrain=_width("microstrain", phase, job, outcome, covariance),
            cell=_cell(phase, structures[phase.name], covariance),
            mass_factor=outcome["mass_factor"].get(phase.name),
            corrected_fraction=corrected.get(phase.name),
        )
        for phase, fraction, share in zip(job.phases, fractions, shares, strict=True)
    }


def _fraction_values(
    names: Sequence[str], job: Job, outcome: Mapping[str, Any], covariance: Covariance | None
) -> list[Value]:
    """Weight fractions among some phases, the others left out."""
    if not job.has_fractions:
        return [Value(None, None, NO_FRACTIONS[job.mode])] * len(names)
    if len(names) == 1:
        return [Value(1.0, None, "the only phase")]
    parameters = [f"phase.{name}.scale" for name in names]
    scales = np.array([outcome["parameters"][name]["value"] for name in parameters])
    factors = np.array([outcome["mass_factor"].get(name, 0.0) for name in names])
    if not np.sum(scales * factors) > 0:
        return [Value(None, None, "all scale factors are zero")] * len(names)
    scale_covariance = None if covariance is None else covariance.of(parameters)
    fractions, esds = weight_fractions(scales, factors, scale_covariance)
    if covariance is None or esds is None:
        return [Value(float(fraction), None, _NO_COVARIANCE) for fraction in fractions]
    return [
        _fraction(float(fraction), float(esd), is_free=covariance.gradient(name) is not None)
        for name, fraction, esd in zip(parameters, fractions, esds, strict=True)
    ]


def _corrected_fractions(
    job: Job,
    outcome: Mapping[str, Any],
    covariance: Covariance | None,
    structures: Mapping[str, Structure],
    found: Sequence[Value],
) -> dict[str, Value]:
    """Fractions corrected for microabsorption; empty when the job gives no grain size, for neutrons, or without fractions."""
    sizes = [phase.grain_size_um or 0.0 for phase in job.phases]
    known = [value.value for value in found if value.value is not None]
    if not any(sizes) or len(known) < max(len(sizes), 2) or job.instrument.radiation.kind != "xray":
        return {}
    names = [phase.name for phase in job.phases]
    tau = microabsorption_factors(
        [structures[name] for name in names], known, sizes, job.instrument.radiation.wavelength
    )
    factors = {name: outcome["mass_factor"][name] / factor for name, factor in zip(names, tau, strict=True)}
    corrected = _fraction_values(names, job, {**outcome, "mass_factor": factors}, covariance)
    return dict(zip(names, corrected, strict=True))


def _fraction(value: float, esd: float, *, is_free: bool) -> Value:
    """A fraction with its esd, unless the phase's own scale has no variance behind it."""
    if not is_free:
        return Value(value, None, "its scale was held or stopped at a bound")
    if esd < _NO_ESD:
        return Value(value, None, "every other phase's scale was held or stopped at a bound")
    return Value(value, esd)


def _intensity_shares(names: Sequence[str], curves: ProfileCurves) -> list[Value]:
    steps = np.diff(curves.x)
    # the nearer neighbour: an excluded region lies between two points and belongs to neither
    widths = np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))
    areas = np.array([float(np.maximum(curves.phases[name], 0.0) @ widths) for name in names])
    total = areas.sum()
    if total <= 0:
        return [Value(None, None, "nothing was calculated")] * len(names)
    return [Value(float(area / total), None, _FROM_PATTERN) for area in areas]


def _cell(phase: JobPhase, structure: Structure, covariance: Covariance | None) -> CellResult:
    values = {}
    for name, number in zip(CELL_NAMES, structure.lattice.parameters, strict=True):
        leader = _leader(name, structure)
        if leader is None:
            values[name] = Value(number, None, _FIXED)
            continue
        esd = None if covariance is None else covariance.esd(f"phase.{phase.name}.cell.{leader}")
        values[name] = Value(number, esd, None if esd is not None else _missing_esd(covariance))
    return CellResult(**values)


def _leader(name: str, structure: Structure) -> str | None:
    """The independent parameter that a cell parameter follows, or None when symmetry fixes it."""
    leader = structure.space_group.cell_leaders[CELL_NAMES.index(name)]
    return CELL_NAMES[leader] if leader >= 0 else None


def _missing_esd(covariance: Covariance | None) -> str:
    return _NO_COVARIANCE if covariance is None else _NOT_REFINED


def _volume_esd(phase: JobPhase, structure: Structure, covariance: Covariance | None) -> float | None:
    """Standard uncertainty of the volume from the covariance of the independent cell parameters."""
    if covariance is None:
        return None
    group = phase.structure.space_group
    free = group.free_cell_parameters()
    values = {name: float(getattr(structure.lattice, name)) for name in free}
    gradient = []
    for name in free:
        step = 1e-6 * values[name]
        high = group.complete_cell({**values, name: values[name] + step}, structure.lattice).volume
        low = group.complete_cell({**values, name: values[name] - step}, structure.lattice).volume
        gradient.append((high - low) / (2 * step))
    cell_covariance = covariance.of([f"phase.{phase.name}.cell.{name}" for name in free])
    variance = float(np.array(gradient) @ cell_covariance @ np.array(gradient))
    return float(np.sqrt(variance)) if variance > 0 else None


def _volume(phase: JobPhase, structure: Structure, covariance: Covariance | None) -> Value:
    esd = _volume_esd(phase, structure, covariance)
    return Value(structure.lattice.volume, esd, None if esd is not None else _missing_esd(covariance))


def _density(structure: Structure, volume: Value, covariance: Covariance | None) -> Value:
    if volume.esd is None:
        return Value(structure.density, None, _missing_esd(covariance))
    per_volume = structure.cell_mass * AMU_PER_CUBIC_ANGSTROM / structure.lattice.volume**2
    return Value(structure.density, per_volume * volume.esd)


def _width(kind: str, phase: JobPhase, job: Job, outcome: Mapping[str, Any], covariance: Covariance | None) -> Value:
    name = f"phase.{phase.name}.{kind}"
    if name not in job.free_names:
        return Value(None, None, _NOT_REFINED)
    if not all(one.instrument.calibrated for one in job.all_patterns):
        return Value(None, None, _UNCALIBRATED)
    esd = None if covariance is None else covariance.esd(name)
    value = float(outcome["parameters"][name]["value"])
    return Value(value, esd, None if esd is not None else _missing_esd(covariance))
