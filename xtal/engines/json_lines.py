"""The child's side of the engine protocol: commands as JSON lines on standard input, events as JSON lines on standard output.

Whatever a library prints goes to standard error. The process stays warm for further fits and ends with its parent.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from .worker_lines import claim_stdout, encode, end_with_parent, line_writer

__all__ = ["serve"]

Emit = Callable[[dict[str, Any]], None]
Refine = Callable[[dict[str, Any], Emit], dict[str, Any]]


def serve(engine: dict[str, str], refine: Refine) -> int:
    """Answer commands until ``quit`` or end of input; an error in one never ends the process.

    Parameters
    ----------
    engine : dict
        ``name`` and ``version``.
    refine : callable
        Takes the task and a function for events, returns the outcome. An exception with an attribute ``kind`` becomes an
        error event of that kind, any other one an ``internal`` one.
    """
    write_line = line_writer(claim_stdout())
    encoder = _OutcomeEncoder()

    def emit(event: dict[str, Any]) -> None:
        write_line(encoder.encode(event))

    end_with_parent()
    emit({"event": "ready", "engine": engine["name"], "version": engine["version"]})
    _answer_all(sys.stdin, engine, refine, emit)
    return 0


def _answer_all(lines: Iterable[str], engine: dict[str, str], refine: Refine, emit: Emit) -> None:
    for line in lines:
        if not line.strip():
            continue
        try:
            command = json.loads(line)
            match command.get("cmd"):
                case "refine":
                    emit({"event": "done", "outcome": refine(command["task"], emit)})
                case "version":
                    emit({"event": "version", "engine": engine["name"], "version": engine["version"]})
                case "quit":
                    return
                case other:
                    emit({"event": "error", "kind": "bad_input", "detail": "",
                          "message": f"Unknown command {other!r}; use refine, version or quit."})  # fmt: skip
        except Exception as error:  # the parent must hear of every failure
            emit(_error_event(engine["name"], error))


def _error_event(engine: str, error: Exception) -> dict[str, Any]:
    kind = getattr(error, "kind", "bad_input" if isinstance(error, json.JSONDecodeError) else "internal")
    message = str(error) or type(error).__name__
    if kind == "internal":
        message = f"{engine} failed unexpectedly: {message}"
    return {"event": "error", "kind": kind, "message": message,
            "detail": "".join(traceback.format_exception(error))}  # fmt: skip


class _OutcomeEncoder:
    """Encodes events; an outcome that was the last snapshot isn't encoded again."""

    def __init__(self) -> None:
        self._last: tuple[Any, str] = (None, "null")

    def encode(self, event: dict[str, Any]) -> str:
        """One line of strict JSON."""
        key = next((key for key in ("snapshot", "outcome") if key in event), None)
        if key is None:
            return encode(event)
        if event[key] is not self._last[0]:
            self._last = (event[key], encode(event[key]))
        head = encode({name: value for name, value in event.items() if name != key})
        return f'{head[:-1]}, "{key}": {self._last[1]}}}'
