"""What every command that refines does with a job: check the folder, run, show, write, and say how it went."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .progress import stage_lines

if TYPE_CHECKING:
    from ..job import Job
    from ..result import Result

__all__ = ["EXIT_CODES", "default_folder", "refine_and_write"]

EXIT_CODES = {"pass": 0, "review": 1, "fail": 2}
PIPE_WIDTH = 160


def default_folder(source: Path) -> Path:
    """Folder for results when none is named: the file's name with ``-result``, in the working directory."""
    return Path(f"{source.stem}-result")


def refine_and_write(job: Job, folder: Path, *, timeout: float, force: bool, as_json: bool, quiet: bool) -> None:
    """Refine a job, write its folder, print what is wanted, and end with the exit code of the verdict.

    Raises
    ------
    XtalError
        The folder is taken, the engine is missing or can't express the job, or the result can't be written.
    typer.Exit
        With 0 pass, 1 review, 2 fail.
    """
    from ..report.folder import check_folder, write_result
    from ..rietveld.run import refine

    check_folder(folder, force)
    with stage_lines(quiet) as listener:
        result = refine(job, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]))
    if not (as_json or quiet):
        _show(result)
    write_result(result, folder, force)
    if as_json:
        print((folder / "result.json").read_text(encoding="utf-8"), end="")
    elif not quiet:
        print(f"report: {folder / 'report.html'}")
    raise typer.Exit(EXIT_CODES[result.verdict])


def _show(result: Result) -> None:
    from rich.console import Console

    from .tables import print_result

    print(result.title)
    # A file or a pipe has no width to keep to; 80 columns would cut the table of phases.
    print_result(result, Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH))
