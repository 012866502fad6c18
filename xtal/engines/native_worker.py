"""Child process that runs the native engine: ``python -m xtal.engines.native_worker``; see `json_lines`."""

from __future__ import annotations

from typing import Any

from xtal.engines.json_lines import Emit, serve
from xtal.errors import XtalError
from xtal.native import NativeError, refine_task
from xtal.native.outcome import ENGINE

__all__ = ["refine"]


def refine(task: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Refine a task; what the forward model refuses counts as bad input."""
    try:
        return refine_task(task, emit)
    except XtalError as error:
        raise NativeError("bad_input", str(error)) from error


if __name__ == "__main__":
    raise SystemExit(serve(ENGINE, refine))
