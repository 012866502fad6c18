"""One refinement of one frame, in a worker. Everything it needs comes as data, and everything it finds goes back as data."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from ..engines import engine_named
from ..engines.protocol import RunsHere
from ..errors import EngineError, XtalError
from ..job import Job, Parameter
from ..result import ProfileCurves, ReflectionRow, Result
from ..rietveld.weak_phases import WEAK_BELOW, with_held_phases
from .packing import pack_array, pack_curves, pack_json
from .store import Fit

__all__ = ["FrameTask", "packed_fit", "refine_frame", "warm_job"]

WORSE = 1.3
"""A warm fit whose GOF exceeds its neighbour's by this factor is checked against a cold one."""

_AT_BOUND = 1e-6
_REFLECTION = tuple(one.name for one in fields(ReflectionRow))
_VALUES = attrgetter(*_REFLECTION)


@dataclass(frozen=True, eq=False)
class FrameTask:
    """What a worker gets.

    Parameters
    ----------
    frame, route : int, str
        Which step.
    job : Job
        With this frame's pattern; that of G(r) is a `PdfJob`.
    starts : mapping or None
        Refined values of the frame that it starts from; None for a cold start.
    weak : tuple of str
        Phases that were hardly found there.
    parent : int or None
        That frame.
    parent_gof : float or None
        Its goodness of fit.
    all_stages : bool
        Whether a warm start goes through all stages.
    timeout : float
        Limit for the whole frame, seconds.
    """

    frame: int
    route: str
    job: Any
    starts: Mapping[str, float] | None
    weak: tuple[str, ...]
    parent: int | None
    parent_gof: float | None
    all_stages: bool
    timeout: float
    sha256: str
    attempt: int = 1

    def refine(self) -> Fit:
        """Refine the frame, as `refine_frame`."""
        return refine_frame(self)


def refine_frame(task: FrameTask) -> Fit:
    """Refine a frame; a fit that fails comes back as a `Fit` that says so.

    Raises
    ------
    EngineError
        The engine is missing or can't express the job: that holds for every frame.
    """
    # Several engines share this machine's cores.
    os.environ.setdefault("RIETX_COMPILED_THREADS", "1")
    started = time.monotonic()
    result, parent = _refined(task, started + task.timeout)
    fitted = time.monotonic()
    fit = _packed(task, result, parent)
    timing = {"fit": fitted - started, "engine": float(result.provenance.get("seconds", 0.0)),
              "pack": time.monotonic() - fitted}  # fmt: skip
    rounded = {name: round(seconds, 4) for name, seconds in timing.items()}
    return replace(fit, timing=rounded, seconds=round(time.monotonic() - started, 4))


def _refined(task: FrameTask, deadline: float) -> tuple[Result, int | None]:
    """Result, and the frame that it started from."""
    if task.starts is None:
        return _fitted(task.job, task.weak, deadline), None
    warm = _fitted(warm_job(task.job, task.starts, task.all_stages), task.weak, deadline, is_near=True)
    if _is_good(warm, task.parent_gof):
        return warm, task.parent
    cold = _fitted(task.job, (), deadline)
    return (cold, None) if _better(cold, warm) else (warm, task.parent)


def _fitted(job: Job, weak: tuple[str, ...], deadline: float, *, is_near: bool = False) -> Result:
    """A fit. Phases that were weak next door are held first, and set free when the scale alone says that they are there."""
    from ..rietveld.run import refine

    marked = tuple(phase.name for phase in job.phases if phase.hold_when_weak and phase.name in weak)
    if marked:
        held = refine(with_held_phases(job, marked), timeout=_left(deadline), is_near=is_near, in_process=True)
        if not any(_is_there(held, name) for name in marked):
            return held
    return refine(job, timeout=_left(deadline), is_near=is_near, in_process=True)


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.1)


def _is_there(result: Result, phase: str) -> bool:
    if phase not in result.phases:
        return True
    fraction = result.phases[phase].weight_fraction
    return fraction.value is not None and fraction.esd is not None and fraction.value >= WEAK_BELOW * fraction.esd


def _is_good(result: Result, parent_gof: float | None) -> bool:
    if result.status != "converged" or result.agreement is None:
        return False
    return parent_gof is None or result.agreement.gof <= WORSE * parent_gof


def _better(first: Result, second: Result) -> bool:
    """Whether the first is the one to keep: converged before not, then by Rwp."""
    ranks = [
        (one.status != "converged", one.agreement.rwp if one.agreement else float("inf")) for one in (first, second)
    ]
    return ranks[0] < ranks[1]


