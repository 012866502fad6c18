"""Bond lengths of a fitted structure with the uncertainties that cell and coordinates give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..distances import neighbors, shortest_distances
from ..errors import JobError
from ..structure import Structure
from .job import PdfBond, PdfJob, structures_of
from .uncertainty import PdfCovariance, parameter_step

__all__ = ["BondLength", "fitted_bonds"]

FloatArray = NDArray[np.float64]

FIRST_SHELL = 1.25
"""Bonds that no table asks for reach so far beyond the shortest of their elements."""

LONGEST = 3.2
"""Å; and not beyond this."""

_EQUAL = 2e-4


@dataclass(frozen=True)
class BondLength:
    """Equal distances around a site.

    Parameters
    ----------
    phase : str
        Phase.
    first, second : str
        Labels of the central site and of its neighbours.
    length : float
        Å.
    esd : float or None
        Å; None, with a reason, when the distance doesn't follow from what was refined or there is no covariance.
    count : int
        How many.
    reason : str or None
        Why there is no esd.
    """

    phase: str
    first: str
    second: str
    length: float
    esd: float | None
    count: int
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class _Found:
    """Distances in the order of the structure, so that those of two nearly equal structures can be paired."""

    first: list[str]
    second: list[str]
    vectors: FloatArray


def fitted_bonds(job: PdfJob, values: Mapping[str, float], covariance: PdfCovariance) -> tuple[BondLength, ...]:
    """Bonds of every phase, those of the job's tables or else first shells of unlike elements.

    Raises
    ------
    JobError
        A table names a site or element that no phase has.
    """
    bonds: list[BondLength] = []
    structures = structures_of(job, values)
    moved = _moved_structures(job, values, covariance.names)
    _refuse_unknown(job.bonds, structures)
    for index, (phase, structure) in enumerate(zip(job.phases, structures, strict=True)):
        wanted = job.bonds or _first_shells(structure)
        rows = _rows(structure, wanted)
        lengths = structure.lattice.length(rows.vectors)
        gradients = {name: _gradient(structure, rows, low[index], high[index], step)
                     for name, (low, high, step) in moved.items()}  # fmt: skip
        for group in _equal(rows, lengths):
            gradient = {name: float(slope[group].mean()) for name, slope in gradients.items()}
            esd, reason = _esd(covariance, gradient)
            bonds.append(BondLength(phase.name, rows.first[group[0]], rows.second[group[0]],
                                    float(lengths[group].mean()), esd, len(group), reason))  # fmt: skip
    return tuple(bonds)


def _esd(covariance: PdfCovariance, gradient: Mapping[str, float]) -> tuple[float | None, str | None]:
    if covariance.matrix is None:
        return None, covariance.reason
    if not any(abs(slope) > 0 for slope in gradient.values()):
        return None, "nothing that it depends on was refined"
    return covariance.propagated(gradient), None


def _moved_structures(
    job: PdfJob, values: Mapping[str, float], names: Sequence[str]
) -> dict[str, tuple[tuple[Structure, ...], tuple[Structure, ...], float]]:
    """Structures with each geometric parameter a step below and above its value."""
    moved = {}
    for name in names:
        if ".cell." in name or name.rsplit(".", 1)[-1] in ("x", "y", "z"):
            step = parameter_step(name, values[name])
            low, high = (structures_of(job, job.completed({**values, name: values[name] + s * step})) for s in (-1, 1))
            moved[name] = (low, high, step)
    return moved


def _gradient(structure: Structure, rows: _Found, low: Structure, high: Structure, step: float) -> FloatArray:
    ends = [_lengths_like(structure, rows, other) for other in (low, high)]
    return (ends[1] - ends[0]) / (2 * step)


def _lengths_like(structure: Structure, rows: _Found, other: Structure) -> FloatArray:
    """The same distances in a nearly equal structure: each neighbour is the one nearest to where it was."""
    near = neighbors(other, float(structure.lattice.length(rows.vectors).max()) + 0.1)
    labels = np.array([site.label for site in other.sites])
    centers = np.array([site.xyz for site in other.sites])
    vectors = near.xyz - centers[near.site]
    lengths = np.empty(len(rows.first))
    for k, (first, second, vector) in enumerate(zip(rows.first, rows.second, rows.vectors, strict=True)):
        candidates = np.flatnonzero((labels[near.site] == first) & (labels[near.neighbor] == second))
        best = candidates[np.argmin(np.abs(vectors[candidates] - vector).max(axis=1))]
        lengths[k] = near.distance[best]
    return lengths


def _rows(structure: Structure, wanted: Sequence[PdfBond]) -> _Found:
    near = neighbors(structure, max(bond.high for bond in wanted)) if wanted else None
    first: list[str] = []
    second: list[str] = []
    vectors: list[FloatArray] = []
    if near is None:
        return _Found(first, second, np.empty((0, 3)))
    for i, j, xyz, distance in zip(near.site, near.neighbor, near.xyz, near.distance, strict=True):
        one, other = structure.sites[i], structure.sites[j]
        if any(bond.first in (one.label, one.element) and bond.second in (other.label, other.element)
               and bond.low <= distance <= bond.high for bond in wanted):  # fmt: skip
            first.append(one.label)
            second.append(other.label)
            vectors.append(xyz - np.array(one.xyz))
    return _Found(first, second, np.array(vectors).reshape(-1, 3))


def _equal(rows: _Found, lengths: FloatArray) -> list[NDArray[np.int64]]:
    """Indices of rows with equal labels and lengths, in the order of the rows."""
    keys: dict[tuple[str, str, int], list[int]] = {}
    for k, (first, second) in enumerate(zip(rows.first, rows.second, strict=True)):
        known = next(
            (key for key in keys if key[:2] == (first, second) and abs(lengths[keys[key][0]] - lengths[k]) < _EQUAL),
            None,
        )
        keys.setdefault(known or (first, second, k), []).append(k)
    return [np.array(members) for members in keys.values()]


def _first_shells(structure: Structure) -> tuple[PdfBond, ...]:
    shortest = shortest_distances(structure, LONGEST)
    alone = len({site.element for site in structure.sites}) == 1
    return tuple(
        PdfBond(one, other, 0.5, min(FIRST_SHELL * length, LONGEST))
        for (one, other), length in shortest.items()
        if alone or one != other
    )


def _refuse_unknown(bonds: Sequence[PdfBond], structures: Sequence[Structure]) -> None:
    known = {name for structure in structures for site in structure.sites for name in (site.label, site.element)}
    for bond in bonds:
        for name in (bond.first, bond.second):
            if name not in known:
                raise JobError(f"{name!r} is neither a site nor an element of the phases;", where="[[bond]]",
                               remedy=f"known are {', '.join(sorted(known))}.")  # fmt: skip
