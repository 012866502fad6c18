"""A phase that grows along a series raises an alarm and is named; noise and a steady misfit raise none."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.io.library import reference_structure
from xtal.result import ProfileCurves
from xtal.series.alarms import find_alarms, index_against_library
from xtal.synthetic import laboratory_instrument

LAB = laboratory_instrument()
X = axis_points(25.0, 65.0, 0.03)
WAVELENGTH = LAB.radiation.wavelength


def profiles(shares: np.ndarray, seed: int = 0) -> list[tuple[int, ProfileCurves]]:
    """Nickel fitted without the lithium fluoride that grows beside it."""
    rng = np.random.default_rng(seed)
    nickel, fluoride = (
        simulate_pattern([(reference_structure(name), 1.0, PhaseProfile())], LAB, X, counts=5000.0).calculated
        for name in ("ni", "lif")
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
    names = [one.name for one in index_against_library(alarms, ["lif", "licl", "si", "kcl"], WAVELENGTH, (25.0, 65.0))]
    assert names[:1] == ["lif"]
