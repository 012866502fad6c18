"""What a fit says of each phase: fractions, group shares, cells, volumes and densities with their esds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.lattice import Lattice
from xtal.result import CELL_NAMES
from xtal.rietveld.assemble import assemble_result
from xtal.rietveld.phases import _leader
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup


@pytest.fixture
def phases(job, run):
    def make(of=job):
        return assemble_result(of, run(), "made up", {}, {}).phases

    return make


def test_weight_fractions_come_from_scales_and_mass_factors(phases):
    assert phases()["rutile"].weight_fraction.value == pytest.approx(10 / 31)
    assert phases()["rutile"].weight_fraction.esd == pytest.approx(10 / 31 * 21 / 31 * np.hypot(0.01, 0.02))


def test_group_of_one_phase_is_that_phase_without_an_esd(phases):
    share = phases()["rutile"].group_share
    assert (share.value, share.esd, share.reason) == (1.0, None, "the only phase")


def test_phase_in_no_group_says_so(phases):
    assert (phases()["si"].group_share.value, phases()["si"].group_share.reason) == (None, "in no group of this job")


def test_group_of_all_phases_gives_the_weight_fractions(phases, job):
    found = phases(replace(job, groups={"all": ("si", "rutile")}))
    for phase in found.values():
        assert phase.group_share == phase.weight_fraction


def test_fraction_of_a_held_scale_has_no_esd_but_a_reason(phases, outcome):
    keep = [0, 2, 3]
    matrix = np.array(outcome["covariance"]["matrix"])[np.ix_(keep, keep)]
    outcome["covariance"] = {"names": [outcome["covariance"]["names"][i] for i in keep], "matrix": matrix.tolist()}
    assert phases()["si"].weight_fraction.esd is None
    assert "held" in phases()["si"].weight_fraction.reason


def test_fractions_are_undefined_when_every_scale_is_zero(phases, outcome):
    for name in ("rutile", "si"):
        outcome["parameters"][f"phase.{name}.scale"]["value"] = 0.0
    fraction = phases()["si"].weight_fraction
    assert (fraction.value, fraction.reason) == (None, "all scale factors are zero")


def test_intensity_shares_sum_to_one_and_follow_the_areas(phases, simulation):
    areas = {name: curve.sum() for name, curve in simulation.components.items()}
    for name, phase in phases().items():
        assert phase.intensity_share.value == pytest.approx(areas[name] / sum(areas.values()))


def test_intensity_shares_are_areas_on_an_axis_of_uneven_steps(phases, outcome):
    even = phases()["si"].intensity_share.value
    profile = outcome["profile"]
    half = len(profile["two_theta"]) // 2
    for key in ("two_theta", "observed", "sigma", "calculated", "background"):
        profile[key] = profile[key][:half] + profile[key][half::2]
    profile["phases"] = {name: curve[:half] + curve[half::2] for name, curve in profile["phases"].items()}
    assert phases()["si"].intensity_share.value == pytest.approx(even, abs=0.005)


def test_tetragonal_b_has_value_and_esd_of_a_and_its_angles_none(phases):
    cell = phases()["rutile"].cell
    assert (cell.b.value, cell.b.esd) == (4.60, cell.a.esd) == (4.60, pytest.approx(1e-4))
    assert cell.c.esd == pytest.approx(2e-4)
    assert (cell.gamma.value, cell.gamma.esd, cell.gamma.reason) == (90.0, None, "fixed by symmetry")


@pytest.mark.parametrize(
    ("symbol", "cell", "leaders"),
    [
        ("P 1 2/m 1", (5, 6, 7, 90, 90, 90), "a b c - beta -"),
        ("P m m m", (5, 5, 5, 90, 90, 90), "a b c - - -"),
        ("P 4/m m m", (5, 5, 5, 90, 90, 90), "a a c - - -"),
        ("P -3 m 1", (5, 5, 7, 90, 90, 120), "a a c - - -"),
        ("R -3 c:R", (5, 5, 5, 60, 60, 60), "a a a alpha alpha alpha"),
        ("P m -3 m", (5, 5, 5, 90, 90, 90), "a a a - - -"),
    ],
)
def test_dependent_cell_parameters_follow_by_symmetry_not_by_equal_numbers(symbol, cell, leaders):
    site = Site("X", "O", (0.0, 0.0, 0.0))
    structure = Structure(
        "p", Lattice.from_parameters(cell), SpaceGroup.from_symbol(symbol), (site,), "made up", "model"
    )
    found = [_leader(name, structure) or "-" for name in CELL_NAMES]
    assert found == leaders.split()


def test_cell_that_was_held_has_no_esd(phases):
    a = phases()["si"].cell.a
    assert (a.esd, a.reason) == (None, "not refined")


def test_volume_of_a_tetragonal_cell_has_the_propagated_esd(phases, outcome):
    """V = a²c: σ² = (2ac σa)² + (a² σc)² + 2·2ac·a² cov."""
    covariance = 0.5 * 1e-4 * 2e-4
    outcome["covariance"]["matrix"][2][3] = outcome["covariance"]["matrix"][3][2] = covariance
    a, c = 4.60, 2.96
    variance = (2 * a * c * 1e-4) ** 2 + (a * a * 2e-4) ** 2 + 2 * (2 * a * c) * (a * a) * covariance
    volume = phases()["rutile"].volume
    assert volume.value == pytest.approx(a * a * c)
    assert volume.esd == pytest.approx(np.sqrt(variance), rel=1e-5)


def test_density_is_mass_over_volume_and_has_the_relative_esd_of_the_volume(phases):
    """Two TiO₂ of 79.866 u in the cell, 1 u/Å³ = 1.66054 g/cm³."""
    rutile = phases()["rutile"]
    assert rutile.density.value == pytest.approx(2 * 79.866 * 1.66054 / (4.60**2 * 2.96), rel=1e-4)
    assert rutile.density.esd / rutile.density.value == pytest.approx(rutile.volume.esd / rutile.volume.value)


def test_size_that_was_not_refined_is_not_reported(phases):
    size = phases()["rutile"].crystallite_size_nm
    assert (size.value, size.reason) == (None, "not refined")


def test_size_on_an_uncalibrated_instrument_is_not_reported(phases, job):
    free = (*job.stages[-1].free, "phase.rutile.crystallite_size_nm")
    refined = replace(job, stages=(replace(job.stages[-1], free=free),))
    assert phases(refined)["rutile"].crystallite_size_nm.value == 200.0
    uncalibrated = replace(refined, instrument=replace(job.instrument, calibrated=False))
    size = phases(uncalibrated)["rutile"].crystallite_size_nm
    assert (size.value, "not calibrated" in size.reason) == (None, True)
