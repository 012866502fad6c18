"""``xtal pdf fit``: fit structures to measured G(r)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import AsJson, Force, Output, Quiet, Timeout

if TYPE_CHECKING:
    from ..pdf.result import PdfResult

__all__ = ["fit"]


def fit(
    job_file: Annotated[Path, typer.Argument(metavar="JOB.toml", help="PDF job, schema xtal-pdf-job/1.")],
    output: Output = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit structures to measured G(r), stage by stage, and over moving windows where the job has a box_car.

    Exit code: 0 pass, 1 review, 2 failed or bad input.
    """
    from ..io.pdf_jobs import load_pdf_job
    from ..pdf.fit import fit_pdf
    from ..report.folder import check_folder
    from ..report.pdf_report import write_pdf_result
    from .progress import stage_lines
    from .running import EXIT_CODES, default_folder

    job = load_pdf_job(job_file)
    folder = output or (Path(job.output_folder) if job.output_folder else default_folder(job_file))
    check_folder(folder, force)
    with stage_lines(quiet) as listener:
        result = fit_pdf(job, timeout=timeout, on_event=_with_windows(listener, quiet), command=("xtal", *sys.argv[1:]))
    if not (as_json or quiet):
        print_fit(result)
    write_pdf_result(result, folder, force)
    if as_json:
        print((folder / "result.json").read_text(encoding="utf-8"), end="")
    elif not quiet:
        print(f"report: {folder / 'report.html'}")
    raise typer.Exit(EXIT_CODES[result.verdict])


def _with_windows(listener: Any, quiet: bool) -> Any:
    """Listener that says more of windows than of stages."""

    def listen(event: dict[str, Any]) -> None:
        listener(event)
        if event.get("event") == "window" and not quiet:
            rw = "no fit" if event["rw"] is None else f"Rw {100 * event['rw']:6.2f} %"
            print(f"window {event['low']:g}-{event['high']:g} Å  {rw}  {event['status']}", file=sys.stderr, flush=True)

    return listen


def print_fit(result: PdfResult) -> None:
    """Print verdict, refined parameters, bond lengths and warnings."""
    from ..result import format_value

    print(f"{result.title}: {result.verdict}. {result.message}")
    for name, curves in result.curves.items():
        print(f"  {name}: Rw {curves.rw:.4f} from {curves.r[0]:g} to {curves.r[-1]:g} Å")
    for name, item in result.parameters.items():
        if item.free:
            print(f"  {name:<34} {format_value(item.value, item.esd)}")
    for bond in result.bonds:
        print(f"  {bond.phase}: {bond.count} {bond.first}-{bond.second} {format_value(bond.length, bond.esd, 4)} Å")
    for warning in result.warnings:
        print(f"  {warning}")
