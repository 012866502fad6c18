"""The driver of a series: gives frames to the pool as soon as what they start from is known, and stores what comes back."""

from __future__ import annotations

import hashlib
import itertools
import json
import platform
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._version import __version__
from ..engines import engine_named
from ..errors import InputError, OutputError, PatternError
from ..io.job_places import sha256
from ..io.pdf_series import PdfBaseJob, read_pdf_frame
from ..io.series_files import BaseJob, SeriesInput, base_job, list_frames, property_values, read_frame
from ..job import Job
from ..pdf.job import PdfJob
from .cluster import Lost, Pool, open_pool
from .forerunner import start_forerunner
from .frame import FrameTask, engine_is_unusable, failed_fit
from .frame_job import frame_job
from .frames import Frame, in_ranges, parse_range
from .growth import take_new_frames
from .lock import run_lock
from .pdf_frame import PdfFrameTask, adjusted_pdf_job
from .plan import Step, make_plan
from .store import STORE_NAME, Fit, Store

__all__ = ["Progress", "RunOptions", "StopRequest", "Summary", "run_series"]

POLL = 0.25
GRACE = 60.0
NO_WORKER = 120.0
MESSAGE_SECONDS, LARGEST_MESSAGE = 0.4, 16
"""Frames that are refined in less time than a message to a worker and back costs are sent several at once: so long, and so many."""

RECENT = 9
GOOD = ("converged", "not_converged")


@dataclass(frozen=True)
class RunOptions:
    """What the command line says on top of the series file; None leaves what the file says."""

    workers: int = 2
    scheduler: str | None = None
    resume: bool = False
    retry_failed: bool = False
    strategy: str | None = None
    frames: str | None = None
    both_ways: bool = False
    engine: str | None = None
    timeout: float | None = None


@dataclass
class StopRequest:
    """How often the user asked to stop: once finishes what runs, twice drops it."""

    count: int = 0


@dataclass(frozen=True)
class Progress:
    """How far a run is; passed to the listener after every frame."""

    done: int
    total: int
    failed: int
    running: int
    rate: float
    remaining: float | None
    fit: Fit | None = None


@dataclass(frozen=True)
class Summary:
    """How a run ended. `reason` is empty when every step is done."""

    done: int
    total: int
    failed: int
    seconds: float
    reason: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to refine."""
        return self.done == self.total


Listener = Callable[[Progress], None]


def run_series(
    given: SeriesInput,
    folder: Path,
    options: RunOptions | None = None,
    *,
    stop: StopRequest | None = None,
    listener: Listener | None = None,
    pool: AbstractContextManager[Pool] | None = None,
    meanwhile: Callable[[Summary], None] | None = None,
) -> Summary:
    """Run a series, or what is left of it.

    Parameters
    ----------
    given : SeriesInput
        The series file.
    folder : Path
        Where the store is, or will be.
    options : RunOptions
        What the command line says.
    stop : StopRequest, optional
        Raised from outside, as by a signal handler, to end the run.
    listener : callable, optional
        Called after every finished step.
    pool : context manager, optional
        In place of the cluster that the options describe.
    meanwhile : callable, optional
        Called with the summary when every step is stored that will be: what the caller can do while the cluster ends.

    Returns
    -------
    Summary
        Also of a run that was stopped or lost its scheduler; what was done is stored.

    Raises
    ------
    InputError, OutputError, MissingPartError
        Nothing was started, and nothing was changed: a bad series file, a folder that is taken, a run that is at work.
    EngineError
        The engine is missing or can't express the job.
    """
    wanted = options or RunOptions()
    _check_folder(folder, wanted.resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} can't be made ({error.strerror}); choose another folder with -o.") from None
    if pool is None and wanted.scheduler is None:
        start_forerunner(wanted.engine or given.series.engine)
    with run_lock(folder):
        _check_folder(folder, wanted.resume)
        store, base = _opened(given, folder, wanted)
        with store:
            if wanted.retry_failed:
                store.forget_failed()
            driver = _Driver(given, base, store, wanted, stop or StopRequest(), listener)
            if not driver.left:
                summary = driver.summary("")
                if meanwhile is not None:
                    meanwhile(summary)
                return summary
            return _run(driver, pool or open_pool(wanted.scheduler, wanted.workers, base.engine), meanwhile)


def _run(driver: _Driver, pool: AbstractContextManager[Pool], meanwhile: Callable[[Summary], None] | None) -> Summary:
    """Run to the end; workers take a second to go, which the caller can use."""
    with ExitStack() as stack:
        summary = driver.run(stack.enter_context(pool))
        if meanwhile is not None:
            closing = threading.Thread(target=stack.pop_all().close)
            closing.start()
            try:
                meanwhile(summary)
            finally:
                closing.join()
    return summary


def _check_folder(folder: Path, resume: bool) -> None:
    if (folder / STORE_NAME).exists():
        if not resume:
            raise OutputError(f"{folder} holds a series already; continue it with --resume or choose another folder.")
    elif folder.exists() and (
        not folder.is_dir()
        or any(path.name != "series.lock" and not path.name.endswith(".part") for path in folder.iterdir())
    ):
        raise OutputError(f"{folder} exists and holds no series; choose another folder.")


def _opened(given: SeriesInput, folder: Path, options: RunOptions) -> tuple[Store, BaseJob | PdfBaseJob]:
    """The store of a run, made new where there is none, and the job that its frames share."""
    if (folder / STORE_NAME).exists():
        store = Store(folder, writable=True)
        try:
            base = base_job(given, _found(given, store.frames()), _engine_of(store.meta))
            _refuse_changed(store.meta, given, base, options)
            _refuse_unknown_phases(base, given)
            store.describe(_description(given, base))
            take_new_frames(given, store, lambda frame: _portable(given, frame))
        except BaseException:
            store.close()
            raise
        return store, base
    frames = list_frames(given)
    for override in given.series.override:
        parse_range(override.frames, len(frames))
    if options.frames is not None:
        chosen = parse_range(options.frames, len(frames))
        frames = tuple(frame for frame in frames if frame.index in chosen)
    table = given.series.run
    strategy: Any = options.strategy or table.strategy
    plan = make_plan([frame.index for frame in frames], strategy, table.spacing, options.both_ways)
    base = base_job(given, frames, options.engine)
    _refuse_unknown_phases(base, given)
    _refuse_unusable(base, frames[0], given)
    meta = {**_meta(given, base, strategy, options.both_ways), "selection": options.frames}
    return Store.create(folder, meta, [_portable(given, frame) for frame in frames], plan), base


def _engine_of(meta: Mapping[str, Any]) -> str | None:
    """Engine that a series was begun with; None where there is no choice."""
    return None if meta["pattern_axis"] == "r" else str(meta["engine"])


def _refuse_unusable(base: BaseJob | PdfBaseJob, first: Frame, given: SeriesInput) -> None:
    """Raise what would stop every frame: an engine that isn't there, a name that matches nothing."""
    if isinstance(base, PdfBaseJob):
        adjusted_pdf_job(base.job, first.index, given)
        return
    engine_named(base.engine).worker_command()
    frame_job(base, base.job.pattern, first.index, given)


