"""All atoms of a cell: from an asymmetric unit, and the way back.

The way back finds the symmetry with spglib in the cell as given. It stays P 1 when the operations don't fit the
24ths of tabulated settings (an arbitrary origin) or when they would not return the same atoms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ..displacement import Tensor, turned
from ..errors import CifError
from ..lattice import Lattice
from ..special_positions import on_special_position
from ..structure import Site, Structure
from ..symmetry import SpaceGroup

__all__ = ["Atom", "all_atoms", "same_atoms", "structure_from_atoms"]

SYMPREC = 1e-3
"""Distance in Å within which spglib takes atoms to be symmetry images."""

_OFFSET = 3.7e-5


@dataclass(frozen=True)
class Atom:
    """One atom of the cell; atoms that share a position in mixed occupancy are separate atoms."""

    element: str
    xyz: tuple[float, float, float]
    occupancy: float = 1.0
    u_iso: float | None = None
    u_aniso: Tensor | None = None
    charge: int | None = None
    isotope: int | None = None
    label: str = ""


def all_atoms(structure: Structure) -> list[list[Atom]]:
    """Atoms of the cell by position; each position lists the atoms that share it."""
    positions = []
    for group in structure.shared_positions():
        points, operations = structure.space_group.orbit_with_operations(group[0].xyz)
        for point, operation in zip(points.tolist(), operations, strict=True):
            rotation = structure.space_group.rotations[operation]
            positions.append([_image(site, point, rotation, structure.lattice) for site in group])
    return positions


def _image(site: Site, point: Sequence[float], rotation: NDArray[np.int64], lattice: Lattice) -> Atom:
    u_aniso = None if site.u_aniso is None else turned(site.u_aniso, rotation, lattice)
    x, y, z = point
    return Atom(site.element, (x, y, z), site.occupancy, site.u_iso, u_aniso, site.charge, site.isotope, site.label)


def same_atoms(first: Sequence[Atom], second: Sequence[Atom], tolerance: float = 1e-6) -> bool:
    """Whether two lists hold the same atoms, in any order and up to lattice translations; labels don't count."""
    if len(first) != len(second):
        return False
    one, other = sorted(first, key=_order), sorted(second, key=_order)
    if [_kind(atom) for atom in one] != [_kind(atom) for atom in other]:
        return False
    difference = np.subtract([atom.xyz for atom in one], [atom.xyz for atom in other])
    numbers = np.subtract([_numbers(atom) for atom in one], [_numbers(atom) for atom in other])
    return bool(np.all(np.abs(difference - np.round(difference)) < tolerance) and np.all(np.abs(numbers) < tolerance))


def _kind(atom: Atom) -> tuple[object, ...]:
    return (atom.element, atom.charge, atom.isotope, atom.u_iso is None, atom.u_aniso is None)


def _order(atom: Atom) -> tuple[object, ...]:
    x, y, z = np.floor((np.mod(np.array(atom.xyz) + _OFFSET, 1.0)) * 1e3).tolist()
    return (x, y, z, atom.element, atom.charge or 0, atom.isotope or 0, round(atom.occupancy, 6))


def _numbers(atom: Atom) -> tuple[float, ...]:
    return (atom.occupancy, atom.u_iso or 0.0, *(atom.u_aniso or (0.0,) * 6))


def structure_from_atoms(
    lattice: Lattice, positions: Sequence[Sequence[Atom]], *, name: str, source: str, find_symmetry: bool = True
) -> Structure:
    """Structure of all atoms of a cell, by position; the asymmetric unit is found with spglib unless told not to."""
    flat = [atom for position in positions for atom in position]
    if find_symmetry and positions:
        found = _symmetric(lattice, positions, name, source)
        if found is not None and same_atoms([a for p in all_atoms(found) for a in p], flat, tolerance=1e-4):
            return found
    return Structure(
        name, lattice, SpaceGroup.from_symbol(1), _sites(positions), source, notes=("all atoms listed in P 1",)
    )


def _symmetric(lattice: Lattice, positions: Sequence[Sequence[Atom]], name: str, source: str) -> Structure | None:
    import spglib

    kinds: dict[object, int] = {}
    ids = [kinds.setdefault(_content(position), len(kinds) + 1) for position in positions]
    cell = (lattice.matrix.tolist(), [list(position[0].xyz) for position in positions], ids)
    dataset = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if dataset is None or np.abs(dataset.translations * 24 - np.round(dataset.translations * 24)).max() > 24 * SYMPREC:
        return None
    try:
        group = SpaceGroup.from_operations(
            [_triplet(r, t) for r, t in zip(dataset.rotations, dataset.translations, strict=True)]
        )
        chosen = [positions[index] for index in np.unique(dataset.equivalent_atoms)]
        snapped = [
            [replace(a, xyz=on_special_position(group, position[0].xyz)) for a in position] for position in chosen
        ]
        return Structure(name, lattice, group, _sites(snapped), source)
    except CifError:
        return None


def _content(position: Sequence[Atom]) -> tuple[str, ...]:
    """What symmetry images have in common: species, occupancies and isotropic displacement parameters."""
    return tuple(
        sorted(str((*_kind(atom), round(atom.occupancy, 4), round(atom.u_iso or 0.0, 5))) for atom in position)
    )


def _triplet(rotation: NDArray[np.int32], translation: NDArray[np.float64]) -> str:
    rows = []
    for row, shift in zip(rotation, translation, strict=True):
        terms = "".join(f"{'+' if n > 0 else '-'}{axis}" for n, axis in zip(row, "xyz", strict=True) if n)
        rows.append(f"{terms}+{Fraction(round(float(shift) * 24) % 24, 24)}")
    return ",".join(rows)


def _sites(positions: Sequence[Sequence[Atom]]) -> tuple[Site, ...]:
    """Sites with the atoms' labels where these are unique, else element and running number."""
    atoms = [atom for position in positions for atom in position]
    labels = [atom.label for atom in atoms]
    if not all(labels) or len(set(labels)) < len(labels):
        numbers: dict[str, count[int]] = {}
        labels = [f"{a.element}{next(numbers.setdefault(a.element, count(1)))}" for a in atoms]
    return tuple(
        Site(label, a.element, a.xyz, a.occupancy, a.u_iso, a.u_aniso, a.charge, a.isotope)
        for label, a in zip(labels, atoms, strict=True)
    )
