"""Ordered snapshots of a disordered structure: every position of a supercell empty or holding one atom.

Each species of each site gets its occupancy times the number of positions, rounded to whole atoms. Where they go is
drawn at random from a recorded seed, or ranked by electrostatic energy with pymatgen
(OrderDisorderedStructureTransformation: Ewald sums of point charges).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..distances import neighbors
from ..errors import InputError
from ..oxidation import oxidation_number
from ..structure import Site, Structure
from .arrangement import arranged
from .supercells import supercell

__all__ = ["ordered_snapshots", "whole_atoms"]

_COVALENT_FRACTION = 0.55


def ordered_snapshots(
    structure: Structure,
    size: Sequence[int] = (1, 1, 1),
    *,
    count: int = 1,
    method: Literal["random", "ewald"] = "random",
    seed: int = 0,
    apart: Mapping[tuple[str, str], float] | None = None,
    charges: Mapping[str, int] | None = None,
) -> tuple[Structure, ...]:
    """Ordered supercells of a disordered structure.

    Parameters
    ----------
    structure : Structure
        Structure with partly occupied or mixed sites.
    size : sequence of int
        Supercell, cells along a, b, c.
    count : int
        How many snapshots.
    method : {"random", "ewald"}
        Drawn at random with `seed`; or the `count` lowest electrostatic energies that pymatgen finds, best first.
    seed : int
        Seed of the random numbers; the same seed gives the same snapshots.
    apart : mapping, optional
        Shortest allowed distances in Å by alphabetical pair of elements, ``{("H", "H"): 1.95}``, for random snapshots;
        0.55 of the sum of the covalent radii for pairs not named.
    charges : mapping, optional
        Oxidation numbers for the energies that differ from the usual ones.

    Returns
    -------
    tuple of Structure
        In P 1, all occupancies 1; the notes name method, seed and the atoms of each species.

    Raises
    ------
    InputError
        A count below 1, an unknown method, or an arrangement that the shortest distances make impossible.
    """
    if count < 1 or method not in ("random", "ewald"):
        raise InputError(f"{count} snapshots by {method!r};", remedy="ask for at least one, by 'random' or 'ewald'.")
    large = supercell(structure, size)
    if method == "ewald":
        found = _by_energy(structure, large, count, charges)
        how = [f"rank {rank + 1} by Ewald energy (pymatgen)" for rank in range(len(found))]
    else:
        rng = np.random.default_rng(seed)
        found = [_drawn(structure, large, rng, apart or {}) for _ in range(count)]
        how = [f"random, seed {seed}, number {number + 1}" for number in range(count)]
    return tuple(
        _finished(structure, large, sites, text, k + 1) for k, (sites, text) in enumerate(zip(found, how, strict=True))
    )


def whole_atoms(occupancies: Sequence[float], positions: int) -> list[int]:
    """Whole numbers of atoms on `positions` places, each within one of occupancy times positions, their sum too.

    The sum is rounded first and then shared out by largest remainder, so that mixed sites that are full stay full.
    """
    exact = np.asarray(occupancies, dtype=float) * positions
    whole = np.floor(exact + 1e-6).astype(int)
    missing = min(int(np.floor(exact.sum() + 0.5)), positions) - int(whole.sum())
    for index in np.argsort(-(exact - whole), kind="stable")[: max(missing, 0)]:
        whole[index] += 1
    return [int(n) for n in whole]


def _groups(structure: Structure, large: Structure) -> list[tuple[tuple[Site, ...], list[list[Site]]]]:
    """Sites that share a position, with their atoms in the supercell position by position."""
    copies: dict[str, list[Site]] = {site.label: [] for site in structure.sites}
    for atom in large.sites:
        copies[atom.label.rpartition("_")[0]].append(atom)
    return [
        (group, [list(atoms) for atoms in zip(*(copies[site.label] for site in group), strict=True)])
        for group in structure.shared_positions()
    ]


def _drawn(
    structure: Structure, large: Structure, rng: np.random.Generator, apart: Mapping[tuple[str, str], float]
) -> list[Site]:
    index = {site.label: number for number, site in enumerate(large.sites)}
    groups = _groups(structure, large)
    places = [np.array([[index[atom.label] for atom in atoms] for atoms in positions]) for _, positions in groups]
    numbers = [whole_atoms([site.occupancy for site in group], len(positions)) for group, positions in groups]
    chosen = arranged(places, numbers, _conflicts(structure, large, apart), rng)
    if chosen is None:
        raise InputError(
            f"no arrangement of {structure.name} was found that keeps all atoms apart;",
            remedy="use a larger supercell, smaller distances in apart=, or another seed.",
        )
    return [large.sites[number] for number in chosen]


def _conflicts(
    structure: Structure, large: Structure, apart: Mapping[tuple[str, str], float]
) -> list[NDArray[np.int64]]:
    """For each atom of the supercell, the atoms that are closer than their elements allow."""
    limits = _limits(structure, apart)
    near = neighbors(large, max(limits.values()))
    elements = [site.element for site in large.sites]
    allowed = np.array([limits[min(pair), max(pair)] for pair in
                        ((elements[i], elements[j]) for i, j in zip(near.site, near.neighbor, strict=True))])  # fmt: skip
    bad = (near.distance < allowed) & (near.site != near.neighbor)
    pairs = np.unique(np.column_stack([near.site[bad], near.neighbor[bad]]).astype(np.int64), axis=0)
    return np.split(pairs[:, 1], np.searchsorted(pairs[:, 0], np.arange(1, len(elements))))


def _limits(structure: Structure, apart: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    import gemmi

    elements = sorted({site.element for site in structure.sites})
    named = {tuple(sorted(pair)): float(value) for pair, value in apart.items()}
    return {
        (one, other): named.get(
            (one, other), _COVALENT_FRACTION * (gemmi.Element(one).covalent_r + gemmi.Element(other).covalent_r)
        )
        for one, other in combinations_with_replacement(elements, 2)
    }


def _by_energy(
    structure: Structure, large: Structure, count: int, charges: Mapping[str, int] | None
) -> list[list[Site]]:
    from pymatgen.transformations.standard_transformations import OrderDisorderedStructureTransformation

    disordered, by_place = _with_whole_occupancies(structure, large, charges)
    if disordered.is_ordered:
        return [[by_place[i][site.specie.symbol] for i, site in enumerate(disordered)]]
    transformation = OrderDisorderedStructureTransformation(no_oxi_states=False)
    ranked: Any = transformation.apply_transformation(disordered, return_ranked_list=max(count, 2))
    places = np.array([site.frac_coords for site in disordered])
    found = []
    for entry in ranked[:count]:
        sites = []
        for site in entry["structure"]:
            difference = places - site.frac_coords
            nearest = int(np.argmin(np.abs(difference - np.round(difference)).sum(axis=1)))
            sites.append(by_place[nearest][site.specie.symbol])
        found.append(sites)
    return found


def _with_whole_occupancies(
    structure: Structure, large: Structure, charges: Mapping[str, int] | None
) -> tuple[Any, list[dict[str, Site]]]:
    """The supercell as a pymatgen structure whose occupancies make whole atoms, and our atoms by place and element."""
    from pymatgen.core.composition import Composition
    from pymatgen.core.lattice import Lattice as PymatgenLattice
    from pymatgen.core.periodic_table import Species
    from pymatgen.core.structure import Structure as PymatgenStructure

    contents, points, by_place = [], [], []
    for group, positions in _groups(structure, large):
        if len({site.element for site in group}) < len(group):
            raise InputError(f"{', '.join(s.label for s in group)} are one element on one position;",
                             remedy="merge them before ranking by energy.")  # fmt: skip
        numbers = whole_atoms([site.occupancy for site in group], len(positions))
        content = Composition({
            Species(site.element, oxidation_number(site.element, charges)): number / len(positions)
            for site, number in zip(group, numbers, strict=True) if number
        })  # fmt: skip
        for atoms in positions if any(numbers) else []:
            contents.append(content)
            points.append(atoms[0].xyz)
            by_place.append({atom.element: atom for atom in atoms})
    return PymatgenStructure(PymatgenLattice(large.lattice.matrix), contents, points), by_place


def _finished(structure: Structure, large: Structure, sites: list[Site], how: str, number: int) -> Structure:
    order = {site.label: index for index, site in enumerate(large.sites)}
    full = [replace(site, occupancy=1.0) for site in sorted(sites, key=lambda site: order[site.label])]
    counts = {site.label: 0 for site in structure.sites}
    for site in full:
        counts[site.label.rpartition("_")[0]] += 1
    multiplicity = dict(zip((s.label for s in structure.sites), structure.multiplicities, strict=True))
    cells = round(large.lattice.volume / structure.lattice.volume)
    told = ", ".join(
        f"{s.label} {counts[s.label]} (occupancy asks {s.occupancy * multiplicity[s.label] * cells:.2f})"
        for s in structure.sites
    )
    source = f"Model: ordered snapshot, {how}. {large.source}"
    snapshot = large.with_sites(full).renamed(f"{large.name}-snapshot{number}")
    return replace(snapshot, source=source, quality="model", notes=(f"Atoms: {told}.", *large.notes))
