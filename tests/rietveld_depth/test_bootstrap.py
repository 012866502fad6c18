"""The bootstrap of a whole fit: spreads beside esds, in the result, the report and a table."""

from __future__ import annotations

import csv
import io
import json

import pytest

from xtal.errors import InputError
from xtal.report.bootstrap_section import bootstrap_section
from xtal.result import Result
from xtal.rietveld.bootstrap import bootstrap
from xtal.rietveld.run import refine

REFITS = 60


@pytest.fixture(scope="module")
def refitted(quick_job):
    return bootstrap(quick_job, refine(quick_job, engine="native"), REFITS)


def _ratio(result: Result, name: str) -> float:
    return result.bootstrap.parameters[name].esd / result.parameters[name].esd


def test_refits_scatter_cells_by_their_esds(refitted):
    for name in ("phase.cubic.cell.a", "phase.llto.cell.a", "phase.llto.cell.c"):
        assert _ratio(refitted, name) == pytest.approx(1.0, abs=0.35)


def test_background_that_misses_a_hump_scatters_more_than_its_esd_says(refitted):
    # Six Chebyshev terms can't follow the hump of the simulated glass holder: slow residuals, which an esd takes for noise.
    assert refitted.agreement.serial_correlation > 1.3
    assert refitted.bootstrap.block_points > 10
    assert _ratio(refitted, "pattern.background.c0") > 2.0


def test_interval_of_the_refits_holds_the_fit(refitted):
    found = refitted.bootstrap.weight_fractions["cubic"]
    assert found.low < refitted.phases["cubic"].weight_fraction.value < found.high


def test_two_fractions_that_add_up_to_one_scatter_alike(refitted):
    spreads = refitted.bootstrap.weight_fractions
    assert spreads["cubic"].esd == pytest.approx(spreads["llto"].esd, rel=1e-6)


def test_bootstrap_survives_result_json(refitted):
    again = Result.from_dict(json.loads(json.dumps(refitted.to_dict())))
    assert again.bootstrap == refitted.bootstrap


def test_every_refit_is_a_row_of_the_table(refitted):
    rows = list(csv.DictReader(io.StringIO(refitted.files["bootstrap.csv"].decode())))
    assert len(rows) == REFITS - refitted.bootstrap.n_failed
    assert "phase.cubic.cell.a" in rows[0]


def test_report_shows_both_esds(refitted):
    page = bootstrap_section(refitted)
    assert "weight fraction of cubic" in page
    assert "esd, bootstrap" in page


def test_bootstrap_with_another_engine_is_refused(quick_job, quick_result):
    with pytest.raises(InputError, match="native"):
        bootstrap(quick_job, quick_result, REFITS)


def test_too_few_refits_are_refused(quick_job, refitted):
    with pytest.raises(InputError, match="at least 20"):
        bootstrap(quick_job, refitted, 5)
