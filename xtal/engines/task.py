"""A resolved job as the plain JSON that every engine's worker takes; one meaning for all engines."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ..instrument import Instrument
from ..job import Job, JobPattern, JobPhase
from ..stephens import stephens_terms
from ..structure import Site
from .protocol import EngineTask

__all__ = ["engine_task"]


def engine_task(job: Job, work_dir: str) -> EngineTask:
    """The task of a job: ``pattern``, ``instrument`` and ``background``, or a list ``patterns`` that holds them for each."""
    described = [_pattern(one) for one in job.all_patterns]
    measured = {"patterns": described} if job.patterns else described[0]
    return {
        "title": job.title,
        "work_dir": work_dir,
        "mode": job.mode,
        **measured,
        "phases": [_phase(phase) for phase in job.phases],
        "parameters": _parameters(job),
        "ties": [
            {"target": tie.target, "terms": [list(term) for term in tie.terms], "constant": tie.constant}
            for tie in job.ties
        ],
        "stages": [
            {"name": stage.name, "free": list(stage.free), "max_cycles": stage.max_cycles} for stage in job.stages
        ],
        "restraints": [asdict(restraint) for restraint in job.restraints],
    }


def _pattern(one: JobPattern) -> dict[str, Any]:
    """A pattern with its instrument and background.

    Points without an uncertainty (sigma 0) get that of one count, so that no weight is infinite.
    """
    pattern = one.pattern
    sigma = np.where(pattern.sigma > 0, pattern.sigma, np.sqrt(np.maximum(pattern.intensity, 1.0)))
    name = {"name": one.name} if one.name else {}
    return {
        **name,
        "pattern": {
            pattern.axis: pattern.x.tolist(),
            "intensity": pattern.intensity.tolist(),
            "sigma": sigma.tolist(),
        },
        "instrument": _instrument(one.instrument, one.dispersion),
        "background": {"kind": "chebyshev", "n_terms": one.background_terms, "range": list(one.background_range)},
        "peaks": [peak.name for peak in one.peaks],
    }


def _instrument(instrument: Instrument, dispersion: bool) -> dict[str, Any]:
    radiation = instrument.radiation
    bank = instrument.bank
    of_bank = {} if bank is None else {"bank": {"two_theta": bank.two_theta, "flight_path_m": bank.flight_path}}
    return {
        "radiation": {"kind": radiation.kind, "lines": [list(line) for line in radiation.lines]},
        "geometry": instrument.geometry,
        "goniometer_radius_mm": instrument.goniometer_radius,
        "monochromator_two_theta": instrument.monochromator_two_theta,
        "polarization": instrument.polarization,
        "dispersion": dispersion and radiation.kind == "xray",
        **of_bank,
    }


def _phase(phase: JobPhase) -> dict[str, Any]:
    structure = phase.structure
    group = structure.space_group
    return {
        "name": phase.name,
        "structure": {
            "cell": list(structure.lattice.parameters),
            "hall": group.hall,
            "hm": group.hm,
            "number": group.number,
            "operations": list(group.operations),
            "sites": [
                _site(site, multiplicity)
                for site, multiplicity in zip(structure.sites, structure.multiplicities, strict=True)
            ],
        },
        "texture_axis": None if phase.texture_axis is None else list(phase.texture_axis),
        "harmonics": [list(term) for term in phase.harmonics] or None,
        "size_axis": None if phase.size_axis is None else list(phase.size_axis),
        "stephens": list(stephens_terms(group)) if phase.anisotropic_strain else None,
    }


def _site(site: Site, multiplicity: int) -> dict[str, Any]:
    return {
        "label": site.label,
        "element": site.element,
        "ion": site.ion if site.charge else None,
        "isotope": site.isotope,
        "xyz": list(site.xyz),
        "occupancy": site.occupancy,
        "u_iso": site.u_iso,
        "u_aniso": None if site.u_aniso is None else list(site.u_aniso),
        "multiplicity": multiplicity,
    }


def _parameters(job: Job) -> dict[str, dict[str, float | None]]:
    """Start values with followers of ties set, and backgrounds that start at their pattern's floor."""
    starts = {name: parameter.start for name, parameter in job.parameters.items()}
    for one in job.all_patterns:
        if not any(starts[f"{one.prefix}.background.c{i}"] for i in range(one.background_terms)):
            starts[f"{one.prefix}.background.c0"] = float(np.percentile(one.pattern.intensity, 5))
    for tie in job.ties:
        if tie.target in starts:
            starts[tie.target] = tie.constant + sum(coefficient * starts[name] for coefficient, name in tie.terms)
    return {
        name: {"value": starts[name], "min": parameter.min, "max": parameter.max}
        for name, parameter in job.parameters.items()
    }
