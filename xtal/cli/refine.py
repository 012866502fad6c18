"""``xtal refine``: refine a powder pattern."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import AsJson, EngineOption, Force, Output, Quiet, Timeout
from .running import default_folder, refine_and_write, start_engine

__all__ = ["refine"]


def refine(
    file: Annotated[Path, typer.Argument(metavar="JOB.toml|DATA", help="Job file; with --template, the pattern.")],
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", help="Template to refine DATA with (see xtal templates)."),
    ] = None,
    phase: Annotated[
        list[str] | None, typer.Option("--phase", metavar="NAME|CIF", help="Phase to add to the template; may repeat.")
    ] = None,
    instrument: Annotated[
        str | None, typer.Option("--instrument", metavar="PRESET|FILE", help="Replaces the template's instrument.")
    ] = None,
    output: Output = None,
    engine: EngineOption = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Refine a powder pattern.

    Either a job file, or a template with a pattern: xtal refine --template NAME DATA.
    Exit code: 0 pass, 1 review, 2 failed or bad input.
    """
    if template is None and (phase or instrument):
        raise InputError("--phase and --instrument go with --template;", remedy="a job file names its own.")
    start_engine(engine, file if template is None else None)
    from ..io.jobs import job_from_template, load_job

    if template is None:
        job = load_job(file, engine=engine)
    else:
        job = job_from_template(template, file, phases=phase or (), instrument=instrument, engine=engine)
    folder = output or (Path(job.output_folder) if job.output_folder else default_folder(file))
    refine_and_write(job, folder, timeout=timeout, force=force, as_json=as_json, quiet=quiet)
