"""The coverage study's bookkeeping; the study itself runs by hand."""

from __future__ import annotations

from coverage_study import SHARES, WIDTHS, Row, cases, run, table


def row(share: float, found: float, esd: float | None, low: float | None = None, high: float | None = None) -> Row:
    return Row("rietx", share, "w", 1, "converged", found, esd, low, high, 1.0)


def test_every_case_has_its_own_seed():
    found = list(cases(("rietx",), 3))
    assert len(found) == len(SHARES) * len(WIDTHS) * 3
    assert len({seed for *_, seed in found}) == len(found)


def test_coverage_counts_the_intervals_that_hold_the_truth():
    rows = [row(0.1, 0.11, 0.006), row(0.1, 0.13, 0.006, 0.09, 0.14), row(0.1, 0.1, None, 0.11, 0.2)]
    assert [item.esd_covers for item in rows] == [True, False, None]
    assert [item.profile_covers for item in rows] == [None, True, False]
    last = table(rows).splitlines()[-1]
    assert "| 3 of 3 | +0.0133 | +0.0300 | 1 of 2 | 1 of 2 |" in last


def test_an_interval_that_ends_at_the_limit_holds_it():
    assert row(0.0, 0.004, 0.003, 0.0, 0.01).profile_covers


def test_a_share_with_mismatched_widths_comes_back():
    """One row of the study, both ways round: the whole of it stands in docs/validation.md."""
    for widths in WIDTHS:
        found = run("native", 0.59, widths, 4000, False)
        assert found.status == "converged"
        assert abs(found.found - 0.59) < 4 * found.esd
        assert 0.005 < found.esd < 0.012
