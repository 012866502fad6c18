"""What is simulated comes back from a refinement: weights, cells, sizes and strains within three esds, through both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xtal import Instrument, Profile, Radiation
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.io.instruments import write_instrument
from xtal.io.jobs import load_job
from xtal.io.library import reference_structure
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

LAB = laboratory_instrument()
PARALLEL = replace(LAB, name="synthetic-parallel", profile=replace(LAB.profile, axial=0.002))
REACTOR = Instrument("neutron", Radiation.from_name("neutron:1.594A"), "debye-scherrer",
                     Profile(u=0.03, v=-0.03, w=0.03, x=0.02, y=0.0, axial=0.002), calibrated=True)  # fmt: skip
MIXTURE = {
    "al2o3": (0.40, PhaseProfile(size_nm=150.0, microstrain=5e-4)),
    "si": (0.25, PhaseProfile(size_nm=400.0, microstrain=2e-4)),
    "zno": (0.35, PhaseProfile(size_nm=60.0, microstrain=1e-3)),
}
JOB = """
title = "synthetic mixture"

[pattern]
file = "pattern.xye"
instrument = "instrument.toml"

[background]
terms = 3

[[phase]]
structure = "al2o3"

[[phase]]
structure = "si"

[[phase]]
structure = "zno"

[[stage]]
name = "scales"
why = "Linear."
free = ["phase.*.scale", "pattern.background"]

[[stage]]
name = "cells and widths"
why = "What was put in."
free = ["phase.*.cell", "phase.*.microstrain"]
max_cycles = 40

[[stage]]
name = "sizes"
why = "The instrument is known."
free = ["phase.*.crystallite_size_nm"]
max_cycles = 40
"""


def refined(folder, instrument, axis, engine):
    mixture = [(reference_structure(name), weight, profile) for name, (weight, profile) in MIXTURE.items()]
    made = simulate_pattern(
        mixture, instrument, axis, background=Background((200.0, -40.0, 10.0)), counts=20_000.0, seed=4
    )
    write_pattern(made.pattern, folder / "pattern.xye")
    write_instrument(instrument, folder / "instrument.toml")
    job = folder / "job.toml"
    job.write_text(JOB, encoding="utf-8")
    result = refine(load_job(job, engine=engine))
    assert result.status == "converged", result.message
    return result


def pulls(result):
    """Deviation over esd of every quantity that was put in."""
    for name, (weight, profile) in MIXTURE.items():
        phase, truth = result.phases[name], reference_structure(name).lattice
        found = {"weight": (phase.weight_fraction, weight), "a": (phase.cell.a, truth.a), "c": (phase.cell.c, truth.c),
                 "size": (phase.crystallite_size_nm, profile.size_nm), "strain": (phase.microstrain, profile.microstrain)}  # fmt: skip
        for quantity, (value, known) in found.items():
            if value.esd:
                yield f"{quantity}({name})", (value.value - known) / value.esd


@pytest.mark.parametrize(
    ("instrument", "axis"),
    [
        pytest.param(PARALLEL, axis_points(15, 120, 0.02), id="laboratory X-rays"),
        pytest.param(REACTOR, axis_points(15, 150, 0.05), id="reactor neutrons"),
    ],
)
def test_mixture_comes_back_within_three_esds(instrument, axis, engine, tmp_path):
    result = refined(tmp_path, instrument, axis, engine)
    off = {name: round(pull, 2) for name, pull in pulls(result)}
    assert len(off) >= 12
    assert max(abs(pull) for pull in off.values()) < 3, off
    assert result.agreement.rwp < 1.1 * result.agreement.rexp


def test_mixture_comes_back_with_axial_divergence(engine, tmp_path):
    """rietx: everything. GSAS-II: the weights; its quadrature of the axial kernel moves peaks by up to 0.015° and cells with them."""
    result = refined(tmp_path, LAB, axis_points(15, 120, 0.02), engine)
    off = {name: round(pull, 2) for name, pull in pulls(result) if engine == "rietx" or name.startswith("weight")}
    assert max(abs(pull) for pull in off.values()) < 3, off
