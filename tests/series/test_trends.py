"""Trends against closed forms: lines, steps, hysteresis, change points, correlations."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.errors import InputError
from xtal.series.change_points import change_points
from xtal.series.correlation import correlate
from xtal.series.transitions import fit_step, hysteresis, splitting
from xtal.series.trends import fit_trend

T = np.linspace(30, 100, 71)


def noisy(values: np.ndarray, esd: float, seed: int = 0) -> np.ndarray:
    return values + np.random.default_rng(seed).normal(0, esd, len(values))


def test_expansion_coefficient_of_a_line_comes_back_within_three_esds():
    trend = fit_trend(T, noisy(3.9 * (1 + 4e-5 * (T - 65)), 2e-5), np.full(71, 2e-5))
    assert abs(trend.relative_slope - 4e-5) < 3 * trend.relative_slope_esd
    assert 0.5 < trend.chi2_red < 1.6


def test_esd_of_a_slope_is_that_of_the_closed_form():
    trend = fit_trend(T, noisy(np.zeros(71) + 5, 0.1), np.full(71, 0.1))
    expected = 0.1 / np.sqrt(np.sum((T - T.mean()) ** 2)) * np.sqrt(max(trend.chi2_red, 1))
    assert trend.slope_esd == pytest.approx(expected, rel=1e-6)


def test_trend_through_two_points_is_refused():
    with pytest.raises(InputError, match="2 points"):
        fit_trend([1, 2], [1, 2], [0.1, 0.1])


def logistic(axis: np.ndarray, centre: float, width: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(axis - centre) * 2 * np.log(9) / width))


def test_step_and_hysteresis_come_back_within_three_esds():
    esds = np.full(71, 0.005)
    up = fit_step(T, noisy(1 - logistic(T, 64.0, 4.0), 0.005), esds, "up")
    down = fit_step(T[::-1], noisy(1 - logistic(T[::-1], 47.0, 4.0), 0.005, 1), esds, "down")
    gap = hysteresis(up, down)
    assert up is not None and down is not None and gap is not None and gap.esd is not None
    assert abs(up.position - 64) < 3 * up.position_esd
    assert abs(gap.value - 17) < 3 * gap.esd
    assert up.width == pytest.approx(4.0, abs=0.3)


def test_step_between_two_frames_gets_the_uncertainty_of_their_distance():
    axis = np.arange(0, 100, 10.0)
    step = fit_step(axis, np.where(axis < 45, 1.0, 0.0), np.full(10, 0.01))
    assert step is not None
    assert 40 < step.position < 50
    assert step.position_esd == pytest.approx(10 / np.sqrt(12))


def test_there_is_no_step_in_noise():
    assert fit_step(T, noisy(np.full(71, 0.3), 0.01), np.full(71, 0.01)) is None


def test_splitting_is_zero_where_the_phase_was_not_found():
    cells = {"a": np.array([3.8, np.nan]), "b": np.array([3.9, np.nan])}
    esds = {"a": np.array([1e-4, np.nan]), "b": np.array([1e-4, np.nan])}
    values, errors = splitting(cells, esds, {"a": 1.0, "b": 1.0}, [0.5, 0.0], [0.01, 0.01])
    assert values[0] == pytest.approx(0.5 * 0.1 / 3.85)
    assert values[1] == 0.0
    assert np.all(errors > 0)


def test_change_of_slope_is_found_inside_its_interval():
    values = np.where(T < 60, 3.9, 3.9 + 2e-4 * (T - 60))
    points = change_points(T, noisy(values, 2e-4), np.full(71, 2e-4))
    assert len(points) == 1
    assert points[0].low <= 60 <= points[0].high


def test_straight_line_has_no_change_point():
    found = [change_points(T, noisy(3.9 + 1e-5 * T, 1e-4, seed), np.full(71, 1e-4)) for seed in range(20)]
    assert sum(map(len, found)) == 0


def test_smooth_thermal_expansion_has_no_change_point():
    axis = np.linspace(60, 500, 46)
    einstein = 10.3 * (1 + 0.004 / (np.exp(300.0 / axis) - 1))
    found = [change_points(axis, noisy(einstein, 2e-4, seed), np.full(46, 2e-4)) for seed in range(10)]
    assert sum(map(len, found)) == 0


def test_jump_of_a_curved_course_is_found():
    values = 3.9 + 2e-6 * (T - 30) ** 2 + np.where(T > 70, 3e-3, 0.0)
    points = change_points(T, noisy(values, 2e-4), np.full(71, 2e-4))
    assert len(points) == 1
    assert points[0].low <= 70 <= points[0].high


def test_correlation_of_a_falling_lattice_with_rising_conductivity_is_negative():
    a = np.array([3.911, 3.908, 3.905, 3.9025, np.nan])
    found = correlate(a, np.log10([1.1e-7, 4e-7, 1.2e-6, 3.3e-6, 1.0]))
    assert found.n_points == 4
    assert found.spearman == -1.0
    assert found.pearson < -0.99


def test_repeated_measurements_of_two_compositions_have_no_change_point():
    axis, rng = np.repeat([0.0, 0.1], 6), np.random.default_rng(3)
    assert change_points(axis, 3.91 - 0.08 * axis + rng.normal(0, 1e-4, 12), np.full(12, 1e-4)) == ()
