"""The processes that refine frames: a local Dask cluster, or one whose scheduler listens at an address."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, MissingPartError, XtalError
from .frame import FrameTask
from .store import Fit

__all__ = ["Lost", "Pool", "open_pool"]

CONNECT_SECONDS = 15.0
COUNT_EVERY = 2.0
KEPT_BYTES = 32 * 2**20
"""Free memory that a worker keeps for its next arrays."""


@dataclass(frozen=True)
class Lost:
    """A step that came back without an answer.

    Parameters
    ----------
    message : str
        Why.
    error : exception or None
        What its worker raised.
    is_dropped : bool
        The scheduler let go of it, which says nothing about the frame.
    """

    message: str
    error: BaseException | None = None
    is_dropped: bool = False


class Pool:
    """A connected cluster that takes tasks and returns their fits in the order in which they finish."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tasks: dict[str, tuple[Any, FrameTask]] = {}
        self._slots, self._counted = 0, 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler is there."""
        return bool(self._client.status == "running") and self._client.scheduler is not None

    @property
    def n_running(self) -> int:
        """Tasks that were given and not returned."""
        return len(self._tasks)

    def n_slots(self) -> int:
        """Threads of all workers at this moment."""
        if time.monotonic() - self._counted > COUNT_EVERY:
            with suppress(OSError, TimeoutError, ValueError):
                self._slots = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._slots

    def submit(self, task: FrameTask, avoid: str = "") -> None:
        """Give a task to the cluster; on a second try to another worker than the one that failed."""
        key = f"frame-{task.frame}-{task.route}-{task.attempt}-{time.monotonic_ns()}"
        others = [address for address in self._workers() if avoid and address != avoid]
        where = {"workers": others, "allow_other_workers": True} if others else {}
        # Coarse steps of the plan come first.
        future = self._client.submit(refined, task, key=key, pure=False, retries=0, **where)
        self._tasks[future.key] = (future, task)
        future.add_done_callback(self._done.put)

    def next(self, seconds: float) -> tuple[FrameTask, Fit | Lost] | None:
        """The next task that is finished, or None when there is none within so many seconds."""
        try:
            future = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        _, task = self._tasks.pop(future.key, (None, None))
        return None if task is None else (task, _answer(future))

    def cancel(self, task: FrameTask) -> None:
        """Take a task back."""
        for key, (future, one) in list(self._tasks.items()):
            if one is task:
                del self._tasks[key]
                future.cancel(force=True)

    def _workers(self) -> list[str]:
        with suppress(OSError, TimeoutError, ValueError):
            return list(self._client.nthreads())
        return []


def refined(task: FrameTask) -> Fit:
    """What a worker does with a task."""
    return task.refine()


def _answer(future: Any) -> Fit | Lost:
    if future.status == "finished":
        try:
            answer = future.result(timeout=CONNECT_SECONDS)
        except Exception as error:
            return Lost(f"its answer did not arrive ({type(error).__name__})", error)
        assert isinstance(answer, Fit)
        return answer
    if future.status == "error":
        raised = future.exception(timeout=CONNECT_SECONDS)
        if type(raised).__name__ == "KilledWorker":
            return Lost("its worker process ended without a word, again and again", raised)
        return Lost(str(raised) if isinstance(raised, XtalError) else f"{type(raised).__name__}: {raised}", raised)
    return Lost("its scheduler dropped it", is_dropped=True)


@contextmanager
def open_pool(scheduler: str | None, workers: int, engine: str = "rietx") -> Iterator[Pool]:
    """Connect to a scheduler, or start a cluster of processes on this machine and end it afterwards.

    Parameters
    ----------
    scheduler : str or None
        ``tcp://HOST:PORT``; None for a local cluster.
    workers : int
        Processes of the local cluster.
    engine : str
        That the frames will want; the processes of a local cluster start it early.

    Raises
    ------
    MissingPartError
        Dask isn't installed.
    InputError
        No scheduler answers at the address.
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise MissingPartError(
            "a series needs Dask, which isn't installed: pip install 'xtal-toolkit[series]'."
        ) from None
    settings = {"distributed.comm.retry.count": 2, "distributed.scheduler.allowed-failures": 2,
                "distributed.comm.timeouts.connect": CONNECT_SECONDS, "distributed.worker.daemon": True,
                # Dask has every array that is freed given back to the kernel: a fifth of a warm frame's time.
                "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": KEPT_BYTES,
                "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": KEPT_BYTES,
                "distributed.worker.profile.enabled": False,
                # Dask's log of messages would keep every pattern that was sent.
                "distributed.admin.low-level-log-length": 10}  # fmt: skip
    _silence()
    with dask.config.set(settings):
        if scheduler is not None:
            with _connected(Client, scheduler) as client:
                yield Pool(client)
            return
        local: Any = LocalCluster
        connect: Any = Client
        with (
            local(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                         memory_limit=0, silence_logs=logging.CRITICAL, preload=["xtal.series.worker_setup"], env={"XTAL_SERIES_ENGINE": engine}) as cluster,
            connect(cluster) as client,
        ):  # fmt: skip
            yield Pool(client)


@contextmanager
def _connected(client_type: Any, scheduler: str) -> Iterator[Any]:
    try:
        client = client_type(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f"no scheduler answers at {scheduler} ({type(error).__name__});",
                         remedy="start one with dask scheduler, or leave --scheduler out to use this machine.") from None  # fmt: skip
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=2)


def _silence() -> None:
    """Lost workers and schedulers are told of in this program's own words."""
    for name in ("distributed", "distributed.nanny", "distributed.client", "distributed.core", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
