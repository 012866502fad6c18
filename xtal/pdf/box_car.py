"""Fits in a window that moves along r."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ..engines.pdffit2_engine import Pdffit2Engine
from ..engines.process import run_task
from ..engines.protocol import EngineRun, EventListener
from ..job.resolved import Stage
from ..result import Status
from .job import PdfJob
from .pdffit2_task import pdffit2_task
from .result import PdfResult, PdfWindow
from .uncertainty import AT_REST, covariance_at_end, value_of

__all__ = ["fitted_windows"]

_EDGE = 1e-6


def fitted_windows(
    job: PdfJob, whole: PdfResult, deadline: float, on_event: EventListener | None
) -> Iterator[PdfWindow]:
    """Fits of the box-car series, each from where the one before it ended, the first from the whole range.

    A window that fits worse than the whole range's values do starts from those.
    """
    assert job.box_car is not None
    start = {name: item.value for name, item in whole.parameters.items()}
    current = dict(start)
    for low, high in job.box_car.windows:
        found = _fitted_window(job, current, low, high, deadline)
        if current != start and (found.rw is None or found.rw > _rw_within(whole, low, high)):
            again = _fitted_window(job, start, low, high, deadline)
            found = min((again, found), key=lambda item: np.inf if item.rw is None else item.rw)
        if found.status == "converged":
            current.update({name: float(item.value or 0.0) for name, item in found.values.items()})
        if on_event is not None:
            on_event({"event": "window", "low": low, "high": high, "rw": found.rw, "status": found.status})
        yield found


def _rw_within(result: PdfResult, low: float, high: float) -> float:
    """Rw of a fit's curves in a window."""
    squares = total = 0.0
    for curves in result.curves.values():
        inside = (curves.r > low - _EDGE) & (curves.r < high + _EDGE)
        weight = 1.0 if curves.sigma is None else 1.0 / curves.sigma[inside] ** 2
        squares += float(np.sum(weight * curves.difference[inside] ** 2))
        total += float(np.sum(weight * curves.observed[inside] ** 2))
    return float(np.sqrt(squares / total))


def _fitted_window(job: PdfJob, start: Mapping[str, float], low: float, high: float, deadline: float) -> PdfWindow:
    assert job.box_car is not None
    left = deadline - time.monotonic()
    if left <= 0:
        return PdfWindow(low, high, None, "timeout", {})
    window = replace(
        job, box_car=None, stages=(Stage("window", "", job.box_car.free, 100),),
        data=tuple(replace(data, pattern=data.pattern.cut(low - _EDGE, high + _EDGE)) for data in job.data),
        parameters={name: replace(item, start=start[name]) for name, item in job.parameters.items()},
    )  # fmt: skip
    run = run_task(Pdffit2Engine().worker_command(), pdffit2_task(window), timeout=left)
    return _window(window, run, low, high)


def _window(window: PdfJob, run: EngineRun, low: float, high: float) -> PdfWindow:
    if run.outcome is None:
        return PdfWindow(low, high, None, "timeout" if run.status == "timeout" else "failed", {})
    values = window.completed({name: float(value) for name, value in run.outcome["parameters"].items()})
    status: Status = "failed"
    if run.status == "done":
        status = "converged" if run.outcome["converged"] else "not_converged"
    held = set(run.outcome["at_bounds"])
    free = tuple(name for name in window.stages[0].free if name not in held)
    covariance = covariance_at_end(window, values, free, run.outcome, status)
    if status == "converged" and covariance.expected_drop > AT_REST:
        status = "not_converged"
    found = {name: value_of(name, values, covariance) for name in window.stages[0].free}
    found |= {name: replace(found[name], esd=None, reason="it ended on its bound") for name in held}
    return PdfWindow(low, high, float(run.outcome["rw"]), status, found)
