"""Fits in child processes: a wall-clock limit, no orphans, the last finished stage kept, workers kept warm.

A worker reads one JSON object per line and answers in JSON lines. It stays alive for the next fit, because importing an
engine costs a second; it is ended when it misbehaves, when the interpreter exits, and with its parent.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .protocol import EngineRun, EngineTask, EventListener, RunStatus

__all__ = ["run_task", "start_worker", "stop_workers"]

_LOG_TAIL = 200_000
_LAST_WORDS = 5.0
_Key = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
_WARM: dict[_Key, _Worker] = {}


class _Worker:
    """One child process with a thread that queues its events."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.key = _key(command, environment)
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.process = subprocess.Popen(
            tuple(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
                 "XTAL_PARENT_PID": str(os.getpid()), **environment},
        )  # fmt: skip
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(json.JSONDecodeError, UnicodeDecodeError):
                event = json.loads(line)
                if isinstance(event, dict):
                    self.events.put(event)
        self.events.put(None)

    def send(self, message: dict[str, Any]) -> None:
        """Write a command in a thread of its own: a worker that doesn't read must not hold up the clock."""
        threading.Thread(target=self._write, args=(json.dumps(message).encode() + b"\n",), daemon=True).start()

    def _write(self, line: bytes) -> None:
        assert self.process.stdin is not None
        # A worker that is gone shows as the end of its events.
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.log):
            with contextlib.suppress(BrokenPipeError, AttributeError):
                stream.close()  # type: ignore[union-attr]

    def log_position(self) -> int:
        return os.fstat(self.log.fileno()).st_size

    def log_since(self, position: int) -> str:
        size = self.log_position()
        start = max(position, size - _LOG_TAIL)
        return os.pread(self.log.fileno(), size - start, start).decode("utf-8", "replace")


def start_worker(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Start a worker before there is a fit for it, so that its imports overlap with the caller's work.

    The next `run_task` with the same command and environment takes it.

    Parameters
    ----------
    command : sequence of str
        Command line of the worker.
    environment : mapping, optional
        Environment variables that only this worker gets.
    """
    _warm_worker(command, environment or {})


def run_task(
    command: Sequence[str],
    task: EngineTask,
    *,
    timeout: float,
    on_event: EventListener | None = None,
    environment: Mapping[str, str] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> EngineRun:
    """Run one fit in a worker process.

    Parameters
    ----------
    command : sequence of str
        Command line of the worker.
    task : dict
        The fit, neutral units.
    timeout : float
        Wall-clock limit in seconds; when it is exceeded the worker is killed and the last finished stage is kept.
    on_event : callable, optional
        Called with every event as it comes.
    environment : mapping, optional
        Environment variables that only this worker gets, such as the number of its threads where several fits run side
        by side. Workers are kept warm apart by command and environment.
    meanwhile : callable, optional
        Called once when the task is sent: work of the caller that fits into the time the worker needs. Events wait
        until it returns.

    Returns
    -------
    EngineRun
        Also for a time-out or a worker that died; Ctrl-C kills the worker and is passed on.
    """
    worker = _warm_worker(command, environment or {})
    log_start = worker.log_position()
    started = time.monotonic()
    try:
        status, outcome, message = _follow(worker, task, started + timeout, on_event, meanwhile)
    except BaseException:
        _drop(worker)
        raise
    seconds, log = time.monotonic() - started, worker.log_since(log_start)
    if status not in ("done", "unsupported"):
        _drop(worker)
    if status == "timeout":
        message = f"stopped after the time limit of {timeout:g} s"
    return EngineRun(status, outcome, message, seconds, log)


def _follow(
    worker: _Worker,
    task: EngineTask,
    deadline: float,
    on_event: EventListener | None,
    meanwhile: Callable[[], None] | None,
) -> tuple[RunStatus, dict[str, Any] | None, str]:
    outcome: dict[str, Any] | None = None
    worker.send({"cmd": "refine", "task": task})
    if meanwhile is not None:
        meanwhile()
    while True:
        try:
            event = worker.events.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty:
            return "timeout", outcome, ""
        if event is None:
            return "died", outcome, _death_notice(worker)
        if on_event is not None:
            on_event(event)
        match event.get("event"):
            case "stage":
                outcome = event["snapshot"]
            case "done":
                return "done", event["outcome"], ""
            case "error":
                kind: RunStatus = "unsupported" if event.get("kind") == "unsupported" else "error"
                return kind, outcome, str(event.get("message", "the engine gave no reason"))


def _death_notice(worker: _Worker) -> str:
    try:
        code = worker.process.wait(_LAST_WORDS)
    except subprocess.TimeoutExpired:
        return "the engine's process closed its output without an answer"
    if code < 0:
        return f"the engine's process was killed by {signal.Signals(-code).name}"
    return f"the engine's process ended with exit code {code}"


def _key(command: Sequence[str], environment: Mapping[str, str]) -> _Key:
    return tuple(command), tuple(sorted(environment.items()))


def _warm_worker(command: Sequence[str], environment: Mapping[str, str]) -> _Worker:
    key = _key(command, environment)
    worker = _WARM.get(key)
    if worker is not None and not worker.is_alive:
        _drop(worker)
        worker = None
    if worker is None:
        worker = _WARM[key] = _Worker(command, environment)
    return worker


def _drop(worker: _Worker) -> None:
    worker.kill()
    if _WARM.get(worker.key) is worker:
        del _WARM[worker.key]


def stop_workers() -> None:
    """End every warm worker."""
    for worker in list(_WARM.values()):
        _drop(worker)


atexit.register(stop_workers)


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder for an engine's own files."""
    return tempfile.TemporaryDirectory(prefix="xtal-")


def collected_files(folder: str | Path, names: Sequence[str]) -> dict[str, bytes]:
    """Content of the files that an engine left to be kept."""
    found = {name: Path(folder) / name for name in names}
    return {name: path.read_bytes() for name, path in found.items() if path.is_file()}
