"""Synthetic doping series through `run_series`: the lattice parameter falls with potassium, the cubic share rises with fluorine."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("distributed", reason="Dask isn't installed: pip install 'xtal-toolkit[series]'")

from xtal.io.series_files import read_series_file
from xtal.series.findings import analyse
from xtal.series.run import RunOptions, run_series
from xtal.series.series import Series
from xtal.synthetic_doping import POTASSIUM_SLOPE, write_fluorine_series, write_potassium_series

pytestmark = pytest.mark.xdist_group("series-doping")


def refined(folder, **options):
    summary = run_series(
        read_series_file(folder / "series.toml"), folder / "out", RunOptions(engine="native", **options)
    )
    assert summary.is_complete and not summary.failed
    return Series(folder / "out")


def test_vegards_slope_of_the_potassium_series_and_the_heavier_atom_on_the_oxygen_site(tmp_path):
    truths = write_potassium_series(tmp_path, (0.0, 0.02, 0.04, 0.06, 0.08, 0.1), two_theta=(20.0, 70.0, 0.03))
    with refined(tmp_path) as series:
        table, findings = series.table(), analyse(series, alarms=False)
    slope = next(one.trend for one in findings.trends if one.quantity == "phase.cubic.cell.a")
    assert abs(slope.slope - POTASSIUM_SLOPE) < 3 * slope.slope_esd < 0.003
    off = (table["phase.cubic.cell.a"] - [one["a"] for one in truths]) / table["phase.cubic.cell.a.esd"]
    assert np.all(np.abs(off) < 4)
    occupancy = table["phase.cubic.site.O1.occupancy"].to_numpy()
    assert abs(occupancy[0] - 1) < 3 * table["phase.cubic.site.O1.occupancy.esd"][0]
    assert occupancy[-1] > 1.1
    assert np.all(np.diff(occupancy) > 0)


def test_cubic_share_rises_with_fluorine_and_conductivity_goes_against_the_lattice_parameter(tmp_path):
    truths = write_fluorine_series(tmp_path, pellets=1, two_theta=(15.0, 65.0, 0.03))
    with refined(tmp_path) as series:
        table, findings = series.table(), analyse(series, alarms=False)
    share, esd = table["phase.cubic.group_share"], table["phase.cubic.group_share.esd"]
    truth = np.array([one["share"] for one in truths])
    assert np.all(np.diff(share) > 0)
    assert np.all(np.abs(share - truth)[:3] < 4 * esd[:3])
    assert share.iloc[-1] > 0.99
    found = findings.correlations["log10 conductivity against phase.cubic.cell.a"]
    assert found.pearson < -0.99
    assert findings.correlations["log10 conductivity against phase.cubic.group_share"].spearman == pytest.approx(1.0)
