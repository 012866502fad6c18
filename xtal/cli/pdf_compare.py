"""``xtal pdf compare``: fit rival models to the same G(r) and rank them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError
from .options import Force, Output, Quiet, Timeout

__all__ = ["compare"]


def compare(
    jobs: Annotated[list[Path], typer.Argument(metavar="JOB.toml…", help="PDF jobs of the same data, one per model.")],
    window: Annotated[float, typer.Option("--window", metavar="Å", help="Width of the windows along r.")] = 5.0,
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
    from ..pdf.rivals import compare_pdf_models
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
    results = {}
    for name, job in loaded.items():
        if not quiet:
            print(f"{name}:", file=sys.stderr)
        with stage_lines(quiet) as listener:
            results[name] = fit_pdf(job, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]))
    comparison = compare_pdf_models(results, window)
    write_pdf_comparison(comparison, results, folder, force)
    if not quiet:
        print("model                    Rw   parameters   ΔBIC   status")
        for rival in comparison.rivals:
            rw, free, bic = (
                ("–", "–", "–")
                if rival.rw is None
                else (f"{rival.rw:.4f}", str(rival.n_free), f"{rival.delta_bic:.1f}")
            )
            print(f"{rival.name:<20} {rw:>8} {free:>10} {bic:>8}   {rival.status.replace('_', ' ')}")
        for item in comparison.windows:
            cells = "  ".join(f"{name} {value:.3f}" for name, value in item.rw.items())
            print(f"{item.data} {item.low:5.1f}-{item.high:5.1f} Å  Rw {cells}  best: {item.best}")
        print(comparison.sentence)
        print(f"folder: {folder}")
    raise typer.Exit(max(EXIT_CODES[result.verdict] for result in results.values()))
