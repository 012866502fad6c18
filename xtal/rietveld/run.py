"""`refine`: a resolved job goes through an engine in a child process and comes back as a result."""

from __future__ import annotations

import functools
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .._version import __version__
from ..engines import Engine, engine_named
from ..engines.process import collected_files, run_task, scratch_folder
from ..engines.protocol import EventListener, RunsHere
from ..engines.task import engine_task
from ..errors import EngineUnsupportedError
from ..job import Job
from ..result import Result
from .assemble import assemble_result
from .usable import refuse_hopeless
from .weak_phases import weak_phases, with_held_phases

__all__ = ["DEFAULT_TIMEOUT", "refine"]

DEFAULT_TIMEOUT = 600.0
_REPORTED_PACKAGES = ("numpy", "scipy", "gemmi", "rietx", "numba")


def refine(
    job: Job,
    *,
    engine: str | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    on_event: EventListener | None = None,
    command: Sequence[str] = (),
    meanwhile: Callable[[], None] | None = None,
    is_near: bool = False,
    in_process: bool = False,
) -> Result:
    """Refine a job.

    Parameters
    ----------
    job : Job
        Resolved job.
    engine : str, optional
        ``rietx``, ``gsas2`` or ``native``; default: the job's.
    timeout : float
        Wall-clock limit, seconds.
    on_event : callable, optional
        Called with each stage as it starts and ends.
    command : sequence of str, optional
        Command line to record in the result's provenance.
    meanwhile : callable, optional
        Called once when the fit is under way: what the caller can do while it waits.
    is_near : bool
        The start values are the answer of a neighbouring pattern: an engine may leave out what only helps from afar.
    in_process : bool
        Fit in this process where the engine can (native): for a process that may be lost, such as a cluster's worker.

    Returns
    -------
    Result
        Also of a fit that failed or ran out of time: `status` says so.

    Raises
    ------
    EngineMissingError
        The engine is not installed.
    EngineUnsupportedError
        The engine can't express the job.
    PatternError
        No model could be fitted to the pattern: too few points, nothing but zeros.
    """
    refuse_hopeless(job)
    chosen = engine_named(engine or job.engine)
    started = time.monotonic()
    result = _fit(job, chosen, timeout, on_event, command, meanwhile, is_near=is_near, in_process=in_process)
    weak = weak_phases(job, result) if job.has_fractions else ()
    left = timeout - (time.monotonic() - started)
    if not weak or left <= 0:
        return result
    held = with_held_phases(job, weak)
    again = _fit(held, chosen, left, on_event, command, is_near=is_near, in_process=in_process)
    seconds = round(result.provenance["seconds"] + again.provenance["seconds"], 3)
    return replace(again, provenance={**again.provenance, "seconds": seconds})


def _fit(
    job: Job,
    engine: Engine,
    timeout: float,
    on_event: EventListener | None,
    command: Sequence[str],
    meanwhile: Callable[[], None] | None = None,
    *,
    is_near: bool = False,
    in_process: bool = False,
) -> Result:
    """One fit, in a child process unless it may run here."""
    if in_process and isinstance(engine, RunsHere):
        run = engine.run_here(engine_task(job, ""), timeout=timeout, on_event=on_event)
        if run.status == "unsupported":
            raise EngineUnsupportedError(f"{engine.name} can't express this job: {run.message}")
        return assemble_result(job, run, engine.name, _provenance(job, command), {})
    with scratch_folder() as folder:
        task = engine_task(job, folder) | ({"is_near": True} if is_near else {})
        run = run_task(engine.worker_command(), task, timeout=timeout, on_event=on_event, meanwhile=meanwhile)
        if run.status == "unsupported":
            raise EngineUnsupportedError(f"{engine.name} can't express this job: {run.message}")
        names = [] if run.outcome is None else run.outcome.get("files", [])
        files = collected_files(folder, names)
    return assemble_result(job, run, engine.name, _provenance(job, command), files)


def _provenance(job: Job, command: Sequence[str]) -> dict[str, Any]:
    return {
        "inputs": dict(job.inputs),
        "versions": {"xtal": __version__, "python": platform.python_version(), **_package_versions()},
        "command": " ".join(_without_folders(word) for word in command),
        "seed": job.seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _without_folders(word: str) -> str:
    """A command's word with an absolute path cut to its name: results hold no paths of a machine."""
    return Path(word).name if Path(word).is_absolute() else word


@functools.cache
def _package_versions() -> dict[str, str]:
    versions = {}
    for name in _REPORTED_PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return versions
