"""Fits in child processes: workers made up here in a few lines of Python misbehave in every way a worker can."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xtal.engines.process import run_task, stop_workers

PRELUDE = """
import json, os, signal, subprocess, sys, time

def say(**event):
    print(json.dumps(event), flush=True)

def stage(index):
    say(event="stage", index=index, name=f"stage {index}", rwp=0.5 / (index + 1), seconds=0.0,
        snapshot={"last_stage": index, "pid": os.getpid()})

def done(**outcome):
    say(event="done", outcome={"pid": os.getpid(), **outcome})

def child():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid

say(event="ready", engine="made up", version="0")
for line in sys.stdin:
    task = json.loads(line)["task"]
    if task.get("warm_up"):
        done()
        continue
"""


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    stop_workers()


@pytest.fixture
def worker() -> Callable[[str], tuple[str, ...]]:
    """Command line of a worker that answers each task with a body of Python."""

    def command(body: str) -> tuple[str, ...]:
        indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
        return (sys.executable, "-c", PRELUDE + indented)

    return command


def warmed_up(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command, its worker started: a short time limit then measures the fit, not the start of an interpreter."""
    assert run_task(command, {"warm_up": True}, timeout=60).status == "done"
    return command


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pid: int, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks up processes in /proc")


def test_outcome_of_a_worker_that_is_done_comes_back(worker):
    run = run_task(worker("stage(0); done(echo=task['number'])"), {"number": 42}, timeout=60)
    assert (run.status, run.outcome["echo"]) == ("done", 42)


def test_events_come_in_their_order(worker):
    heard = []
    run_task(
        worker("say(event='stage_start', index=0, name='a'); stage(0); stage(1); done()"),
        {}, timeout=60, on_event=heard.append,
    )  # fmt: skip
    assert [event["event"] for event in heard] == ["ready", "stage_start", "stage", "stage", "done"]


@needs_proc
def test_time_out_keeps_the_last_finished_stage_and_ends_the_worker(worker):
    run = run_task(warmed_up(worker("stage(0); stage(1); time.sleep(600)")), {}, timeout=1.0)
    assert (run.status, run.outcome["last_stage"]) == ("timeout", 1)
    assert "1 s" in run.message
    assert 1.0 <= run.seconds < 60.0
    assert not is_running(run.outcome["pid"])


@needs_proc
def test_time_out_ends_the_children_of_the_worker_too(worker):
    body = "say(event='stage', index=0, name='a', snapshot={'pid': os.getpid(), 'child': child()}); time.sleep(600)"
    run = run_task(warmed_up(worker(body)), {}, timeout=1.0)
    assert run.status == "timeout"
    assert wait_until_gone(run.outcome["child"])


def test_time_out_before_the_first_stage_has_no_outcome(worker):
    run = run_task(worker("time.sleep(600)"), {}, timeout=0.5)
    assert (run.status, run.outcome) == ("timeout", None)


def test_worker_that_never_reads_a_large_task_is_stopped_in_time():
    started = time.monotonic()
    run = run_task(
        (sys.executable, "-c", "import time; time.sleep(600)"), {"numbers": [0.123456789] * 200_000}, timeout=1.0
    )
    assert run.status == "timeout"
    assert time.monotonic() - started < 60.0


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
def test_worker_killed_by_a_signal_says_which_and_keeps_its_last_stage(name, worker):
    run = run_task(worker(f"stage(0); os.kill(os.getpid(), signal.{name}); time.sleep(600)"), {}, timeout=60)
    assert (run.status, run.outcome["last_stage"]) == ("died", 0)
    assert name in run.message


@needs_proc
def test_worker_killed_from_outside_in_mid_fit_is_noticed_at_once(worker):
    def kill_after_first_stage(event):
        if event["event"] == "stage":
            os.kill(event["snapshot"]["pid"], signal.SIGKILL)

    run = run_task(worker("stage(0); time.sleep(600)"), {}, timeout=60, on_event=kill_after_first_stage)
    assert (run.status, run.outcome["last_stage"]) == ("died", 0)
    assert run.seconds < 30


