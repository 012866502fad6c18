"""The store: one row per step whatever happens, refused when it is not ours or newer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from xtal.errors import InputError, OutputError
from xtal.series.frames import Frame
from xtal.series.lock import run_lock
from xtal.series.plan import make_plan
from xtal.series.series import Series
from xtal.series.store import STORE_NAME, Fit, Store


def new_store(folder: Path) -> Store:
    frames = [Frame(index, Path(f"f{index}.xy"), float(index)) for index in range(3)]
    meta = {"title": "t", "axis": {"name": "frame", "unit": ""}, "series": {}, "properties": []}
    return Store.create(folder, meta, frames, make_plan(range(3), "cold"))


def test_finished_step_comes_back_and_counts_once(tmp_path):
    fit = Fit(1, "main", "converged", "pass", "fine", rwp=0.1, x=b"axis", result=b"r", curves=b"c",
              parameters=(("phase.a.cell.a", 3.9, 1e-4),), weak=("b",))  # fmt: skip
    with new_store(tmp_path) as store:
        assert store.add(fit)
        assert not store.add(Fit(1, "main", "failed", "fail", "again"))
        found = store.fit(1, "main")
        assert found is not None
        assert (found.status, found.rwp, found.x, found.weak) == ("converged", 0.1, b"axis", ("b",))
        assert found.parameters == (("phase.a.cell.a", 3.9, 1e-4),)
        assert store.finished() == {(1, "main"): "converged"}


def test_second_store_in_one_folder_is_refused(tmp_path):
    new_store(tmp_path).close()
    with pytest.raises(OutputError, match="--resume"):
        new_store(tmp_path)


def test_store_of_a_newer_version_is_refused_and_unharmed(tmp_path):
    new_store(tmp_path).close()
    database = sqlite3.connect(tmp_path / STORE_NAME)
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    before = (tmp_path / STORE_NAME).read_bytes()
    for writable in (False, True):
        with pytest.raises(InputError, match="newer version"):
            Store(tmp_path, writable=writable)
    assert (tmp_path / STORE_NAME).read_bytes() == before


def test_file_that_is_no_store_is_refused(tmp_path):
    (tmp_path / STORE_NAME).write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(InputError, match="not readable as a store"):
        Store(tmp_path)


def test_folder_without_a_series_says_how_to_start_one(tmp_path):
    with pytest.raises(InputError, match="xtal series run"):
        Series(tmp_path)


def test_two_runs_on_one_folder_are_refused(tmp_path):
    with run_lock(tmp_path), pytest.raises(OutputError, match="another run is at work"), run_lock(tmp_path):
        pass
    with run_lock(tmp_path):
        pass


def test_waiting_frames_have_a_row(tmp_path):
    new_store(tmp_path).close()
    with Series(tmp_path) as series:
        assert list(series.table()["status"]) == ["waiting"] * 3