def warm_job(job: Job, starts: Mapping[str, float], all_stages: bool = False) -> Job:
    """The job with a neighbour's values as start, and only its last stage unless all are wanted.

    Scales are left to engines of their own process, which find them from the pattern before the fit; where the fit itself costs
    no more than that, they start at the neighbour's. Values on a bound start where the job says.
    """
    keeps_scales = isinstance(engine_named(job.engine), RunsHere)
    parameters = {
        name: parameter if name.endswith(".scale") and not keeps_scales else _started(parameter, starts.get(name))
        for name, parameter in job.parameters.items()
    }
    return replace(job, parameters=parameters, stages=job.stages if all_stages else job.stages[-1:])


def _started(parameter: Parameter, value: float | None) -> Parameter:
    if value is None:
        return parameter
    for bound in (parameter.min, parameter.max):
        if bound is not None and abs(value - bound) <= _AT_BOUND * max(abs(bound), 1e-3):
            return parameter
    low = value if parameter.min is None else max(value, parameter.min)
    return replace(parameter, start=low if parameter.max is None else min(low, parameter.max))


def _packed(task: FrameTask, result: Result, parent: int | None) -> Fit:
    agreement = result.agreement
    return replace(
        packed_fit(task, parent, (result.status, result.verdict, result.message), result.profile, _content(result)),
        rwp=None if agreement is None else agreement.rwp,
        gof=None if agreement is None else agreement.gof,
        n_points=None if agreement is None else agreement.n_points,
        weak=_held(task.job, result),
        parameters=tuple((name, item.value, item.esd) for name, item in result.parameters.items() if item.free),
    )


def packed_fit(
    task: FrameTask, parent: int | None, said: tuple[str, str, str], curves: ProfileCurves | None, content: Any
) -> Fit:
    """What every frame's answer has, whatever was fitted: `said` is status, verdict and message, `content` the result's JSON."""
    status, verdict, message = said
    return Fit(
        frame=task.frame,
        route=task.route,
        status=status,
        verdict=verdict,
        message=message,
        started_from=parent,
        attempts=task.attempt,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        sha256=task.sha256,
        x=None if curves is None else pack_array(curves.x),
        result=pack_json(content),
        curves=None if curves is None else pack_curves(curves),
    )


def _held(job: Job, result: Result) -> tuple[str, ...]:
    """Phases of which the fit left only the scale free, though the job would have freed more."""
    marked = [phase.name for phase in job.phases if phase.hold_when_weak and phase.name in result.phases]
    free = [name for name, item in result.parameters.items() if item.free]
    return tuple(
        name
        for name in marked
        if not any(one.startswith(f"phase.{name}.") and not one.endswith(".scale") for one in free)
    )


def _content(result: Result) -> dict[str, Any]:
    """What `series.Series.result` needs to build the whole result again."""
    from ..io.cif_text import cif_text
    from ..io.results import phase_esds, portable_content

    reflections = {name: _rounded(rows) for name, rows in result.reflections.items()}
    structures = {name: cif_text(one, phase_esds(result, name)) for name, one in result.structures.items()}
    return {"result": portable_content(result), "reflections": reflections, "structures": structures}


def _rounded(rows: Sequence[ReflectionRow]) -> list[list[Any]]:
    """Rows of values, the decimal numbers to seven digits; all of them are formatted at once, for there are thousands."""
    values = [value for row in rows for value in _VALUES(row)]
    places = [place for place, value in enumerate(values) if isinstance(value, float)]
    text = "%.7g " * len(places) % tuple(values[place] for place in places)
    for place, rounded in zip(places, map(float, text.split()), strict=True):
        values[place] = rounded
    return [values[start : start + len(_REFLECTION)] for start in range(0, len(values), len(_REFLECTION))]


def failed_fit(task_frame: int, route: str, message: str, *, status: str = "failed", attempts: int = 1, worker: str = "",
               sha256: str = "") -> Fit:  # fmt: skip
    """A step that came to nothing, with its reason."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return Fit(
        task_frame, route, status, "fail", message, attempts=attempts, worker=worker, finished=finished, sha256=sha256
    )


def engine_is_unusable(error: BaseException) -> bool:
    """Whether no frame of the series can be refined after this error."""
    return isinstance(error, XtalError) and isinstance(error, EngineError)