def _refuse_unknown_phases(base: BaseJob | PdfBaseJob, given: SeriesInput) -> None:
    """Raise InputError for a transition of a phase that the job doesn't have: it would never be looked at."""
    phases = {phase.name: phase.structure.lattice for phase in base.job.phases}
    for wanted in given.series.transition:
        where = f"{given.name}, [[transition]] {wanted.name!r}"
        if wanted.phase not in phases:
            raise InputError(
                f"no phase is called {wanted.phase!r};", where=where, remedy=f"there are {', '.join(phases)}."
            )
        strange = [name for name in wanted.splitting if name not in ("a", "b", "c")]
        if strange or any(divisor <= 0 for divisor in wanted.splitting.values()):
            raise InputError(f"splitting {wanted.splitting};", where=where, remedy="give a, b, c positive divisors.")


def _portable(given: SeriesInput, frame: Frame) -> Frame:
    """The frame with its file relative to the series file, where it lies below it, so that both can be moved together."""
    path = frame.path.resolve()
    return replace(frame, path=path.relative_to(given.folder)) if path.is_relative_to(given.folder) else frame


def _found(given: SeriesInput, frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Frames of a store with files that can be opened from here."""
    return tuple(replace(frame, path=given.folder / frame.path) for frame in frames)


def _meta(given: SeriesInput, base: BaseJob | PdfBaseJob, strategy: str, both_ways: bool) -> dict[str, Any]:
    axis = given.series.axis
    return {
        **_description(given, base),
        "series_file": given.name,
        "digest": _digest(given, base),
        "engine": base.engine,
        "strategy": "both ways" if both_ways else strategy,
        "axis": {"name": axis.name, "unit": axis.unit},
        **base.facts(),
        "versions": {"xtal": __version__, "python": platform.python_version()},
    }


def _description(given: SeriesInput, base: BaseJob | PdfBaseJob) -> dict[str, Any]:
    """What a report needs and no frame's answer depends on: it may change while a series goes on."""
    return {
        "title": given.title,
        "series": given.series.model_dump(by_alias=True, mode="json"),
        "properties": [_property(given, table) for table in given.series.property],
        "inputs": {**_base_file(given), **dict(base.job.inputs), given.name: given.digest},
    }


def _base_file(given: SeriesInput) -> dict[str, str]:
    """sha256 of the job by its name; a template is xtal's own."""
    name = given.series.job
    return {} if name is None else {Path(name).name: sha256(given.folder / name)}


def _property(given: SeriesInput, table: Any) -> dict[str, Any]:
    name = f"log10 {table.name}" if table.logarithm else table.name
    return {"name": name, "unit": table.unit, "values": property_values(given, table)}


def _digest(given: SeriesInput, base: BaseJob | PdfBaseJob) -> str:
    """sha256 of everything that a frame's answer depends on besides its pattern."""
    series = given.series.model_dump(mode="json", include={"shared", "override", "run"})
    # How long to wait, and how often to try, may be changed on the way.
    series["run"] = {name: value for name, value in series["run"].items() if name not in ("timeout", "retries")}
    content = {**base.content(), "series": series}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _refuse_changed(
    meta: Mapping[str, Any], given: SeriesInput, base: BaseJob | PdfBaseJob, options: RunOptions
) -> None:
    same_engine = options.engine is None or options.engine == meta["engine"]
    if meta["digest"] != _digest(given, base) or not same_engine:
        raise InputError(
            "the series file, its job, a structure or the engine is not what this series was begun with;",
            where=given.name,
            remedy="undo the change, or run into another folder: frames of two models don't belong into one table.",
        )
    strategy = "both ways" if options.both_ways else options.strategy
    asked = {"strategy": strategy, "frames": options.frames}
    begun = {"strategy": meta["strategy"], "frames": meta.get("selection")}
    for name, value in asked.items():
        if value is not None and value != begun[name]:
            raise InputError(f"{name} {value!r}, but the series was begun with {begun[name] or 'all'!r};", where="--resume",
                             remedy="leave that option out, or run into another folder.")  # fmt: skip


class _Driver:
    """State of a run: what is waiting, ready and running."""

    def __init__(self, given: SeriesInput, base: BaseJob | PdfBaseJob, store: Store, options: RunOptions, stop: StopRequest,
                 listener: Listener | None) -> None:  # fmt: skip
        self._given, self._base, self._store, self._options = given, base, store, options
        self._stop, self._listener = stop, listener
        self._frames = {frame.index: frame for frame in _found(given, store.frames())}
        self._steps = store.steps()
        self._parents = {(step.frame, step.route): step.parent for step in self._steps}
        self._status = store.finished()
        self.left = [step for step in self._steps if (step.frame, step.route) not in self._status]
        self._done_before = len(self._steps) - len(self.left)
        self._deadlines: dict[int, tuple[FrameTask, float]] = {}
        self._alone: set[tuple[int, str]] = set()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._begun = time.monotonic()
        self._timeout = options.timeout or given.series.run.timeout

    def run(self, pool: Pool) -> Summary:
        """Until nothing is left, the user stops the run, or the scheduler is gone."""
        last_sign = time.monotonic()
        while self.left or pool.n_running:
            if self._stop.count > 1:
                raise KeyboardInterrupt
            if self._stop.count and not pool.n_running:
                return self.summary("stopped on request")
            if not pool.is_connected:
                return self.summary("the scheduler went away")
            if not self._stop.count:
                self._feed(pool)
            found = pool.next(POLL)
            if found is not None:
                last_sign = time.monotonic()
                self._take(pool, *found)
            elif pool.n_slots():
                self._end_hung(pool)
                last_sign = time.monotonic()
            elif time.monotonic() - last_sign > NO_WORKER:
                return self.summary(f"no worker was there for {NO_WORKER:g} s")
        return self.summary("")

    def summary(self, reason: str) -> Summary:
        """Where the run stands."""
        failed = sum(status not in GOOD for status in self._status.values())
        return Summary(len(self._status), len(self._steps), failed, time.monotonic() - self._begun, reason)

    def _feed(self, pool: Pool) -> None:
        """Keep every worker busy with one message waiting behind it; more would only fill memory."""
        slots = pool.n_slots()
        size = self._message_size(slots)
        room = 2 * slots * size - pool.n_running
        if room < size:
            return
        steps = list(itertools.islice((one for one in self.left if self._is_ready(one)), room))
        size = max(1, min(size, -(-len(steps) // max(slots, 1))))
        together: list[FrameTask] = []
        for step in steps:
            self.left.remove(step)
            task = self._task(step)
            if isinstance(task, Fit):
                self._keep(task, pool)
            elif (step.frame, step.route) in self._alone:
                self._submit(pool, [task])
            else:
                together.append(task)
            if len(together) == size:
                self._submit(pool, together)
                together = []
        if together:
            self._submit(pool, together)

    def _message_size(self, slots: int) -> int:
        """Frames to send at once, by how long the last ones took; one where few are left, so that no worker waits for another."""
        if not self._recent:
            return 1
        by_time = int(MESSAGE_SECONDS / statistics.median(self._recent))
        return max(1, min(by_time, LARGEST_MESSAGE, len(self.left) // (4 * max(slots, 1))))

    def _is_ready(self, step: Step) -> bool:
        return step.parent is None or (step.parent, step.route) in self._status

    def _task(self, step: Step) -> FrameTask | Fit:
        """The task of a step, or its failure when the pattern can't be used."""
        frame = self._frames[step.frame]
        try:
            job, digest = self._job(frame)
        except (PatternError, InputError) as error:
            return failed_fit(
                step.frame, step.route, str(error).replace(f"{frame.path.parent}/", ""), status="unreadable"
            )
        parent = None if step.parent is None else self._store.fit(step.parent, step.route, whole=False)
        if parent is not None and parent.status not in GOOD:
            parent = None
        kind: type[FrameTask] = PdfFrameTask if isinstance(job, PdfJob) else FrameTask
        return kind(
            frame=step.frame,
            route=step.route,
            job=job,
            starts=None if parent is None else {name: value for name, value, _ in parent.parameters},
            weak=() if parent is None else parent.weak,
            parent=None if parent is None else step.parent,
            parent_gof=None if parent is None else parent.rwp if kind is PdfFrameTask else parent.gof,
            all_stages=self._given.series.run.warm_stages == "all",
            timeout=self._timeout,
            sha256=digest,
        )

    def _job(self, frame: Frame) -> tuple[Job | PdfJob, str]:
        """The job of a frame, and the sha256 of its file."""
        if isinstance(self._base, PdfBaseJob):
            job, digest = read_pdf_frame(self._base, frame.path)
            return adjusted_pdf_job(job, frame.index, self._given), digest
        pattern, digest = read_frame(frame.path, self._base, self._excluded(frame))
        return frame_job(self._base, pattern, frame.index, self._given), digest

    def _excluded(self, frame: Frame) -> list[list[float]]:
        overrides = self._given.series.override
        return [region for one in overrides if in_ranges(frame.index, [one.frames]) for region in one.excluded]

    def _submit(self, pool: Pool, tasks: Sequence[FrameTask], avoid: str = "") -> None:
        deadline = time.monotonic() + (2 + len(tasks)) * tasks[0].timeout + GRACE
        self._deadlines |= {id(task): (task, deadline) for task in tasks}
        pool.submit(tasks, avoid)

    def _take(self, pool: Pool, task: FrameTask, answer: Fit | Lost) -> None:
        """Store an answer, or try again where that may help."""
        self._deadlines.pop(id(task), None)
        if isinstance(answer, Lost):
            if answer.error is not None and engine_is_unusable(answer.error):
                raise answer.error
            if answer.is_shared:
                self._alone.add((task.frame, task.route))
            if answer.is_dropped or answer.is_shared:
                self.left.insert(0, Step(task.frame, task.route, self._parents[task.frame, task.route]))
                return
            failure = failed_fit(
                task.frame, task.route, f"No answer: {answer.message}.", attempts=task.attempt, sha256=task.sha256
            )
            self._again_or_keep(pool, task, failure)
        elif answer.status in GOOD:
            if answer.seconds > 0:
                self._recent.append(answer.seconds)
            self._keep(answer, pool)
        else:
            self._again_or_keep(pool, task, answer)

    def _again_or_keep(self, pool: Pool, task: FrameTask, failure: Fit) -> None:
        if task.attempt > self._given.series.run.retries or self._stop.count:
            self._keep(failure, pool)
        else:
            again = replace(task, attempt=task.attempt + 1, starts=None, weak=(), parent=None)
            self._submit(pool, [again], failure.worker)

    def _end_hung(self, pool: Pool) -> None:
        """Give up on frames whose worker neither answers nor dies."""
        now = time.monotonic()
        for task, deadline in list(self._deadlines.values()):
            if now > deadline and id(task) in self._deadlines:
                lost = pool.cancel(task)
                for one in lost:
                    self._take(pool, one, Lost("its worker neither answered nor ended", is_shared=len(lost) > 1))

    def _keep(self, fit: Fit, pool: Pool) -> None:
        if self._store.add(fit):
            self._status[fit.frame, fit.route] = fit.status
        if self._listener is not None:
            self._listener(self._progress(fit, pool))

    def _progress(self, fit: Fit, pool: Pool) -> Progress:
        done, seconds = len(self._status), time.monotonic() - self._begun
        rate = (done - self._done_before) / seconds if seconds > 0 else 0.0
        failed = sum(status not in GOOD for status in self._status.values())
        left = len(self._steps) - done
        return Progress(done, len(self._steps), failed, pool.n_running, rate, left / rate if rate > 0 else None, fit)
