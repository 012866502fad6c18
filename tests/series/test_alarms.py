"""A phase that grows along a series raises an alarm and is named; noise and a steady misfit raise none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.io.library import reference_names, reference_structure
from xtal.lattice import Lattice
from xtal.result import ProfileCurves
from xtal.series.alarms import Alarm, find_alarms, index_against_library
from xtal.synthetic import laboratory_instrument

LAB = laboratory_instrument()
X = axis_points(25.0, 65.0, 0.03)
WAVELENGTH = LAB.radiation.wavelength


def profiles(shares: np.ndarray, seed: int = 0, stretch: float = 1.0) -> list[tuple[int, ProfileCurves]]:
    """Nickel fitted without the lithium fluoride that grows beside it."""
    rng = np.random.default_rng(seed)
    lif = reference_structure("lif")
    a = stretch * lif.lattice.a
    nickel, fluoride = (
        simulate_pattern([(structure, 1.0, PhaseProfile())], LAB, X, counts=5000.0).calculated
        for structure in (reference_structure("ni"), replace(lif, lattice=Lattice(a, a, a)))
    )
    found = []
    for index, share in enumerate(shares):
        observed = rng.poisson(nickel + share * fluoride + 100).astype(float)
        found.append((index, ProfileCurves(X, observed, np.sqrt(np.maximum(observed, 1)), nickel + 100, 0 * X + 100.0)))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_noise_raises_no_alarm(seed):
    assert find_alarms(profiles(np.zeros(20), seed), WAVELENGTH) == ()


def test_impurity_that_stays_the_same_raises_no_alarm():
    assert find_alarms(profiles(np.full(20, 0.05)), WAVELENGTH) == ()


def test_growing_phase_is_seen_and_named():
    alarms = find_alarms(profiles(np.linspace(0, 0.1, 20)), WAVELENGTH)
    assert {round(alarm.d, 1) for alarm in alarms} >= {2.3, 2.0}
    assert all(alarm.first_frame > 0 for alarm in alarms)
    best = index_against_library(alarms, reference_names(), WAVELENGTH, (25.0, 65.0))[0]
    assert (best.name, best.stretch) == ("lif", 1.0)


def test_growing_phase_with_a_cell_of_its_own_is_named_with_its_stretch():
    alarms = find_alarms(profiles(np.linspace(0, 0.3, 20), stretch=1.02), WAVELENGTH)
    found = {one.name: one for one in index_against_library(alarms, reference_names(), WAVELENGTH, (25.0, 65.0))}
    assert found["lif"].stretch == pytest.approx(1.02, abs=0.003)
    assert found["lif"].matched == found["lif"].expected == max(one.matched for one in found.values())


def test_peaks_of_nothing_in_the_library_are_not_named():
    alarms = [Alarm(position, 2.0, 1, 5, 10.0, 1e-4) for position in (26.3, 61.7)]
    assert [
        one for one in index_against_library(alarms, reference_names(), WAVELENGTH, (25.0, 65.0)) if one.stretch != 1
    ] == []
