"""Peaks one by one, each at unit area within its window, as a sparse matrix: what extraction of intensities needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.profiles import pseudo_voigt
from .axial_kernel import Nodes
from .windows import Windows

__all__ = ["rows_of_windows", "windowed_shapes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def windowed_shapes(axis: FloatArray, windows: Windows, nodes: Nodes, fwhm: FloatArray, eta: FloatArray) -> Any:
    """Pseudo-Voigts spread over their axial nodes, (peaks, n)."""

    def shape(x: FloatArray, i: int) -> FloatArray:
        place, weight = nodes.table[nodes.start[i] : nodes.start[i + 1], :2].T
        return np.asarray(weight @ pseudo_voigt(x - place[:, None], fwhm[i], eta[i]))

    return rows_of_windows(axis, windows.first, windows.last, shape)


def rows_of_windows(
    axis: FloatArray, first: IntArray, last: IntArray, shape: Callable[[FloatArray, int], FloatArray]
) -> Any:
    """Sparse matrix whose row i holds ``shape(points, i)`` on the points from first[i] to last[i]."""
    from scipy.sparse import csr_matrix

    parts = [shape(axis[low:high], i) for i, (low, high) in enumerate(zip(first, last, strict=True))]
    columns = [np.arange(low, high) for low, high in zip(first, last, strict=True)]
    start = np.concatenate([[0], np.cumsum(last - first)])
    return csr_matrix((np.concatenate(parts), np.concatenate(columns), start), (len(first), len(axis)))
