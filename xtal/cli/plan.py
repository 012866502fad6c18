"""``xtal plan``: which instrument would determine a parameter, and with what counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .options import Overwrite, Quiet
from .refusals import refuse_taken

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..rietveld.plan import Candidate, Outlook, Plan

__all__ = ["plan"]

TABLE_WIDTH = 160


def plan(
    file: Annotated[Path, typer.Argument(metavar="JOB.toml", help="Job file; its pattern need not be measured yet.")],
    parameter: Annotated[list[str] | None, typer.Option("--parameter", metavar="NAME", help="Dotted name, * matches; by default occupancies and U of Li and H. May repeat.")] = None,
    target: Annotated[list[str] | None, typer.Option("--target", metavar="NAME=ESD", help="Wanted esd; 0.02 for occupancies and 0.002 Å² for U by default. May repeat.")] = None,
    instrument: Annotated[list[str] | None, typer.Option("--instrument", metavar="PRESET|FILE", help="Compare these instead of the three typical ones. May repeat.")] = None,
    counts: Annotated[float, typer.Option("--counts", min=10.0, help="Highest point above the background.")] = 10_000.0,
    background: Annotated[float | None, typer.Option("--background", min=0.0, help="Background over the highest point; 0.03 for X-rays and 0.1 for neutrons by default.")] = None,
    mix: Annotated[str | None, typer.Option("--mix", help="Weight fractions, cubic=0.4,llto=0.6; equal ones by default.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="JSON file to write.")] = None,
    force: Overwrite = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Compare X-rays, neutrons of one wavelength and time of flight for a job that is not measured yet.

    For each instrument the job's model is simulated at its start values, and the covariance that a fit would have is calculated.
    Exit code: 0 some instrument determines every parameter at these counts, 1 none does, 2 bad input.
    """
    from ..io.plan_jobs import jobs_for_instruments
    from ..rietveld.plan import plan_measurement

    refuse_taken([output], force)
    candidates = _candidates(instrument or (), background)
    jobs = jobs_for_instruments(file, [(one.name, one.instrument, one.axis) for one in candidates])
    found = plan_measurement(
        jobs,
        candidates,
        title=file.stem,
        counts=counts,
        wanted=parameter or (),
        targets=_targets(target or ()),
        weights=_weights(mix),
    )
    if output is not None:
        from ..io.atomic import write_text_atomic

        write_text_atomic(output, json.dumps(found.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    if not quiet:
        _show(found)
        if output is not None:
            print(f"plan: {output}")
    raise typer.Exit(0 if _all_determined(found) else 1)


def _candidates(instruments: list[str] | tuple[()], background: float | None) -> list[Candidate]:
    from ..io.instruments import load_instrument
    from ..rietveld.plan import CANDIDATES, candidate

    if instruments:
        return [candidate(load_instrument(name), name=Path(name).stem, background=background) for name in instruments]
    return [candidate(one.instrument, name=one.name, about=one.about, background=background) for one in CANDIDATES]


def _targets(texts: list[str] | tuple[()]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, esd = text.partition("=")
        try:
            found[name.strip()] = float(esd)
        except ValueError:
            raise InputError(
                f"{text!r};", where="--target", remedy="write NAME=ESD, 'phase.*.occupancy=0.02'."
            ) from None
    return found


def _weights(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    from .mixture_text import weights_of

    return weights_of(text, [part.partition("=")[0].strip() for part in text.split(",")])


def _all_determined(found: Plan) -> bool:
    outlooks: dict[str, list[Outlook]] = {}
    for forecast in found.forecasts:
        for outlook in forecast.outlooks:
            outlooks.setdefault(outlook.name, []).append(outlook)
    return bool(outlooks) and all(any(o.verdict == "determined" for o in row) for row in outlooks.values())


def _show(found: Plan) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=TABLE_WIDTH)
    for forecast in found.forecasts:
        one = forecast.candidate
        console.print(f"{one.name}: {one.about}; {one.axis[0]:g} to {one.axis[-1]:g}, {found.counts:g} counts in the highest point"
                      f"{f', {forecast.total_counts:.3g} in all peaks' if forecast.total_counts else ''}")  # fmt: skip
        if forecast.refusal is not None:
            console.print(f"  left out: {forecast.refusal}")
        else:
            console.print(_table(forecast.outlooks))
    for sentence in found.sentences():
        console.print(sentence)
    console.print(
        "Esds are those of a model that is right. Hydrogen and natural lithium add incoherent background and absorption to neutron patterns."
    )


def _table(outlooks: tuple[Outlook, ...]) -> RenderableType:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("parameter", "esd", "wanted", "counts needed", "own information", "verdict"):
        table.add_column(heading, no_wrap=True)
    for item in outlooks:
        own = "–" if item.information is None else f"{100 * item.information.independent:.2g} %"
        table.add_row(item.name, "–" if item.esd is None else f"{item.esd:.2g}", f"{item.target:g}",
                      "–" if item.counts_needed is None else f"{item.counts_needed:.2g}", own, item.verdict)  # fmt: skip
    return table
