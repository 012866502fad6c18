"""Which filler fits a film best: one film against many substrates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import GeometryError
from ..structure import Structure
from .coincidence import Limits, search_planes
from .match import Match, pareto_front

__all__ = ["FillerRank", "best_per_plane_pair", "rank_fillers"]


@dataclass(frozen=True)
class FillerRank:
    """How well one substrate fits the film.

    Parameters
    ----------
    substrate : Structure
        The filler.
    best : Match or None
        Smallest coincidence cell within the strain that counts as a fit, of equally small ones the least strained; None
        when no plane pair has one within the area limit.
    front : tuple of Match
        The area–strain front of all plane pairs, within the wider limits of the search.
    per_plane_pair : tuple of Match
        Best match of each pair of planes by the same rule, smallest cell first.
    note : str
        Why there is no match, if there is none.
    """

    substrate: Structure
    best: Match | None
    front: tuple[Match, ...]
    per_plane_pair: tuple[Match, ...]
    note: str = ""


def rank_fillers(
    film: Structure,
    substrates: Sequence[Structure],
    *,
    fit_strain: float = 0.02,
    limits: Limits | None = None,
    max_index: int = 1,
    planes: dict[str, Sequence[tuple[Sequence[int], Sequence[int]]]] | None = None,
) -> tuple[FillerRank, ...]:
    """Substrates by the smallest coincidence cell whose strain is within `fit_strain`.

    The smallest coincident cell at a given strain is the usual measure of epitaxial fit (H. Ding et al., ACS Appl. Mater.
    Interfaces 8 (2016) 13086).

    Parameters
    ----------
    film : Structure
        The film.
    substrates : sequence of Structure
        The fillers; their names must differ.
    fit_strain : float
        Largest principal strain that still counts as a fit.
    limits : Limits, optional
        Of the search.
    max_index : int
        Largest Miller index of the planes that are tried.
    planes : dict, optional
        Substrate name → pairs of planes to try instead.

    Returns
    -------
    tuple of FillerRank
        Best first; those without a fit last, by the least strain they reach.
    """
    return tuple(sorted(_ranks(film, substrates, fit_strain, limits or Limits(), max_index, planes or {}), key=_order))


def _ranks(
    film: Structure,
    substrates: Sequence[Structure],
    fit_strain: float,
    limits: Limits,
    max_index: int,
    planes: dict[str, Sequence[tuple[Sequence[int], Sequence[int]]]],
) -> Iterator[FillerRank]:
    names = [substrate.name for substrate in substrates]
    if len(set(names)) < len(names):
        raise GeometryError(f"substrates {names} share a name;", remedy="give each its own.")
    wide = replace(limits, max_strain=max(limits.max_strain, fit_strain))
    for substrate in substrates:
        try:
            found = search_planes(film, substrate, wide, planes=planes.get(substrate.name), max_index=max_index)
        except GeometryError as error:
            yield FillerRank(substrate, None, (), (), str(error))
            continue
        fitting = [match for match in found if match.strain <= fit_strain]
        pairs = best_per_plane_pair(fitting)
        note = "" if pairs else f"no cell up to {limits.max_area:g} Å² within {100 * fit_strain:g} %"
        yield FillerRank(substrate, pairs[0] if pairs else None, pareto_front(found), pairs, note)


def best_per_plane_pair(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Smallest, then least strained match of every pair of planes, smallest cell first."""
    best: dict[tuple[tuple[int, int, int], tuple[int, int, int]], Match] = {}
    for match in sorted(matches, key=_size):
        best.setdefault((match.film.hkl, match.substrate.hkl), match)
    return tuple(best.values())


def _size(match: Match) -> tuple[float, float]:
    return round(match.area, 6), round(match.strain, 9)


def _order(rank: FillerRank) -> tuple[int, float, float]:
    if rank.best is not None:
        return 0, *_size(rank.best)
    return 1, min((match.strain for match in rank.front), default=1.0), 0.0
