"""Integer bases of lattices: Hermite normal form, kernels, Gauss–Lagrange reduction in the plane.

Basis vectors are rows. A sublattice of a planar lattice with basis rows B has the basis M B with an integer (2, 2)
matrix M; every sublattice of index n has exactly one M in Hermite normal form ``[[p, q], [0, r]]`` with p r = n and
0 ≤ q < r (J. W. S. Cassels, An Introduction to the Geometry of Numbers, 1959, chapter I), σ(n) of them in all.
Gauss–Lagrange reduction: |a| ≤ |b| and 2|a·b| ≤ a². Floating-point numbers only choose the integers; what is
returned is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "bezout_basis",
    "gauss_reduced",
    "hermite_matrices",
    "hermite_normal_form",
    "inverse_unimodular",
    "row_style_hermite",
    "sublattice_codes",
]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_TIE = 1e-9


def row_style_hermite(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Basis of the lattice that integer rows generate, in echelon form, by exact integer elimination."""
    work = [list(row) for row in rows]
    done: list[list[int]] = []
    for column in range(len(work[0])):
        while sum(row[column] != 0 for row in work) > 1:
            pivot = min((row for row in work if row[column]), key=lambda row: abs(row[column]))
            for row in work:
                if row is not pivot and row[column]:
                    factor = row[column] // pivot[column]
                    row[:] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
        leading = [row for row in work if row[column]]
        if leading:
            sign = 1 if leading[0][column] > 0 else -1
            done.append([sign * value for value in leading[0]])
        work = [row for row in work if not row[column] and any(row)]
        if not work:
            break
    return done


def bezout_basis(normal: Sequence[int]) -> IntArray:
    """Unimodular rows (u, v, w) with u·n = v·n = 0 and w·n = 1, for a primitive integer normal n.

    Parameters
    ----------
    normal : sequence of 3 int
        Coprime integers.
    """
    rows = [[value, *(int(i == j) for j in range(3))] for i, value in enumerate(normal)]
    reduced = _eliminate_first_column(rows)
    stacking = next(row[1:] for row in reduced if row[0])
    in_plane = [row[1:] for row in reduced if not row[0]]
    return np.array([*in_plane, stacking], dtype=np.int64)


def _eliminate_first_column(rows: list[list[int]]) -> list[list[int]]:
    """Unimodular row operations until one row is left with a (positive) first entry."""
    while sum(row[0] != 0 for row in rows) > 1:
        pivot = min((row for row in rows if row[0]), key=lambda row: abs(row[0]))
        for row in rows:
            if row is not pivot and row[0]:
                factor = row[0] // pivot[0]
                row[:] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
    return [[-value for value in row] if row[0] < 0 else row for row in rows]


def hermite_matrices(index: int) -> IntArray:
    """Every sublattice of an index, (σ(n), 2, 2), in Hermite normal form."""
    matrices = [((p, q), (0, index // p)) for p in range(1, index + 1) if index % p == 0 for q in range(index // p)]
    return np.array(matrices, dtype=np.int64)


def hermite_normal_form(matrices: IntArray) -> tuple[IntArray, IntArray]:
    """Hermite normal forms H and unimodular U with U M = H, for non-singular (..., 2, 2) integer matrices."""
    work = np.zeros((*matrices.shape[:-2], 2, 4), dtype=np.int64)
    work[..., :2], work[..., 0, 2], work[..., 1, 3] = matrices, 1, 1
    rows = work.reshape(-1, 2, 4)
    busy = np.flatnonzero(rows[:, 1, 0])
    while busy.size:
        active = rows[busy]
        factor = active[:, 0, 0] // active[:, 1, 0]
        rows[busy, 0] = active[:, 1]
        rows[busy, 1] = active[:, 0] - factor[:, None] * active[:, 1]
        busy = busy[rows[busy, 1, 0] != 0]
    rows[rows[:, 0, 0] < 0, 0] *= -1
    rows[rows[:, 1, 1] < 0, 1] *= -1
    rows[:, 0] -= (rows[:, 0, 1] // rows[:, 1, 1])[:, None] * rows[:, 1]
    return work[..., :2], work[..., 2:]


def sublattice_codes(forms: IntArray, largest_index: int) -> IntArray:
    """One integer per Hermite normal form, increasing with the index, then p, then q."""
    p, q, r = forms[..., 0, 0], forms[..., 0, 1], forms[..., 1, 1]
    base = largest_index + 1
    return np.asarray((p * r * base + p) * base + q)


def gauss_reduced(matrices: IntArray, metric: FloatArray) -> IntArray:
    """Gauss–Lagrange reduced bases of the lattices that integer rows span in a lattice of given metric.

    Parameters
    ----------
    matrices : ndarray of int, shape (n, 2, d)
        Rows are coordinates in a lattice basis of dimension d.
    metric : ndarray, shape (d, d)
        Metric tensor of that basis, Å².

    Returns
    -------
    ndarray of int, shape (n, 2, d)
        |a| ≤ |b| and 2|a·b| ≤ a²; the orientation may change.
    """
    rows = np.array(matrices, dtype=np.int64)
    while True:
        gram = np.einsum("nid,de,nje->nij", rows, metric, rows)
        swap = gram[:, 1, 1] < gram[:, 0, 0] * (1 - _TIE)
        rows[swap] = rows[swap][:, ::-1]
        shortest = np.where(swap, gram[:, 1, 1], gram[:, 0, 0])
        ratio = gram[:, 0, 1] / shortest
        factor = np.where(np.abs(ratio) > 0.5 + _TIE, np.rint(ratio), 0).astype(np.int64)
        rows[:, 1] -= factor[:, None] * rows[:, 0]
        if not swap.any() and not factor.any():
            return rows


def inverse_unimodular(matrices: IntArray) -> IntArray:
    """Inverses of (..., 2, 2) integer matrices with determinant ±1."""
    a, b, c, d = (matrices[..., i, j] for i, j in product((0, 1), repeat=2))
    inverse = np.empty_like(matrices)
    inverse[..., 0, 0], inverse[..., 0, 1], inverse[..., 1, 0], inverse[..., 1, 1] = d, -b, -c, a
    return np.asarray(inverse * (a * d - b * c)[..., None, None])
