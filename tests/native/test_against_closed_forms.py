"""Fits of patterns that are written out over all hkl from the formulas of the task; the same as GSAS-II is tested with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from tests.test_gsas2_models import (
    PEAK,
    RUTILE_A,
    RUTILE_C,
    STRAIN,
    TRUTH,
    U11,
    U33,
    A,
    C,
    cylinder_task,
    extraction_task,
    plate_task,
    pseudo_peak,
    rutile_task,
    structure_factor,
)
from xtal.native import refine_task


def fitted(task: dict[str, Any]) -> dict[str, Any]:
    """Outcome of a task."""
    return refine_task(task, lambda event: None)


@pytest.fixture(scope="module")
def plate() -> dict[str, Any]:
    """A plate: uniaxial size, displacement tensor, transparency, extra peak."""
    return fitted(plate_task(Path()))


@pytest.fixture(scope="module")
def cylinder() -> dict[str, Any]:
    """A capillary: anisotropic strain, absorption."""
    return fitted(cylinder_task(Path()))


def value(outcome: dict[str, Any], name: str) -> float:
    """A refined value."""
    return float(outcome["parameters"][name]["value"])


def test_uniaxial_size_tensor_transparency_and_cell_of_a_plate_come_back(plate):
    assert plate["converged"]
    assert plate["agreement"]["rwp"] < 0.001
    assert value(plate, "phase.M.crystallite_size_axial_nm") == pytest.approx(TRUTH["axial_size"], rel=2e-3)
    assert value(plate, "phase.M.crystallite_size_nm") == pytest.approx(TRUTH["equatorial_size"], rel=2e-3)
    assert value(plate, "phase.M.site.M1.u11") == pytest.approx(U11, rel=5e-3)
    assert value(plate, "phase.M.site.M1.u33") == pytest.approx(U33, rel=5e-3)
    assert value(plate, "pattern.transparency") == pytest.approx(TRUTH["transparency"], rel=5e-3)
    assert value(plate, "phase.M.cell.a") == pytest.approx(A, rel=1e-6)
    assert value(plate, "phase.M.cell.c") == pytest.approx(C, rel=1e-6)


def test_f_squared_with_a_tensor_is_the_closed_form(plate):
    # neutron lengths in fm here, in 1e-12 cm there
    for row in plate["reflections"]["M"]:
        expected = 100 * structure_factor(np.array([row["h"], row["k"], row["l"]], float))
        assert row["f_squared"] == pytest.approx(expected, rel=5e-3)


def test_an_extra_peak_comes_back_and_is_part_of_the_background(plate):
    for name, truth in PEAK.items():
        assert value(plate, f"pattern.peak.holder.{name}") == pytest.approx(truth, rel=5e-3)
    profile = {name: np.array(plate["profile"][name]) for name in ("two_theta", "background", "extra_peaks")}
    expected = pseudo_peak(profile["two_theta"])
    assert np.abs(profile["extra_peaks"] - expected).max() < 2e-3 * expected.max()
    assert np.ptp(profile["background"] - profile["extra_peaks"]) < 1e-6 * profile["background"].mean()


def test_anisotropic_strain_and_absorption_of_a_capillary_come_back(cylinder):
    assert cylinder["converged"]
    assert cylinder["agreement"]["rwp"] < 0.005
    for name, truth in STRAIN.items():
        assert value(cylinder, f"phase.M.stephens.{name}") == pytest.approx(truth, rel=0.02)
    assert value(cylinder, "pattern.absorption") == pytest.approx(TRUTH["mu_r"], abs=0.03)
    assert value(cylinder, "phase.M.site.M1.u33") == pytest.approx(U33, rel=0.05)


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extraction_finds_cell_widths_and_intensities_without_a_structure(mode):
    task = extraction_task(Path()) | {"mode": mode}
    del task["parameters"]["phase.M.site.M1.u_iso"], task["parameters"]["phase.M.site.M1.occupancy"]
    outcome = fitted(task)
    assert outcome["agreement"]["rwp"] < 0.002
    assert value(outcome, "phase.M.cell.a") == pytest.approx(A, rel=2e-6)
    assert value(outcome, "phase.M.crystallite_size_axial_nm") == pytest.approx(TRUTH["axial_size"], rel=0.01)
    found = {(row["h"], row["k"], row["l"]): row["f_squared"] for row in outcome["reflections"]["M"]}
    single = [(0, 0, 1), (1, 0, 0), (1, 0, 1), (1, 1, 1)]
    ratios = [found[hkl] / structure_factor(np.array(hkl, float)) for hkl in single]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=5e-3)


def test_a_restraint_moves_an_atom_to_the_least_sum_of_squares():
    def squares(x: float) -> float:
        flat = math.hypot((0.5 - x) * RUTILE_A * math.sqrt(2), RUTILE_C / 2)
        return 4 * (flat - 2.0) ** 2 + 2 * (x * RUTILE_A * math.sqrt(2) - 2.0) ** 2

    best = minimize_scalar(squares, bounds=(0.25, 0.35), method="bounded", options={"xatol": 1e-9}).x
    outcome = fitted(rutile_task(Path()))
    assert value(outcome, "phase.TiO2.site.O1.x") == pytest.approx(best, abs=1e-6)
    (told,) = outcome["restraints"]
    assert told["n_bonds"] == 6
    assert told["chi2"] == pytest.approx(2.0 * squares(best) / 0.02**2, rel=1e-4)


def test_strain_terms_with_a_negative_variance_are_said():
    task = cylinder_task(Path())
    task["stages"] = task["stages"][:1]
    task["parameters"]["phase.M.stephens.s004"]["value"] = -0.01
    assert any("negative variance" in text for text in fitted(task)["warnings"])
