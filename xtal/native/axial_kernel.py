r"""Nodes by which axial divergence spreads each peak, with their derivatives by the peak's position and by (S + H)/L.

With :math:`s = \sqrt{1 + a^2t^2}` a node lies at :math:`\cos 2\varphi = s \cos 2\theta` with weight :math:`\propto (1-t)/(s^2 \sin 2\varphi)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..diffraction.axial_divergence import axial_nodes, axial_stretch
from .kernels import kernel_name
from .windows import NODE_COUNTS

__all__ = ["Nodes", "spread_nodes", "vectorised_nodes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Nodes:
    """Nodes of all peaks, one peak after the other.

    Parameters
    ----------
    start : ndarray of int, shape (n_peaks + 1,)
        Where each peak's nodes begin.
    table : ndarray, shape (n_nodes, 6)
        Position, weight, their slopes by the peak's position, their slopes by (S + H)/L.
    centroid : ndarray, shape (n_peaks, 3)
        Mean position and its two slopes.
    """

    start: IntArray
    table: FloatArray
    centroid: FloatArray


def spread_nodes(centre: FloatArray, axial: float, counts: IntArray, with_axial: bool = True) -> Nodes:
    """Nodes of peaks at `centre` (degrees 2θ), `counts` of them per peak; one node is the centroid without spread.

    Without `with_axial` the slopes by (S + H)/L stay zero.
    """
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    if kernel_name() == "numpy":
        return vectorised_nodes(centre, axial, start, with_axial)
    from .compiled_spread import fill_nodes

    table, centroid = np.empty((start[-1], 6)), np.empty((len(centre), 3))
    fill_nodes(centre, float(axial), start, *_rules(), with_axial, table, centroid)
    return Nodes(start, table, centroid)


@lru_cache(maxsize=1)
def _rules() -> tuple[FloatArray, IntArray]:
    """Nodes on [0, 1] and weights of all quadratures, one after the other, and where each number of nodes begins."""
    rows: list[tuple[float, float]] = []
    offset = np.zeros(max(NODE_COUNTS) + 1, dtype=np.int64)
    for count in NODE_COUNTS:
        offset[count] = len(rows)
        nodes, weights = np.polynomial.legendre.leggauss(count)
        rows += list(zip((nodes + 1) / 2, weights / 2, strict=True))
    return np.array(rows), offset


def vectorised_nodes(centre: FloatArray, axial: float, start: IntArray, with_axial: bool) -> Nodes:
    """What the compiled code fills, with numpy alone: peaks of equal numbers of nodes at once."""
    counts = np.diff(start)
    table, centroid = np.empty((start[-1], 6)), np.empty((len(centre), 3))
    for count in np.unique(counts):
        members = np.flatnonzero(counts == count)
        rows = start[members][:, None] + np.arange(count)
        made = _slopes(centre[members], axial, int(count), with_axial)
        table[rows] = made
        position, weight = made[..., :2].transpose(2, 0, 1)
        centroid[members, 0] = (position * weight).sum(axis=1)
        centroid[members, 1] = (made[..., 2] * weight + position * made[..., 3]).sum(axis=1)
        centroid[members, 2] = (made[..., 4] * weight + position * made[..., 5]).sum(axis=1)
    return Nodes(start, table, centroid)


def _slopes(centre: FloatArray, axial: float, count: int, with_axial: bool) -> FloatArray:
    """The table of peaks with the same number of nodes, (n, count, 6)."""
    if count == 1:
        # below the resolution of one node only the centroid moves: -a²/12 cot 2θ, from the kernel's second moment
        cotangent = 1 / np.tan(np.radians(centre))
        made = np.zeros((len(centre), 1, 6))
        made[:, 0, 0] = centre - np.degrees(axial**2 / 12 * cotangent)
        made[:, 0, 1] = 1.0
        made[:, 0, 2] = 1 + axial**2 / 12 / np.sin(np.radians(centre)) ** 2
        made[:, 0, 4] = -np.degrees(axial / 6 * cotangent)
        return made
    position, weight = axial_nodes(centre, axial, count)
    angle, node = np.radians(centre)[:, None], np.radians(position)
    by_centre = axial_stretch(axial, count) * np.sin(angle) / np.sin(node)
    log_weight = -by_centre / np.tan(node)
    weight_by_centre = np.radians(weight * (log_weight - (weight * log_weight).sum(axis=1, keepdims=True)))
    if not with_axial:
        nothing = np.zeros_like(position)
        return np.stack([position, weight, by_centre, weight_by_centre, nothing, nothing], axis=-1)
    stretch = axial_stretch(axial, count)
    growth = (1 - 1 / stretch**2) / axial if axial else np.zeros(count)
    by_axial = -growth / np.tan(node)
    log_weight = -2 * growth - by_axial / np.tan(node)
    weight_by_axial = weight * (log_weight - (weight * log_weight).sum(axis=1, keepdims=True))
    by_axial = np.degrees(by_axial)
    return np.stack([position, weight, by_centre, weight_by_centre, by_axial, weight_by_axial], axis=-1)
