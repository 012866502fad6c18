"""``xtal phases``: the reference structures, and models built from them."""

from __future__ import annotations

from typing import ClassVar

import typer

from . import Commands

__all__ = ["PHASES_COMMANDS", "phases"]

PHASES_COMMANDS = {
    "list": "xtal.cli.phases_list",
    "show": "xtal.cli.phases_show",
    "build": "xtal.cli.phases_build",
}


class PhasesCommands(Commands):
    """The commands of ``xtal phases``."""

    table: ClassVar[dict[str, str]] = PHASES_COMMANDS


phases = typer.Typer(
    name="phases", cls=PhasesCommands, no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@phases.callback()
def _group() -> None:
    """Reference structures, and models built from them."""
