"""A synthetic result, built by hand: no engine made it, and it says so."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.lattice import Lattice
from xtal.result import (
    Agreement,
    CellResult,
    Check,
    Correlation,
    ParameterResult,
    PhaseResult,
    ProfileCurves,
    ReflectionRow,
    Result,
    StageResult,
    Value,
)
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup

WAVELENGTH = 1.5406
BY_SYMMETRY = "fixed by symmetry"
NOT_REFINED = "not refined in this job"
EDGES = {"cubic": (3.9110, 1.0), "llto": (3.8710, 0.8), "lif": (4.0270, 0.05)}
SHARES = {"cubic": (0.4553, 0.0031), "llto": (0.5011, 0.0030), "lif": (0.0436, 0.0021)}


def _reflections(edge: float, strength: float) -> tuple[ReflectionRow, ...]:
    """Reflections of a primitive cubic cell up to h²+k²+l² = 14, with intensities made up for the picture."""
    rows = []
    for h in range(4):
        for k in range(h + 1):
            for l in range(k + 1):
                n = h * h + k * k + l * l
                if 0 < n <= 14:
                    d = edge / np.sqrt(n)
                    two_theta = 2 * np.degrees(np.arcsin(WAVELENGTH / (2 * d)))
                    rows.append(ReflectionRow(h, k, l, 6, d, two_theta, None, strength * 9000 / n, 0.12))
    return tuple(rows)


def _bragg(x: np.ndarray, rows: tuple[ReflectionRow, ...]) -> np.ndarray:
    return sum(row.intensity / (1 + ((x - row.two_theta) / 0.06) ** 2) for row in rows)


def _profile(reflections: dict[str, tuple[ReflectionRow, ...]]) -> ProfileCurves:
    x = np.arange(15.0, 90.0, 0.02)
    phases = {name: _bragg(x, rows) for name, rows in reflections.items()}
    background = 180 + 120 * np.exp(-x / 30)
    calculated = background + sum(phases.values())
    observed = np.random.default_rng(20260101).poisson(calculated).astype(float)
    return ProfileCurves(x, observed, np.sqrt(np.maximum(observed, 1)), calculated, background, phases)


def _structure(name: str) -> Structure:
    edge = EDGES[name][0]
    sites = (
        Site("Cl1", "Cl", (0.0, 0.0, 0.0), 1.0, u_iso=0.021),
        Site("O1", "O", (0.5, 0.5, 0.5), 1.0, u_iso=0.018),
        Site("Li1", "Li", (0.5, 0.5, 0.0), 0.6667, u_iso=0.045),
    )
    return Structure(name, Lattice.cubic(edge), SpaceGroup.from_symbol("P m -3 m"), sites, "made up for tests", "model")


def _phase(name: str) -> PhaseResult:
    edge = EDGES[name][0]
    length = Value(edge, 0.00014)
    angle = Value(90.0, None, BY_SYMMETRY)
    none = Value(None, None, NOT_REFINED)
    return PhaseResult(
        formula="Li2 O1 Cl1",
        space_group="P m -3 m",
        quality="model" if name == "cubic" else "experiment",
        source="Made up for tests <b>&</b> marked so",
        weight_fraction=Value(*SHARES[name]),
        group_share=Value(0.912, 0.008) if name == "cubic" else Value(None, None, "not in a group"),
        intensity_share=Value(0.31, None, "a sum over the calculated pattern; no covariance stands behind it"),
        density=Value(1.85, None, "follows from the cell"),
        volume=Value(edge**3, 0.006),
        crystallite_size_nm=Value(120.0, 9.0) if name == "cubic" else none,
        microstrain=none,
        cell=CellResult(length, length, length, angle, angle, angle),
    )


def _parameters() -> dict[str, ParameterResult]:
    parameters = {
        "pattern.zero": ParameterResult(0.0123, 0.0011, 0.0, -0.2, 0.2, True, ("scale", "cells")),
        "pattern.background.c0": ParameterResult(251.2, 1.4, 100.0, None, None, True, ("scale", "cells", "profiles")),
    }
    for name, (edge, _) in EDGES.items():
        parameters[f"phase.{name}.scale"] = ParameterResult(1.2e-4, 2e-6, 1e-4, 0.0, None, True, ("scale", "cells"))
        parameters[f"phase.{name}.cell.a"] = ParameterResult(edge, 0.00014, edge + 0.002, 3.8, 4.1, True, ("cells",))
        parameters[f"phase.{name}.site.Cl1.u_iso"] = ParameterResult(
            0.021, None, 0.021, 0.0, 0.2, False, (), "held at its start value"
        )
    return parameters


def make_result(title: str = "Pellet made up for tests") -> Result:
    reflections = {name: _reflections(edge, strength) for name, (edge, strength) in EDGES.items()}
    return Result(
        title=title,
        status="converged",
        verdict="review",
        message="The fit converged after 3 stages. One warning and one severe finding want a look.",
        engine={"name": "by hand", "version": "0"},
        agreement=Agreement(0.0712, 0.0655, 0.0521, 1.087, 3750, 9),
        phases={name: _phase(name) for name in EDGES},
        groups={"Li2OHCl": ("cubic",)},
        parameters=_parameters(),
        correlations=(Correlation("pattern.zero", "phase.cubic.cell.a", -0.962),),
        checks=(
            Check("correlation", "warning", None, "pattern.zero and phase.cubic.cell.a are correlated (r = -0.962)."),
            Check("light-sites", "info", "cubic", "Li1 carries less than 1 % of the intensity; X-rays can't place it."),
            Check("phase-not-carried", "severe", "lif", "4.4 wt% but 1 % of the intensity; look for its peaks."),
        ),
        stages=(
            StageResult("scale", "Scales and background first.", ("pattern.background.c0",), 0.21, 0.8, True),
            StageResult("cells", "Peaks must sit right before widths.", ("phase.cubic.cell.a",), 0.092, 1.1, True),
            StageResult("profiles", "Widths last.", ("phase.cubic.scale",), 0.0712, 2.3, True),
        ),
        pattern={
            "source": "synthetic pattern of tests/report/conftest.py",
            "sigma_origin": "poisson",
            "axis": "two_theta",
            "n_points": 3750,
            "range": [15.0, 89.98],
        },
        provenance={
            "inputs": {"pellet.xy": "0f" * 32},
            "versions": {"xtal": "0.1.0"},
            "command": "xtal refine job.toml",
            "seed": 20260101,
            "seconds": 4.2,
            "created": "2026-01-01T00:00:00+00:00",
        },
        profile=_profile(reflections),
        reflections=reflections,
        structures={name: _structure(name) for name in EDGES},
        files={"engine.lst": b"kept by the engine\n"},
        log="stage scale: Rwp 21 %\n",
    )


@pytest.fixture
def result() -> Result:
    """A result of three phases on synthetic data."""
    return make_result()
