"""A job of rutile and silicon on a synthetic pattern, and an engine's outcome for it, both made up here."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.engines import EngineRun
from xtal.io.library import reference_structure
from xtal.job import Job, JobPhase, Parameter, Stage
from xtal.job.parameters import model_parameters
from xtal.synthetic import laboratory_instrument

PHASES = ("rutile", "si")
FREE = ("phase.rutile.scale", "phase.si.scale", "phase.rutile.cell.a", "phase.rutile.cell.c")
VALUES = {"phase.rutile.scale": 2.0, "phase.si.scale": 3.0, "phase.rutile.cell.a": 4.60, "phase.rutile.cell.c": 2.96}
ESDS = {"phase.rutile.scale": 0.02, "phase.si.scale": 0.06, "phase.rutile.cell.a": 1e-4, "phase.rutile.cell.c": 2e-4}
MASS_FACTORS = {"rutile": 5.0, "si": 7.0}


def _simulation():
    structures = {name: reference_structure(name) for name in PHASES}
    return simulate_pattern(
        [(structures[name], 0.5, PhaseProfile(size_nm=100.0)) for name in PHASES],
        laboratory_instrument(),
        axis_points(25.0, 60.0, 0.05),
        background=Background((100.0,)),
        counts=5000.0,
        seed=1,
    )


def _job(simulation) -> Job:
    phases = tuple(JobPhase(name, reference_structure(name)) for name in PHASES)
    model = model_parameters(phases, laboratory_instrument(), 2)
    parameters = {name: item for name, item in model.items() if np.isfinite(item.start)}
    return Job(
        title="rutile and silicon",
        engine="rietx",
        pattern=simulation.pattern,
        instrument=laboratory_instrument(),
        dispersion=True,
        background_terms=2,
        background_range=(25.0, 60.0),
        phases=phases,
        parameters=parameters | {"phase.rutile.crystallite_size_nm": Parameter(200.0, 2.0, 1e5)},
        ties=(),
        stages=(Stage("scales", "linear first", FREE[:2]), Stage("cells", "then positions", FREE)),
        groups={"oxides": ("rutile",)},
    )


def _outcome(job: Job, simulation) -> dict[str, Any]:
    def item(name: str) -> dict[str, Any]:
        is_free = name in FREE
        value = VALUES.get(name, job.parameters[name].start)
        return {"value": value, "esd": ESDS.get(name), "free": is_free, "reason": None}

    return {
        "engine": {"name": "made up", "version": "0"},
        "converged": True,
        "max_shift_over_esd": 0.01,
        "message": "made up for tests",
        "agreement": {"rwp": 0.08, "rexp": 0.05, "rp": 0.06, "gof": 1.6, "n_points": len(job.pattern), "n_free": 4},
        "parameters": {name: item(name) for name in job.parameters},
        "covariance": {"names": list(FREE), "matrix": np.diag([ESDS[name] ** 2 for name in FREE]).tolist()},
        "mass_factor": dict(MASS_FACTORS),
        "engine_weight_fractions": None,
        "profile": {
            "two_theta": job.pattern.x.tolist(),
            "observed": job.pattern.intensity.tolist(),
            "sigma": job.pattern.sigma.tolist(),
            "calculated": simulation.calculated.tolist(),
            "background": simulation.background.tolist(),
            "phases": {name: curve.tolist() for name, curve in simulation.components.items()},
        },
        "reflections": {name: _rows(simulation, name) for name in PHASES},
        "derived_cells": {},
        "stages": [
            {"name": "scales", "free": list(FREE[:2]), "rwp": 0.2, "seconds": 0.1, "converged": True},
            {"name": "cells", "free": list(FREE), "rwp": 0.08, "seconds": 0.2, "converged": True},
        ],
        "warnings": [],
        "files": [],
    }


def _rows(simulation, name: str) -> list[dict[str, Any]]:
    kept = ("h", "k", "l", "multiplicity", "d", "two_theta", "f_squared", "intensity")
    return [{key: row[key] for key in kept} | {"fwhm": 0.12} for row in simulation.peaks() if row["phase"] == name]


@pytest.fixture(scope="session")
def simulation():
    return _simulation()


@pytest.fixture(scope="session")
def job(simulation) -> Job:
    return _job(simulation)


@pytest.fixture
def outcome(job, simulation) -> dict[str, Any]:
    """A fresh copy that a test may spoil."""
    return deepcopy(_outcome(job, simulation))


@pytest.fixture
def run(outcome) -> Callable[..., EngineRun]:
    """How the fit ended: done, unless a test says otherwise."""

    def make(status="done", message="", kept=outcome) -> EngineRun:
        return EngineRun(status, kept, message, 1.5, "what the engine printed\n")

    return make
