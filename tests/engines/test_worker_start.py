"""Workers that are started before their fit, get variables of their own, or leave the caller time for something else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xtal.engines import engine_named
from xtal.engines.process import run_task, start_worker, stop_workers

WORKER = """
import json, os, sys
print(json.dumps({"event": "ready", "pid": os.getpid()}), flush=True)
for line in sys.stdin:
    variables = {name: os.environ.get(name) for name in ("RIETX_COMPILED_THREADS", "OMP_NUM_THREADS")}
    print(json.dumps({"event": "done", "outcome": {"pid": os.getpid(), **variables}}), flush=True)
"""
COMMAND = (sys.executable, "-c", WORKER)


@pytest.fixture(autouse=True)
def fresh_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RIETX_COMPILED_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    stop_workers()
    yield
    stop_workers()


def outcome(**options: object) -> dict[str, object]:
    run = run_task(COMMAND, {}, timeout=60, **options)  # type: ignore[arg-type]
    assert run.outcome is not None
    return run.outcome


def children() -> set[int]:
    """Processes whose parent is this one."""
    return {int(stat.parent.name) for stat in Path("/proc").glob("[0-9]*/stat") if parent_of(stat) == os.getpid()}


def parent_of(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rsplit(")", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at /proc")
def test_a_fit_takes_the_worker_that_was_started_for_it() -> None:
    before = children()
    start_worker(COMMAND)
    (started,) = children() - before
    assert outcome()["pid"] == started


def test_starting_a_worker_twice_starts_one() -> None:
    start_worker(COMMAND)
    first = outcome()["pid"]
    start_worker(COMMAND)
    assert outcome()["pid"] == first


def test_workers_with_other_variables_are_kept_apart() -> None:
    variables = {"RIETX_COMPILED_THREADS": "1"}
    plain, single = outcome(), outcome(environment=variables)
    assert plain["pid"] != single["pid"]
    assert outcome(environment=variables)["pid"] == single["pid"]
    assert (plain["RIETX_COMPILED_THREADS"], single["RIETX_COMPILED_THREADS"]) == (None, "1")


def test_only_the_caller_limits_the_threads_of_rietx() -> None:
    assert outcome()["RIETX_COMPILED_THREADS"] is None
    assert outcome()["OMP_NUM_THREADS"] == "1"
    assert outcome(environment={"OMP_NUM_THREADS": "2"})["OMP_NUM_THREADS"] == "2"


def test_work_of_the_caller_is_done_once_before_the_events_come() -> None:
    order: list[str] = []
    run = run_task(
        COMMAND,
        {},
        timeout=60,
        meanwhile=lambda: order.append("work"),
        on_event=lambda event: order.append(event["event"]),
    )
    assert run.status == "done"
    assert order == ["work", "ready", "done"]


def test_a_worker_of_which_the_caller_fails_is_ended() -> None:
    pid = outcome()["pid"]

    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome(meanwhile=fail)
    assert outcome()["pid"] != pid


def test_rietx_runs_in_this_interpreter() -> None:
    assert engine_named("rietx").worker_command()[0] == sys.executable
