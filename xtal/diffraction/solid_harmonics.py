"""Real spherical harmonics as polynomials in x, y, z, and their mixtures that rotations leave unchanged."""

from __future__ import annotations

from functools import lru_cache
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["Polynomial", "as_table", "component_powers", "invariant_mixtures", "mix", "solid_harmonics"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Polynomial = dict[tuple[int, int, int], float]
"""Factors by the powers of x, y, z."""


def component_powers(directions: FloatArray, highest: int) -> FloatArray:
    """Powers 0 to `highest` of the components, (3, n, highest + 1)."""
    factors = np.broadcast_to(directions.T[:, :, None], (3, len(directions), max(highest, 1)))
    return np.concatenate([np.ones((3, len(directions), 1)), np.cumprod(factors, axis=2)], axis=2)


def invariant_mixtures(l: int, rotations: FloatArray) -> FloatArray:
    """Orthonormal mixtures (k, 2l + 1) of the harmonics of order l that rotations (Cartesian) leave unchanged.

    They come in the order of their leading harmonic: m = 0, cos φ, sin φ, cos 2φ, …
    """
    points = np.random.default_rng(l).normal(size=(6 * l + 3, 3))
    points /= np.linalg.norm(points, axis=1)[:, None]
    solid = solid_harmonics(l)
    here = np.linalg.pinv(_evaluate(solid, points))
    there = np.mean([_evaluate(solid, points @ rotation.T) for rotation in rotations], axis=0)
    rows = _row_echelon(here @ there)
    found: list[FloatArray] = []
    for row in rows:
        rest = row - sum((row @ other) * other for other in found)
        found.append(rest / np.linalg.norm(rest))
    return np.array(found).reshape(len(found), 2 * l + 1)


def _row_echelon(matrix: FloatArray) -> FloatArray:
    """Reduced row echelon basis of the row space, rows by their leading column."""
    rows, rank = np.array(matrix, dtype=float), 0
    for column in range(rows.shape[1]):
        if rank == len(rows):
            break
        pivot = rank + int(np.argmax(np.abs(rows[rank:, column])))
        if abs(rows[pivot, column]) < 1e-8:
            continue
        rows[[rank, pivot]] = rows[[pivot, rank]]
        rows[rank] /= rows[rank, column]
        others = np.arange(len(rows)) != rank
        rows[others] -= np.outer(rows[others, column], rows[rank])
        rank += 1
    return np.where(np.abs(rows[:rank]) < 1e-10, 0.0, rows[:rank])


def _evaluate(polynomials: list[Polynomial], points: FloatArray) -> FloatArray:
    """Polynomials at points (n, 3), (n, k)."""
    exponents, table = as_table(polynomials)
    powers = component_powers(points, int(exponents.max(initial=0)))
    monomials = np.prod([powers[axis][:, exponents[:, axis]] for axis in range(3)], axis=0)
    return np.asarray(monomials @ table.T)


def as_table(polynomials: list[Polynomial]) -> tuple[IntArray, FloatArray]:
    """Exponents (p, 3) and coefficients (k, p)."""
    exponents = sorted({powers for polynomial in polynomials for powers in polynomial})
    table = np.array([[polynomial.get(powers, 0.0) for powers in exponents] for polynomial in polynomials], dtype=float)
    shape = len(polynomials), len(exponents)
    return np.array(exponents, dtype=np.int64).reshape(-1, 3), table.reshape(shape)


@lru_cache(maxsize=32)
def solid_harmonics(l: int) -> list[Polynomial]:
    """Real harmonics √4π Y_lm on the unit sphere as polynomials, in the order m = 0, cos φ, sin φ, cos 2φ, …"""
    made: list[Polynomial] = []
    for m in range(l + 1):
        norm = np.sqrt((2 * l + 1) * (2 if m else 1) * factorial(l - m) / factorial(l + m))
        for sine in (False, True) if m else (False,):
            made.append({
                (p, m - p, z): norm * around * upward
                for p, around in _around(m, sine) for z, upward in _upward(l, m)
            })  # fmt: skip
    return made


def _around(m: int, sine: bool) -> list[tuple[int, float]]:
    """Real or imaginary part of (x + iy)^m: powers p of x, with y^(m−p), and factors."""
    part = [round((1j ** (m - p)).imag if sine else (1j ** (m - p)).real) for p in range(m + 1)]
    return [(p, float(comb(m, p) * sign)) for p, sign in enumerate(part) if sign]


def _upward(l: int, m: int) -> list[tuple[int, float]]:
    """m-th derivative of Legendre's polynomial of degree l: powers of z and factors."""
    return [
        (z, (-1) ** k * comb(l, k) * comb(2 * l - 2 * k, l) / 2**l * factorial(z + m) / factorial(z))
        for k, z in enumerate(range(l - m, -1, -2))
    ]


def mix(factors: FloatArray, polynomials: list[Polynomial]) -> Polynomial:
    """Sum of polynomials with factors (k,)."""
    total: Polynomial = {}
    for factor, polynomial in zip(factors, polynomials, strict=True):
        for powers, value in polynomial.items():
            if factor:
                total[powers] = total.get(powers, 0.0) + factor * value
    return total
