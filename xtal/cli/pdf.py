"""``xtal pdf``: pair distribution functions. `PDF_COMMANDS` leads from a command to its module, as `xtal.cli.COMMANDS` does."""

from __future__ import annotations

from typing import ClassVar

import typer

from . import Commands

__all__ = ["PDF_COMMANDS", "pdf"]

PDF_COMMANDS = {
    "fit": "xtal.cli.pdf_fit",
    "compare": "xtal.cli.pdf_compare",
    "reduce": "xtal.cli.pdf_reduce",
    "local": "xtal.cli.pdf_local",
    "simulate": "xtal.cli.pdf_simulate",
}


class PdfCommands(Commands):
    """The commands of ``xtal pdf``."""

    table: ClassVar[dict[str, str]] = PDF_COMMANDS


pdf = typer.Typer(name="pdf", cls=PdfCommands, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@pdf.callback()
def _group() -> None:
    """Pair distribution functions: simulate, fit, compare models; reduce data, describe local order."""
