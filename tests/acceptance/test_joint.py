"""Several patterns refined together: simulated truth in both engines, and measured data against other programs' answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from validation_joint import MULTI, build_joint_job

from xtal import Instrument, Lattice, Profile, Radiation
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.engines.gsas2_location import find_gsas2
from xtal.errors import EngineUnsupportedError
from xtal.instrument import TofBank
from xtal.io.instruments import write_instrument
from xtal.io.jobs import load_job
from xtal.io.library import reference_structure
from xtal.io.results import read_result
from xtal.io.write_pattern import write_pattern
from xtal.report.folder import write_result
from xtal.rietveld.run import refine

SYNCHROTRON = Instrument("beamline", Radiation.from_name("0.7A"), "debye-scherrer",
                         Profile(u=1e-4, v=-1e-4, w=2e-4, x=0.01, axial=0.002), polarization=0.99, calibrated=True)  # fmt: skip
REACTOR = Instrument("reactor", Radiation.from_name("neutron:1.594A"), "debye-scherrer",
                     Profile(u=0.03, v=-0.03, w=0.03, x=0.02, axial=0.002), calibrated=True)  # fmt: skip
BANK = TofBank(dif_c=22585.0, dif_a=-2.0, zero=-3.0, two_theta=90.0, flight_path=63.18,
               profile={"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0})  # fmt: skip
SPALLATION = Instrument(
    "spallation", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=BANK, calibrated=True
)
AXES = {"beamline": (5.0, 60.0, 0.01), "reactor": (10.0, 150.0, 0.05), "spallation": (12000.0, 60000.0, 8.0)}
STRAIN = -0.0012
SIZE_NM, MICROSTRAIN = 120.0, 6e-4

JOB = """
title = "simulated"
{patterns}
[background]
terms = 2
{phases}
[[stage]]
name = "scales"
free = ["phase.*.scale", "pattern.*.scale", {shares} "pattern.*.background"]
[[stage]]
name = "cells"
free = ["phase.*.cell", "pattern.*.strain"]
[[stage]]
name = "widths and atoms"
free = ["phase.*.microstrain", "phase.*.crystallite_size_nm", "phase.*.site.*.u_iso"]
max_cycles = 40
"""


def strained(structure, strain):
    lattice = structure.lattice
    return replace(
        structure, lattice=Lattice(*(edge * (1 + strain) for edge in lattice.parameters[:3]), *lattice.parameters[3:])
    )


def job_of(folder, instruments, mixtures):
    """A job on patterns simulated with another strain, and mixture, in every pattern but the first."""
    tables = []
    for index, (instrument, mixture) in enumerate(zip(instruments, mixtures, strict=True)):
        profile = PhaseProfile(size_nm=SIZE_NM, microstrain=MICROSTRAIN)
        phases = [
            (strained(reference_structure(name), STRAIN if index else 0.0), weight, profile)
            for name, weight in mixture.items()
        ]
        made = simulate_pattern(phases, instrument, axis_points(*AXES[instrument.name]),
                                background=Background((200.0, -20.0)), counts=20_000.0, seed=index)  # fmt: skip
        write_pattern(made.pattern, folder / f"{instrument.name}.xye")
        write_instrument(instrument, folder / f"{instrument.name}.toml")
        tables.append(f'[[pattern]]\nfile = "{instrument.name}.xye"\ninstrument = "{instrument.name}.toml"')
    phases_text = "\n".join(
        f'[[phase]]\nstructure = "{name}"\nstart = {{ microstrain = 1e-3 }}' for name in mixtures[0]
    )
    shares = '"pattern.*.share",' if len(mixtures[0]) > 1 else ""
    path = folder / "job.toml"
    path.write_text(JOB.format(patterns="\n".join(tables), phases=phases_text, shares=shares))
    return load_job(path)


def assert_within(parameter, truth, esds=4.0, floor=0.0):
    assert parameter.esd is not None and parameter.esd > 0
    assert parameter.value == pytest.approx(truth, abs=max(esds * parameter.esd, floor))


@pytest.mark.slow
def test_strain_of_a_second_pattern_comes_back_beside_the_cell_of_the_first(engine, tmp_path):
    job = job_of(tmp_path, (SYNCHROTRON, REACTOR), ({"al2o3": 1.0}, {"al2o3": 1.0}))
    result = refine(job, engine=engine)
    assert result.status == "converged", result.message
    truth = reference_structure("al2o3").lattice
    for axis in ("a", "c"):
        assert_within(result.parameters[f"phase.al2o3.cell.{axis}"], getattr(truth, axis), floor=3e-6 * truth.a)
        assert_within(result.parameters[f"pattern.reactor.strain.al2o3.{axis}"], STRAIN, floor=5e-6)
    assert_within(result.parameters["phase.al2o3.microstrain"], MICROSTRAIN, floor=0.05 * MICROSTRAIN)
    assert_within(result.parameters["phase.al2o3.crystallite_size_nm"], SIZE_NM, floor=0.03 * SIZE_NM)
    assert set(result.patterns) == {"beamline", "reactor"}
    for found in result.patterns.values():
        assert 0.9 < found.agreement.gof < 1.3


def test_folder_of_a_joint_result_holds_every_pattern_and_is_read_back(engine, tmp_path):
    job = job_of(tmp_path, (SYNCHROTRON, REACTOR), ({"lif": 1.0}, {"lif": 1.0}))
    result = refine(job, engine=engine)
    folder = write_result(result, tmp_path / "result")
    names = {path.name for path in folder.iterdir()}
    assert {
        "pattern-beamline.csv",
        "pattern-reactor.csv",
        "reflections-reactor.csv",
        "fit-beamline.png",
        "fit-reactor.png",
    } <= names
    assert "pattern.csv" not in names
    page = (folder / "report.html").read_text()
    assert page.count('class="plot"') == 2 and "Pattern reactor" in page
    again = read_result(folder)
    assert again.patterns["reactor"].agreement == result.patterns["reactor"].agreement
    assert again.patterns["reactor"].profile.x == pytest.approx(result.patterns["reactor"].profile.x)
    assert again.profile.x == pytest.approx(again.patterns["beamline"].profile.x)


@pytest.mark.gsas2
@pytest.mark.slow
@pytest.mark.skipif(find_gsas2() is None, reason="GSAS-II is absent: set XTAL_GSAS2_PYTHON")
def test_x_rays_and_a_time_of_flight_bank_give_cell_strain_and_their_own_shares(tmp_path):
    """The strain at time of flight is what GSAS-II 5.7.9 alone gets wrong."""
    job = job_of(tmp_path, (SYNCHROTRON, SPALLATION), ({"si": 0.7, "lif": 0.3}, {"si": 0.5, "lif": 0.5}))
    result = refine(job, engine="gsas2")
    assert result.status == "converged", result.message
    assert result.phases["lif"].weight_fraction.value == pytest.approx(0.3, abs=0.005)
    for name in ("si", "lif"):
        a = reference_structure(name).lattice.a
        # GSAS-II integrates axial divergence in steps that move peaks by thousandths of a degree.
        assert result.phases[name].cell.a.value == pytest.approx(a, rel=30e-6)
        assert_within(result.parameters[f"pattern.spallation.strain.{name}.a"], STRAIN, floor=1e-5)
    # one size and one strain for both kinds of pattern, whose microstrains GSAS-II itself defines differently
    assert_within(result.parameters["phase.si.microstrain"], MICROSTRAIN, floor=0.08 * MICROSTRAIN)
    assert_within(result.parameters["phase.si.crystallite_size_nm"], SIZE_NM, floor=0.05 * SIZE_NM)
    expected = (0.5 / 0.5) / (0.3 / 0.7)
    assert result.parameters["pattern.spallation.share.lif"].value == pytest.approx(expected, rel=0.02)
    assert result.patterns["spallation"].profile.axis == "tof"
    assert result.patterns["spallation"].pattern["wavelength"] is None
    assert 0.9 < result.patterns["spallation"].agreement.gof < 1.3


def test_rietx_refuses_time_of_flight_and_names_the_engine_that_takes_it(tmp_path):
    job = job_of(tmp_path, (SYNCHROTRON, SPALLATION), ({"si": 1.0}, {"si": 1.0}))
    with pytest.raises(
        EngineUnsupportedError, match=r"rietx 1\.10 reads time-of-flight banks and refines none; gsas2 and native do"
    ):
        refine(job, engine="rietx")


def test_rietx_gives_several_phases_the_shares_of_each_pattern(tmp_path):
    job = job_of(tmp_path, (SYNCHROTRON, REACTOR), ({"si": 0.7, "lif": 0.3}, {"si": 0.5, "lif": 0.5}))
    result = refine(job, engine="rietx")
    assert result.phases["si"].weight_fraction.value == pytest.approx(0.7, abs=0.01)
    share = result.parameters["pattern.reactor.share.lif"]
    assert share.value == pytest.approx((0.5 / 0.5) / (0.3 / 0.7), rel=0.02)
    assert share.esd is not None
    assert share.esd > 0


def test_rietx_refuses_shares_that_are_held_beside_free_scales(tmp_path):
    job = job_of(tmp_path, (SYNCHROTRON, REACTOR), ({"si": 0.7, "lif": 0.3}, {"si": 0.5, "lif": 0.5}))
    stages = tuple(
        replace(stage, free=tuple(name for name in stage.free if "share" not in name)) for stage in job.stages
    )
    with pytest.raises(EngineUnsupportedError, match=r"share\.lif.*native or gsas2, which keep shares"):
        refine(replace(job, stages=stages), engine="rietx")


@pytest.mark.slow
@pytest.mark.parametrize("case", MULTI, ids=lambda case: case.name)
def test_measured_patterns_give_the_known_answer(case, engine, shared_data, tmp_path):
    if engine not in case.engines:
        pytest.skip(f"{engine} refines no time-of-flight data")
    result = refine(build_joint_job(case, engine, shared_data, tmp_path), timeout=1500.0)
    assert result.agreement is not None, result.message
    for known in case.known:
        assert known.holds(result), f"{known.label}: {known.error(result):+.3g} {known.unit} off {known.answer}"
