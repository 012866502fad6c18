"""What workers of this interpreter share: a standard output for events alone, strict JSON lines, an end with the parent."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from ..strict_json import finite

__all__ = ["TaskError", "claim_stdout", "encode", "end_with_parent", "line_writer"]

PARENT_CHECK_SECONDS = 1.0


class TaskError(Exception):
    """A task that a worker refuses, or a fit that failed.

    Parameters
    ----------
    kind : str
        ``"unsupported"``, ``"bad_input"`` or ``"diverged"``, as in the engine contract.
    message : str
        What was found, where, and what to do.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def claim_stdout() -> IO[str]:
    """Keep the real standard output for events and send file descriptor 1, on which C++ prints too, to stderr."""
    sys.stdout.flush()
    real = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return real


def line_writer(stream: IO[str]) -> Callable[[str], None]:
    """Return a function that writes one line and flushes it."""

    def emit(text: str) -> None:
        stream.write(text + "\n")
        stream.flush()

    return emit


def end_with_parent() -> None:
    """Start a thread that ends this process when the one that started it is gone, even in the middle of a fit."""
    threading.Thread(target=_watch_parent, daemon=True).start()


def _watch_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


def encode(value: Any) -> str:
    """Return `value` as one line of strict JSON; numbers that are not finite become null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), allow_nan=False)
