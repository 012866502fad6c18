r"""Complete search for coincidence cells of two surfaces.

A coincidence is a sublattice of the film's planar lattice, one of the substrate's, and a linear map between them,
modulo the choice of their common basis. Every film sublattice (Hermite normal form) enters with one Gauss–Lagrange
reduced basis (a, b). With principal stretches within 1 ± ε, the images of a and b are no longer than κ = (1 + ε)/(1 - ε)
times the successive minima of the substrate's sublattice; so the bases of every substrate sublattice whose vectors obey that
bound (`sublattices.near_reduced_bases`) hold every possible image, and comparing metric tensors finds all coincidences.

Which of them are the same interface: see `equivalence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..structure import Structure
from .comparison import coincidences_within
from .elasticity import biaxial_modulus, film_share_from_stiffness, stiffness_tuple
from .equivalence import cell_multiplicity, inequivalent_cells
from .limits import Limits
from .match import Match
from .surface import Surface, low_index_planes

__all__ = ["Limits", "find_coincidences", "search_planes"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EDGE = 1e-9


def find_coincidences(
    film: Surface,
    substrate: Surface,
    limits: Limits | None = None,
    *,
    film_share: float | None = None,
    film_stiffness: ArrayLike | None = None,
    substrate_stiffness: ArrayLike | None = None,
) -> tuple[Match, ...]:
    """Every coincidence cell of two surfaces within limits, inequivalent by their symmetry.

    Parameters
    ----------
    film, substrate : Surface
        The surfaces.
    limits : Limits, optional
        The default is 400 Å² and 5 %.
    film_share : float, optional
        Part of the misfit that the film takes. Without it: by the biaxial moduli of both in their planes when both stiffnesses are
        given (equal thickness), else all of it.
    film_stiffness, substrate_stiffness : array_like, shape (6, 6), optional
        Stiffness, GPa; the film's gives each match an elastic energy.

    Returns
    -------
    tuple of Match
        By area, then strain, then rotation. Of equivalent ones, the least rotated stands for all.

    Raises
    ------
    GeometryError
        The area limit is below one cell of a surface, or above 400 cells.
    """
    stiffness = _checked(film_stiffness), _checked(substrate_stiffness)
    ranked = _ranked(film, substrate, limits or Limits(), film_share, stiffness)
    return tuple(match for _, match in sorted(ranked, key=lambda item: item[0]))


_Rank = tuple[float, float, float, float]
_Stiffness = tuple[tuple[float, ...], ...] | None


def _checked(stiffness: ArrayLike | None) -> _Stiffness:
    return None if stiffness is None else stiffness_tuple(stiffness)


def _film_share(
    film: Surface, substrate: Surface, given: float | None, stiffness: tuple[_Stiffness, _Stiffness]
) -> float:
    if given is not None or stiffness[0] is None or stiffness[1] is None:
        return 1.0 if given is None else given
    soft, hard = (
        biaxial_modulus(np.array(c), surface.cartesian_axes)
        for c, surface in zip(stiffness, (film, substrate), strict=True)
    )
    return film_share_from_stiffness(soft, hard)


def _ranked(
    film: Surface,
    substrate: Surface,
    limits: Limits,
    film_share: float | None,
    stiffness: tuple[_Stiffness, _Stiffness],
) -> list[tuple[_Rank, Match]]:
    """Matches with (area, strain, |rotation|, rotation), rounded, so that they can be sorted without another look."""
    share = _film_share(film, substrate, film_share, stiffness)
    index, cells, sublattices = coincidences_within(film, substrate, limits)
    if not limits.multiples:
        smallest = cell_multiplicity(sublattices.bases[index], cells) == 1
        index, cells = index[smallest], cells[smallest]
    film_cells, substrate_cells, numbers = inequivalent_cells(film, substrate, sublattices, index, cells)
    kept = _within_rotation(numbers[:, 2], limits)
    rows = zip(film_cells[kept].tolist(), substrate_cells[kept].tolist(), numbers[kept].tolist(), strict=True)
    return [
        ((area, strain, abs(angle), angle), Match(film, substrate, _as_tuple(f), _as_tuple(s), share, stiffness[0]))
        for f, s, (area, strain, angle) in rows
    ]


def _within_rotation(angle: FloatArray, limits: Limits) -> NDArray[np.bool_]:
    low, high = limits.rotation or (-180.0, 180.0)
    return np.asarray((angle >= low - _EDGE) & (angle <= high + _EDGE))


def _as_tuple(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    (a, b), (c, d) = rows
    return (a, b), (c, d)


def search_planes(
    film: Structure,
    substrate: Structure,
    limits: Limits | None = None,
    *,
    planes: Sequence[tuple[Sequence[int], Sequence[int]]] | None = None,
    max_index: int = 1,
    film_share: float | None = None,
    film_stiffness: ArrayLike | None = None,
    substrate_stiffness: ArrayLike | None = None,
) -> tuple[Match, ...]:
    """Coincidences of several pairs of planes in one list.

    Parameters
    ----------
    film, substrate : Structure
        The crystals.
    limits : Limits, optional
        As in `find_coincidences`, which also explains `film_share` and the stiffnesses.
    planes : sequence of (film hkl, substrate hkl), optional
        The pairs; the default is every pair of inequivalent planes up to `max_index`.
    max_index : int
        Largest Miller index of the default pairs.

    Returns
    -------
    tuple of Match
        By area, then strain. Planes whose cell is larger than the area limit are left out when they were not asked for
        by name.

    Raises
    ------
    GeometryError
        No pair of planes has a cell within the area limit, or as `find_coincidences`.
    """
    limits = limits or Limits()
    pairs = _named_pairs(film, substrate, planes) if planes else _small_pairs(film, substrate, max_index, limits)
    stiffness = _checked(film_stiffness), _checked(substrate_stiffness)
    ranked = [item for first, second in pairs for item in _ranked(first, second, limits, film_share, stiffness)]
    return tuple(match for _, match in sorted(ranked, key=lambda item: item[0]))


def _named_pairs(
    film: Structure, substrate: Structure, planes: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[tuple[Surface, Surface]]:
    return [(Surface(film, tuple(first)), Surface(substrate, tuple(second))) for first, second in planes]  # type: ignore[arg-type]


def _small_pairs(
    film: Structure, substrate: Structure, max_index: int, limits: Limits
) -> list[tuple[Surface, Surface]]:
    films, substrates = (low_index_planes(crystal, max_index) for crystal in (film, substrate))
    smallest = max(min(surface.area for surface in group) for group in (films, substrates))
    if smallest > limits.max_area * (1 + _EDGE):
        raise GeometryError(
            f"no plane up to index {max_index} has a cell within {limits.max_area:g} Å²;",
            remedy=f"allow at least {ceil(smallest)} Å².",
        )
    fitting = [[s for s in group if s.area <= limits.max_area * (1 + _EDGE)] for group in (films, substrates)]
    return list(product(fitting[0], fitting[1]))
