"""Compare the metric tensors of film and substrate cells: which of them coincide within limits."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .equivalence import film_representatives
from .limits import Limits
from .sublattices import Bases, Sublattices, gram_entries, near_reduced_bases, sublattices_up_to
from .surface import Surface

__all__ = ["coincidences_within"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EDGE = 1e-9
# Equal stretches come out of a square root of what should be zero, hence only half the digits.
_ROUNDING = 1e-7
_LARGEST_INDEX = 400
_PAIRS_AT_ONCE = 2_000_000


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


def coincidences_within(film: Surface, substrate: Surface, limits: Limits) -> tuple[IntArray, IntArray, Sublattices]:
    """Numbers of film sublattices (one of each rotated set), the substrate bases they meet within the limits."""
    sizes = [_largest_index(surface, limits.max_area) for surface in (film, substrate)]
    sublattices = sublattices_up_to(film, sizes[0])
    bases = near_reduced_bases(substrate, sizes[1], limits.max_strain)
    chosen = film_representatives(film.symmetry, sublattices)
    gram = gram_entries(sublattices.bases[chosen], film.planar_basis @ film.planar_basis.T)
    rows, low, high = _windows(gram, substrate, bases, limits, sizes[1])
    found = [_compare(gram, bases, limits, rows[block], low[block], high[block]) for block in _blocks(high - low)]
    film_rows = np.concatenate([left for left, _ in found])
    return chosen[film_rows], bases.matrices[np.concatenate([right for _, right in found])], sublattices


def _squared_stretches(limits: Limits) -> tuple[float, float]:
    return (1 - limits.max_strain) ** 2 - _EDGE, (1 + limits.max_strain) ** 2 + _EDGE


def _windows(
    gram: FloatArray, substrate: Surface, bases: Bases, limits: Limits, largest: int
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
