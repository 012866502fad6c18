"""Sublattices of a surface's planar lattice, and the bases onto which a reduced basis can be mapped by a small strain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd

import numpy as np
from numpy.typing import NDArray

from .integer_lattice import gauss_reduced, hermite_matrices, hermite_normal_form, inverse_unimodular, sublattice_codes
from .surface import Surface

__all__ = ["Bases", "Sublattices", "gram_entries", "near_reduced_bases", "sublattices_up_to"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Sublattices:
    """Every sublattice up to an index: Hermite forms, reduced bases, and the map between the two (V H = M)."""

    forms: IntArray
    bases: IntArray
    to_basis: IntArray
    codes: IntArray
    largest_index: int


@lru_cache(maxsize=32)
def sublattices_up_to(surface: Surface, largest_index: int) -> Sublattices:
    """Every sublattice of a surface's planar lattice with an index up to `largest_index`."""
    forms = np.concatenate([hermite_matrices(n) for n in range(1, largest_index + 1)])
    bases = gauss_reduced(forms, surface.planar_basis @ surface.planar_basis.T)
    codes = sublattice_codes(forms, largest_index)
    order = np.argsort(codes)
    forms, bases = forms[order], bases[order]
    _, from_basis = hermite_normal_form(bases)
    return Sublattices(forms, bases, inverse_unimodular(from_basis), codes[order], largest_index)


@dataclass(frozen=True, eq=False)
class Bases:
    """Bases of substrate sublattices that a film's reduced basis may be mapped onto, by index, then by the first length.

    `keys` rise along the bases: index times `stride` plus the squared first length.
    """

    matrices: IntArray
    gram: FloatArray
    keys: FloatArray
    stride: float


@lru_cache(maxsize=32)
def near_reduced_bases(surface: Surface, largest_index: int, max_strain: float) -> Bases:
    """Every basis (v1, v2) of every sublattice with |v1| ≤ κ λ1 and |v2| ≤ κ λ2, κ = (1 + ε)/(1 - ε)."""
    sublattices = sublattices_up_to(surface, largest_index)
    metric = surface.planar_basis @ surface.planar_basis.T
    kappa = (1 + max_strain) / (1 - max_strain) * (1 + _EDGE)
    reduced = gram_entries(sublattices.bases, metric)
    found = [
        _bases_with_first(sublattices.bases, reduced, first, kappa) for first in _coprime_pairs(int(kappa * 2 / 3**0.5))
    ]
    matrices = np.concatenate(found)
    gram = gram_entries(matrices, metric)
    index = np.abs(matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0])
    stride = 2.0 * float(gram[:, 0].max())
    keys = index * stride + gram[:, 0]
    order = np.argsort(keys, kind="stable")
    return Bases(matrices[order], gram[order], keys[order], stride)


def _coprime_pairs(largest: int) -> list[tuple[int, int]]:
    span = range(-largest, largest + 1)
    return [(i, j) for i, j in product(span, repeat=2) if gcd(i, j) == 1]


def _bases_with_first(bases: IntArray, reduced: FloatArray, first: tuple[int, int], kappa: float) -> IntArray:
    """Bases whose first vector is i a + j b: the second is ±w + k v1 with all k that its length allows."""
    i, j = first
    length = i * i * reduced[:, 0] + 2 * i * j * reduced[:, 1] + j * j * reduced[:, 2]
    short = length <= kappa**2 * reduced[:, 0]
    rows, gram, length = bases[short], reduced[short], length[short]
    k, l = _complement(i, j)
    v1 = i * rows[:, 0] + j * rows[:, 1]
    w = k * rows[:, 0] + l * rows[:, 1]
    along = (i * k * gram[:, 0] + (i * l + j * k) * gram[:, 1] + j * l * gram[:, 2]) / length
    height = (gram[:, 0] * gram[:, 2] - gram[:, 1] ** 2) / length
    reach = np.sqrt(np.maximum(kappa**2 * gram[:, 2] - height, 0) / length)
    low, high = np.ceil(-along - reach - _EDGE).astype(int), np.floor(-along + reach + _EDGE).astype(int)
    counts = np.maximum(high - low + 1, 0)
    which = np.repeat(np.arange(len(rows)), counts)
    steps = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + low[which]
    second = w[which] + steps[:, None] * v1[which]
    upright = np.stack([v1[which], second], axis=1)
    return np.concatenate([upright, np.stack([v1[which], -second], axis=1)])


def _complement(i: int, j: int) -> tuple[int, int]:
    """(k, l) with i l - j k = 1."""
    span = range(-abs(i) - abs(j), abs(i) + abs(j) + 1)
    return next((k, l) for k, l in product(span, repeat=2) if i * l - j * k == 1)


def gram_entries(matrices: IntArray, metric: FloatArray) -> FloatArray:
    """(a·a, a·b, b·b) of bases, (n, 3), Å²."""
    products = matrices @ metric @ matrices.transpose(0, 2, 1)
    return np.stack([products[:, 0, 0], products[:, 0, 1], products[:, 1, 1]], axis=1)
