"""Arrange atoms on more positions than atoms so that no two come too close.

A random start is repaired by min-conflicts search: an atom in conflict changes places, within its site, with the place
that leaves the fewest conflicts (S. Minton et al., Artificial Intelligence 58 (1992) 161).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["arranged"]

IntArray = NDArray[np.int64]

_MOVES = 20_000
_RANDOM_MOVES = 0.05


def arranged(
    places: Sequence[IntArray],
    numbers: Sequence[Sequence[int]],
    conflicts: Sequence[IntArray],
    rng: np.random.Generator,
) -> IntArray | None:
    """Chosen atoms such that none is in conflict with another.

    Parameters
    ----------
    places : sequence of ndarray, shape (n_positions, n_members)
        For each site: index of the candidate atom of each member species on each position.
    numbers : sequence of sequence of int
        For each site: how many atoms of each member are wanted.
    conflicts : sequence of ndarray
        For each candidate atom: the candidates it can't stand beside.
    rng : numpy.random.Generator
        Random numbers.

    Returns
    -------
    ndarray or None
        Sorted indices of the chosen candidates; None when conflicts remain after 20,000 moves.
    """
    holders = [_random_start(len(table), wanted, rng) for table, wanted in zip(places, numbers, strict=True)]
    group_of, position_of = _addresses(places, len(conflicts))
    active = np.zeros(len(conflicts), dtype=bool)
    for table, holder in zip(places, holders, strict=True):
        active[_candidates(table, holder)] = True
    clashes = np.array([int(active[others].sum()) for others in conflicts])
    for _ in range(_MOVES):
        unhappy = np.flatnonzero(active & (clashes > 0))
        if not unhappy.size:
            return np.flatnonzero(active)
        atom = int(rng.choice(unhappy))
        group = int(group_of[atom])
        _exchange(places[group], holders[group], int(position_of[atom]), active, clashes, conflicts, rng)
    return None


def _random_start(positions: int, wanted: Sequence[int], rng: np.random.Generator) -> IntArray:
    """Member on each position, −1 for none."""
    holder = np.full(positions, -1, dtype=np.int64)
    members = np.repeat(np.arange(len(wanted)), wanted)
    holder[rng.permutation(positions)[: len(members)]] = members
    return holder


def _addresses(places: Sequence[IntArray], size: int) -> tuple[IntArray, IntArray]:
    group_of, position_of = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for group, table in enumerate(places):
        group_of[table] = group
        position_of[table] = np.arange(len(table))[:, None]
    return group_of, position_of


def _candidates(table: IntArray, holder: IntArray) -> IntArray:
    filled = np.flatnonzero(holder >= 0)
    return np.asarray(table[filled, holder[filled]])


def _exchange(table: IntArray, holder: IntArray, here: int, active: NDArray[np.bool_], clashes: IntArray,
              conflicts: Sequence[IntArray], rng: np.random.Generator) -> None:  # fmt: skip
    """Exchange the content of a position with the best other position of its site, or now and then with any."""
    other = np.flatnonzero(holder != holder[here])
    if not other.size:
        return
    _set(table[here, holder[here]], False, active, clashes, conflicts)
    moved = int(holder[here])
    cost = clashes[table[other, moved]].astype(float)
    swapped = holder[other] >= 0
    cost[swapped] += (
        clashes[table[here, holder[other[swapped]]]] - clashes[table[other[swapped], holder[other[swapped]]]]
    )
    good = other if rng.random() < _RANDOM_MOVES else other[cost == cost.min()]
    there = int(rng.choice(good))
    if holder[there] >= 0:
        _set(table[there, holder[there]], False, active, clashes, conflicts)
        _set(table[here, holder[there]], True, active, clashes, conflicts)
    _set(table[there, moved], True, active, clashes, conflicts)
    holder[here], holder[there] = holder[there], moved


def _set(atom: int, state: bool, active: NDArray[np.bool_], clashes: IntArray, conflicts: Sequence[IntArray]) -> None:
    active[atom] = state
    clashes[conflicts[atom]] += 1 if state else -1
