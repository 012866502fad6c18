"""Interatomic distances with periodicity: neighbour lists, bond lengths, shortest distances, impossible contacts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .structure import Structure

__all__ = ["Bond", "Contact", "Neighbors", "bond_lengths", "impossible_contacts", "neighbors", "shortest_distances"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAME_PLACE = 0.01
"""Å; atoms closer than this share a position (mixed occupancy)."""

_EQUAL_LENGTHS = 2e-3
_COVALENT_FRACTION = 0.55


@dataclass(frozen=True)
class Neighbors:
    """Pairs of atoms, one row per neighbour of a site of the asymmetric unit.

    Parameters
    ----------
    site : ndarray, shape (n,)
        Index of the central site in the structure's `sites`; the atom at its listed coordinates is meant.
    neighbor : ndarray, shape (n,)
        Index of the site that the neighbour is an image of.
    xyz : ndarray, shape (n, 3)
        Fractional coordinates of the neighbour, in or out of the cell.
    distance : ndarray, shape (n,)
        Å, ascending for each central site.
    """

    site: IntArray
    neighbor: IntArray
    xyz: FloatArray
    distance: FloatArray


@dataclass(frozen=True)
class Bond:
    """A length (Å) that occurs `count` times around the site `first`, to sites `second`."""

    first: str
    second: str
    length: float
    count: int


@dataclass(frozen=True)
class Contact:
    """Two sites closer (Å) than atoms can be, although their occupancies don't exclude each other."""

    first: str
    second: str
    length: float
    allowed: float


def neighbors(structure: Structure, maximum: float) -> Neighbors:
    """All atoms within `maximum` (Å) of each site of the asymmetric unit, itself and those on its position left out.

    Raises
    ------
    InputError
        `maximum` isn't positive.
    """
    from scipy.spatial import cKDTree

    if not maximum > 0:
        raise InputError(f"maximum distance {maximum:g} Å;", remedy="it must be positive.")
    centers = np.mod(np.array([site.xyz for site in structure.sites]).reshape(-1, 3), 1.0)
    index, images = _images(structure, maximum)
    lattice = structure.lattice
    trees = (cKDTree(lattice.cartesian_from_fractional(points)) for points in (centers, images))
    pairs = next(trees).sparse_distance_matrix(next(trees), maximum, output_type="ndarray")
    pairs = pairs[pairs["v"] > SAME_PLACE]
    pairs = pairs[np.lexsort((pairs["v"], pairs["i"]))]
    shift = np.array([site.xyz for site in structure.sites]).reshape(-1, 3) - centers
    return Neighbors(pairs["i"], index[pairs["j"]], images[pairs["j"]] + shift[pairs["i"]], pairs["v"])


def _images(structure: Structure, maximum: float) -> tuple[IntArray, FloatArray]:
    """Atoms of the cell and of its surroundings up to `maximum` from any of its points: site index and coordinates."""
    index, xyz = structure.expanded()
    margins = maximum * np.sqrt(np.diag(structure.lattice.reciprocal_metric_tensor)) + 1e-9
    reach = np.ceil(margins).astype(int)
    shifts = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    points = (xyz[:, None] + shifts[None]).reshape(-1, 3)
    inside = np.all((points >= -margins) & (points <= 1.0 + margins), axis=1)
    return np.repeat(index, len(shifts))[inside], points[inside]


def shortest_distances(structure: Structure, maximum: float = 4.0) -> dict[tuple[str, str], float]:
    """Shortest distance (Å) of each pair of elements, up to `maximum`; keys are alphabetical, ``("Cl", "Li")``.

    Atoms that share a position are no pair; sites that are only partly occupied count like full ones.

    Examples
    --------
    >>> from xtal import reference_structure
    >>> round(shortest_distances(reference_structure("lif"))["F", "Li"], 3)
    2.009
    """
    near = neighbors(structure, maximum)
    elements = np.array([site.element for site in structure.sites])
    shortest: dict[tuple[str, str], float] = {}
    for first, second, length in zip(elements[near.site], elements[near.neighbor], near.distance.tolist(), strict=True):
        low, high = sorted((str(first), str(second)))
        shortest[low, high] = min(length, shortest.get((low, high), np.inf))
    return dict(sorted(shortest.items()))


def bond_lengths(
    structure: Structure, first: str | Iterable[str], second: str | Iterable[str], maximum: float = 3.0
) -> tuple[Bond, ...]:
    """Distances from sites `first` to atoms `second`, equal ones counted together.

    Parameters
    ----------
    structure : Structure
        Structure.
    first, second : str or iterable of str
        Labels or elements.
    maximum : float
        Å.

    Returns
    -------
    tuple of Bond
        By site in the order of the structure, then by length. Neighbours that share a position count each.

    Raises
    ------
    InputError
        A name that is neither a label nor an element of the structure.
    """
    centers, ends = _sites_named(structure, first), _sites_named(structure, second)
    near = neighbors(structure, maximum)
    wanted = np.isin(near.site, centers) & np.isin(near.neighbor, ends)
    bonds: list[Bond] = []
    for i, j, length in zip(near.site[wanted], near.neighbor[wanted], near.distance[wanted].tolist(), strict=True):
        one, other = structure.sites[i].label, structure.sites[j].label
        last = next((k for k, b in enumerate(bonds) if (b.first, b.second) == (one, other)
                     and abs(b.length - length) < _EQUAL_LENGTHS), None)  # fmt: skip
        if last is None:
            bonds.append(Bond(one, other, length, 1))
        else:
            bonds[last] = Bond(one, other, bonds[last].length, bonds[last].count + 1)
    return tuple(bonds)


def impossible_contacts(structure: Structure, fraction: float = _COVALENT_FRACTION) -> tuple[Contact, ...]:
    """Pairs closer than `fraction` of the sum of their covalent radii, unless their occupancies exclude each other.

    Two sites exclude each other when their occupancies sum to at most 1: then never both need be filled. Radii: gemmi's
    table (B. Cordero et al., Dalton Trans. 2008, 2832).
    """
    import gemmi

    radius = np.array([gemmi.Element(site.element).covalent_r for site in structure.sites])
    occupancy = np.array([site.occupancy for site in structure.sites])
    near = neighbors(structure, float(max(2.0 * fraction * radius.max(initial=0.5), SAME_PLACE)))
    allowed = fraction * (radius[near.site] + radius[near.neighbor])
    bad = (near.distance < allowed) & (occupancy[near.site] + occupancy[near.neighbor] > 1.0 + 1e-3)
    found: dict[tuple[str, str], Contact] = {}
    for i, j, length, limit in zip(near.site[bad], near.neighbor[bad], near.distance[bad], allowed[bad], strict=True):
        one, other = sorted((structure.sites[i].label, structure.sites[j].label))
        found.setdefault((one, other), Contact(one, other, float(length), float(limit)))
    return tuple(found.values())


def _sites_named(structure: Structure, names: str | Iterable[str]) -> list[int]:
    wanted = {names} if isinstance(names, str) else set(names)
    known = {site.label for site in structure.sites} | {site.element for site in structure.sites}
    if wanted - known:
        raise InputError(
            f"{', '.join(sorted(wanted - known))} is neither a site nor an element of {structure.name};",
            remedy=f"it has {', '.join(site.label for site in structure.sites)}.",
        )
    return [i for i, site in enumerate(structure.sites) if site.label in wanted or site.element in wanted]
