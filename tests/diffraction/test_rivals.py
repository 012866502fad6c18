"""Rival models: the counts that tell them apart, checked by counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.builders.potassium import potassium_on_cluster_site, potassium_on_lithium_site
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.rivals import compare_models, scale_to_measured
from xtal.errors import InputError
from xtal.synthetic import laboratory_instrument

from . import cells

AXIS = axis_points(20, 60, 0.05)


def pattern(structure, counts=1000.0):
    return simulate_pattern([(structure, 1.0, PhaseProfile())], laboratory_instrument(), AXIS, counts=counts,
                            background=Background.flat(0.05 * counts))  # fmt: skip


def lithium_poor():
    structure = cells.li2ohcl_cubic()
    return structure.with_sites([replace(s, occupancy=0.3) if s.element == "Li" else s for s in structure.sites])


def test_counts_to_tell_apart_give_three_sigma_when_counted():
    found = compare_models(pattern(cells.li2ohcl_cubic()), pattern(lithium_poor()))
    one, other = pattern(cells.li2ohcl_cubic(), found.counts), pattern(lithium_poor(), found.counts)
    truth, rival = one.calculated, found.scale * (other.calculated - other.background) + one.background
    rng = np.random.default_rng(5)
    counted = rng.poisson(truth, size=(4000, len(AXIS)))
    # log-likelihood ratio of the two models: its mean over its spread is the discrimination for known scale
    ratio = (counted * np.log(truth / rival) - (truth - rival)).sum(axis=1)
    assert 2 * ratio.mean() == pytest.approx(9, rel=0.15)


def test_counts_do_not_depend_on_the_counts_simulated():
    low = compare_models(pattern(cells.li2ohcl_cubic()), pattern(lithium_poor()))
    high = compare_models(pattern(cells.li2ohcl_cubic(), 50_000.0), pattern(lithium_poor(), 50_000.0))
    assert low.counts == pytest.approx(high.counts)
    assert high.delta_chi2 == pytest.approx(50 * low.delta_chi2)


def test_equal_models_are_never_told_apart():
    assert compare_models(pattern(cells.lab6()), pattern(cells.lab6())).counts == np.inf


def test_regions_name_reflections_and_share_out_the_difference():
    found = compare_models(pattern(cells.li2ohcl_cubic()), pattern(lithium_poor()), low=40, high=60)
    assert all(40 <= region.low < region.high <= 60 for region in found.regions)
    assert sum(region.significance for region in found.regions) == pytest.approx(1, abs=0.05)
    assert any("cubic 2 0 0" in region.reflections for region in found.regions)


def test_patterns_on_different_axes_are_refused():
    other = simulate_pattern([(cells.lab6(), 1.0, PhaseProfile())], laboratory_instrument(), axis_points(20, 60, 0.1))
    with pytest.raises(InputError, match="different axes"):
        compare_models(pattern(cells.lab6()), other)


def test_measured_pattern_returns_its_factor_and_constant():
    calculated = np.array([1.0, 5.0, 2.0, 0.0])
    assert scale_to_measured(calculated, 3 * calculated + 7) == pytest.approx((3, 7))


def test_rival_potassium_models_differ_most_in_111_and_at_all_lines_between_40_and_60_degrees():
    """Study B: K on the cluster site keeps the Cl − (O, K) contrast small in 111, K on the Li site does not."""
    host = cells.li2ohcl_cubic()
    cluster, lithium = (
        potassium_on_cluster_site(host, 0.1, name="cluster"),
        potassium_on_lithium_site(host, 0.1, name="lithium"),
    )
    everywhere = compare_models(pattern(cluster), pattern(lithium))
    strongest = max(everywhere.regions, key=lambda region: region.significance)
    assert any(name == "cluster 1 1 1" for name in strongest.reflections)
    assert strongest.second > 1.5 * strongest.first
    window = compare_models(pattern(cluster), pattern(lithium), low=40, high=60)
    named = {name for region in window.regions for name in region.reflections}
    assert {"cluster 2 0 0", "cluster 2 1 0", "cluster 2 1 1"} <= named
    assert all(region.first != pytest.approx(region.second, rel=0.02) for region in window.regions)
    assert everywhere.counts < window.counts
