"""What the checks look at, of a faultless synthetic fit: tests spoil one thing and see what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from xtal.checks import Evidence, run_checks
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.io.library import reference_structure
from xtal.job import Job, JobPhase, Stage
from xtal.job.parameters import model_parameters
from xtal.result import (
    Agreement,
    CellResult,
    Check,
    ParameterResult,
    PhaseResult,
    ProfileCurves,
    ReflectionRow,
    Value,
)
from xtal.synthetic import laboratory_instrument

NAMES = ("al2o3", "zno")
WEIGHTS = {"al2o3": 0.8, "zno": 0.2}
FREE = ("phase.al2o3.scale", "phase.zno.scale", "phase.al2o3.cell.a")


@pytest.fixture(scope="session")
def simulation():
    """Corundum with a fifth of zinc oxide, Cu Kα doublet, counting noise."""
    return simulate_pattern(
        [(reference_structure(name), WEIGHTS[name], PhaseProfile(size_nm=150.0)) for name in NAMES],
        laboratory_instrument(),
        axis_points(20.0, 80.0, 0.02),
        background=Background((150.0,)),
        counts=8000.0,
        seed=20261120,
    )


def job_of(phases: tuple[JobPhase, ...], pattern) -> Job:
    model = model_parameters(phases, laboratory_instrument(), 2)
    return Job(
        title="synthetic",
        engine="rietx",
        pattern=pattern,
        instrument=laboratory_instrument(),
        dispersion=True,
        background_terms=2,
        background_range=(20.0, 80.0),
        phases=phases,
        parameters={name: item for name, item in model.items() if np.isfinite(item.start)},
        ties=(),
        stages=(Stage("all", "", FREE),),
    )


def phase_result(weight: float, share: float) -> PhaseResult:
    value, none = Value(1.0, 0.001), Value(None, None, "not refined")
    return PhaseResult(
        formula="",
        space_group="",
        quality="experiment",
        source="",
        weight_fraction=Value(weight, 0.002),
        group_share=none,
        intensity_share=Value(share, None, "a sum"),
        density=value,
        volume=value,
        crystallite_size_nm=none,
        microstrain=none,
        cell=CellResult(value, value, value, value, value, value),
    )


def parameter_results(job: Job, free=FREE) -> dict[str, ParameterResult]:
    return {
        name: ParameterResult(item.start, 1e-4 if name in free else None, item.start, item.min, item.max, name in free)
        for name, item in job.parameters.items()
    }


def rows(simulation, name: str) -> tuple[ReflectionRow, ...]:
    return tuple(
        ReflectionRow(row["h"], row["k"], row["l"], row["multiplicity"], row["d"], row["two_theta"], fwhm=0.11)
        for row in simulation.peaks()
        if row["phase"] == name
    )


@pytest.fixture
def evidence(simulation) -> Evidence:
    job = job_of(tuple(JobPhase(name, reference_structure(name)) for name in NAMES), simulation.pattern)
    areas = {name: float(curve.sum()) for name, curve in simulation.components.items()}
    return Evidence(
        job=job,
        agreement=Agreement(0.06, 0.055, 0.05, 1.09, len(job.pattern), 5),
        phases={name: phase_result(WEIGHTS[name], areas[name] / sum(areas.values())) for name in NAMES},
        parameters=parameter_results(job),
        correlations=(),
        curves=ProfileCurves(
            job.pattern.x, job.pattern.intensity, job.pattern.sigma, simulation.calculated, simulation.background,
            simulation.components,
        ),
        reflections={name: rows(simulation, name) for name in NAMES},
        max_shift_over_esd=0.01,
        has_covariance=True,
    )  # fmt: skip


@pytest.fixture
def said(evidence) -> Callable[..., list[Check]]:
    """What the checks say when something of the evidence is replaced."""

    def run(**changes) -> list[Check]:
        return list(run_checks(**vars(replace(evidence, **changes))))

    return run


@pytest.fixture
def said_of_parameter(evidence, said) -> Callable[..., list[Check]]:
    """What the checks say when one parameter is replaced or added."""

    def run(name: str, **changes) -> list[Check]:
        blank = ParameterResult(0.5, 0.01, 0.5, None, None, True)
        item = replace(evidence.parameters.get(name, blank), **changes)
        return said(parameters={**evidence.parameters, name: item})

    return run
