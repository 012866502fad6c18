"""``xtal series``: many frames with one job. `SERIES_COMMANDS` leads from a command to its module, as `xtal.cli.COMMANDS` does."""

from __future__ import annotations

from typing import ClassVar

import typer

from . import Commands

__all__ = ["SERIES_COMMANDS", "series"]

SERIES_COMMANDS = {
    "run": "xtal.cli.series_run",
    "status": "xtal.cli.series_status",
    "export": "xtal.cli.series_export",
    "report": "xtal.cli.series_report",
}


class SeriesCommands(Commands):
    """The commands of ``xtal series``."""

    table: ClassVar[dict[str, str]] = SERIES_COMMANDS


series = typer.Typer(
    name="series", cls=SeriesCommands, no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@series.callback()
def _group() -> None:
    """Series of patterns: in-situ, composition and batch refinement, in parallel and resumable."""
