"""``xtal refine``: refine a powder pattern."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import AsJson, EngineOption, Force, Output, Quiet, Timeout
from .running import default_folder, refine_and_write, start_engine

if TYPE_CHECKING:
    from ..job import Job
    from ..result import Result

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
    defend: Annotated[
        bool,
        typer.Option(
            "--defend",
            help="Interval, refit without it, detection limit and verdict for each phase: 7 to 12 more fits per phase.",
        ),
    ] = False,
    starts: Annotated[
        int,
        typer.Option(
            "--starts", metavar="N", min=0, help="Repeat the fit from N scattered starts and report the spread."
        ),
    ] = 0,
    bootstrap: Annotated[
        int,
        typer.Option(
            "--bootstrap",
            metavar="N",
            min=0,
            help="Refit N patterns made of the fit and its residuals, and report their spread beside the esds (engine native).",
        ),
    ] = 0,
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
    if defend and not job.has_fractions:
        raise InputError(
            f"--defend takes fractions, mode {job.mode!r} gives none;", remedy='leave it out, or use mode = "rietveld".'
        )
    if defend and job.patterns:
        raise InputError(
            "--defend takes a job with one pattern;", remedy="leave it out, or refine one of the patterns alone."
        )
    if bootstrap and (engine or job.engine) != "native":
        raise InputError(
            f"--bootstrap with engine {engine or job.engine};",
            remedy="add --engine native: hundreds of refits need the fast one.",
        )
    if bootstrap:
        from ..rietveld.bootstrap import FEWEST_REFITS

        if bootstrap < FEWEST_REFITS:
            raise InputError(
                f"--bootstrap {bootstrap};", remedy=f"ask for at least {FEWEST_REFITS} refits, better 200."
            )
    folder = output or (Path(job.output_folder) if job.output_folder else default_folder(file))
    refine_and_write(
        job, folder, timeout=timeout, force=force, as_json=as_json, quiet=quiet,
        afterwards=_afterwards(defend, starts, bootstrap, timeout, quiet),
    )  # fmt: skip


def _afterwards(
    wanted: bool, starts: int, refits: int, timeout: float, quiet: bool
) -> Callable[[Job, Result], Result] | None:
    """What is to be added to the result of the fit."""
    if not wanted and not starts and not refits:
        return None

    def add(job: Job, result: Result) -> Result:
        from ..rietveld.defence import defend, scattered_starts

        def tell(what: str) -> None:
            if not quiet:
                print(f"refit  {what}", file=sys.stderr, flush=True)

        if refits:
            from ..rietveld.bootstrap import bootstrap

            result = bootstrap(job, result, refits, timeout=timeout, progress=tell)
        if starts:
            result = scattered_starts(job, result, starts, timeout=timeout, progress=tell)
        return defend(job, result, timeout=timeout, progress=tell) if wanted else result

    return add
