"""``xtal compare-models``: several structural hypotheses on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import EngineUnsupportedError
from .options import EngineOption, Force, Output, Quiet, Timeout
from .progress import stage_lines

if TYPE_CHECKING:
    from ..job import Job
    from ..result import Result
    from ..rietveld.rivals import RivalModels

__all__ = ["compare_models"]

NONE_FITTED = 2


def compare_models(
    files: Annotated[
        list[Path], typer.Argument(metavar="JOB.toml…", help="One job with [[variant]] tables, or several jobs.")
    ],
    output: Output = None,
    engine: EngineOption = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Refine rival models on the same data and say what the data can tell.

    Writes rivals.html, rivals.json, differences.png and the whole result of each model.
    Exit code: 0 when a model was fitted, 2 when none was, or bad input.
    """
    from ..io.variants import load_rivals
    from ..report.rivals import rivals_html, rivals_json, rivals_png
    from ..report.several import check_several, write_several
    from ..rietveld.rivals import compare_rivals

    folder = output or Path(f"{files[0].stem}-models")
    check_several(folder, "rivals.json", force)
    jobs = load_rivals(files, engine=engine)
    results = {name: result for name, job in jobs.items() if (result := _fit(name, job, timeout, quiet)) is not None}
    models = compare_rivals(files[0].stem, results)
    png = rivals_png(models)
    contents: dict[str, str | bytes] = {"rivals.json": rivals_json(models), "rivals.html": rivals_html(models, png)}
    if png:
        contents["differences.png"] = png
    write_several(folder, results, contents, marker="rivals.json", force=force)
    if not quiet:
        _show(models, folder)
    raise typer.Exit(0 if any(rival.rwp is not None for rival in models.rivals) else NONE_FITTED)


def _fit(name: str, job: Job, timeout: float, quiet: bool) -> Result | None:
    from ..rietveld.run import refine

    if not quiet:
        print(f"model {name}", file=sys.stderr)
    try:
        with stage_lines(quiet) as listener:
            return refine(job, timeout=timeout, on_event=listener, command=("xtal", *sys.argv[1:]))
    except EngineUnsupportedError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return None


def _show(models: RivalModels, folder: Path) -> None:
    print(f"{'model':24} {'Rwp %':>7} {'GOF':>6} {'free':>5} {'ΔBIC':>9} {'effective':>9}  Hamilton 1 %   against it")
    for rival in models.rivals:
        if rival.rwp is None:
            print(f"{rival.name:24} {'–':>7}  {rival.unphysical[0]}")
            continue
        test = "–" if rival.hamilton is None else ("rejected" if rival.hamilton.rejected else "not rejected")
        print(
            f"{rival.name:24} {100 * rival.rwp:7.2f} {rival.gof:6.2f} {rival.n_free:5d} {rival.delta_bic:+9.0f} "
            f"{rival.delta_bic_effective:+9.1f}  {test:13}  {len(rival.unphysical) or 'nothing'}"
        )
    print(models.sentence)
    print(f"models: {folder / 'rivals.html'}")
