"""Peak shapes from the slits of a diffractometer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal import Radiation
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.fundamental_parameters import SlitOptics, fundamental_profile
from xtal.errors import InputError, MissingPartError
from xtal.synthetic import laboratory_instrument

from . import cells

AXIS = axis_points(20, 80, 0.01)
LAB = laboratory_instrument()


def pattern(optics=None, profile=PhaseProfile()):  # noqa: B008
    return simulate_pattern([(cells.lab6(), 1.0, profile)], LAB, AXIS, optics=optics)


def width_near(simulation, position):
    near = np.abs(AXIS - position) < 0.5
    x, y = AXIS[near], simulation.calculated[near]
    above = x[y > y.max() / 2]
    return above[-1] - above[0]


@pytest.fixture
def optics():
    pytest.importorskip("xrayutilities")
    return SlitOptics()


def test_areas_are_those_of_the_analytical_profile(optics):
    by_slits, by_profile = pattern(optics).calculated, pattern().calculated
    for position in (21.358, 30.385, 43.507, 67.549):
        near = np.abs(AXIS - position) < 1.0
        assert by_slits[near].sum() == pytest.approx(by_profile[near].sum(), rel=0.02)


def test_a_dominant_receiving_slit_gives_its_own_angle_as_width(optics):
    wide = replace(optics, receiving_slit=0.4)
    alone = replace(LAB, radiation=Radiation.from_name("CuKa1"))
    simulated = simulate_pattern([(cells.lab6(), 1.0, PhaseProfile())], alone, AXIS, optics=wide)
    assert width_near(simulated, 43.507) == pytest.approx(np.degrees(0.4 / 240), abs=0.02)


def test_a_wider_receiving_slit_and_smaller_crystallites_broaden_the_peaks(optics):
    sharp = width_near(pattern(optics), 30.385)
    assert width_near(pattern(replace(optics, receiving_slit=0.6)), 30.385) > sharp + 0.05
    # Scherrer with K = 1: 0.55° for 16.6 nm at 30.4°
    small = width_near(pattern(optics, PhaseProfile(size_nm=16.6)), 30.385)
    assert small == pytest.approx(0.55 + 0.05, abs=0.06)


def test_axial_divergence_draws_low_angle_peaks_to_lower_angles(optics):
    open_slits = replace(optics, soller_incident=10.0, soller_diffracted=10.0)
    near = np.abs(AXIS - 21.358) < 1.0

    def centroid(simulation):
        return (AXIS * simulation.calculated)[near].sum() / simulation.calculated[near].sum()

    assert centroid(pattern(open_slits)) < centroid(pattern(optics)) - 0.002


def test_transparent_specimens_lose_intensity_to_lower_angles(optics):
    near = np.abs(AXIS - 43.507) < 1.0

    def centroid(simulation):
        return (AXIS * simulation.calculated)[near].sum() / simulation.calculated[near].sum()

    assert centroid(pattern(replace(optics, absorption=20.0, thickness=2.0))) < centroid(pattern(optics)) - 0.01


def test_missing_package_is_named_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xrayutilities.simpack", None)
    with pytest.raises(MissingPartError, match=r"xtal-toolkit\[xrayutilities\]"):
        fundamental_profile(SlitOptics(), LAB.radiation)


def test_slit_without_width_is_refused():
    with pytest.raises(InputError, match="receiving_slit"):
        SlitOptics(receiving_slit=0)
