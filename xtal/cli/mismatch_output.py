"""What ``xtal mismatch`` prints and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OutputError
from .mismatch_answer import MismatchAnswer

if TYPE_CHECKING:
    from ..interface.build import BuiltInterface
    from ..interface.match import Match

__all__ = ["print_answer", "write_answer"]

SHOWN = 12


def write_answer(
    answer: MismatchAnswer, match: Match | None, built: BuiltInterface | None, output: Path | None, force: bool, plot: bool,
    fit_strain: float,
) -> list[Path]:  # fmt: skip
    """Write slabs and pictures where they are wanted; the files written.

    Raises
    ------
    OutputError
        The folder holds such files already.
    """
    contents: dict[str, bytes] = {}
    if built is not None:
        contents |= {name: text.encode() for name, text in _slab_texts(built).items()}
    if plot:
        contents |= _pictures(answer, match, fit_strain)
    if not contents:
        return []
    folder = output or Path(f"mismatch-{answer.film.name}-{answer.substrate.name}")
    taken = [name for name in contents if (folder / name).exists()]
    if taken and not force:
        raise OutputError(f"{folder} holds {', '.join(taken)} already; choose another folder, or replace with --force.")
    from ..io.atomic import write_bytes_atomic

    folder.mkdir(parents=True, exist_ok=True)
    return [write_bytes_atomic(folder / name, content) for name, content in contents.items()]


def _slab_texts(built: BuiltInterface) -> dict[str, str]:
    """CIF of every slab, and its POSCAR where the slab has whole atoms."""
    from ..strict_json import strict_json

    texts = {f"{name}.cif": built.cif(name) for name in built.structures}
    whole = [name for name, structure in built.structures.items() if structure.is_ordered]
    texts |= {f"{name}.vasp": built.poscar(name) for name in whole}
    return {**texts, "match.json": strict_json(built.match.to_dict(), indent=1)}


def _pictures(answer: MismatchAnswer, match: Match | None, fit_strain: float) -> dict[str, bytes]:
    from ..interface.overlay import overlay_of_match
    from ..plot import interface as draw
    from ..plot.projection import figure_bytes, plot_projections

    figures: dict[str, Any] = {}
    if match is not None:
        figures["coincidence.png"] = draw.plot_coincidence(match)
        figures["front.png"] = draw.plot_strain_area_front(answer.matches)
        figures["overlay.png"] = plot_projections([overlay_of_match(match)])
    if answer.ranks and any(rank.front for rank in answer.ranks):
        figures["fillers.png"] = draw.plot_filler_fronts(answer.ranks, fit_strain=fit_strain)
    if answer.series is not None:
        names = {"name": answer.film.name, "substrate": answer.substrate.name}
        figures["series.png"] = draw.plot_composition_series(answer.series, **names)
    return {name: figure_bytes(figure, "png") for name, figure in figures.items()}


def print_answer(
    answer: MismatchAnswer, published: Sequence[float], built: BuiltInterface | None, written: list[Path]
) -> None:
    """Print tables and sentences, and the files written."""
    from rich.console import Console

    from ..interface.match import pareto_front
    from .mismatch_tables import fillers_table, matches_table, mismatch_table, nearest_text, series_text

    console = Console(width=None if Console().is_terminal else 160, highlight=False)
    if answer.ranks:
        console.print(fillers_table(answer.ranks))
        console.print()
    console.print(f"{answer.film.name} ({answer.film.lattice}) on {answer.substrate.name} ({answer.substrate.lattice})")
    if answer.mismatch is not None:
        console.print(mismatch_table(answer.mismatch))
        reason = answer.mismatch.mean_in_plane["film_over_substrate"].reason
        console.print(f"Without uncertainties: {reason}." if reason else "Uncertainties: cells taken as uncorrelated.")
        for number in published:
            console.print(nearest_text(answer.mismatch, number))
    if answer.series is not None:
        console.print(series_text(answer.series))
    console.print()
    if not answer.matches:
        limits = answer.limits
        console.print(f"No coincidence cell up to {limits.max_area:g} Å² within {100 * limits.max_strain:g} % strain: raise --max-area or --max-strain.")  # fmt: skip
    else:
        front = pareto_front(answer.matches)
        console.print(f"{len(answer.matches)} inequivalent coincidence cells in {answer.seconds:.2f} s; * no other is smaller and less strained.")  # fmt: skip
        console.print(matches_table(answer.matches, front, SHOWN))
    if built is not None:
        console.print(f"film: {built.film_termination}\nsubstrate: {built.substrate_termination}")
        if not built.interface.is_ordered:
            console.print("Occupancies are kept in the CIF files; POSCAR files need --ordered.")
    for path in written:
        console.print(f"wrote {path}")
