"""The plan visits every frame once, parents first; packed arrays come back."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.result import ProfileCurves
from xtal.series.packing import pack_array, pack_curves, unpack_array, unpack_curves
from xtal.series.plan import BOTH_WAYS, make_plan


@pytest.mark.parametrize("strategy", ["bisect", "chain", "cold"])
@pytest.mark.parametrize("n_frames", [1, 2, 8, 9, 57])
def test_every_frame_is_planned_once_and_after_its_parent(strategy, n_frames):
    done = set()
    for step in make_plan(range(n_frames), strategy, 8):
        assert step.frame not in done
        assert step.parent is None or step.parent in done
        done.add(step.frame)
    assert done == set(range(n_frames))


def test_bisection_never_starts_further_away_than_half_the_spacing():
    steps = make_plan(range(200), "bisect", 8)
    assert max(abs(step.frame - step.parent) for step in steps if step.parent is not None) <= 4
    assert sum(step.parent is None for step in steps) == 26


def test_blocks_of_a_chain_can_run_side_by_side():
    steps = make_plan(range(20), "chain", 5)
    assert [step.parent for step in steps[:4]] == [None] * 4


def test_both_ways_runs_along_the_whole_series_in_each_direction():
    steps = make_plan(range(5), both_ways=True)
    by_route = {route: [(step.frame, step.parent) for step in steps if step.route == route] for route in BOTH_WAYS}
    assert by_route["forward"] == [(0, None), (1, 0), (2, 1), (3, 2), (4, 3)]
    assert by_route["backward"] == [(4, None), (3, 4), (2, 3), (1, 2), (0, 1)]


def test_packed_array_is_exact():
    values = np.random.default_rng(1).normal(size=1000)
    assert np.array_equal(unpack_array(pack_array(values)), values)


def test_packed_curves_keep_counts_exactly_and_the_rest_to_a_hundredth_of_sigma():
    x = np.arange(10, 90, 0.02)
    calculated = 100 + 5000 * np.exp(-(((x - 40) / 0.05) ** 2))
    observed = np.random.default_rng(2).poisson(calculated).astype(float)
    sigma = np.sqrt(np.maximum(observed, 1))
    packed = pack_curves(ProfileCurves(x, observed, sigma, calculated, 0 * x + 100.0, {"a": calculated - 100}))
    found = unpack_curves(packed, x)
    assert np.array_equal(found.observed, observed)
    assert np.array_equal(found.sigma, sigma)
    assert np.max(np.abs(found.calculated - calculated)) <= 0.01 * sigma.min()
    assert len(packed) < 15_000


def test_long_series_starts_cold_about_32_times_unless_a_spacing_is_given():
    cold = {n: sum(step.parent is None for step in make_plan(range(n))) for n in (100, 1024, 2000, 20_000)}
    assert cold == {100: 5, 1024: 33, 2000: 33, 20_000: 33}
    assert sum(step.parent is None for step in make_plan(range(2000), "chain", 10)) == 200
