"""The process: commands in, events out."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any

from .errors import WorkerError, bad_input
from .json_values import finite
from .names import ENGINE, Emit
from .program import Gsas2, load_gsas2
from .run import run_task

PARENT_CHECK_SECONDS = 1.0


def handle(g2: Gsas2, command: Mapping[str, Any], emit: Emit) -> bool:
    """Answer one command; False when the worker is to end."""
    name = command.get("cmd")
    if name == "quit":
        return False
    if name == "version":
        emit({"event": "version", "engine": ENGINE, "version": g2.version})
    elif name == "refine":
        emit({"event": "done", "outcome": run_task(g2, command["task"], emit)})
    else:
        raise bad_input(f"unknown command {name!r}; known are refine, version and quit")
    return True


def error_event(error: BaseException) -> dict[str, Any]:
    """The event for an exception."""
    kind = error.kind if isinstance(error, WorkerError) else "internal"
    message = str(error) or type(error).__name__
    if isinstance(error, KeyError):
        kind, message = "internal", f"missing entry {error} in the task or in GSAS-II's answer"
    detail = "".join(traceback.format_exception(error))
    return {"event": "error", "kind": kind, "message": message, "detail": detail}


def claim_stdout() -> Emit:
    """Keep the real stdout for events; everything printed goes to stderr from now on."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(finite(event), allow_nan=False) + "\n")
        events.flush()

    return emit


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even in the middle of a fit."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


def main() -> int:
    """Serve commands until ``quit`` or the end of stdin."""
    emit = claim_stdout()
    threading.Thread(target=end_with_parent, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="xtal-gsas2-") as home:
        # GSAS-II would read and write its settings in the home directory of the user.
        os.environ["HOME"] = home
        try:
            g2 = load_gsas2()
        except Exception as error:
            emit(error_event(error))
            return 1
        emit({"event": "ready", "engine": ENGINE, "version": g2.version})
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                if not handle(g2, json.loads(line), emit):
                    break
            except Exception as error:
                emit(error_event(error))
    return 0
