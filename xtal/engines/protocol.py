"""What an engine is to the rest of the toolkit.

An engine turns an `EngineTask` (neutral units, plain JSON) into events and, at the end, an outcome, in a child process.
The JSON is described in docs/developer-guide.md; the worker of an engine alone knows that engine's own units and words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

__all__ = ["Engine", "EngineRun", "EngineTask", "EventListener", "RunStatus", "RunsHere"]

EngineTask = dict[str, Any]
EventListener = Callable[[dict[str, Any]], None]
RunStatus = Literal["done", "timeout", "died", "error", "unsupported"]


@dataclass(frozen=True)
class EngineRun:
    """How a fit in a child process ended.

    Parameters
    ----------
    status : {"done", "timeout", "died", "error", "unsupported"}
        ``done`` says that the worker finished, not that the fit converged.
    outcome : dict or None
        Of the last finished stage; None when there is none.
    message : str
        Why it isn't ``done``.
    seconds : float
        Wall-clock time from sending the task.
    log : str
        What engine and worker printed.
    """

    status: RunStatus
    outcome: dict[str, Any] | None
    message: str
    seconds: float
    log: str


class Engine(Protocol):
    """A refinement engine.

    Attributes
    ----------
    name : str
        As jobs name it.
    """

    name: str

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker.

        Raises
        ------
        EngineMissingError
            The engine is not installed.
        """
        ...


@runtime_checkable
class RunsHere(Protocol):
    """An engine that can also fit in the calling process."""

    def prepare(self) -> None:
        """Import what the first fit would wait for."""
        ...

    def run_here(self, task: EngineTask, *, timeout: float, on_event: EventListener | None = None) -> EngineRun:
        """Fit a task; see `run_task` of `process`."""
        ...
