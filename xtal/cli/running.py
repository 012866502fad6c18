"""What every command that refines does with a job: check the folder, run, show, write, and say how it went."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .progress import stage_lines

if TYPE_CHECKING:
    from ..job import Job
    from ..result import Result

__all__ = ["EXIT_CODES", "default_folder", "refine_and_write", "start_engine"]

EXIT_CODES = {"pass": 0, "review": 1, "fail": 2}
PIPE_WIDTH = 160
DEFAULT_ENGINE = "rietx"


def default_folder(source: Path) -> Path:
    """Folder for results when none is named: the file's name with ``-result``, in the working directory."""
    return Path(f"{source.stem}-result")


def start_engine(engine: str | None, job_file: Path | None = None) -> None:
    """Start the engine's process before the job is read: both take their imports at the same time.

    Only for the engine that comes with the toolkit; a job file that can't be read starts none, its errors come later.

    Parameters
    ----------
    engine : str, optional
        As the command line names it.
    job_file : Path, optional
        Where the engine is named otherwise; without it the default engine is meant.
    """
    if (engine or _engine_of(job_file)) != DEFAULT_ENGINE:
        return
    from ..engines import engine_named
    from ..engines.process import start_worker

    start_worker(engine_named(DEFAULT_ENGINE).worker_command())


def _engine_of(job_file: Path | None) -> str | None:
    if job_file is None:
        return DEFAULT_ENGINE
    import tomllib

    try:
        content = tomllib.loads(job_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(content.get("engine", DEFAULT_ENGINE))


def refine_and_write(
    job: Job,
    folder: Path,
    *,
    timeout: float,
    force: bool,
    as_json: bool,
    quiet: bool,
    afterwards: Callable[[Job, Result], Result] | None = None,
) -> None:
    """Refine a job, write its folder, print what is wanted, and end with the exit code of the verdict.

    `afterwards` may add to the result before it is shown. The fit itself is written before, so that nothing that happens
    there loses it.

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
        result = refine(
            job, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]), meanwhile=_load_libraries
        )
    if afterwards is not None:
        # What follows may take many times as long as the fit: neither Ctrl-C nor an error there may lose it.
        write_result(result, folder, force)
        force = True
        try:
            result = afterwards(job, result)
        except BaseException:
            print(f"The fit itself is kept: {folder / 'report.html'}", file=sys.stderr)
            raise
    if not (as_json or quiet):
        _show(result)
    write_result(result, folder, force)
    if as_json:
        print((folder / "result.json").read_text(encoding="utf-8"), end="")
    elif not quiet:
        print(f"report: {folder / 'report.html'}")
    raise typer.Exit(EXIT_CODES[result.verdict])


def _load_libraries() -> None:
    """Import what checks and figure need; while the engine works this costs nothing."""
    import scipy.ndimage
    import scipy.signal  # noqa: F401
    from matplotlib.mathtext import MathTextParser

    # The first formula that is set builds the grammar and loads the fonts.
    MathTextParser("agg").parse("$R$")


def _show(result: Result) -> None:
    from rich.console import Console

    from .tables import print_result

    print(result.title)
    # A file or a pipe has no width to keep to; 80 columns would cut the table of phases.
    print_result(result, Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH))
