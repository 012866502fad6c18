"""A short synthetic heating run through real fits: the transition, the tables, the report, the exports."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest

from xtal.errors import InputError, MissingPartError
from xtal.io.cif import structures_from_text
from xtal.io.read_pattern import read_pattern
from xtal.report.series_html import series_html, write_series_report
from xtal.series.export import export_series
from xtal.series.findings import Findings, analyse
from xtal.series.series import Series

pytestmark = pytest.mark.xdist_group("series-heating")


@pytest.fixture(scope="module")
def series(heating):
    with Series(heating[0]) as opened:
        yield opened


@pytest.fixture(scope="module")
def findings(series) -> Findings:
    return analyse(series)


def test_every_frame_converged(series):
    assert {fit.status for fit in series.accepted.values()} == {"converged"}


def test_transition_on_heating_is_found_by_share_and_by_splitting(findings):
    by_evidence = {one.evidence: one for one in findings.transitions}
    for evidence in ("share", "splitting"):
        step = by_evidence[evidence].up
        assert step is not None
        assert step.position == pytest.approx(44.0, abs=1.0)


def test_hysteresis_is_that_of_the_sample(findings):
    found = next(one.hysteresis for one in findings.transitions if one.evidence == "share")
    assert found is not None
    assert found.value == pytest.approx(44.0 - 27.0, abs=1.5)


def test_shares_agree_with_the_truth(series, heating):
    truth = np.array([one["shares"]["orthorhombic"] for one in heating[1]])
    table = series.table()
    assert np.max(np.abs(table["phase.orthorhombic.group_share"] - truth)) < 0.03


def test_cells_lie_within_three_esds_of_the_truth_in_nearly_every_frame(series, heating):
    table = series.table()
    for phase in ("cubic", "holder"):
        truth = np.array([one["cells"].get(phase, [np.nan])[0] for one in heating[1]])
        off = np.abs(table[f"phase.{phase}.cell.a"] - truth) / table[f"phase.{phase}.cell.a.esd"]
        assert np.mean(off.dropna() < 3) >= 0.85
        assert off.dropna().max() < 4.5


def test_no_orthorhombic_phase_is_set_free_above_the_transition(series, heating):
    hot = [i for i, one in enumerate(heating[1]) if one["shares"]["orthorhombic"] < 1e-3]
    assert hot
    assert series.table()["phase.orthorhombic.held"].iloc[hot].all()


def test_no_alarm_is_raised_where_every_peak_is_explained(findings):
    assert findings.alarms == ()


def test_tidy_table_has_one_row_per_frame_and_quantity(series):
    tidy = series.tidy()
    assert not tidy.duplicated(["frame", "quantity"]).any()
    assert {"frame", "temperature", "ramp", "direction", "quantity", "estimate", "esd"} == set(tidy.columns)


def test_result_of_a_frame_is_whole(series):
    result = series.result(0)
    assert result.status == "converged"
    assert result.profile is not None and len(result.profile.x) == result.agreement.n_points
    assert result.structures["holder"].lattice.a == pytest.approx(3.5238, abs=2e-3)
    assert result.reflections["holder"][0].multiplicity == 8


def test_store_takes_less_than_50_kb_per_frame(series):
    assert series._store.n_bytes() / len(series) < 50_000


def test_report_is_self_contained(series, findings):
    text = series_html(series, findings)
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text
    data = json.loads(re.search(r'id="series-data">(.*?)</script>', text, re.S).group(1))
    assert len(data["frames"]) == len(data["curves"]) == len(series)
    assert "orthorhombic to cubic" in text


def test_report_and_findings_are_written_beside_the_store(heating):
    path = write_series_report(heating[0])
    content = json.loads((path.parent / "findings.json").read_text(encoding="utf-8"))
    assert content["schema"] == "xtal-series-findings/1"
    assert content["transitions"][0]["up"]["position"] == pytest.approx(44.0, abs=1.0)


def test_exported_tables_and_cifs_read_back(series, tmp_path):
    import pandas

    written = export_series(series, tmp_path, ("csv", "cif"))
    assert len(written) == 2 + 4 * len(series)
    table = pandas.read_csv(tmp_path / "table.csv")
    assert np.allclose(table["phase.holder.cell.a"], series.table()["phase.holder.cell.a"], rtol=1e-12)
    cif = next(tmp_path.glob("0000_*_holder.cif"))
    assert structures_from_text(cif.read_text(encoding="utf-8"))[0].lattice.a == pytest.approx(
        table["phase.holder.cell.a"][0], abs=1e-4
    )
    pattern = read_pattern(next(tmp_path.glob("0000_*_powder.cif")))
    assert np.allclose(pattern.intensity, series.curves(0).observed, rtol=1e-6)


def test_exported_hdf5_is_nexus_and_holds_the_curves(series, tmp_path):
    h5py = pytest.importorskip("h5py")
    (path,) = export_series(series, tmp_path, ("hdf5",))
    with h5py.File(path) as file:
        frame = file["series/frame_0003"]
        assert frame.attrs["NX_class"] == "NXdata" and frame.attrs["signal"] == "observed"
        assert np.array_equal(frame["observed"][:], series.curves(3).observed)
        assert frame.attrs["temperature"] == series.frames[3].value


def test_figures_are_written_as_png_and_svg(series, tmp_path):
    names = {path.name for path in export_series(series, tmp_path, ("figures",))}
    assert {"map.png", "map.svg", "trend-cubic.png", "trend-orthorhombic.svg"} <= names
    assert {"waterfall.png", "waterfall.svg", "verdicts.png", "verdicts.svg", "fit-0000.png", "fit-0017.svg"} <= names


def test_parquet_holds_the_tables(series, tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="pyarrow isn't installed: pip install 'xtal-toolkit[parquet]'")
    written = {path.name: path for path in export_series(series, tmp_path, ("parquet",))}
    table = pandas.read_parquet(written["table.parquet"])
    pandas.testing.assert_frame_equal(table, series.table(), check_dtype=False)
    assert len(pandas.read_parquet(written["tidy.parquet"])) == len(series.tidy())


def test_every_frame_has_one_powder_cif_and_one_cif_per_phase(series, tmp_path):
    names = [path.name for path in export_series(series, tmp_path, ("cif",))]
    for frame in series.frames:
        own = [name for name in names if name.startswith(f"{frame.index:04d}_")]
        assert sum(name.endswith("_powder.cif") for name in own) == 1
        assert len(own) == 1 + len(series.structures(frame.index))


def test_reflections_of_a_frame_are_those_of_its_result(series):
    result, positions = series.result(3), series.reflection_positions(3)
    assert list(positions) == list(result.reflections)
    for phase, rows in result.reflections.items():
        assert positions[phase].tolist() == [row.two_theta for row in rows]


def test_parquet_without_pyarrow_says_how_to_get_it(series, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPartError, match=r"xtal-toolkit\[parquet\]"):
        export_series(series, tmp_path, ("parquet",))


def test_unknown_format_is_refused(series, tmp_path):
    with pytest.raises(InputError, match="formats are csv"):
        export_series(series, tmp_path, ("xlsx",))
