"""The covariance of a fit by names, with followers of ties expressed through their leaders."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.job import Tie
from xtal.rietveld.covariance import Covariance

MATRIX = [[4.0, 1.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.25]]
CONTENT = {"names": ["a", "b", "c"], "matrix": MATRIX}


def covariance(*ties: Tie, content=CONTENT) -> Covariance:
    found = Covariance.from_outcome(content, ties)
    assert found is not None
    return found


def test_esd_is_the_root_of_the_diagonal():
    assert [covariance().esd(name) for name in "abc"] == [2.0, 3.0, 0.5]


def test_held_parameter_has_no_esd():
    assert covariance().esd("d") is None


def test_follower_of_an_equality_has_the_esd_of_its_leader():
    assert covariance(Tie("d", ((1.0, "b"),))).esd("d") == 3.0


def test_follower_with_a_factor_has_the_esd_times_its_size():
    assert covariance(Tie("d", ((-2.0, "a"),), 1.0)).esd("d") == 4.0


def test_follower_of_a_sum_counts_the_covariance_of_its_leaders():
    assert covariance(Tie("d", ((-1.0, "a"), (-1.0, "b")), 1.0)).esd("d") == pytest.approx(np.sqrt(4 + 9 + 2 * 1))


def test_follower_of_a_difference_subtracts_it():
    assert covariance(Tie("d", ((1.0, "a"), (-1.0, "b")))).esd("d") == pytest.approx(np.sqrt(4 + 9 - 2 * 1))


def test_follower_of_held_parameters_has_no_esd():
    assert covariance(Tie("d", ((1.0, "e"),))).esd("d") is None


def test_follower_of_a_free_and_a_held_parameter_has_the_esd_of_the_free_one():
    assert covariance(Tie("d", ((1.0, "e"), (1.0, "a")))).esd("d") == 2.0


def test_covariance_of_leader_and_follower_has_the_sign_of_the_tie():
    found = covariance(Tie("d", ((-2.0, "a"),), 1.0)).of(["a", "d", "b"])
    assert found == pytest.approx(np.array([[4, -8, 1], [-8, 16, -2], [1, -2, 9]]))


def test_held_parameters_have_zero_rows():
    assert covariance().of(["a", "held"]) == pytest.approx(np.array([[4, 0], [0, 0]]))


def test_follower_that_the_engine_lists_too_is_left_to_its_tie():
    found = covariance(Tie("b", ((1.0, "a"),)))
    assert found.names == ("a", "c")
    assert found.esd("b") == 2.0
    assert found.of(["a", "c"]) == pytest.approx(np.array([[4, 0], [0, 0.25]]))


def test_correlations_are_reported_by_size_with_sign():
    content = {"names": ["a", "b", "c"], "matrix": [[1.0, -0.92, 0.5], [-0.92, 1.0, 1.9], [0.5, 1.9, 4.0]]}
    pairs = covariance(content=content).correlations(0.9)
    assert [(pair.first, pair.second) for pair in pairs] == [("b", "c"), ("a", "b")]
    assert [pair.r for pair in pairs] == pytest.approx([0.95, -0.92])


def test_correlations_pass_over_parameters_without_variance():
    content = {"names": ["a", "b"], "matrix": [[0.0, 0.0], [0.0, 1.0]]}
    assert covariance(content=content).correlations(0.9) == ()
    assert covariance(content=content).esd("a") is None


@pytest.mark.parametrize(
    "content",
    [None, {}, {"names": [], "matrix": []}, {"names": ["a"], "matrix": [[None]]},
     {"names": ["a", "b"], "matrix": [[1.0, float("nan")], [float("nan"), 1.0]]}],
)  # fmt: skip
def test_covariance_that_is_absent_or_not_finite_is_none(content):
    assert Covariance.from_outcome(content, ()) is None
