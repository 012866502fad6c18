"""An ordered snapshot of partly occupied positions: whole atoms, spread out. Not a ground state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["ordered_snapshot"]

FloatArray = NDArray[np.float64]
_FULL = 0.999


def ordered_snapshot(
    contents: Sequence[dict[str, float]],
    groups: NDArray[np.int64],
    positions: FloatArray,
    cell: FloatArray,
    seed: int = 0,
) -> tuple[list[str], NDArray[np.intp]]:
    """Choose which positions are filled, and with what.

    Every element keeps its amount to the nearest whole atom over all its positions. Atoms go, one after the other,
    where the nearest atom of their element is farthest; ties are broken at random.

    Parameters
    ----------
    contents : sequence of dict
        Element → occupancy of each kind of position.
    groups : ndarray of int, shape (n,)
        Kind of each position.
    positions : ndarray, shape (n, 3)
        Cartesian, Å.
    cell : ndarray, shape (2, 2)
        Planar period, rows, Å.
    seed : int
        Of the random order.

    Returns
    -------
    elements : list of str
        Of the filled positions.
    filled : ndarray of int
        Their numbers.
    """
    random = np.random.default_rng(seed)
    chosen: dict[int, str] = {}
    owed: dict[str, float] = defaultdict(float)
    order = sorted(range(len(contents)), key=lambda kind: -max(contents[kind].values()))
    for kind in order:
        free = random.permutation(np.flatnonzero(groups == kind)).tolist()
        for element, occupancy in sorted(contents[kind].items(), key=lambda item: -item[1]):
            wanted = occupancy * int((groups == kind).sum()) + owed[element]
            number = min(round(wanted), len(free))
            owed[element] = wanted - number
            picked = free[:number] if occupancy > _FULL else _spread(element, number, free, chosen, positions, cell)
            chosen.update(dict.fromkeys(picked, element))
            free = [position for position in free if position not in set(picked)]
    filled = np.array(sorted(chosen), dtype=np.intp)
    return [chosen[int(position)] for position in filled], filled


def _spread(
    element: str, number: int, free: list[int], chosen: dict[int, str], positions: FloatArray, cell: FloatArray
) -> list[int]:
    """Positions picked one by one, each farthest from its nearest like atom."""
    candidates = np.array(free, dtype=np.intp)
    nearest = np.full(len(candidates), np.inf)
    for position, placed in chosen.items():
        if placed == element:
            nearest = np.minimum(nearest, _distances(positions[candidates], positions[position], cell))
    picked: list[int] = []
    for _ in range(number):
        best = int(np.argmax(np.round(nearest, 3)))
        picked.append(int(candidates[best]))
        nearest = np.minimum(nearest, _distances(positions[candidates], positions[candidates[best]], cell))
        nearest[best] = -1.0
    return picked


def _distances(points: FloatArray, point: FloatArray, cell: FloatArray) -> FloatArray:
    """Distances to the nearest planar image, Å; exact for a reduced cell."""
    difference = points - point
    inside = difference[:, :2] @ np.linalg.inv(cell)
    base = (inside - np.rint(inside)) @ cell
    images = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]) @ cell
    planar = ((base[:, None] + images[None]) ** 2).sum(axis=2).min(axis=1)
    return np.asarray(np.sqrt(planar + difference[:, 2] ** 2))
