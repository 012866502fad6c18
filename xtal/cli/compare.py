"""``xtal compare``: one job through two engines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import EngineError, InputError
from .options import EngineChoice, Force, Output, Quiet, Timeout
from .progress import stage_lines

if TYPE_CHECKING:
    from ..job import Job
    from ..result import Result
    from ..rietveld.compare import Comparison

__all__ = ["compare"]

AGREE, DIFFER, NO_COMPARISON = 0, 1, 2


def compare(
    file: Annotated[Path, typer.Argument(metavar="JOB.toml", help="Job file.")],
    engines: Annotated[str, typer.Option("--engines", help="Two names, comma between.")] = "rietx,gsas2",
    tolerance: Annotated[float, typer.Option("--tolerance", metavar="WT%", min=0.0, help="Largest tolerated difference of a fraction.")] = 1.0,
    cell_tolerance: Annotated[float, typer.Option("--cell-tolerance", metavar="PPM", min=0.0, help="Largest tolerated difference of a cell parameter.")] = 100.0,
    output: Output = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Refine a job with two engines and show every difference.

    Writes comparison.html, comparison.json and the whole result of each engine, whose report has the comparison as a tab.
    Exit code: 0 fractions and cells agree within the tolerance, 1 they don't, 2 no comparison or bad input.
    """
    from ..io.jobs import load_job
    from ..report.comparison import comparison_html, comparison_json, comparison_tab
    from ..report.several import check_several, write_several
    from ..rietveld.compare import compare_results

    names = _engines(engines)
    folder = output or Path(f"{file.stem}-comparison")
    check_several(folder, "comparison.json", force)
    job = load_job(file)
    results, refusals = _run(job, names, timeout, quiet)
    found = compare_results(
        job.title, results, refusals, fraction_tolerance=tolerance / 100, cell_tolerance_ppm=cell_tolerance
    )
    files = {"comparison.json": comparison_json(found), "comparison.html": comparison_html(found)}
    tabs = {"Two engines": comparison_tab(found)}
    write_several(folder, found.results, files, marker="comparison.json", force=force, tabs=tabs)
    if not quiet:
        _show(found, folder)
    raise typer.Exit(NO_COMPARISON if len(found.results) < 2 else DIFFER if found.disagreements else AGREE)


def _engines(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    known = [choice.value for choice in EngineChoice]
    if len(names) != 2 or len(set(names)) != 2 or not set(names) <= set(known):
        raise InputError(f"engines {text!r};", where="--engines", remedy=f"give two of {', '.join(known)}.")
    return names


def _run(job: Job, names: list[str], timeout: float, quiet: bool) -> tuple[dict[str, Result], dict[str, str]]:
    from ..rietveld.run import refine

    results: dict[str, Result] = {}
    refusals: dict[str, str] = {}
    for name in names:
        if not quiet:
            print(f"engine {name}", file=sys.stderr)
        try:
            with stage_lines(quiet) as listener:
                results[name] = refine(
                    job, engine=name, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:])
                )
        except EngineError as error:
            refusals[name] = str(error)
    return results, refusals


def _show(found: Comparison, folder: Path) -> None:
    from ..result import format_value

    for name, result in found.results.items():
        rwp = "–" if result.agreement is None else f"{100 * result.agreement.rwp:.2f} %"
        print(f"{name:8} Rwp {rwp}  {result.provenance.get('seconds', 0):.1f} s  {result.status}")
    for item in found.differences:
        if item.tolerated is None:
            continue
        esds = "" if item.in_esds is None else f"  {item.in_esds:+.1f} esd"
        both = "  ".join(format_value(value.value, value.esd) for value in (item.first, item.second))
        print(
            f"{item.name.removeprefix('phases.'):36} {both}{esds}{'' if item.tolerated else '  beyond the tolerance'}"
        )
    for name, why in found.refusals.items():
        print(f"{name}: {why}")
    print(found.sentence)
    print(f"comparison: {folder / 'comparison.html'}")
