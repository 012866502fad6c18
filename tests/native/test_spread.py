"""Axial nodes and tails: compiled and vectorised code alike, derivatives exact."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.native.axial_kernel import spread_nodes, vectorised_nodes
from xtal.native.tails import Tails

CENTRE = np.array([12.0, 25.0, 60.0, 89.0, 130.0])
COUNTS = np.array([20, 6, 4, 1, 12])


def test_compiled_nodes_are_those_of_the_forward_model():
    pytest.importorskip("numba")
    compiled = spread_nodes(CENTRE, 0.05, COUNTS)
    vectorised = vectorised_nodes(CENTRE, 0.05, compiled.start, True)
    np.testing.assert_allclose(compiled.table, vectorised.table, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(compiled.centroid, vectorised.centroid, rtol=1e-9, atol=1e-12)


def test_slopes_of_nodes_are_central_differences(kernel):
    nodes = spread_nodes(CENTRE, 0.05, COUNTS)
    by_centre, by_axial = (
        [
            spread_nodes(CENTRE + sign * 1e-5 * (which == 0), 0.05 + sign * 1e-6 * (which == 1), COUNTS)
            for sign in (1, -1)
        ]
        for which in (0, 1)
    )
    for columns, (high, low), step in (((2, 3), by_centre, 1e-5), ((4, 5), by_axial, 1e-6)):
        expected = (high.table[:, :2] - low.table[:, :2]) / (2 * step)
        np.testing.assert_allclose(nodes.table[:, columns], expected, atol=1e-6 * np.abs(expected).max())
    for column, (high, low), step in ((1, by_centre, 1e-5), (2, by_axial, 1e-6)):
        np.testing.assert_allclose(
            nodes.centroid[:, column], (high.centroid[:, 0] - low.centroid[:, 0]) / (2 * step), atol=1e-5
        )


def test_compiled_deposit_is_the_vectorised_one():
    compiled_spread = pytest.importorskip("xtal.native.compiled_spread")
    tails, rng = Tails(np.arange(10.0, 140.0, 0.05)), np.random.default_rng(2)
    area, fwhm, eta, centroid = (
        rng.random(5),
        rng.random(5),
        rng.random(5),
        np.stack([CENTRE, *rng.random((2, 5))], axis=1),
    )
    slopes, axial_row, places = rng.random((5, 4, 3)), np.array([0.0, 1.0, 0.3]), np.array([0, 3, 1, 2, 4])
    made = np.zeros((tails.n, 4))
    compiled_spread.add_deposit(tails.low, tails.step, area, fwhm, eta, slopes, centroid, axial_row, places, made)
    by_free = slopes[:, 0] * (eta * fwhm)[:, None] + area[:, None] * (
        slopes[:, 2] * eta[:, None] + slopes[:, 3] * fwhm[:, None]
    )
    moved = slopes[:, 1] * centroid[:, 1:2] + np.outer(centroid[:, 2], axial_row)
    expected = tails.deposit(area * eta * fwhm / (2 * np.pi), CENTRE, by_free / (2 * np.pi), moved)
    np.testing.assert_allclose(made[:, places[:-1]], expected, atol=1e-12)
