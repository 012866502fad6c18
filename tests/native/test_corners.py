"""Searches that end where the cost has a corner."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.native.corners import cornered
from xtal.native.pattern_model import Calculated
from xtal.native.solver import minimise
from xtal.native.uncertainty import covariance_of

X = np.linspace(-1.0, 1.0, 201)
SIGMA = np.full(len(X), 0.01)


def _level_and_hump(theta):
    """A level and a hump whose height counts by its magnitude alone, as a width does that ends at zero."""
    level, height = theta
    jacobian = np.array([np.ones(len(X)), np.sign(height) * X**2])
    return Calculated(np.full(len(X), level), (abs(height) * X**2,), jacobian)


def _search(observed, **options):
    low, high = np.full(2, -np.inf), np.full(2, np.inf)
    return minimise(_level_and_hump, np.array([0.0, 0.5]), low, high, observed, SIGMA, 60, 1e-9, **options)


def test_search_ends_at_a_corner_with_the_best_level_for_it():
    observed = 2.0 - X**2
    state = _search(observed)
    assert state.converged
    assert state.held.tolist() == [False, True]
    assert state.theta[1] == pytest.approx(0.0, abs=1e-3)
    assert state.theta[0] == pytest.approx(observed.mean(), abs=1e-3)


def test_parameter_at_a_corner_has_a_reason_and_no_esd():
    state = _search(2.0 - X**2)
    bounds = (np.full(2, -np.inf), np.full(2, np.inf))
    names = ("pattern.background.c0", "pattern.profile.w")
    covariance = covariance_of(state, names, np.eye(2), bounds, len(X), dict(zip(names, state.theta, strict=True)))
    assert covariance.esd(names[1]) is None
    assert "corner" in covariance.reasons[names[1]]
    assert covariance.esd(names[0]) > 0


def test_search_that_no_corner_holds_back_holds_nothing():
    state = _search(2.0 + 0.3 * X**2 + 1e-4 * np.cos(60 * X))
    assert state.converged
    assert state.held is None
    np.testing.assert_allclose(state.theta, [2.0, 0.3], atol=1e-4)


def test_search_of_an_inexact_model_looks_for_no_corner_and_does_not_call_a_corner_converged():
    state = _search(2.0 - X**2, exact=False)
    assert not state.converged


def test_corners_are_told_from_curvature():
    def cost_at(theta):
        return 7.0 + 40.0 * theta[0] ** 2 + 3.0 * abs(theta[1])

    found = cornered(cost_at, np.zeros(3), np.array([40.0, 0.1, 1.0]), np.array([0.2, 0.2, np.inf]), 1.0)
    assert found.tolist() == [False, True, False]


def test_what_bends_smoothly_over_a_huge_esd_is_no_corner():
    """A parameter that hardly parts from others: its esd is a thousand widths of the cost, and no parabola reaches there."""

    def cost_at(theta):
        return 100.0 + 10.0 * theta[0] ** 2 + 0.5 * theta[0] ** 4

    found = cornered(cost_at, np.zeros(1), np.array([10.0]), np.array([300.0]), 1.0)
    assert found.tolist() == [False]
