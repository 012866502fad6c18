"""What a series refuses before a frame is refined, and what may be changed while it goes on."""

from __future__ import annotations

import dataclasses
import os
import secrets
import sqlite3

import pytest

from tests.series.test_driver import good, run
from tests.series.test_frames import series_with
from xtal.errors import InputError, JobError, OutputError
from xtal.io.series_files import list_frames, property_values, read_series_file
from xtal.series.cluster import Lost
from xtal.series.findings import analyse
from xtal.series.lock import run_lock
from xtal.series.series import Series
from xtal.series.trends import fit_trend

CSV = "name = 'x'\nfrom = 'csv'\nfile = 'axis.csv'"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"file;x\na.xy;0,1\n", r"no column 'file'.*file;x"),
        (b"", "it is empty"),
        (b"file,x\na.xy,0.1\na.xy,0.2\n", r"two rows for a\.xy, 0\.1 and 0\.2"),
        (b"file,x,T (\xb0C)\na.xy,0.1,25\n", "UTF-8"),
        (b"file,x\na.xy,inf\n", r"no number for a\.xy"),
    ],
)
def test_csv_that_holds_no_value_for_a_frame_says_what_it_holds(tmp_path, content, said):
    (tmp_path / "axis.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        list_frames(read_series_file(series_with(tmp_path, CSV, ["a.xy"])))


def test_name_that_gives_no_finite_number_is_refused(tmp_path):
    path = series_with(tmp_path, "from = 'name'\npattern = '_(.+)K'", ["a_nanK.xy"])
    with pytest.raises(InputError, match="'nan', which is no number"):
        list_frames(read_series_file(path))


def test_empty_glob_is_refused(tmp_path):
    path = series_with(tmp_path, "", ["a.xy"])
    path.write_text(path.read_text(encoding="utf-8").replace("*.xy", ""), encoding="utf-8")
    with pytest.raises(InputError, match="glob"):
        list_frames(read_series_file(path))


@pytest.mark.parametrize(
    ("axis", "extra", "said"),
    [
        ("name = 'status'", "", "column of its own"),
        ("", "[shared]\nexcluded = [[50.0, 49.0]]", r"region \[50\.0, 49\.0\] is empty"),
    ],
)
def test_names_and_regions_without_meaning_are_refused(tmp_path, axis, extra, said):
    with pytest.raises(JobError, match=said):
        read_series_file(series_with(tmp_path, axis, ["a.xy"], extra))


def test_property_that_has_no_logarithm_is_refused(tmp_path):
    (tmp_path / "s.csv").write_text("file,sigma\na.xy,0\n", encoding="utf-8")
    table = "[[property]]\nname = 'sigma'\nfile = 's.csv'\nlogarithm = true"
    given = read_series_file(series_with(tmp_path, "", ["a.xy"], table))
    with pytest.raises(InputError, match=r"sigma of a\.xy is 0"):
        property_values(given, given.series.property[0])


def test_line_through_frames_at_one_place_of_the_axis_is_refused():
    with pytest.raises(InputError, match="1 different places"):
        fit_trend([0.5] * 6, [1.0, 1.1, 0.9, 1.0, 1.1, 0.9], [0.1] * 6)


def test_series_whose_axis_does_not_vary_is_looked_at_all_the_same(light_series, tmp_path):
    text = light_series.read_text(encoding="utf-8")
    light_series.write_text(text.replace("[run]", "factor = 0.0\n[run]"), encoding="utf-8")
    run(light_series, tmp_path / "out")
    with Series(tmp_path / "out") as series:
        assert analyse(series).trends == ()


def test_override_beyond_the_chosen_frames_is_no_error_and_beyond_the_series_one(light_series, tmp_path):
    text = light_series.read_text(encoding="utf-8")
    light_series.write_text(text + '[[override]]\nframes = "8:12"\nexcluded = [[43.0, 44.0]]\n', encoding="utf-8")
    assert run(light_series, tmp_path / "some", frames="0:3")[0].done == 3
    light_series.write_text(text + '[[override]]\nframes = "12:14"\n', encoding="utf-8")
    with pytest.raises(InputError, match="of a series with 12"):
        run(light_series, tmp_path / "none")


@pytest.mark.parametrize(
    ("table", "said"),
    [("phase = 'nickel'", "no phase is called 'nickel'.*there are ni"),
     ("phase = 'ni'\nsplitting = { a = 1, x = 2 }", "give a, b, c positive divisors")],
)  # fmt: skip
def test_transition_that_can_never_be_found_is_refused(light_series, tmp_path, table, said):
    text = light_series.read_text(encoding="utf-8")
    light_series.write_text(f"{text}[[transition]]\n{table}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        run(light_series, tmp_path / "out")


@pytest.mark.parametrize("option", [{"strategy": "cold"}, {"frames": "0:3"}, {"both_ways": True}])
def test_resume_with_another_plan_is_refused(light_series, tmp_path, option):
    run(light_series, tmp_path / "out")
    with pytest.raises(InputError, match="the series was begun with"):
        run(light_series, tmp_path / "out", resume=True, **option)


def test_resume_with_the_same_plan_goes_on(light_series, tmp_path):
    run(light_series, tmp_path / "out", strategy="chain", frames="0:6")
    assert run(light_series, tmp_path / "out", resume=True, strategy="chain", frames="0:6")[0].is_complete


def test_time_limit_and_what_is_looked_for_may_change_while_a_series_goes_on(light_series, tmp_path):
    run(light_series, tmp_path / "out", lambda task: Lost("gone") if task.frame == 7 else good(task))
    text = light_series.read_text(encoding="utf-8").replace("spacing = 4", "spacing = 4\ntimeout = 900\nretries = 3")
    light_series.write_text(text + '[[transition]]\nname = "later"\nphase = "ni"\n', encoding="utf-8")
    summary, _ = run(light_series, tmp_path / "out", resume=True, retry_failed=True)
    assert summary.failed == 0
    with Series(tmp_path / "out") as series:
        assert [one["name"] for one in series.meta["series"]["transition"]] == ["later"]
        assert series.meta["inputs"]["series.toml"] == read_series_file(light_series).digest
        assert len(series.meta["inputs"]["job.toml"]) == 64


def test_disk_that_is_full_ends_the_run_with_a_reason_and_it_goes_on_afterwards(light_series, tmp_path):
    def fill(progress) -> None:
        if progress.done == 5:
            driver_store[0].execute("PRAGMA max_page_count = 1")

    driver_store: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def remembered(*given, **named):
        driver_store[:] = [connect(*given, **named)]
        return driver_store[0]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OutputError, match=r"disk is full.*--resume"):
        patch.setattr(sqlite3, "connect", remembered)
        run(light_series, tmp_path / "out", lambda task: heavy(good(task)), listener=fill)
    with Series(tmp_path / "out") as series:
        done = series.n_steps()[0]
    assert 5 <= done < 12
    summary, pool = run(light_series, tmp_path / "out", resume=True)
    assert summary.is_complete and len(pool.given) == 12 - done


def heavy(fit):
    return dataclasses.replace(fit, message=secrets.token_hex(20_000))


def test_series_in_an_archive_that_cannot_be_written_is_still_read(light_series, tmp_path, monkeypatch):
    run(light_series, tmp_path / "out")
    (tmp_path / "out" / "series.sqlite-shm").unlink(missing_ok=True)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with Series(tmp_path / "out") as series:
        assert series.n_steps() == (12, 12)
    assert not (tmp_path / "out" / "series.sqlite-shm").exists()


def test_folder_that_cannot_be_made_or_written_is_refused(light_series, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="can't be made"):
        run(light_series, tmp_path / "file" / "out")
    with pytest.raises(OutputError, match="can't be written"), run_lock(tmp_path / "nothing"):
        pass
