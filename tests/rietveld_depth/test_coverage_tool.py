"""The coverage study's bookkeeping; the study itself runs by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coverage_study import SHARES, WIDTHS, Row, cases, run, table

from xtal.diffraction import glass_hump, kapton_hump
from xtal.io.jobs import read_template


def row(share: float, found: float, esd: float | None, low: float | None = None, high: float | None = None) -> Row:
    return Row("rietx", share, "w", 1, "converged", found, esd, low, high, 1.0)


def test_every_case_has_its_own_seed():
    found = list(cases(("rietx",), 3))
    assert len(found) == len(SHARES) * len(WIDTHS) * 3
    assert len({seed for *_, seed in found}) == len(found)


def test_other_seeds_share_none_with_the_first_and_a_stopped_run_holds_every_case_once():
    first, other = list(cases(("native",), 10)), list(cases(("native",), 10, 11))
    assert not set(first) & set(other)
    assert {case[1:3] for case in first[: len(SHARES) * len(WIDTHS)]} == {case[1:3] for case in first}


def test_coverage_counts_the_intervals_that_hold_the_truth():
    rows = [row(0.1, 0.11, 0.006), row(0.1, 0.13, 0.006, 0.09, 0.14), row(0.1, 0.1, None, 0.11, 0.2)]
    assert [item.esd_covers for item in rows] == [True, False, None]
    assert [item.profile_covers for item in rows] == [None, True, False]
    last = table(rows).splitlines()[-1]
    assert "| 3 of 3 | +0.0133 | +0.0300 | 1 of 2 | – | – | 1 of 2 |" in last


def test_serial_correlation_widens_the_interval_and_resampling_has_its_own():
    far = row(0.1, 0.112, 0.006)
    assert far.esd_covers is False
    assert replace(far, serial=1.13).serial_covers
    assert far.serial_covers is None
    assert far.bootstrap_covers is None
    assert [replace(far, resampled=ends).bootstrap_covers for ends in ((0.09, 0.13), (0.101, 0.13))] == [True, False]


@pytest.mark.parametrize("halo", [glass_hump(1.0), kapton_hump(1.0)], ids=["glass", "Kapton"])
def test_the_template_has_the_background_terms_that_follow_the_halo_of_a_holder(halo):
    """A halo that is not followed goes into the broad phase long before Rwp shows it."""
    template = read_template("antiperovskite-perovskite")
    low, high = template["pattern"]["range"]
    two_theta = np.arange(low, high, 0.05)
    curve = halo.evaluate(4 * np.pi * np.sin(np.radians(two_theta / 2)) / 1.5406)
    reduced = np.polynomial.chebyshev.Chebyshev.fit(two_theta, curve, template["background"]["terms"] - 1)
    assert np.abs(curve - reduced(two_theta)).max() < 0.02


def test_a_fit_that_stopped_beside_its_minimum_gets_the_interval_of_the_minimum():
    """2 % of a cubic phase with lines of 0.4°: the search ends at none of it, and the scan of the share comes upon a χ² lower by 14."""
    found = run("native", 0.02, "cubic broad, orthorhombic sharp", 1100, True)
    assert found.found < 1e-3
    assert 0 < found.low < 0.02 < found.high < 0.06
