"""The processes that refine frames: a local Dask cluster, or one whose scheduler listens at an address."""

from __future__ import annotations

import logging
import pickle
import queue
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ..errors import InputError, MissingPartError, XtalError
from .forerunner import WORKER_ENVIRONMENT, start_forerunner, start_method
from .frame import FrameTask
from .store import Fit

__all__ = ["Lost", "Pool", "open_pool"]

CONNECT_SECONDS = 15.0
COUNT_EVERY = 2.0
WATCH = "1s"


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
    is_shared : bool
        It was given together with other frames, any of which may be the cause.
    """

    message: str
    error: BaseException | None = None
    is_dropped: bool = False
    is_shared: bool = False


class Pool:
    """A connected cluster that takes tasks and returns their fits in the order in which they finish."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._tasks: dict[str, tuple[Any, tuple[FrameTask, ...]]] = {}
        self._answers: deque[tuple[FrameTask, Fit | Lost]] = deque()
        self._slots, self._counted = 0, 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the scheduler is there."""
        return bool(self._client.status == "running") and self._client.scheduler is not None

    @property
    def n_running(self) -> int:
        """Tasks that were given and not returned."""
        return sum(len(tasks) for _, tasks in self._tasks.values()) + len(self._answers)

    def n_slots(self) -> int:
        """Threads of all workers at this moment."""
        if time.monotonic() - self._counted > COUNT_EVERY:
            with suppress(OSError, TimeoutError, ValueError):
                self._slots = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._slots

    def submit(self, tasks: Sequence[FrameTask], avoid: str = "") -> None:
        """Give tasks to the cluster, which one worker does one after the other; on a second try to another than the one that failed."""
        first = tasks[0]
        key = f"frame-{first.frame}-{first.route}-{first.attempt}-{time.monotonic_ns()}"
        others = [address for address in self._workers() if address != avoid] if avoid else []
        where = {"workers": others, "allow_other_workers": True} if others else {}
        # Dask would look into the tasks, and the scheduler unpack them, on their way to the worker.
        content = pickle.dumps(list(tasks), protocol=pickle.HIGHEST_PROTOCOL)
        # Coarse steps of the plan come first.
        future = self._client.submit(refined, content, key=key, pure=False, retries=0, **where)
        self._tasks[future.key] = (future, tuple(tasks))
        future.add_done_callback(self._done.put)

    def next(self, seconds: float) -> tuple[FrameTask, Fit | Lost] | None:
        """The next task that is finished, or None when there is none within so many seconds."""
        if not self._answers:
            try:
                future = self._done.get(timeout=seconds)
            except queue.Empty:
                return None
            _, tasks = self._tasks.pop(future.key, (None, ()))
            self._answers.extend(zip(tasks, _answers(future, len(tasks)) if tasks else (), strict=True))
        return self._answers.popleft() if self._answers else None

    def cancel(self, task: FrameTask) -> list[FrameTask]:
        """Take a task back, and with it those that were given together with it; all of them are returned."""
        for key, (future, tasks) in list(self._tasks.items()):
            if any(one is task for one in tasks):
                del self._tasks[key]
                future.cancel(force=True)
                return list(tasks)
        return []

    def _workers(self) -> list[str]:
        with suppress(OSError, TimeoutError, ValueError):
            return list(self._client.nthreads())
        return []


def refined(content: bytes) -> list[Fit | Lost]:
    """What a worker does with the pickled tasks of a message; an error of one doesn't lose the others."""
    return [_answer(task) for task in pickle.loads(content)]


def _answer(task: FrameTask) -> Fit | Lost:
    try:
        return task.refine()
    except XtalError as error:
        return Lost(str(error), error)
    except Exception as error:
        return Lost(f"{type(error).__name__}: {error}")


def _answers(future: Any, n: int) -> Sequence[Fit | Lost]:
    """Answers to the n tasks of a message that came back."""
    if future.status == "finished":
        try:
            answers = future.result(timeout=CONNECT_SECONDS)
        except Exception as error:
            return [Lost(f"its answer did not arrive ({type(error).__name__})", error, is_shared=n > 1)] * n
        assert len(answers) == n
        return list(answers)
    if future.status == "error":
        raised = future.exception(timeout=CONNECT_SECONDS)
        known = "its worker process ended without a word, again and again"
        is_killed = type(raised).__name__ == "KilledWorker"
        return [Lost(known if is_killed else f"{type(raised).__name__}: {raised}", raised, is_shared=n > 1)] * n
    return [Lost("its scheduler dropped it", is_dropped=True)] * n


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
                **{f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in WORKER_ENVIRONMENT.items()},
                "distributed.worker.multiprocessing-method": start_method(),
                "distributed.worker.profile.enabled": False,
                # By default scheduler and nannies look at processor and clock 50 times a second, in the driver's process.
                "distributed.admin.tick.interval": WATCH, "distributed.admin.system-monitor.interval": WATCH,
                # Dask's log of messages would keep every pattern that was sent.
                "distributed.admin.low-level-log-length": 10}  # fmt: skip
    _silence()
    with dask.config.set(settings):
        if scheduler is not None:
            with _connected(Client, scheduler) as client:
                yield Pool(client)
            return
        start_forerunner(engine)
        local: Any = LocalCluster
        connect: Any = Client
        with (
            local(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
                         memory_limit=0, silence_logs=logging.CRITICAL, preload=["xtal.series.worker_setup"], env={"XTAL_SERIES_ENGINE": engine}) as cluster,
            # Leaving a client's own `with` in another thread than it was entered in is an error of Dask's.
            closing(connect(cluster)) as client,
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
