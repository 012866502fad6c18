"""A resolved job as the plain JSON that every engine's worker takes; one meaning for all engines."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..instrument import Instrument
from ..job import Job, JobPhase
from ..structure import Site
from .protocol import EngineTask

__all__ = ["engine_task"]


def engine_task(job: Job, work_dir: str) -> EngineTask:
    """The task of a job.

    Points without an uncertainty (sigma 0) get that of one count, so that no weight is infinite.
    """
    sigma = np.where(job.pattern.sigma > 0, job.pattern.sigma, np.sqrt(np.maximum(job.pattern.intensity, 1.0)))
    return {
        "title": job.title,
        "work_dir": work_dir,
        "mode": "rietveld",
        "pattern": {
            "two_theta": job.pattern.x.tolist(),
            "intensity": job.pattern.intensity.tolist(),
            "sigma": sigma.tolist(),
        },
        "instrument": _instrument(job.instrument, job.dispersion),
        "background": {"kind": "chebyshev", "n_terms": job.background_terms, "range": list(job.background_range)},
        "phases": [_phase(phase) for phase in job.phases],
        "parameters": _parameters(job),
        "ties": [
            {"target": tie.target, "terms": [list(term) for term in tie.terms], "constant": tie.constant}
            for tie in job.ties
        ],
        "stages": [
            {"name": stage.name, "free": list(stage.free), "max_cycles": stage.max_cycles} for stage in job.stages
        ],
    }


def _instrument(instrument: Instrument, dispersion: bool) -> dict[str, Any]:
    radiation = instrument.radiation
    return {
        "radiation": {"kind": radiation.kind, "lines": [list(line) for line in radiation.lines]},
        "geometry": instrument.geometry,
        "goniometer_radius_mm": instrument.goniometer_radius,
        "monochromator_two_theta": instrument.monochromator_two_theta,
        "polarization": instrument.polarization,
        "dispersion": dispersion and radiation.kind == "xray",
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
    """Start values with followers of ties set, and a background that starts at the pattern's floor."""
    starts = {name: parameter.start for name, parameter in job.parameters.items()}
    if not any(starts[f"pattern.background.c{i}"] for i in range(job.background_terms)):
        starts["pattern.background.c0"] = float(np.percentile(job.pattern.intensity, 5))
    for tie in job.ties:
        starts[tie.target] = tie.constant + sum(coefficient * starts[name] for coefficient, name in tie.terms)
    return {
        name: {"value": starts[name], "min": parameter.min, "max": parameter.max}
        for name, parameter in job.parameters.items()
    }
