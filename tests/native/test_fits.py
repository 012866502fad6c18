"""Fits with the native engine whose answer is known, and what it says where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from validation_cases import SYNTHETIC, build_job

from xtal.diffraction import PhaseProfile
from xtal.engines.task import engine_task
from xtal.io.library import reference_structure
from xtal.job.resolved import Tie
from xtal.lattice import Lattice
from xtal.native import refine_task
from xtal.serial_correlation import serial_correlation

BACKGROUND = [f"pattern.background.c{i}" for i in range(3)]


def silent(event):
    """Nobody listens."""


def stretched(structure, factor):
    """The structure with a larger cell."""
    cell = structure.lattice.parameters
    return replace(structure, lattice=Lattice(*(factor * length for length in cell[:3]), *cell[3:]))


def off(outcome, name, truth):
    """Error of a parameter in esds."""
    row = outcome["parameters"][name]
    assert row["esd"] is not None, row["reason"]
    return (row["value"] - truth) / row["esd"]


def test_neutron_pattern_gives_back_fractions_cells_coordinates_and_widths(kernel, make_task, neutrons):
    structures = [reference_structure("al2o3"), reference_structure("zno")]
    profiles = [PhaseProfile(60.0, 0.0), PhaseProfile(None, 3e-3)]
    scales = ["phase.al2o3.scale", "phase.zno.scale"]
    cells = [f"phase.{name}.cell.{axis}" for name in ("al2o3", "zno") for axis in "ac"]
    rest = [
        "phase.al2o3.crystallite_size_nm",
        "phase.zno.microstrain",
        "phase.al2o3.site.O1.x",
        "phase.zno.site.O1.u_iso",
    ]
    task = make_task(
        structures, neutrons, weights=[0.35, 0.65], profiles=profiles, start_structures=[stretched(s, 1.001) for s in structures],
        starts={"phase.al2o3.crystallite_size_nm": 150.0, "phase.zno.microstrain": 1e-3},
        stages=[scales + BACKGROUND, scales + BACKGROUND + cells, scales + BACKGROUND + cells + rest],
    )  # fmt: skip
    outcome = refine_task(task, silent)
    assert outcome["converged"]
    assert outcome["agreement"]["gof"] == pytest.approx(1.0, abs=0.05)
    fraction = outcome["engine_weight_fractions"]["al2o3"]
    assert abs(fraction["value"] - 0.35) < 3 * fraction["esd"] < 0.02
    truth = {f"phase.{s.name}.cell.{axis}": getattr(s.lattice, axis) for s in structures for axis in "ac"}
    truth |= {"phase.al2o3.crystallite_size_nm": 60.0, "phase.zno.microstrain": 3e-3}
    truth["phase.al2o3.site.O1.x"] = next(site.xyz[0] for site in structures[0].sites if site.label == "O1")
    for name, value in truth.items():
        assert abs(off(outcome, name, value)) < 3.5, name


def test_uncertainties_are_the_scatter_of_repeated_measurements(make_task, laboratory):
    structure = reference_structure("si")
    free = ["phase.si.scale", "phase.si.cell.a", "phase.si.crystallite_size_nm", *BACKGROUND]
    errors = []
    for seed in range(24):
        task = make_task([structure], laboratory, profiles=[PhaseProfile(80.0)], starts={"phase.si.crystallite_size_nm": 100.0},
                         stages=[free[:1] + BACKGROUND, free], span=(20.0, 100.0, 0.04), seed=seed)  # fmt: skip
        outcome = refine_task(task, silent)
        errors.append([off(outcome, "phase.si.cell.a", structure.lattice.a),
                       off(outcome, "phase.si.crystallite_size_nm", 80.0)])  # fmt: skip
    scatter = np.sqrt(np.mean(np.square(errors), axis=0))
    assert np.all((scatter > 0.6) & (scatter < 1.5)), scatter


def test_followers_keep_to_their_tie_and_inherit_the_uncertainty(make_task, laboratory):
    structure = reference_structure("rutile")
    leader, follower = "phase.rutile.site.Ti1.u_iso", "phase.rutile.site.O1.u_iso"
    task = make_task([structure], laboratory, ties=[Tie(follower, ((2.0, leader),), 0.001)],
                     stages=[["phase.rutile.scale", *BACKGROUND, leader]])  # fmt: skip
    rows = refine_task(task, silent)["parameters"]
    assert rows[follower]["value"] == pytest.approx(2 * rows[leader]["value"] + 0.001)
    assert rows[follower]["esd"] == pytest.approx(2 * rows[leader]["esd"])
    assert not rows[follower]["free"]


def test_parameter_that_ends_on_its_bound_has_no_esd_and_says_so(make_task, laboratory):
    task = make_task([reference_structure("si")], laboratory, starts={"phase.si.microstrain": 2e-3},
                     stages=[["phase.si.scale", *BACKGROUND, "phase.si.microstrain", "phase.si.crystallite_size_nm"]])  # fmt: skip
    task["parameters"]["phase.si.cell.a"]["value"] *= 1.0
    task["parameters"]["phase.si.microstrain"]["min"] = 1.5e-3
    row = refine_task(task, silent)["parameters"]["phase.si.microstrain"]
    assert row["value"] == pytest.approx(1.5e-3)
    assert row["esd"] is None
    assert row["reason"] == "at bound"


def test_singular_direction_is_named_by_its_parameters(make_task, laboratory):
    names = ["phase.lab6.site.La1.occupancy", "phase.lab6.site.B1.occupancy", "phase.lab6.scale"]
    structure = reference_structure("lab6")
    names = [f"phase.lab6.site.{site.label}.occupancy" for site in structure.sites] + ["phase.lab6.scale"]
    task = make_task([structure], laboratory, stages=[[*BACKGROUND, *names]])
    outcome = refine_task(task, silent)
    assert all(outcome["parameters"][name]["esd"] is None for name in names)
    assert all(name in outcome["parameters"]["phase.lab6.scale"]["reason"] for name in names)
    assert any("do not determine a combination" in text for text in outcome["warnings"])


def test_too_few_cycles_are_said_to_be_too_few(make_task, laboratory):
    structure = reference_structure("zno")
    task = make_task([structure], laboratory, start_structures=[stretched(structure, 1.003)],
                     stages=[["phase.zno.scale", "phase.zno.cell.a", "phase.zno.cell.c", *BACKGROUND]])  # fmt: skip
    task["stages"][0]["max_cycles"] = 2
    outcome = refine_task(task, silent)
    assert not outcome["converged"]
    assert "raise max_cycles" in outcome["message"]


def test_nothing_free_means_that_the_model_is_only_evaluated(make_task, laboratory):
    outcome = refine_task(make_task([reference_structure("si")], laboratory), silent)
    assert outcome["covariance"] is None
    assert "only evaluated" in outcome["message"]


def test_covariance_is_that_of_linear_least_squares_where_the_model_is_linear(make_task, laboratory):
    task = make_task([reference_structure("si")], laboratory, stages=[["phase.si.scale", *BACKGROUND]])
    outcome = refine_task(task, silent)
    profile, n = outcome["profile"], outcome["agreement"]["n_points"]
    x = 2 * (np.array(profile["two_theta"]) - 15.0) / 115.0 - 1
    scale = outcome["parameters"]["phase.si.scale"]["value"]
    design = np.vstack([np.array(profile["phases"]["si"]) / scale, np.ones(n), x, 2 * x**2 - 1]) / profile["sigma"]
    expected = np.linalg.inv(design @ design.T) * outcome["agreement"]["gof"] ** 2
    np.testing.assert_allclose(outcome["covariance"]["matrix"], expected, rtol=1e-6, atol=1e-9 * expected.max())


def test_serial_correlation_of_white_residuals_is_that_of_the_quadrature():
    noise = np.random.default_rng(1).normal(size=200_000)
    assert serial_correlation(noise) == pytest.approx(np.sqrt(1.2694), abs=0.005)
    assert serial_correlation(np.repeat(noise[:2000], 20)) > 3


@pytest.mark.slow
def test_random_starts_around_a_pellet_end_in_the_same_minimum_or_say_that_they_did_not(tmp_path):
    case = next(case for case in SYNTHETIC if case.name == "synthetic pellet, share 0.59")
    task = engine_task(build_job(case, "rietx", None, tmp_path), str(tmp_path))
    best = refine_task(task, silent)
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(20):
        outcome = refine_task(disturbed(task, best, rng), silent)
        found = outcome["agreement"]["rwp"] < 1.001 * best["agreement"]["rwp"]
        wrong += not found and outcome["converged"]
    assert wrong <= 1


def disturbed(task, best, rng):
    """The task from scales off by up to ten, cells by up to 0.5 %, sizes and strains by up to three."""
    factors = {"scale": (10, 1), "crystallite_size_nm": (3, 1), "microstrain": (3, 1)}
    parameters = {}
    for name, row in task["parameters"].items():
        value, last = best["parameters"][name]["value"], name.rsplit(".", 1)[-1]
        if ".cell." in name:
            row = {**row, "value": value * (1 + rng.uniform(-0.005, 0.005))}
        elif last in factors and value:
            moved = value * factors[last][0] ** rng.uniform(-1, 1)
            row = {**row, "value": float(np.clip(moved, row["min"] or 0.0, row["max"] or np.inf))}
        parameters[name] = row
    return {**task, "parameters": parameters}
