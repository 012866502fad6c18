"""``xtal series run``: refine every frame of a series."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import INTERRUPTED
from .options import EngineOption, Quiet

if TYPE_CHECKING:
    from ..series.run import Progress, StopRequest, Summary

__all__ = ["run"]

INCOMPLETE, SOME_FAILED = 2, 1
PLAIN_EVERY = 10


class StrategyChoice(StrEnum):
    """Who starts from whose answer."""

    BISECT = "bisect"
    CHAIN = "chain"
    COLD = "cold"


def run(
    file: Annotated[Path, typer.Argument(metavar="SERIES.toml", help="Series file.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the store and the report.")],
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, help="Processes on this machine; default: its cores.")
    ] = os.cpu_count() or 1,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="tcp://HOST:PORT", help="Dask scheduler to use instead.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the series in DIR.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="With --resume: refine frames that failed once more.")
    ] = False,
    strategy: Annotated[
        StrategyChoice | None, typer.Option("--strategy", help="Replaces that of the series file.")
    ] = None,
    frames: Annotated[
        str | None, typer.Option("--frames", metavar="A:B", help="Only these; B is not included.")
    ] = None,
    both_ways: Annotated[
        bool,
        typer.Option("--both-ways", help="Every frame forward, backward and cold; frames that disagree are flagged."),
    ] = False,
    engine: EngineOption = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="S", min=0.1, help="Limit for one frame, in seconds.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Refine every frame of a series.

    Ctrl-C once finishes the frames that run, twice stops at once; --resume goes on after either.
    Exit code: 0 every frame refined, 1 some frames failed, 2 not finished or bad input, 130 stopped by Ctrl-C.
    """
    from ..io.series_files import read_series_file
    from ..series.run import RunOptions, StopRequest, run_series

    options = RunOptions(workers=workers, scheduler=scheduler, resume=resume, retry_failed=retry_failed, strategy=strategy,
                         frames=frames, both_ways=both_ways, engine=engine, timeout=timeout)  # fmt: skip
    stop = StopRequest()
    given = read_series_file(file)
    threading.Thread(target=_load_libraries, daemon=True).start()
    reports: list[Path] = []

    def write_report(summary: Summary) -> None:
        if summary.done:
            from ..report.series_html import write_series_report

            reports.append(write_series_report(output))

    with _counting_interrupts(stop, quiet), _progress(quiet) as listener:
        summary = run_series(given, output, options, stop=stop, listener=listener, meanwhile=write_report)
    if not quiet:
        _say(summary, output)
        for report in reports:
            print(f"report: {report}")
    if stop.count:
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(INCOMPLETE if not summary.is_complete else SOME_FAILED if summary.failed else 0)


def _load_libraries() -> None:
    """Import what the report needs while the frames are refined elsewhere."""
    import lmfit.models  # noqa: F401
    import matplotlib  # noqa: F401
    import pandas  # noqa: F401
    import scipy.signal
    import scipy.stats  # noqa: F401


def _say(summary: Summary, output: Path) -> None:
    failed = f", {summary.failed} failed" if summary.failed else ""
    print(f"{summary.done} of {summary.total} refinements done{failed}, {summary.seconds:.1f} s")
    if not summary.is_complete:
        print(f"{summary.reason or 'not finished'}: go on with xtal series run … -o {output} --resume")
    from ..series.series import Series

    with Series(output) as series:
        if series.order_note:
            print(f"note: {series.order_note}")


@contextmanager
def _counting_interrupts(stop: StopRequest, quiet: bool) -> Iterator[None]:
    def count(number: int, frame: Any) -> None:
        stop.count += 1
        if stop.count == 1 and not quiet:
            print("xtal: finishing the frames that run; Ctrl-C again stops at once.", file=sys.stderr, flush=True)
        elif stop.count > 1:
            raise KeyboardInterrupt

    former = signal.signal(signal.SIGINT, count)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar() as listener:
            yield listener
    else:
        yield _line


def _line(progress: Progress) -> None:
    """Where there is no terminal: a line now and then, and one for every failure."""
    fit = progress.fit
    if fit is not None and fit.status not in ("converged", "not_converged"):
        print(f"frame {fit.frame}: {fit.message}", file=sys.stderr, flush=True)
    if progress.done % PLAIN_EVERY == 0 or progress.done == progress.total:
        print(
            f"{progress.done}/{progress.total}  {progress.rate:.2f} frames/s{_remaining(progress)}",
            file=sys.stderr,
            flush=True,
        )


def _remaining(progress: Progress) -> str:
    return "" if progress.remaining is None else f"  {progress.remaining:.0f} s left"


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn(), TextColumn("{task.fields[failed]}"))  # fmt: skip
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("frames", total=None, rate="", failed="")

        def show(progress: Progress) -> None:
            failed = f"{progress.failed} failed" if progress.failed else ""
            bar.update(
                task, total=progress.total, completed=progress.done, rate=f"{progress.rate:.2f}/s", failed=failed
            )

        yield show
