"""Families of symmetry-equivalent reflections: enumeration, multiplicity, systematic absences, in any setting.

A reflection h and an operation (W, w) give the equivalent h W and the phase h·w; h is absent when some operation maps it onto
itself with a phase that isn't whole (International Tables for Crystallography, vol. A, section 1.6.3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..lattice import Lattice
from ..symmetry import SpaceGroup

__all__ = ["equivalents", "is_absent", "reflection_families", "squared_lengths"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CHUNK = 4_000_000


def reflection_families(
    lattice: Lattice, group: SpaceGroup, d_min: float, d_max: float = np.inf
) -> tuple[IntArray, IntArray]:
    """One representative and the multiplicity of every family that isn't absent.

    Parameters
    ----------
    lattice : Lattice
        Cell.
    group : SpaceGroup
        Symmetry in the cell's setting.
    d_min, d_max : float
        Limits of the d-spacing, Å, both included.

    Returns
    -------
    hkl : ndarray of int, shape (n, 3)
        Representatives, by falling d; of the equivalents the one with most non-negative indices, then the largest h, k, l.
    multiplicity : ndarray of int, shape (n,)
        Members of each family, Friedel mates included.
    """
    limits = np.floor(np.array(lattice.parameters[:3]) / d_min + 1e-9).astype(np.int64)
    packing = _packing(int(limits.max()))
    laue = group.laue_rotations
    found = [
        _representatives(_candidates(lattice, slab, limits, d_min, d_max), laue, packing)
        for slab in _slabs(limits, len(laue))
    ]
    hkl = np.concatenate([indices for indices, _ in found])
    multiplicity = np.concatenate([counts for _, counts in found])
    present = ~is_absent(hkl, group)
    hkl, multiplicity = _presentable(hkl[present], laue, packing), multiplicity[present]
    sequence = np.lexsort((*(-hkl.T[::-1]), np.round(squared_lengths(lattice, hkl), 10)))
    return hkl[sequence], multiplicity[sequence]


def squared_lengths(lattice: Lattice, hkl: ArrayLike) -> FloatArray:
    """1/d² of reflections (n, 3), Å⁻²; for long lists quicker than `Lattice.g_length`."""
    indices = np.asarray(hkl, dtype=float)
    return np.asarray(((indices @ lattice.reciprocal_metric_tensor) * indices).sum(axis=1))


def _slabs(limits: IntArray, n_rotations: int) -> list[IntArray]:
    per_h = int(np.prod(2 * limits[1:] + 1)) * n_rotations
    n_slabs = int(np.ceil((limits[0] + 1) * per_h / _CHUNK))
    return np.array_split(np.arange(limits[0] + 1), min(max(n_slabs, 1), int(limits[0]) + 1))


def _candidates(lattice: Lattice, h: IntArray, limits: IntArray, d_min: float, d_max: float) -> IntArray:
    """Reflections of a slab within the d limits; h ≥ 0 is enough because every family has a member there."""
    k, l = (np.arange(-limit, limit + 1) for limit in limits[1:])
    g = lattice.reciprocal_metric_tensor
    hh, kk, ll = h[:, None, None].astype(float), k[None, :, None].astype(float), l[None, None, :].astype(float)
    squared = (g[0, 0] * hh + 2 * (g[0, 1] * kk + g[0, 2] * ll)) * hh + (g[1, 1] * kk + 2 * g[1, 2] * ll) * kk
    squared = squared + g[2, 2] * ll * ll
    kept = (squared <= (1 / d_min**2) * (1 + 1e-10)) & (squared >= (1 / d_max**2) * (1 - 1e-10)) & (squared > 0)
    at = np.nonzero(kept)
    return np.stack([h[at[0]], k[at[1]], l[at[2]]], axis=1)


def _representatives(hkl: IntArray, laue: IntArray, packing: FloatArray) -> tuple[IntArray, IntArray]:
    """Members whose packed index is the largest of their family, and the families' sizes."""
    if not len(hkl):
        return hkl, np.empty(0, dtype=np.int64)
    own, keys = _packed_images(hkl, laue, packing)
    leads = keys.max(axis=0) == own
    stabilizer = (keys[:, leads] == own[leads]).sum(axis=0)
    return hkl[leads], len(laue) // stabilizer


def _packed_images(hkl: IntArray, rotations: IntArray, packing: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Packed indices of reflections, (n,), and of their images under rotations, (m, n); whole numbers, exact as floats."""
    indices = np.ascontiguousarray(hkl.T, dtype=float)
    return packing @ indices, (rotations @ packing) @ indices


def _packing(largest: int) -> FloatArray:
    """Weights that make one number of h, k, l up to `largest` in size, in their lexicographic order."""
    order = float(2 * largest + 3)
    return np.array([order * order, order, 1.0])


def _presentable(hkl: IntArray, laue: IntArray, packing: FloatArray) -> IntArray:
    """The equivalent that people write: non-negative indices where possible, then large h, k, l."""
    if not len(hkl):
        return hkl
    images = equivalents(hkl, laue)
    score = (images >= 0).sum(axis=2) * packing[1] ** 3 + images @ packing
    return np.asarray(np.take_along_axis(images, score.argmax(axis=1)[:, None, None], axis=1)[:, 0])


def equivalents(hkl: ArrayLike, rotations: IntArray) -> IntArray:
    """Images h W of reflections under rotations, (n, m, 3), repeated where an operation maps h onto the same image."""
    packed = np.asarray(hkl, dtype=float) @ np.moveaxis(rotations, 0, 1).reshape(3, -1).astype(float)
    return np.asarray(np.rint(packed).astype(np.int64).reshape(-1, len(rotations), 3))


def is_absent(hkl: ArrayLike, group: SpaceGroup) -> NDArray[np.bool_]:
    """Which reflections (n, 3) the operations of a group extinguish, (n,) booleans."""
    indices = np.asarray(hkl, dtype=np.int64).reshape(-1, 3)
    absent = np.zeros(len(indices), dtype=bool)
    # an image under a rotation of a hexagonal cell is at most thrice as large
    packing = _packing(3 * int(np.abs(indices).max(initial=1)))
    step = max(1, _CHUNK // len(group.operations))
    for start in range(0, len(indices), step):
        part = indices[start : start + step]
        own, keys = _packed_images(part, group.rotations, packing)
        phase = group.translations @ part.T
        absent[start : start + step] = ((keys == own) & (np.abs(phase - np.rint(phase)) > 1e-3)).any(axis=0)
    return absent
