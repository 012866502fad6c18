"""Hopeless and misleading jobs: each ends in a plain sentence, and in a usable result folder or none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xtal.checks.likeness import same_structure
from xtal.checks.measurement import flat_tops, wavelength_factor
from xtal.cli import main
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.engines.gsas2_location import find_gsas2
from xtal.io.instruments import write_instrument
from xtal.io.library import reference_structure
from xtal.io.read_pattern import read_pattern
from xtal.io.results import read_result
from xtal.io.write_pattern import write_pattern
from xtal.pattern import Pattern
from xtal.radiation import Radiation
from xtal.rietveld.defence import defend
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

SINGULAR = '[[stage]]\nname = "all occupancies"\nfree = ["phase.llto.site.*.occupancy"]\n'
TWICE = '[[phase]]\nname = "llto2"\nstructure = "llto"\n'
LIF = '[[phase]]\nname = "lif"\nstructure = "lif"\n'
GHOST = LIF + '[phase.bounds]\n"site.*.u_iso" = [0.0, 4.0]\n[phase.start]\n"site.*.u_iso" = 0.3\n'
FOLLOWS_TWICE = """
[[tie]]
equal = ["phase.llto.site.La1.u_iso", "phase.llto.site.Ti.u_iso"]
[[tie]]
target = "phase.llto.site.Ti.u_iso"
expression = "0.02"
"""
IMPOSSIBLE_SUM = """
[[tie]]
sum = ["phase.llto.site.La1.occupancy", "phase.llto.site.La2.occupancy"]
value = 4.5
[[stage]]
name = "occupancy"
free = ["phase.llto.site.La1.occupancy"]
"""


@pytest.fixture(params=["rietx", "native", pytest.param("gsas2", marks=pytest.mark.gsas2)])
def engine(request) -> str:
    if request.param == "gsas2" and find_gsas2() is None:
        pytest.skip("GSAS-II is not installed")
    return request.param


@pytest.fixture(params=["rietx", "native"])
def own_engine(request) -> str:
    return request.param


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def refined(folder: Path, engine: str) -> tuple[int, Path]:
    """Exit code and result folder of the job in a folder."""
    target = folder / "result"
    return command("refine", str(folder / "job.toml"), "--engine", engine, "-q", "-o", str(target)), target


def changed_counts(folder: Path, change) -> None:
    pattern = read_pattern(folder / "pellet.xye")
    write_pattern(Pattern(pattern.x, change(pattern.intensity)), folder / "pellet.xye")


def codes(target: Path) -> set[str]:
    return {check.code for check in read_result(target).checks}


def test_a_singular_matrix_is_reported_and_its_parameters_have_no_esd(own_engine, make_job, tmp_path):
    make_job(rest=SINGULAR)
    code, target = refined(tmp_path, own_engine)
    assert code == 1
    result = read_result(target)
    sentence = next(check.sentence for check in result.checks if check.code == "not-determined")
    assert "singular" in sentence and "phase.llto.scale" in sentence
    assert result.parameters["phase.llto.scale"].esd is None
    assert result.phases["llto"].weight_fraction.esd is None


def test_a_phase_without_reflections_in_range_is_named(make_job, tmp_path, engine, capsys):
    make_job(phases=LIF)
    text = (tmp_path / "job.toml").read_text().replace("[background]", "range = [25.0, 37.0]\n[background]", 1)
    (tmp_path / "job.toml").write_text(text)
    code, target = refined(tmp_path, engine)
    assert code in (1, 2)
    result = read_result(target)
    said = result.message + " ".join(check.sentence for check in result.checks)
    assert "lif" in said and "no reflection" in said


def test_two_identical_phases_are_called_so(own_engine, make_job, tmp_path):
    make_job(phases=TWICE)
    code, target = refined(tmp_path, own_engine)
    assert code == 1
    assert "same-phase-twice" in codes(target)


def test_a_parameter_that_follows_two_ties_is_refused_before_a_fit(make_job, tmp_path, engine, capsys):
    make_job()
    with (tmp_path / "job.toml").open("a") as file:
        file.write(FOLLOWS_TWICE)
    code, target = refined(tmp_path, engine)
    assert code == 2
    assert "follows two ties" in capsys.readouterr().err
    assert not target.exists()


def test_a_sum_that_the_bounds_forbid_ends_in_a_sentence_with_its_name(own_engine, make_job, tmp_path, capsys):
    make_job()
    with (tmp_path / "job.toml").open("a") as file:
        file.write(IMPOSSIBLE_SUM)
    code, target = refined(tmp_path, own_engine)
    assert code == 2
    assert "La2.occupancy" in capsys.readouterr().err + (read_result(target).message if target.exists() else "")


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda y: np.zeros_like(y), "every intensity is zero"), (lambda y: np.full_like(y, 7.0), "every intensity is 7")],
)
def test_a_pattern_without_anything_in_it_is_refused(make_job, tmp_path, engine, capsys, change, said):
    make_job()
    changed_counts(tmp_path, change)
    code, target = refined(tmp_path, engine)
    assert code == 2
    assert said in capsys.readouterr().err
    assert not target.exists()


def test_two_points_are_refused(make_job, tmp_path, engine, capsys):
    make_job()
    (tmp_path / "pellet.xye").write_text("20.0 100 10\n20.1 120 11\n")
    code, target = refined(tmp_path, engine)
    assert code == 2
    assert "2 points are left to fit" in capsys.readouterr().err
    assert not target.exists()


def test_fewer_points_than_parameters_are_refused(make_job, tmp_path, capsys):
    make_job()
    lines = (tmp_path / "pellet.xye").read_text().splitlines()
    (tmp_path / "pellet.xye").write_text("\n".join([line for line in lines if line and line[0].isdigit()][:12]) + "\n")
    code, _ = refined(tmp_path, "rietx")
    assert code == 2
    assert "free parameters" in capsys.readouterr().err


def test_flat_tops_of_a_saturated_detector_are_found(own_engine, make_job, tmp_path):
    make_job()
    changed_counts(tmp_path, lambda y: np.minimum(y, 1500.0))
    code, target = refined(tmp_path, own_engine)
    assert code == 1
    sentence = next(check.sentence for check in read_result(target).checks if check.code == "saturated-detector")
    assert "1500 counts" in sentence


def test_counting_noise_makes_no_flat_tops():
    counts = np.random.default_rng(1).poisson(np.full(20_000, 400.0)).astype(float)
    assert flat_tops(counts) == []
    assert flat_tops(np.array([0.0, 5, 5, 5, 0])) == []
    assert flat_tops(np.array([0.0, 500, 500, 500, 0])) == [(1, 3)]


@pytest.mark.parametrize(("factor", "engine"), [(1.01, "rietx"), (0.99, "native")])
def test_a_wavelength_that_is_off_by_one_percent_is_named(make_job, tmp_path, factor, engine):
    make_job()
    device = laboratory_instrument()
    lines = tuple((wavelength * factor, weight) for wavelength, weight in device.radiation.lines)
    write_instrument(replace(device, radiation=Radiation("xray", lines, "off")), tmp_path / "instrument.toml")
    code, target = refined(tmp_path, engine)
    assert code == 1
    sentence = next(check.sentence for check in read_result(target).checks if check.code == "wavelength-suspect")
    assert f"{100 * (1 / factor - 1):+.1f} %" in sentence


def test_the_right_wavelength_is_not_suspected():
    device, structures = laboratory_instrument(), [reference_structure(name) for name in ("zno", "al2o3")]
    axis = axis_points(20.0, 80.0, 0.04)
    pattern = simulate_pattern([(s, 0.5, PhaseProfile(size_nm=100.0)) for s in structures], device, axis, counts=5000.0)
    assert wavelength_factor(axis, pattern.calculated, structures, device) is None


def test_same_structure_tells_compositions_with_other_cells_apart():
    llto = reference_structure("llto")
    assert same_structure(llto, llto.renamed("other"))
    wider = llto.with_lattice(llto.space_group.complete_cell({"a": 3.90}, llto.lattice))
    assert not same_structure(llto, wider)
    assert not same_structure(llto, reference_structure("li2ohcl-cubic"))


@pytest.mark.slow
def test_ghost_phase_that_collects_weight_without_intensity(make_job):
    """A phase that isn't there, whose displacement parameter is free, takes all the weight with a thousandth of the intensity."""
    tie = '[[tie]]\nequal = ["phase.lif.site.Li1.u_iso", "phase.lif.site.F1.u_iso"]\n'
    free = '[[stage]]\nname = "ghost"\nfree = ["phase.lif.site.Li1.u_iso"]\nmax_cycles = 60\n'
    job = make_job(phases=GHOST, rest=free + tie, seed=2, step=0.06)
    result = refine(job)
    ghost = result.phases["lif"]
    assert ghost.weight_fraction.value > 0.5
    assert ghost.intensity_share.value < 0.01
    assert {"phase-not-carried", "displacement-parameter"} <= {
        check.code for check in result.checks if check.phase == "lif"
    }
    defence = defend(job, result).phases["lif"].defence
    assert defence.verdict == "not shown"
    assert "weight without intensity" in defence.sentence
    assert defence.attenuation < 0.05
