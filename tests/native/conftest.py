"""Jobs made in the test, for the native engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.engines.task import engine_task
from xtal.instrument import Instrument, Profile
from xtal.io.library import reference_structure
from xtal.job import Job, JobPhase
from xtal.job.parameters import model_parameters
from xtal.job.resolved import Parameter, Stage, Tie
from xtal.lattice import Lattice
from xtal.radiation import Radiation
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup

LABORATORY = Instrument(
    "laboratory", Radiation.from_name("CuKa"), profile=Profile(u=6e-4, v=-3e-4, w=7e-4, x=0.02, y=0.015, axial=0.035),
    goniometer_radius=217.5, monochromator_two_theta=26.6,
)  # fmt: skip
NEUTRONS = Instrument(
    "neutrons", Radiation.from_name("neutron:1.594A"), "debye-scherrer",
    profile=Profile(u=0.02, v=-0.02, w=0.012, x=0.01, y=0.02, axial=0.02),
)  # fmt: skip

TaskMaker = Callable[..., dict[str, Any]]


@pytest.fixture(params=["numba", "numpy"])
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kernels in turn; numba's is skipped, visibly, where numba is absent."""
    if request.param == "numba" and find_spec("numba") is None:
        pytest.skip("numba is absent: pip install 'xtal-toolkit[native]'")
    monkeypatch.setenv("XTAL_NATIVE_NUMBA", "1" if request.param == "numba" else "0")
    return str(request.param)


@pytest.fixture
def laboratory() -> Instrument:
    """Cu Kα doublet in reflection."""
    return LABORATORY


@pytest.fixture
def neutrons() -> Instrument:
    """A neutron wavelength, sample in a can."""
    return NEUTRONS


@pytest.fixture
def structure_named() -> Callable[[str], Structure]:
    """Reference structures, and "oblique P -1" and "oblique P 1", which are made up so that symmetry fixes next to nothing."""

    def structure(name: str) -> Structure:
        if not name.startswith("oblique"):
            return reference_structure(name)
        iron = Site("Fe1", "Fe", (0.11, 0.23, 0.37), 0.9, u_aniso=(0.012, 0.008, 0.015, 0.002, -0.003, 0.001))
        oxygen = Site("O1", "O", (0.31, 0.47, 0.09), 0.8, u_iso=0.011)
        group = SpaceGroup.from_symbol(name.removeprefix("oblique "))
        return Structure("oblique", Lattice(5.1, 6.2, 7.3, 95.0, 101.0, 107.0), group, (iron, oxygen))

    return structure


@pytest.fixture
def make_task() -> TaskMaker:
    """Maker of tasks: phases, instrument and what is to be refined; the pattern is simulated."""
    return _make_task


def _make_task(
    structures: Sequence[Structure],
    instrument: Instrument,
    *,
    weights: Sequence[float] | None = None,
    profiles: Sequence[PhaseProfile] | None = None,
    start_structures: Sequence[Structure] | None = None,
    starts: dict[str, float] | None = None,
    stages: Sequence[Sequence[str]] = ((),),
    ties: Sequence[Tie] = (),
    axes: dict[str, tuple[int, int, int]] | None = None,
    span: tuple[float, float, float] = (15.0, 130.0, 0.04),
    terms: int = 3,
    seed: int | None = 7,
    displacement: float = 0.0,
) -> dict[str, Any]:
    profiles = profiles or [PhaseProfile() for _ in structures]
    weights = weights or [1 / len(structures)] * len(structures)
    simulation = simulate_pattern(
        list(zip(structures, weights, profiles, strict=True)), instrument, axis_points(*span),
        background=Background.flat(80.0), counts=8000.0, seed=seed, displacement=displacement,
    )  # fmt: skip
    phases = tuple(
        JobPhase(structure.name, structure, (axes or {}).get(structure.name))
        for structure in start_structures or structures
    )
    parameters = model_parameters(phases, instrument, terms)
    for phase in phases:
        parameters.setdefault(f"phase.{phase.name}.crystallite_size_nm", Parameter(np.inf, 2.0, 1e5))
    for name, value in (starts or {}).items():
        parameters[name] = replace(parameters[name], start=value)
    job = Job(
        title="", engine="native", pattern=simulation.pattern, instrument=instrument, dispersion=True, background_terms=terms,
        background_range=(span[0], span[1]), phases=phases, parameters=parameters, ties=tuple(ties),
        stages=tuple(Stage(f"stage {i + 1}", "", tuple(free), 40) for i, free in enumerate(stages)),
    )  # fmt: skip
    return engine_task(job, "")