def test_worker_that_exits_says_its_exit_code(worker):
    run = run_task(worker("os._exit(7)"), {}, timeout=60)
    assert (run.status, run.outcome) == ("died", None)
    assert "exit code 7" in run.message


def test_worker_that_dies_on_import_says_so_and_its_log_tells_why():
    run = run_task((sys.executable, "-c", "import no_such_engine"), {}, timeout=60)
    assert (run.status, "exit code 1" in run.message) == ("died", True)
    assert "no_such_engine" in run.log


def test_worker_that_closes_its_output_without_dying_does_not_hang_the_fit(worker, monkeypatch):
    monkeypatch.setattr("xtal.engines.process._LAST_WORDS", 0.2)
    run = run_task(worker("sys.stdout.flush(); os.close(1); time.sleep(600)"), {}, timeout=60)
    assert run.status == "died"
    assert "closed its output" in run.message


def test_error_of_the_engine_keeps_its_sentence_and_the_last_stage(worker):
    run = run_task(worker("stage(0); say(event='error', kind='diverged', message='Rwp went to NaN')"), {}, timeout=60)
    assert (run.status, run.message, run.outcome["last_stage"]) == ("error", "Rwp went to NaN", 0)


def test_refusal_is_unsupported_and_leaves_the_worker_warm(worker):
    command = worker("say(event='error', kind='unsupported', message='no texture') if task.get('texture') else done()")
    first = run_task(command, {}, timeout=60)
    refused = run_task(command, {"texture": True}, timeout=60)
    after = run_task(command, {}, timeout=60)
    assert (refused.status, refused.message) == ("unsupported", "no texture")
    assert first.outcome["pid"] == after.outcome["pid"]


@pytest.mark.parametrize("garbage", ["hello", "", "{", "null", "42", '"text"', "[1, 2]", "NaN", "\\xff\\xfe"])
def test_line_that_is_no_event_is_passed_over(garbage, worker):
    run = run_task(worker(f"sys.stdout.buffer.write(b'{garbage}\\n'); stage(0); done(fine=True)"), {}, timeout=60)
    assert run.status == "done", run.message
    assert run.outcome["fine"] is True


def test_what_the_engine_prints_is_the_log_of_its_own_fit_only(worker):
    command = worker("print('fit', task['number'], file=sys.stderr, flush=True); done()")
    logs = [run_task(command, {"number": number}, timeout=60).log for number in (1, 2)]
    assert logs == ["fit 1\n", "fit 2\n"]


def test_worker_is_kept_warm_for_the_next_fit(worker):
    command = worker("done()")
    pids = [run_task(command, {}, timeout=60).outcome["pid"] for _ in range(3)]
    assert len(set(pids)) == 1


def test_other_command_gets_another_worker(worker):
    first, second = (run_task(worker(f"done(which={n})"), {}, timeout=60).outcome["pid"] for n in (1, 2))
    assert first != second


@pytest.mark.parametrize("end", ["os._exit(1)", "time.sleep(600)", "say(event='error', kind='internal', message='x')"])
def test_fit_after_one_that_went_wrong_gets_a_fresh_worker(end, worker):
    command = worker(f"done() if task.get('well') else stage(0)\nif not task.get('well'): {end}")
    before = run_task(command, {"well": True}, timeout=60)
    wrong = run_task(command, {}, timeout=1.0)
    after = run_task(command, {"well": True}, timeout=60)
    assert (before.status, after.status) == ("done", "done")
    assert wrong.status in ("died", "timeout", "error")
    assert before.outcome["pid"] == wrong.outcome["pid"] != after.outcome["pid"]


def test_warm_worker_that_died_between_fits_is_replaced(worker):
    command = worker("done()")
    first = run_task(command, {}, timeout=60).outcome["pid"]
    os.kill(first, signal.SIGKILL)
    assert wait_until_gone(first)
    second = run_task(command, {}, timeout=60)
    assert (second.status, second.outcome["pid"] != first) == ("done", True)


