"""Bootstrap against closed forms: a straight line has a known covariance, autoregressive noise a known sum."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.native.bootstrap import block_length, bootstrap, resampled
from xtal.native.pattern_model import Calculated
from xtal.native.solver import minimise

POINTS = 600


def _line(theta: np.ndarray) -> Calculated:
    x = np.linspace(-1.0, 1.0, POINTS)
    return Calculated(theta[0] + theta[1] * x, (), np.array([np.ones(POINTS), x]))


def _autoregressive(memory: float, n: int, random: np.random.Generator) -> np.ndarray:
    noise, series = random.standard_normal(n), np.zeros(n)
    for i in range(1, n):
        series[i] = memory * series[i - 1] + noise[i]
    return series


def test_white_residuals_are_drawn_one_by_one() -> None:
    assert block_length(np.random.default_rng(1).standard_normal(4000)) == 1


def test_blocks_grow_with_the_memory_of_the_residuals() -> None:
    random = np.random.default_rng(2)
    lengths = [block_length(_autoregressive(memory, 4000, random)) for memory in (0.3, 0.8, 0.95)]
    assert 1 < lengths[0] < lengths[1] < lengths[2]


def test_sum_of_resampled_correlated_residuals_scatters_as_theirs() -> None:
    random = np.random.default_rng(3)
    memory, n = 0.8, 4000
    series = _autoregressive(memory, n, random)
    block = block_length(series)
    sums = [resampled(series, block, random).sum() for _ in range(1500)]
    # Variance of the sum of an autoregressive series: n sigma² / (1 − memory)².
    assert np.std(sums) == pytest.approx(np.sqrt(n) / (1 - memory), rel=0.2)


def test_bootstrap_of_a_straight_line_gives_the_esds_of_least_squares() -> None:
    random = np.random.default_rng(4)
    sigma = np.full(POINTS, 2.0)
    observed = _line(np.array([10.0, 3.0])).total + sigma * random.standard_normal(POINTS)
    low, high = np.full(2, -np.inf), np.full(2, np.inf)
    best = minimise(_line, np.zeros(2), low, high, observed, sigma, 20, 1e-9)
    refits = bootstrap(_line, best, low, high, observed, sigma, [slice(0, POINTS)], lambda theta: theta.copy(), 400, 5)
    x = np.linspace(-1.0, 1.0, POINTS)
    expected = 2.0 / np.sqrt([POINTS, (x**2).sum()])
    assert refits.n_failed == 0
    assert refits.block == 1
    np.testing.assert_allclose(refits.quantities.std(axis=0, ddof=1), expected, rtol=0.12)
    np.testing.assert_allclose(refits.quantities.mean(axis=0), best.theta, atol=4 * expected.max() / 20)


def test_same_seed_gives_the_same_refits() -> None:
    sigma = np.ones(POINTS)
    observed = _line(np.array([1.0, 2.0])).total + np.random.default_rng(6).standard_normal(POINTS)
    low, high = np.full(2, -np.inf), np.full(2, np.inf)
    best = minimise(_line, np.zeros(2), low, high, observed, sigma, 20, 1e-9)
    runs = [
        bootstrap(_line, best, low, high, observed, sigma, [slice(0, POINTS)], np.copy, 20, 9).quantities
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*runs)
