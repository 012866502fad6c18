"""Weight fractions from scale factors, and their uncertainties, against closed forms and sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtal.rietveld.fractions import weight_fractions

positive = st.floats(0.1, 50.0)
phases = st.integers(2, 5).flatmap(lambda n: st.tuples(*[st.lists(positive, min_size=n, max_size=n)] * 2))


def covariance_of(esds, correlation: float) -> np.ndarray:
    shape = np.full((len(esds), len(esds)), correlation) + (1 - correlation) * np.eye(len(esds))
    return shape * np.outer(esds, esds)


def test_two_phases_give_hill_and_howards_fractions():
    fractions, _ = weight_fractions([2.0, 3.0], [5.0, 7.0], None)
    assert fractions == pytest.approx([10 / 31, 21 / 31])


def test_one_to_one_mixture_of_lif_and_si_from_cell_masses_and_volumes():
    """S ∝ W/(MV): with f = MV the fractions come back. Masses and edges: IUPAC 2021, NIST SRM 640."""
    lif, si = 4 * (6.94 + 18.998) * 4.0270**3, 8 * 28.085 * 5.4312**3
    fractions, _ = weight_fractions([0.5 / lif, 0.5 / si], [lif, si], None)
    assert fractions == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("correlation", [-0.8, 0.0, 0.5, 0.95])
def test_esd_of_two_phases_is_the_closed_form(correlation):
    """σ(w₁) = w₁w₂ √(s₁² + s₂² − 2 r s₁s₂) with the relative esds s of the scales."""
    s1, s2 = 0.02, 0.05
    fractions, esds = weight_fractions([2.0, 3.0], [5.0, 7.0], covariance_of([2.0 * s1, 3.0 * s2], correlation))
    expected = fractions[0] * fractions[1] * np.sqrt(s1**2 + s2**2 - 2 * correlation * s1 * s2)
    assert esds == pytest.approx([expected, expected])


def test_error_that_all_scales_share_leaves_the_fractions_exact():
    _, esds = weight_fractions([2.0, 3.0, 4.0], [5.0, 7.0, 1.0], covariance_of([0.2, 0.3, 0.4], 1.0))
    assert esds == pytest.approx([0, 0, 0], abs=1e-9)


@given(phases)
def test_fractions_sum_to_one(lists):
    fractions, _ = weight_fractions(*lists, None)
    assert fractions.sum() == pytest.approx(1.0)


@given(phases, st.floats(-0.2, 0.9))
def test_esds_follow_the_derivatives_by_finite_differences(lists, correlation):
    scales, factors = (np.array(values) for values in lists)
    covariance = covariance_of(0.03 * scales, correlation)
    steps = np.diag(1e-6 * scales)
    jacobian = np.array([
        (weight_fractions(scales + step, factors, None)[0] - weight_fractions(scales - step, factors, None)[0])
        / (2 * step.sum())
        for step in steps
    ]).T  # fmt: skip
    expected = np.sqrt(np.maximum(np.diag(jacobian @ covariance @ jacobian.T), 0.0))
    assert weight_fractions(scales, factors, covariance)[1] == pytest.approx(expected, rel=1e-4, abs=1e-9)


@given(phases, st.floats(1e-6, 1e6))
def test_unit_of_the_scales_does_not_matter(lists, unit):
    scales, factors = (np.array(values) for values in lists)
    covariance = covariance_of(0.03 * scales, 0.3)
    first, second = (
        weight_fractions(scales, factors, covariance),
        weight_fractions(unit * scales, factors, unit**2 * covariance),
    )
    assert second[0] == pytest.approx(first[0])
    assert second[1] == pytest.approx(first[1])


def test_esds_are_those_of_a_million_sampled_scales():
    scales, factors = np.array([2.0, 3.0, 0.4]), np.array([5.0, 7.0, 9.0])
    covariance = covariance_of([0.02, 0.06, 0.01], 0.4)
    sampled = np.random.default_rng(7).multivariate_normal(scales, covariance, 1_000_000)
    weights = sampled * factors
    spread = (weights / weights.sum(axis=1, keepdims=True)).std(axis=0)
    # second-order terms at relative esds of 2.5 % and the sampling error of 0.07 % stay below 0.5 %
    assert weight_fractions(scales, factors, covariance)[1] == pytest.approx(spread, rel=5e-3)


def test_no_covariance_gives_no_esds():
    assert weight_fractions([1.0, 2.0], [1.0, 1.0], None)[1] is None
