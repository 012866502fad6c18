"""``xtal pdf compare``: fit rival models to the same G(r) and rank them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import Force, Output, Quiet, Timeout

if TYPE_CHECKING:
    from ..pdf.rivals import PdfRivals

__all__ = ["compare"]


def compare(
    jobs: Annotated[list[Path], typer.Argument(metavar="JOB.toml…", help="PDF jobs of the same data, one per model.")],
    window: Annotated[float, typer.Option("--window", metavar="Å", help="Width of the windows along r.")] = 5.0,
    refit: Annotated[bool, typer.Option("--refit", help="Fit every model anew in each window, too.")] = False,
    output: Output = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Fit rival models to the same G(r): Rw, difference in BIC, and which is better where along r.

    Exit code: 0 every fit passed, 1 review, 2 a fit failed or bad input.
    """
    from ..io.pdf_jobs import load_pdf_job
    from ..pdf.fit import fit_pdf
    from ..pdf.rivals import compare_pdf_models, refitting, refuse_other_jobs
    from ..report.folder import check_folder
    from ..report.pdf_report import write_pdf_comparison
    from .progress import stage_lines
    from .running import EXIT_CODES

    names = [job.stem for job in jobs]
    if len(set(names)) < len(names) or len(names) < 2:
        raise InputError(
            f"jobs {', '.join(names)};", where="arguments", remedy="give at least two files with different names."
        )
    folder = output or Path("pdf-comparison")
    check_folder(folder, force)
    loaded = {name: load_pdf_job(path) for name, path in zip(names, jobs, strict=True)}
    refuse_other_jobs(loaded, window)
    if refit:
        loaded = {name: refitting(job, window) for name, job in loaded.items()}
    results = {}
    for name, job in loaded.items():
        if not quiet:
            print(f"{name}:", file=sys.stderr)
        with stage_lines(quiet) as listener:
            results[name] = fit_pdf(job, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]))
    comparison = compare_pdf_models(results, window)
    write_pdf_comparison(comparison, results, folder, force)
    if not quiet:
        _show(comparison)
        for name, result in results.items():
            if result.agreement is None:
                print(f"{name}: {result.message}")
        print(f"folder: {folder}")
    raise typer.Exit(max(EXIT_CODES[result.verdict] for result in results.values()))


def _show(comparison: PdfRivals) -> None:
    print("model                    Rw   parameters   ΔBIC   status")
    for rival in comparison.rivals:
        cells = (_text(rival.rw, 4), "–" if rival.n_free is None else str(rival.n_free), _text(rival.delta_bic, 1))
        print(f"{rival.name:<20} {cells[0]:>8} {cells[1]:>10} {cells[2]:>8}   {rival.status.replace('_', ' ')}")
    for item in comparison.windows:
        rws = "  ".join(f"{name} {value:.3f}" for name, value in item.rw.items())
        print(f"{item.data} {item.low:5.1f}-{item.high:5.1f} Å  Rw {rws}  best: {item.best}")
    for one in comparison.refits:
        rws = "  ".join(f"{name} {_text(one.rw[name], 3)} (ΔBIC {_text(one.delta_bic[name], 1)})" for name in one.rw)
        print(f"fitted anew {one.low:5.1f}-{one.high:5.1f} Å  Rw {rws}  best: {one.best or 'none'}")
    print(comparison.sentence)


def _text(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"
