"""Errors that a task is answered with."""

from __future__ import annotations


class WorkerError(Exception):
    """A task that cannot be run, with the kind of event it is reported as."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unsupported(message: str) -> WorkerError:
    """Error for something GSAS-II cannot express."""
    return WorkerError("unsupported", message)


def bad_input(message: str) -> WorkerError:
    """Error for a task which contradicts itself."""
    return WorkerError("bad_input", message)
