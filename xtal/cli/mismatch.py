"""``xtal mismatch``: lattice mismatch, coincidence cells and slabs of a film on one or several substrates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import InputError
from .mismatch_answer import MismatchAnswer
from .mismatch_output import print_answer, write_answer
from .options import Force, Output, Quiet

if TYPE_CHECKING:
    from rich.console import Console

    from ..interface.build import BuiltInterface
    from ..interface.coincidence import Limits
    from ..interface.fillers import FillerRank
    from ..interface.match import Match
    from ..interface.measured_cell import MeasuredCell
    from ..interface.mismatch import Definition, Mismatch
    from ..interface.series import CompositionSeries
    from ..lattice import Lattice

__all__ = ["mismatch"]


def mismatch(
    film: Annotated[str, typer.Argument(metavar="FILM", help="Reference name or CIF, or ALIAS=NAME_OR_CIF.")],
    substrates: Annotated[list[str], typer.Argument(metavar="SUBSTRATE…", help="The same; several are ranked.")],
    planes: Annotated[list[str] | None, typer.Option("--planes", help="Film and substrate plane, 1,0,0/0,0,1; may repeat.")] = None,
    max_index: Annotated[int, typer.Option("--max-index", min=1, max=5, help="Largest Miller index without --planes.")] = 1,
    max_area: Annotated[float, typer.Option("--max-area", help="Largest coincidence cell, Å².")] = 400.0,
    max_strain: Annotated[float, typer.Option("--max-strain", help="Largest principal strain, a fraction.")] = 0.05,
    max_length: Annotated[float | None, typer.Option("--max-length-mismatch", help="Largest relative difference of cell edges.")] = None,
    max_angle: Annotated[float | None, typer.Option("--max-angle-mismatch", help="Largest difference of cell angles, degrees.")] = None,
    rotation: Annotated[tuple[float, float] | None, typer.Option("--rotation", help="In-plane rotation from, to, degrees; free without it.")] = None,
    multiples: Annotated[bool, typer.Option("--multiples", help="List cells that repeat a smaller one, too.")] = False,
    fit_strain: Annotated[float, typer.Option("--fit-strain", help="Strain that counts as a fit when ranking, a fraction.")] = 0.02,
    directions: Annotated[str | None, typer.Option("--directions", help="Matched directions, 1,0,0//1,0,0;0,1,0//0,1,0.")] = None,
    definition: Annotated[str, typer.Option("--definition", help="film_over_substrate, substrate_over_film or symmetric; of --series.")] = "film_over_substrate",
    published: Annotated[list[float] | None, typer.Option("--published", help="Published mismatch in percent; names the nearest definition.")] = None,
    from_result: Annotated[Path | None, typer.Option("--from-result", help="result.json whose phases of these names give cells and esds.")] = None,
    film_cell: Annotated[str | None, typer.Option("--film-cell", help="a=3.9025(12); replaces the film's cell.")] = None,
    substrate_cell: Annotated[str | None, typer.Option("--substrate-cell", help="The same for the (first) substrate.")] = None,
    film_expansion: Annotated[str | None, typer.Option("--film-expansion", help="Thermal expansion in 1/K, 4.5(3)e-5 or a=…,c=….")] = None,
    substrate_expansion: Annotated[str | None, typer.Option("--substrate-expansion", help="The same for the (first) substrate.")] = None,
    temperature: Annotated[float, typer.Option("--temperature", help="Temperature wanted, K.")] = 298.0,
    reference_temperature: Annotated[float, typer.Option("--reference-temperature", help="Temperature of the cells, K.")] = 298.0,
    series: Annotated[Path | None, typer.Option("--series", help="CSV with x, a (b, c) and esd: mismatch against composition.")] = None,
    stiffness: Annotated[Path | None, typer.Option("--film-stiffness", help="6 x 6 numbers, GPa: elastic energies.")] = None,
    substrate_stiffness: Annotated[Path | None, typer.Option("--substrate-stiffness", help="The same; with both, they share the misfit by stiffness.")] = None,
    film_share: Annotated[float | None, typer.Option("--film-share", min=0.0, max=1.0, help="Part of the misfit that the film takes; 1 without stiffnesses.")] = None,
    build: Annotated[int | None, typer.Option("--build", min=1, metavar="N", help="Write the slabs of match N.")] = None,
    terminations: Annotated[tuple[int, int], typer.Option("--terminations", help="Numbers for film and substrate.")] = (0, 0),
    thickness: Annotated[tuple[float, float], typer.Option("--thickness", help="Least thickness of film and substrate, Å.")] = (10.0, 10.0),
    gap: Annotated[float, typer.Option("--gap", help="Between film and substrate, Å.")] = 2.0,
    vacuum: Annotated[float, typer.Option("--vacuum", help="Å; 0 for a periodic stack.")] = 15.0,
    shift: Annotated[tuple[float, float], typer.Option("--shift", help="Of the film in the plane, fractions of the cell.")] = (0.0, 0.0),
    ordered: Annotated[bool, typer.Option("--ordered", help="A snapshot of whole atoms instead of occupancies.")] = False,
    plot: Annotated[bool, typer.Option("--plot", help="Write figures.")] = False,
    output: Output = None,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")] = False,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """How well two lattices fit: mismatch under named definitions, every coincidence cell, and the slabs of one.

    Several substrates are ranked by their smallest coincidence cell; everything else is then about the best of them.
    """
    from ..interface.coincidence import Limits
    from ..interface.mismatch import DEFINITIONS
    from .mismatch_options import directions_of, plane_pairs, stiffness_of

    if definition not in DEFINITIONS:
        raise InputError(f"{definition!r};", where="--definition", remedy=f"it is one of {', '.join(DEFINITIONS)}.")
    cells = _cells(
        [film, *substrates], from_result, (film_cell, substrate_cell), (film_expansion, substrate_expansion),
        (temperature, reference_temperature),
    )  # fmt: skip
    limits = Limits(max_area, max_strain, max_length, max_angle, rotation, multiples)
    pairs = plane_pairs(planes) if planes else None
    console = _console()
    started = time.perf_counter()
    with console.status("searching coincidence cells"):
        ranks, substrate = _ranked(cells, limits, pairs, max_index, fit_strain)
        found = _search(
            cells[0],
            substrate,
            limits,
            pairs,
            max_index,
            film_share,
            [path and stiffness_of(path) for path in (stiffness, substrate_stiffness)],
        )
    seconds = time.perf_counter() - started
    chosen = _chosen(found, build)
    given = directions_of(directions) if directions else None
    described = _describe(cells[0], substrate, chosen, given, in_planes=bool(planes))
    trend = _series(series, described, cells[0].lattice, cast("Definition", definition))
    answer = MismatchAnswer(cells[0], substrate, described, found, ranks, trend, seconds, limits)
    built = _built(chosen, terminations, thickness, gap, vacuum, shift, ordered) if build else None
    written = write_answer(answer, chosen, built, output, force, plot, fit_strain)
    if as_json:
        from ..strict_json import strict_json

        print(strict_json({**answer.to_dict(), "files": [path.name for path in written]}, indent=1))
    elif not quiet:
        print_answer(answer, published or [], built, written)


def _cells(
    names: Sequence[str],
    from_result: Path | None,
    given: tuple[str | None, str | None],
    expansions: tuple[str | None, str | None],
    temperatures: tuple[float, float],
) -> list[MeasuredCell]:
    from ..io.results import read_result
    from .mismatch_options import cell_of
    from .mixture_text import with_alias

    structures = [with_alias(name) for name in names]
    result = read_result(from_result) if from_result else None
    if result is not None and not any(structure.name in result.phases for structure in structures):
        raise InputError(
            f"no phase is called {' or '.join(structure.name for structure in structures)};",
            where=str(from_result),
            remedy=f"its phases are {', '.join(result.phases) or 'none'}; name one with PHASE=NAME_OR_CIF.",
        )
    roles = ["film", "substrate"] + [""] * len(structures)
    return [
        cell_of(
            structure, roles[i], given[i] if i < 2 else None, expansions[i] if i < 2 else None, temperatures, result
        )
        for i, structure in enumerate(structures)
    ]


def _ranked(
    cells: list[MeasuredCell], limits: Limits, pairs: Any, max_index: int, fit_strain: float
) -> tuple[tuple[FillerRank, ...], MeasuredCell]:
    """Ranks of several substrates and the best of them; with one substrate there is nothing to rank."""
    if len(cells) == 2:
        return (), cells[1]
    from ..interface.fillers import rank_fillers

    planes = {cell.name: pairs for cell in cells[1:]} if pairs else None
    ranks = rank_fillers(
        cells[0].at_temperature, [cell.at_temperature for cell in cells[1:]],
        fit_strain=fit_strain, limits=limits, max_index=max_index, planes=planes,
    )  # fmt: skip
    return ranks, next(cell for cell in cells[1:] if cell.name == ranks[0].substrate.name)


def _search(
    film: MeasuredCell,
    substrate: MeasuredCell,
    limits: Limits,
    pairs: Any,
    max_index: int,
    share: float | None,
    stiffness: Any,
) -> tuple[Match, ...]:
    from ..interface.coincidence import search_planes

    return search_planes(
        film.at_temperature, substrate.at_temperature, limits, planes=pairs, max_index=max_index,
        film_share=share, film_stiffness=stiffness[0], substrate_stiffness=stiffness[1],
    )  # fmt: skip


def _chosen(found: tuple[Match, ...], number: int | None) -> Match | None:
    if number is not None and number > len(found):
        raise InputError(
            f"there are {len(found)} matches;",
            where=f"--build {number}",
            remedy="choose a number of the table, or raise --max-area or --max-strain.",
        )
    return found[(number or 1) - 1] if found else None


def _describe(
    film: MeasuredCell, substrate: MeasuredCell, match: Match | None, directions: Any, *, in_planes: bool
) -> Mismatch | None:
    """Mismatch along given directions, else along those of the match; the first two must lie in planes that were named."""
    from ..interface.mismatch import describe_mismatch, directions_of_match

    if directions:
        if in_planes and match is not None:
            for film_uvw, substrate_uvw in directions[:2]:
                match.film.planar_coordinates(film_uvw)
                match.substrate.planar_coordinates(substrate_uvw)
        return describe_mismatch(film, substrate, directions)
    if match is None:
        return None
    pairs, labels = directions_of_match(match)
    return describe_mismatch(film, substrate, pairs, labels)


def _series(
    path: Path | None, described: Mismatch | None, lattice: Lattice, definition: Definition
) -> CompositionSeries | None:
    if path is None:
        return None
    from .mismatch_options import series_of

    if described is None:
        raise InputError("no match;", where="--series", remedy="say what is matched with --directions.")
    return series_of(path, described.axes[0], lattice, definition)


def _built(
    match: Match | None, terminations: tuple[int, int], thickness: tuple[float, float], gap: float, vacuum: float,
    shift: tuple[float, float], ordered: bool,
) -> BuiltInterface | None:  # fmt: skip
    from ..interface.build import build_interface

    if match is None:
        return None
    return build_interface(
        match, film_termination=terminations[0], substrate_termination=terminations[1], film_thickness=thickness[0],
        substrate_thickness=thickness[1], gap=gap, vacuum=vacuum, shift=shift, ordered=ordered,
    )  # fmt: skip


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)
