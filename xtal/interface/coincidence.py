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
from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..structure import Structure
from .elasticity import stiffness_tuple
from .equivalence import cell_multiplicity, film_representatives, inequivalent_cells
from .match import Match
from .sublattices import Bases, Sublattices, gram_entries, near_reduced_bases, sublattices_up_to
from .surface import Surface, low_index_planes

__all__ = ["Limits", "find_coincidences", "search_planes"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EDGE = 1e-9
# Equal stretches come out of a square root of what should be zero, hence only half the digits.
_ROUNDING = 1e-7
_LARGEST_INDEX = 400
_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Limits:
    """What counts as a coincidence.

    Parameters
    ----------
    max_area : float
        Largest cell, Å², on film and on substrate.
    max_strain : float
        Largest absolute principal strain that brings the film onto the substrate, below 0.5.
    max_length_mismatch : float or None
        Largest relative difference of the cell edges (film's reduced cell).
    max_angle_mismatch : float or None
        Largest difference of the cell angles, degrees.
    rotation : tuple of float or None
        Range of in-plane rotation, degrees; None leaves it free.
    multiples : bool
        Whether to list cells that only repeat a smaller coincidence cell of the same orientation.

    Raises
    ------
    GeometryError
        A limit that leaves nothing or has no meaning.
    """

    max_area: float = 400.0
    max_strain: float = 0.05
    max_length_mismatch: float | None = None
    max_angle_mismatch: float | None = None
    rotation: tuple[float, float] | None = None
    multiples: bool = False

    def __post_init__(self) -> None:
        if not np.isfinite(self.max_area) or self.max_area <= 0:
            raise GeometryError(f"a largest area of {self.max_area:g} Å²;", remedy="give a positive area.")
        if not 0 <= self.max_strain < 0.5:
            raise GeometryError(
                f"a largest strain of {self.max_strain:g};", remedy="give a fraction from 0 to below 0.5 (0.05 is 5 %)."
            )
        for name in ("max_length_mismatch", "max_angle_mismatch"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise GeometryError(f"{name} = {value:g};", remedy="a limit may not be negative.")
        if self.rotation is not None and not self.rotation[0] <= self.rotation[1]:
            raise GeometryError(f"a rotation range of {self.rotation};", remedy="give the smaller angle first.")


def find_coincidences(
    film: Surface,
    substrate: Surface,
    limits: Limits | None = None,
    *,
    film_share: float = 1.0,
    film_stiffness: ArrayLike | None = None,
) -> tuple[Match, ...]:
    """Every coincidence cell of two surfaces within limits, inequivalent by their symmetry.

    Parameters
    ----------
    film, substrate : Surface
        The surfaces.
    limits : Limits, optional
        The default is 400 Å² and 5 %.
    film_share : float
        Part of the misfit that the film takes (see `elasticity.film_share_from_stiffness`).
    film_stiffness : array_like, shape (6, 6), optional
        Stiffness of the film, GPa; gives each match an elastic energy.

    Returns
    -------
    tuple of Match
        By area, then strain, then rotation. Of equivalent ones, the least rotated stands for all.

    Raises
    ------
    GeometryError
        The area limit is below one cell of a surface, or above 400 cells.
    """
    ranked = _ranked(film, substrate, limits or Limits(), film_share, film_stiffness)
    return tuple(match for _, match in sorted(ranked, key=lambda item: item[0]))


_Rank = tuple[float, float, float, float]


def _ranked(
    film: Surface, substrate: Surface, limits: Limits, film_share: float, film_stiffness: ArrayLike | None
) -> list[tuple[_Rank, Match]]:
    """Matches with (area, strain, |rotation|, rotation), rounded, so that they can be sorted without another look."""
    stiffness = None if film_stiffness is None else stiffness_tuple(film_stiffness)
    index, cells, sublattices = _pairs_within(film, substrate, limits)
    if not limits.multiples:
        smallest = cell_multiplicity(sublattices.bases[index], cells) == 1
        index, cells = index[smallest], cells[smallest]
    film_cells, substrate_cells, numbers = inequivalent_cells(film, substrate, sublattices, index, cells)
    kept = _within_rotation(numbers[:, 2], limits)
    rows = zip(film_cells[kept].tolist(), substrate_cells[kept].tolist(), numbers[kept].tolist(), strict=True)
    return [
        ((area, strain, abs(angle), angle), Match(film, substrate, _as_tuple(f), _as_tuple(s), film_share, stiffness))
        for f, s, (area, strain, angle) in rows
    ]


def _within_rotation(angle: FloatArray, limits: Limits) -> NDArray[np.bool_]:
    low, high = limits.rotation or (-180.0, 180.0)
    return np.asarray((angle >= low - _EDGE) & (angle <= high + _EDGE))


def _as_tuple(rows: Sequence[Sequence[int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    (a, b), (c, d) = rows
    return (a, b), (c, d)


def _largest_index(surface: Surface, max_area: float) -> int:
    cells = int(max_area / surface.area * (1 + _EDGE))
    if cells < 1:
        raise GeometryError(
            f"the largest area of {max_area:g} Å² is below one cell of {surface} ({surface.area:.2f} Å²);",
            remedy=f"allow at least {ceil(surface.area)} Å².",
        )
    if cells > _LARGEST_INDEX:
        raise GeometryError(
            f"{max_area:g} Å² holds {cells} cells of {surface};",
            remedy=f"allow at most {_LARGEST_INDEX * surface.area:.0f} Å².",
        )
    return cells


def _pairs_within(film: Surface, substrate: Surface, limits: Limits) -> tuple[IntArray, IntArray, Sublattices]:
    """Numbers of film sublattices (one of each rotated set), the substrate bases they meet within the limits."""
    sizes = [_largest_index(surface, limits.max_area) for surface in (film, substrate)]
    sublattices = sublattices_up_to(film, sizes[0])
    bases = near_reduced_bases(substrate, sizes[1], limits.max_strain)
    chosen = film_representatives(film.symmetry, sublattices)
    gram = gram_entries(sublattices.bases[chosen], film.planar_basis @ film.planar_basis.T)
    rows, low, high = _windows(gram, film, substrate, bases, limits, sizes[1])
    found = [_compare(gram, bases, limits, rows[block], low[block], high[block]) for block in _blocks(high - low)]
    film_rows = np.concatenate([left for left, _ in found])
    return chosen[film_rows], bases.matrices[np.concatenate([right for _, right in found])], sublattices


def _squared_stretches(limits: Limits) -> tuple[float, float]:
    return (1 - limits.max_strain) ** 2 - _EDGE, (1 + limits.max_strain) ** 2 + _EDGE


def _windows(
    gram: FloatArray, film: Surface, substrate: Surface, bases: Bases, limits: Limits, largest: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Where to look: film rows and, for every substrate index of a fitting area, the range of bases with a fitting first edge."""
    shrink, grow = _squared_stretches(limits)
    area = np.sqrt(gram[:, 0] * gram[:, 2] - gram[:, 1] ** 2) / substrate.area
    least = np.maximum(np.ceil(area * shrink - _EDGE).astype(int), 1)
    most = np.minimum(np.floor(area * grow + _EDGE).astype(int), largest)
    counts = np.maximum(most - least + 1, 0)
    rows = np.repeat(np.arange(len(gram)), counts)
    index = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + least[rows]
    low = np.searchsorted(bases.keys, index * bases.stride + gram[rows, 0] * shrink)
    top = np.minimum(gram[rows, 0] * grow, bases.stride * (1 - _EDGE))
    return rows, low, np.searchsorted(bases.keys, index * bases.stride + top, side="right")


def _blocks(counts: IntArray) -> list[IntArray]:
    """Row numbers in blocks that hold about `_PAIRS_AT_ONCE` comparisons, so that memory stays bounded."""
    block = np.cumsum(counts) // _PAIRS_AT_ONCE
    return np.split(np.arange(len(counts)), np.flatnonzero(np.diff(block)) + 1)


def _compare(
    gram: FloatArray, bases: Bases, limits: Limits, rows: IntArray, low: IntArray, high: IntArray
) -> tuple[IntArray, IntArray]:
    """Film rows and bases of one block that stay within the limits."""
    counts = high - low
    left = np.repeat(rows, counts)
    right = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    shrink, grow = _squared_stretches(limits)
    second = bases.gram[right, 2] / gram[left, 2]
    near = (second >= shrink) & (second <= grow)
    left, right = left[near], right[near]
    good = _within(gram[left], bases.gram[right], limits)
    return left[good], right[good]


def _within(film: FloatArray, substrate: FloatArray, limits: Limits) -> NDArray[np.bool_]:
    """Whether the map between two bases stays within the limits; eigenvalues of G_f⁻¹ G_s are squared stretches."""
    low, high = _stretches(film, substrate)
    good = (low >= 1 - limits.max_strain - _ROUNDING) & (high <= 1 + limits.max_strain + _ROUNDING)
    if limits.max_length_mismatch is not None:
        edges = np.sqrt(substrate[:, [0, 2]] / film[:, [0, 2]])
        good &= np.all(np.abs(edges - 1) <= limits.max_length_mismatch + _EDGE, axis=1)
    if limits.max_angle_mismatch is not None:
        good &= np.abs(_angle(substrate) - _angle(film)) <= limits.max_angle_mismatch + _EDGE
    return np.asarray(good)


def _stretches(film: FloatArray, substrate: FloatArray) -> tuple[FloatArray, FloatArray]:
    area = film[:, 0] * film[:, 2] - film[:, 1] ** 2
    ratio = (substrate[:, 0] * substrate[:, 2] - substrate[:, 1] ** 2) / area
    half = (film[:, 2] * substrate[:, 0] - 2 * film[:, 1] * substrate[:, 1] + film[:, 0] * substrate[:, 2]) / (2 * area)
    root = np.sqrt(np.maximum(half**2 - ratio, 0))
    return np.sqrt(np.maximum(half - root, 0)), np.sqrt(half + root)


def _angle(gram: FloatArray) -> FloatArray:
    return np.degrees(np.arccos(np.clip(gram[:, 1] / np.sqrt(gram[:, 0] * gram[:, 2]), -1, 1)))


def search_planes(
    film: Structure,
    substrate: Structure,
    limits: Limits | None = None,
    *,
    planes: Sequence[tuple[Sequence[int], Sequence[int]]] | None = None,
    max_index: int = 1,
    film_share: float = 1.0,
    film_stiffness: ArrayLike | None = None,
) -> tuple[Match, ...]:
    """Coincidences of several pairs of planes in one list.

    Parameters
    ----------
    film, substrate : Structure
        The crystals.
    limits : Limits, optional
        As in `find_coincidences`, which also explains `film_share` and `film_stiffness`.
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
    ranked = [item for first, second in pairs for item in _ranked(first, second, limits, film_share, film_stiffness)]
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
