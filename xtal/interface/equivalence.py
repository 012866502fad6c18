"""Which coincidences are the same interface, and which cell stands for it.

Two coincidences are the same interface when g_s F g_f maps one onto the other, where g_s leaves the substrate's surface
where it is, g_f is any operation of the film's plane (turning it over included), and both or neither are
improper (an improper pair is the mirror image of the whole interface).
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .integer_lattice import hermite_normal_form, inverse_unimodular, sublattice_codes
from .sublattices import Sublattices
from .surface import PlanarSymmetry, Surface

__all__ = ["cell_multiplicity", "film_representatives", "inequivalent_cells"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_UPRIGHT = 1e-6
_IMAGES_AT_ONCE = 500_000


def film_representatives(symmetry: PlanarSymmetry, sublattices: Sublattices) -> IntArray:
    """Numbers of the film sublattices that are first among those which proper operations turn into each other."""
    operations = np.unique(symmetry.matrices[symmetry.proper], axis=0)
    images, _ = hermite_normal_form(sublattices.forms[:, None] @ operations)
    codes = sublattice_codes(images, sublattices.largest_index)
    return np.flatnonzero(codes.min(axis=1) == sublattices.codes)


def cell_multiplicity(film: IntArray, substrate: IntArray) -> IntArray:
    """Index of each cell in the smallest coincidence cell: greatest common divisor of the minors of [M_f | M_s]."""
    both = np.concatenate([film, substrate], axis=2)
    minors = [both[:, 0, i] * both[:, 1, j] - both[:, 0, j] * both[:, 1, i] for i in range(4) for j in range(i)]
    return np.asarray(np.gcd.reduce(np.array(minors), axis=0))


def _operation_pairs(film: PlanarSymmetry, substrate: PlanarSymmetry) -> tuple[IntArray, IntArray]:
    """Pairs (G_f, G_s) that leave an interface the same, each effect once; (G_f, G_s) and (-G_f, -G_s) act alike."""
    pairs = {}
    for g_s, up, proper in zip(substrate.matrices, substrate.keeps_normal, substrate.proper, strict=True):
        for g_f in film.matrices[film.proper == proper] if up else ():
            key = tuple(np.concatenate([g_f.ravel(), g_s.ravel()]).tolist())
            pairs[max(key, tuple(-value for value in key))] = (g_f, g_s)
    return np.array([f for f, _ in pairs.values()]), np.array([s for _, s in pairs.values()])


def inequivalent_cells(
    film: Surface, substrate: Surface, sublattices: Sublattices, index: IntArray, cells: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """One pair of cells per interface: not flipped if it can be, least rotated, right-handed; with (area, strain, rotation)."""
    if not len(index):
        return cells, cells, np.empty((0, 3))
    pairs = _operation_pairs(film.symmetry, substrate.symmetry)
    largest = _largest_entry(film, substrate, sublattices)
    keys = [
        _packed(*_images(sublattices, pairs, index[rows], cells[rows]), largest).min(axis=1)
        for rows in _blocks(len(index), len(pairs[0]))
    ]
    _, first = np.unique(np.concatenate(keys), return_index=True)
    found = []
    for rows in _blocks(len(first), len(pairs[0])):
        number, images = _images(sublattices, pairs, index[first[rows]], cells[first[rows]])
        substrate_cells = sublattices.to_basis[number] @ images
        found.append(_least_rotated(film, substrate, sublattices.bases[number], substrate_cells))
    film_part, substrate_part, numbers = zip(*found, strict=True)
    return np.concatenate(film_part), np.concatenate(substrate_part), np.concatenate(numbers)


def _blocks(count: int, width: int) -> list[NDArray[np.intp]]:
    """Row numbers in blocks that hold about `_IMAGES_AT_ONCE` images."""
    return np.array_split(np.arange(count), 1 + count * width // _IMAGES_AT_ONCE)


def _images(
    sublattices: Sublattices, pairs: tuple[IntArray, IntArray], index: IntArray, cells: IntArray
) -> tuple[IntArray, IntArray]:
    """Every image of the coincidences: numbers of the film sublattices, and substrate cells for their Hermite forms."""
    forms, unimodular = hermite_normal_form(sublattices.forms[index][:, None] @ pairs[0])
    images = unimodular @ (inverse_unimodular(sublattices.to_basis[index]) @ cells)[:, None] @ pairs[1]
    return np.searchsorted(sublattices.codes, sublattice_codes(forms, sublattices.largest_index)), images


def _largest_entry(film: Surface, substrate: Surface, sublattices: Sublattices) -> int:
    """Bound of the entries of a substrate cell whose film cell is in Hermite form, for stretches up to 1.5.

    Such a film vector is at most N (|a| + |b|) long; in a reduced basis the coordinates of a vector are at most 2/√3 of its
    length over that of the basis vector.
    """
    longest = sublattices.largest_index * float(np.linalg.norm(film.planar_basis, axis=1).sum())
    shortest = float(np.linalg.norm(substrate.planar_basis, axis=1).min())
    largest = int(1.5 * longest * 1.16 / shortest) + 1
    if len(sublattices.codes) * (2 * largest + 1) ** 4 >= 2**63:
        raise GeometryError("the cells are too long and narrow to be compared;", remedy="lower the area limit.")
    return largest


def _packed(number: IntArray, images: IntArray, largest: int) -> IntArray:
    """One integer per (film sublattice, substrate matrix); entries are within ± `largest`."""
    packed = number.astype(np.int64)
    for i, j in product((0, 1), repeat=2):
        packed = packed * (2 * largest + 1) + images[..., i, j] + largest
    return packed


def _least_rotated(
    film: Surface, substrate: Surface, film_cells: IntArray, substrate_cells: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    film_vectors, substrate_vectors = film_cells @ film.planar_basis, substrate_cells @ substrate.planar_basis
    deformation = np.linalg.solve(film_vectors, substrate_vectors)
    flipped = np.linalg.det(deformation) < 0
    angle = _rotation(deformation)
    rank = np.round(np.abs(angle), 6) + np.where(flipped, 1000.0, 0.0) + np.where(angle < -1e-6, 1e-7, 0.0)
    best = np.argmin(rank, axis=1)
    rows = np.arange(len(best))
    chosen = film_cells[rows, best], substrate_cells[rows, best]
    left_handed = np.linalg.det(chosen[1]) < 0
    for cells in chosen:
        cells[left_handed, 1] *= -1
    backwards = (chosen[1][:, 0] @ substrate.planar_basis)[:, 0] < -_UPRIGHT
    for cells in chosen:
        cells[backwards] *= -1
    area = np.abs(np.linalg.det(substrate_vectors[rows, best]))
    stretch = np.linalg.svd(deformation[rows, best], compute_uv=False)
    strain = np.abs(stretch - 1).max(axis=1)
    return *chosen, np.stack([area.round(6), strain.round(9), angle[rows, best].round(6)], axis=1)


def _rotation(deformation: NDArray[np.floating[Any]]) -> FloatArray:
    """Angle of the rotated film's first axis, degrees; closed form of the polar decomposition in the plane."""
    sign = np.where(np.linalg.det(deformation) < 0, -1.0, 1.0)
    x = deformation[..., 0, 0] + sign * deformation[..., 1, 1]
    y = deformation[..., 0, 1] - sign * deformation[..., 1, 0]
    angle = np.degrees(np.arctan2(y, x))
    return np.where(angle < -180.0 + 1e-6, 180.0, angle)