@needs_proc
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_error_of_the_listener_ends_the_worker_and_is_passed_on(error, worker):
    pids = []

    def interrupt(event):
        if event["event"] == "stage":
            pids.append(event["snapshot"]["pid"])
            raise error

    with pytest.raises(error):
        run_task(worker("stage(0); time.sleep(600)"), {}, timeout=60, on_event=interrupt)
    assert wait_until_gone(pids[0])


@needs_proc
def test_stop_workers_ends_every_warm_worker(worker):
    pids = [run_task(worker(f"done(which={n})"), {}, timeout=60).outcome["pid"] for n in range(2)]
    assert all(is_running(pid) for pid in pids)
    stop_workers()
    assert not any(is_running(pid) for pid in pids)


PARENT = """
import json, sys
from xtal.engines.process import run_task
command = json.loads(sys.argv[1])
def tell(event):
    if event["event"] == "stage":
        print(event["snapshot"]["pid"], flush=True)
run = run_task(command, json.loads(sys.argv[2]), timeout=60, on_event=tell)
print(run.status, run.outcome["pid"], flush=True)
"""


@contextlib.contextmanager
def parent(command: tuple[str, ...], task: dict | None = None, code: str = PARENT) -> Iterator[subprocess.Popen]:
    """An interpreter of its own that runs a fit and prints its worker's pid."""
    arguments = [sys.executable, "-c", code, json.dumps(command), json.dumps(task or {})]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@needs_proc
def test_ctrl_c_leaves_no_worker(worker):
    with parent(worker("stage(0); time.sleep(600)")) as process:
        pid = int(process.stdout.readline())
        assert is_running(pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in errors
        assert wait_until_gone(pid)


@needs_proc
def test_ctrl_c_at_the_terminal_reaches_the_parent_only(worker):
    """The worker has a session of its own, so that a terminal's SIGINT to the foreground group passes it by."""
    with parent(worker("stage(0); time.sleep(600)")) as process:
        pid = int(process.stdout.readline())
        assert os.getsid(pid) == pid != os.getsid(process.pid)


@needs_proc
def test_end_of_the_interpreter_ends_warm_workers(worker):
    with parent(worker("done()")) as process:
        status, pid = process.stdout.readline().split()
        process.communicate(timeout=60)
        assert (status, process.returncode) == ("done", 0)
        assert wait_until_gone(int(pid))


REAL_FIT = """
from xtal.rietveld.example import example_job
from xtal.rietveld.run import refine
refine(example_job(), on_event=lambda event: event["event"] == "stage_start" and print(event["index"], flush=True))
"""


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@needs_proc
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_rietx_worker_in_mid_fit_ends_with_its_parent(name):
    with parent((), code=REAL_FIT) as process:
        assert process.stdout.readline() == "0\n"
        children = children_of(process.pid)
        assert len(children) == 1
        process.send_signal(getattr(signal, name))
        assert wait_until_gone(children[0])
        assert process.wait(timeout=60) != 0


HELD_STDIN = """
import os, subprocess, sys, time
reading, writing = os.pipe()
os.set_inheritable(writing, True)
keeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[writing])
engine = subprocess.Popen([sys.executable, "-m", "xtal.engines.rietx_worker"], stdin=reading, stdout=subprocess.PIPE,
                          start_new_session=True)
engine.stdout.readline()
print(engine.pid, keeper.pid, flush=True)
time.sleep(600)
"""


@needs_proc
def test_rietx_worker_ends_with_its_parent_even_when_its_input_stays_open():
    """As in the middle of a fit, when nobody reads the input: only the watch on the parent can end it."""
    with parent((), code=HELD_STDIN) as process:
        pid, keeper = (int(word) for word in process.stdout.readline().split())
        try:
            process.kill()
            assert wait_until_gone(pid)
        finally:
            os.kill(keeper, signal.SIGKILL)
