"""The native engine: xtal's own forward model with exact derivatives; runs in this interpreter."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from ..errors import XtalError
from .protocol import EngineRun, EngineTask, EventListener, RunStatus

__all__ = ["NativeEngine"]


class NativeEngine:
    """Refinement by `xtal.native`; faster with numba, complete without it."""

    name = "native"

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker."""
        return (sys.executable, "-m", "xtal.engines.native_worker")

    def prepare(self) -> None:
        """Import what the first fit in this process would wait for."""
        from ..native import batch, warm_up  # noqa: F401
        from ..native.kernels import must_compile

        must_compile()

    def run_here(self, task: EngineTask, *, timeout: float, on_event: EventListener | None = None) -> EngineRun:
        """Fit in this process, which keeps its models from one fit to the next.

        Parameters
        ----------
        task : dict
            The fit, neutral units.
        timeout : float
            Limit in seconds, seen between two evaluations of the pattern; the last finished stage is kept.
        on_event : callable, optional
            Called with every event.
        """
        from ..native.refusals import NativeError
        from ..native.solver import OutOfTime, time_limit

        stages: list[dict[str, Any]] = []

        def listen(event: dict[str, Any]) -> None:
            if "snapshot" in event:
                stages.append(event["snapshot"])
            if on_event is not None:
                on_event(event)

        def ended(status: RunStatus, message: str = "") -> EngineRun:
            return EngineRun(status, stages[-1] if stages else None, message, time.monotonic() - started, "")

        started = time.monotonic()
        try:
            with time_limit(timeout):
                self._batch().refine(task, listen)
        except OutOfTime:
            return ended("timeout", f"stopped after the time limit of {timeout:g} s")
        except NativeError as error:
            return ended("unsupported" if error.kind == "unsupported" else "error", str(error))
        except XtalError as error:
            return ended("error", str(error))
        return ended("done")

    def _batch(self) -> Any:
        """The models of this thread."""
        from ..native.batch import Batch

        if not hasattr(self._of_thread, "batch"):
            self._of_thread.batch = Batch()
        return self._of_thread.batch
