"""A live line for the stage that runs and one line for each that is done, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["stage_line", "stage_lines"]

Listener = Callable[[dict[str, Any]], None]


def stage_line(event: dict[str, Any]) -> str:
    """What is said of a finished stage: number, name, Rwp in percent, seconds."""
    return (
        f"stage {event['index'] + 1}  {event['name']:<40}  Rwp {100 * event['rwp']:6.2f} %  {event['seconds']:6.1f} s"
    )


@contextmanager
def stage_lines(quiet: bool = False) -> Iterator[Listener]:
    """Listener for the events of an engine that shows the stages; plain lines where there is no terminal.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """
    if quiet:
        yield lambda event: None
    elif sys.stderr.isatty():
        with _live() as listener:
            yield listener
    else:
        yield _plain


def _plain(event: dict[str, Any]) -> None:
    if event["event"] == "note":
        print(event["text"], file=sys.stderr, flush=True)
    if event["event"] == "stage":
        print(stage_line(event), file=sys.stderr, flush=True)


@contextmanager
def _live() -> Iterator[Listener]:
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True, highlight=False)
    with console.status("starting the engine") as status:

        def show(event: dict[str, Any]) -> None:
            if event["event"] == "stage_start":
                status.update(f"stage {event['index'] + 1}  {escape(event['name'])}")
            elif event["event"] == "note":
                status.update(escape(event["text"]))
            elif event["event"] == "stage":
                console.print(stage_line(event), markup=False)

        yield show
