"""The command line: one file per command, and `COMMANDS`, the table that leads from a command to its module.

A command is a function with the command's name in its module; modules import what is heavy inside that function, so that
``xtal --help`` stays quick. A command ends with `typer.Exit`: 0 pass, 1 review, 2 failed or bad input.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any, ClassVar

import typer
from typer.core import TyperGroup

from .._version import __version__
from ..errors import XtalError

__all__ = ["BAD_INPUT", "COMMANDS", "INTERRUPTED", "Commands", "app", "main"]

COMMANDS = {
    "refine": "xtal.cli.refine",
    "demo": "xtal.cli.demo",
    "templates": "xtal.cli.templates",
    "phases": "xtal.cli.phases",
    "simulate": "xtal.cli.simulate",
    "plan": "xtal.cli.plan",
    "calibrate": "xtal.cli.calibrate",
    "compare": "xtal.cli.compare",
    "compare-models": "xtal.cli.compare_models",
    "amorphous": "xtal.cli.amorphous",
    "publish": "xtal.cli.publish",
    "convert": "xtal.cli.convert",
    "project": "xtal.cli.project",
    "mismatch": "xtal.cli.mismatch",
    "pdf": "xtal.cli.pdf",
    "series": "xtal.cli.series",
    "doctor": "xtal.cli.doctor",
}
BAD_INPUT, INTERRUPTED = 2, 130


class Commands(TyperGroup):
    """Loads the module of a command when it is asked for; a group of commands is a Typer with the command's name."""

    table: ClassVar[dict[str, str]] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Command of this name; an unknown one is an error that suggests the nearest."""
        if cmd_name not in self.table:
            ctx.fail(f"No such command {cmd_name!r}.{_suggestion(cmd_name, self.table)}")
        function = getattr(import_module(self.table[cmd_name]), cmd_name.replace("-", "_"))
        if isinstance(function, typer.Typer):
            return typer.main.get_command(function)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(function)
        return typer.main.get_command(single)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C ends it with the exit code that shells expect."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("xtal: stopped.", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


def _suggestion(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(name, known, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


app = typer.Typer(
    name="xtal",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"xtal {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Crystallographic characterization of solid electrolytes.

    Exit code: 0 pass, 1 review, 2 failed or bad input.
    """


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the ``xtal`` command; ends the process with the exit code.

    What goes wrong becomes one sentence on standard error, with ``--debug`` after its traceback.
    """
    given = sys.argv[1:] if arguments is None else arguments
    rest = [argument for argument in given if argument != "--debug"]
    try:
        app(rest, prog_name="xtal")
    except Exception as error:
        if len(rest) < len(given):
            traceback.print_exception(error)
        print(f"xtal: {_sentence(error)}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, XtalError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error} (a defect of xtal; please report it with what --debug shows)."
