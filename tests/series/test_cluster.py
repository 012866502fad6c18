"""A real scheduler, real workers, real fits: lost workers, killed drivers, Ctrl-C, and the answer after all that."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed", reason="Dask isn't installed: pip install 'xtal-toolkit[series]'")

from xtal.errors import InputError
from xtal.io.series_files import read_series_file
from xtal.series.findings import analyse
from xtal.series.forerunner import start_forerunner
from xtal.series.frame import FrameTask
from xtal.series.run import RunOptions, run_series
from xtal.series.series import Series

from .conftest import SLOPE, make_light_series

pytestmark = pytest.mark.xdist_group("series-cluster")

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__WORKER__DAEMON": "True"}
DASK = [sys.executable, "-c", "from distributed.cli import {0}; {0}.main()"]


def dask(program: str, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", DASK[2].format(program), *options]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            start_new_session=True)  # fmt: skip


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]], subprocess.Popen[bytes]]]:
    """Address of a scheduler on the loopback address, and its two workers, each a process without a nanny."""
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = dask("dask_scheduler", "--host", "127.0.0.1", "--port", address.rsplit(":", 1)[1], "--no-dashboard")
    workers = [dask("dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    yield address, workers, scheduler
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def accepted(folder: Path) -> dict[int, tuple]:
    """What a run is for: values and curves, by frame."""
    with Series(folder) as series:
        return {frame: (fit.status, fit.started_from, fit.rwp, series._full(frame).parameters, series._full(frame).curves)
                for frame, fit in series.accepted.items()}  # fmt: skip


def test_all_frames_finish_when_a_worker_is_killed(cluster, light_series, tmp_path):
    address, workers, _ = cluster
    seen = []

    def kill_one(progress) -> None:
        seen.append((progress.fit.frame, progress.fit.worker))
        if progress.done == 4:
            workers[0].kill()

    options = RunOptions(scheduler=address)
    summary = run_series(read_series_file(light_series), tmp_path / "out", options, listener=kill_one)
    assert (summary.done, summary.failed) == (12, 0)
    assert sorted(frame for frame, _ in seen) == list(range(12))
    with Series(tmp_path / "out") as series:
        a = series.table()["phase.ni.cell.a"].to_numpy()
        esd = series.table()["phase.ni.cell.a.esd"].to_numpy()
    truth = 3.52387 + SLOPE * np.arange(12) / 11
    assert np.all(np.abs((a - a[0]) - (truth - truth[0])) < 5 * np.hypot(esd, esd[0]))


def test_scheduler_that_is_killed_ends_the_run_and_another_one_finishes_it(cluster, light_series, tmp_path):
    address, _, scheduler = cluster

    def kill_it(progress) -> None:
        if progress.done == 3:
            scheduler.kill()

    given = read_series_file(light_series)
    summary = run_series(given, tmp_path / "out", RunOptions(scheduler=address), listener=kill_it)
    assert summary.reason == "the scheduler went away"
    assert 3 <= summary.done < 12
    resumed = run_series(given, tmp_path / "out", RunOptions(workers=2, resume=True))
    assert (resumed.done, resumed.failed) == (12, 0)
    with Series(tmp_path / "out") as series:
        trend = next(one.trend for one in analyse(series).trends if one.quantity == "phase.ni.cell.a")
    assert abs(trend.slope - SLOPE) < 3 * trend.slope_esd


def test_no_scheduler_at_the_address_is_said(light_series, tmp_path, monkeypatch):
    monkeypatch.setattr("xtal.series.cluster.CONNECT_SECONDS", 1.0)
    with pytest.raises(InputError, match="no scheduler answers"):
        run_series(
            read_series_file(light_series), tmp_path / "out", RunOptions(scheduler=f"tcp://127.0.0.1:{free_port()}")
        )


def test_frames_that_are_done_leave_the_memory_of_driver_and_scheduler(light_series, tmp_path):
    held = []

    def count(progress) -> None:
        if progress.done == 35:
            gc.collect()
            held.extend({(one.frame, one.route) for one in gc.get_objects() if isinstance(one, FrameTask)})

    options = RunOptions(workers=1, both_ways=True, engine="native")
    assert run_series(read_series_file(light_series), tmp_path / "out", options, listener=count).done == 36
    assert 0 < len(held) <= 18


def test_forerunner_leaves_the_environment_of_its_caller_alone():
    before = dict(os.environ)
    start_forerunner("native")
    start_forerunner(None)
    assert dict(os.environ) == before


def start(file: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "xtal", "series", "run", str(file), "-o", str(folder), "--workers", "2", *options]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)  # fmt: skip


def n_done(folder: Path) -> int:
    try:
        with Series(folder) as series:
            return series.n_steps()[0]
    except (InputError, OSError):
        return 0


def test_interrupted_from_the_keyboard_finishes_running_frames_and_resumes(light_series, tmp_path):
    folder = tmp_path / "out"
    process = start(light_series, folder)
    wait_for(lambda: n_done(folder) >= 2)
    # The terminal sends Ctrl-C to every process of the group.
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "--resume" in output
    assert 2 <= n_done(folder) < 12
    resumed = start(light_series, folder, "--resume")
    output, _ = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, output
    assert n_done(folder) == 12
    assert "12 of 12 refinements done" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_second_interrupt_stops_at_once_and_nothing_that_was_done_is_lost(light_series, tmp_path):
    folder = tmp_path / "out"
    process = start(light_series, folder)
    wait_for(lambda: n_done(folder) >= 2)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.1)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert 2 <= n_done(folder) < 12


@pytest.mark.slow
def test_driver_killed_at_three_random_moments_and_resumed_equals_an_undisturbed_run(tmp_path):
    file = make_light_series(tmp_path / "light", 20)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    first = start(file, whole)
    output, _ = first.communicate(timeout=300)
    assert first.returncode == 0, output
    moments = sorted(np.random.default_rng().choice(np.arange(1, 18), 3, replace=False).tolist())
    for moment in moments:
        process = start(file, broken, *(["--resume"] if (broken / "series.sqlite").exists() else []))
        wait_for(lambda moment=moment: n_done(broken) >= moment)
        process.kill()
        process.communicate()
    last = start(file, broken, "--resume")
    output, _ = last.communicate(timeout=300)
    assert last.returncode == 0, (moments, output)
    assert accepted(broken) == accepted(whole), moments
