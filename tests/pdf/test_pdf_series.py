"""Series of G(r) through `xtal series`: synthetic potassium series of study B, failures, what is refused."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.pdf.pdf_jobs import cif, synthetic_gr
from tests.pdf.test_study_b import SILVER, U_ISO, cubic
from xtal.builders import potassium_on_cluster_site
from xtal.errors import JobError
from xtal.io.series_files import read_series_file
from xtal.series.findings import analyse
from xtal.series.run import RunOptions, run_series
from xtal.series.series import Series

JOB = """schema = "xtal-pdf-job/1"
[[data]]
file = "k_0.00.gr"
range = [1.5, 12.0]
[[phase]]
name = "li2ohcl"
structure = "cubic.cif"
leave_out = ["H"]
[[stage]]
name = "scale, cell"
free = ["data.*.scale", "phase.*.cell"]
[[stage]]
name = "widths"
free = ["*.u_iso"]
[[bond]]
first = "O"
second = "Li"
range = [1.5, 2.5]
"""
SERIES = """schema = "xtal-series/1"
title = "Synthetic potassium series"
job = "job.toml"
[patterns]
glob = "k_*.gr"
[axis]
name = "x"
from = "name"
pattern = "k_([0-9.]+)\\\\.gr"
[run]
strategy = "chain"
"""
CONTENTS = (0.0, 0.03, 0.06, 0.1)


class InThisProcess:
    """A pool that refines at once."""

    is_connected = True

    def __init__(self):
        self.waiting = []

    @property
    def n_running(self):
        return len(self.waiting)

    def n_slots(self):
        return 1

    def submit(self, tasks, avoid=""):
        self.waiting += tasks

    def next(self, seconds):
        if not self.waiting:
            return None
        task = self.waiting.pop()
        return task, task.refine()


def run(folder, **options):
    @contextmanager
    def opened():
        yield InThisProcess()

    return run_series(read_series_file(folder / "series.toml"), folder / "out", RunOptions(**options), pool=opened())


@pytest.fixture
def folder(tmp_path):
    """G(r) of four samples; a falls by 0.1 Å per x, as put in here."""
    for seed, x in enumerate(CONTENTS):
        host = cubic(3.911 - 0.1 * x)
        doped = potassium_on_cluster_site(host, x, name="cubic") if x else host
        doped = doped.with_sites(replace(site, u_iso=U_ISO[site.element], u_aniso=None) for site in doped.sites)
        synthetic_gr(tmp_path / f"k_{x:.2f}.gr", doped, SILVER, noise=0.02, seed=seed, span=(1.0, 13.0))
    cif(tmp_path, cubic(3.905))
    (tmp_path / "job.toml").write_text(JOB, encoding="utf-8")
    (tmp_path / "series.toml").write_text(SERIES, encoding="utf-8")
    return tmp_path


def test_lithium_oxygen_distance_and_cell_fall_with_potassium_as_put_in(folder):
    summary = run(folder)
    assert (summary.done, summary.failed) == (4, 0)
    with Series(folder / "out") as series:
        table = series.table()
        assert list(table["status"]) == ["converged"] * 4
        assert list(table["started_from"])[1:] == [0, 1, 2]
        for x, length, esd in zip(
            table["x"], table["phase.li2ohcl.bond.O1-Li1"], table["phase.li2ohcl.bond.O1-Li1.esd"], strict=True
        ):
            assert length == pytest.approx((3.911 - 0.1 * x) / 2, abs=4 * esd)
        slopes = {one.quantity: one.trend for one in analyse(series).trends}
        trend = slopes["phase.li2ohcl.bond.O1-Li1"]
        assert trend.slope == pytest.approx(-0.05, abs=4 * trend.slope_esd)
        assert trend.slope < -5 * trend.slope_esd
        result = series.result(3)
        assert "H" in result.phases["li2ohcl"].formula
        assert result.engine["name"] == "pdffit2"
        assert "H1" in series.structures(3)["li2ohcl"]


def test_report_and_export_of_a_series_of_pdfs(folder):
    from xtal.report.series_html import write_series_report
    from xtal.series.export import export_series

    run(folder, frames="0:2")
    page = write_series_report(folder / "out").read_text(encoding="utf-8")
    assert "Synthetic potassium series" in page
    assert "G(r)" in page
    with Series(folder / "out") as series:
        names = {path.name for path in export_series(series, folder / "export", ("csv", "cif", "figures"))}
    assert {"table.csv", "0000_k_0.00_li2ohcl.cif", "trend-li2ohcl.png", "map.png"} <= names
    assert not any("powder" in name for name in names)


def test_a_corrupt_frame_is_marked_and_the_rest_goes_on(folder):
    (folder / "k_0.03.gr").write_text("nonsense\n", encoding="utf-8")
    summary = run(folder, frames="0:3")
    assert (summary.done, summary.failed) == (3, 1)
    with Series(folder / "out") as series:
        assert series.accepted[1].status == "unreadable"
        assert series.accepted[2].status == "converged"
        assert series.accepted[2].started_from is None


def test_frames_can_hold_what_a_series_file_fixes(folder):
    text = (folder / "series.toml").read_text(encoding="utf-8")
    (folder / "series.toml").write_text(text + '[shared]\nfixed = ["*.O1.u_iso"]\n', encoding="utf-8")
    run(folder, frames="0:1")
    with Series(folder / "out") as series:
        names = [name for name, _, _ in series._full(0).parameters]
    assert "phase.li2ohcl.site.Li1.u_iso" in names
    assert "phase.li2ohcl.site.O1.u_iso" not in names


@pytest.mark.parametrize(
    ("job", "series", "words"),
    [
        ("", 'engine = "rietx"\n', "names an engine"),
        ("", "[shared]\nexcluded = [[2.0, 3.0]]\n", "excludes regions"),
        ("[box_car]\nwidth = 4\nstep = 2\n", "", "one data set per frame"),
        ("", '[shared]\nfixed = ["*.Xx9.u_iso"]\n', "no parameter is called"),
        ('[[stage]]\nname = "more"\nfree = ["phase.li2ohcl.cell.b"]\n', "", "no parameter is called"),
    ],
)
def test_what_a_series_of_pdfs_cannot_do_is_refused(folder, job, series, words):
    (folder / "job.toml").write_text(JOB + job, encoding="utf-8")
    text = (
        SERIES.replace('job = "job.toml"\n', 'job = "job.toml"\n' + series) if "engine" in series else SERIES + series
    )
    (folder / "series.toml").write_text(text, encoding="utf-8")
    with pytest.raises(JobError, match=words):
        run(folder)
    assert not (folder / "out" / "series.sqlite").exists()
