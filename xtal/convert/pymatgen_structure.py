"""Structures to and from pymatgen."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymatgen.core.composition import Composition
from pymatgen.core.lattice import Lattice as PymatgenLattice
from pymatgen.core.periodic_table import DummySpecies, Element, Species
from pymatgen.core.sites import PeriodicSite
from pymatgen.core.structure import Structure as PymatgenStructure

from ..errors import CifError
from ..lattice import Lattice
from ..species import type_symbol
from ..structure import Structure
from .atoms import Atom, all_atoms, same_atoms, structure_from_atoms
from .memory import memory_of, structure_from_memory

__all__ = ["from_pymatgen", "to_pymatgen"]

_MEMORY = "xtal"
_ISOTOPES = {"D": ("H", 2), "T": ("H", 3)}


def to_pymatgen(structure: Structure) -> PymatgenStructure:
    """All atoms of the cell as a pymatgen structure.

    Site properties: ``u_iso`` and ``u_aniso`` (Å²) of the atoms that share the site, by label. The asymmetric unit,
    isotopes, source and notes travel in ``properties["xtal"]``. Sites of zero occupancy are left out of the cell.
    """
    lattice = PymatgenLattice(structure.lattice.matrix)
    sites = []
    for position in all_atoms(structure):
        atoms = [atom for atom in position if atom.occupancy > 0]
        if atoms:
            sites.append(_periodic_site(atoms, lattice))
    built = PymatgenStructure.from_sites(sites)
    built.properties[_MEMORY] = memory_of(structure)
    return built


def _periodic_site(atoms: list[Atom], lattice: PymatgenLattice) -> PeriodicSite:
    content: dict[Any, float] = {}
    for atom in atoms:
        content[_specie(atom)] = content.get(_specie(atom), 0.0) + atom.occupancy
    properties = {"u_iso": {atom.label: atom.u_iso for atom in atoms},
                  "u_aniso": {atom.label: atom.u_aniso for atom in atoms}}  # fmt: skip
    label = "/".join(atom.label for atom in atoms)
    return PeriodicSite(Composition(content), np.array(atoms[0].xyz), lattice, properties=properties, label=label,
                        skip_checks=True)  # fmt: skip


def _specie(atom: Atom) -> Element | Species:
    symbol = type_symbol(atom.element, None, atom.isotope)
    return Element(symbol) if atom.charge is None else Species(symbol, atom.charge)


def from_pymatgen(source: PymatgenStructure, *, name: str | None = None, find_symmetry: bool = True) -> Structure:
    """Structure from pymatgen.

    Parameters
    ----------
    source : pymatgen.core.Structure
        When it came from `to_pymatgen` and its cell, species and coordinates are still those, the result is the
        structure that it came from, exactly. Otherwise its symmetry is found with spglib in the cell as given (no
        change of axes or origin), and it is P 1 where none can be found.
    name : str, optional
        Name; the reduced formula, or the one it came with, without it.
    find_symmetry : bool
        Whether to look for symmetry at all.

    Raises
    ------
    CifError
        A dummy species.
    """
    lattice = Lattice.from_parameters(np.round(source.lattice.parameters, 10))
    positions = [_atoms_on(site) for site in source]
    remembered = source.properties.get(_MEMORY)
    if remembered is not None:
        original = structure_from_memory(remembered)
        if _still_describes(original, lattice, positions):
            return original if name is None else original.renamed(name)
    title = name or source.composition.reduced_formula
    return structure_from_atoms(
        lattice, positions, name=title, source="from a pymatgen structure", find_symmetry=find_symmetry
    )


def _still_describes(original: Structure, lattice: Lattice, positions: list[list[Atom]]) -> bool:
    if not np.allclose(lattice.parameters, original.lattice.parameters, rtol=1e-7):
        return False
    expected = [atom for site in to_pymatgen(original) for atom in _atoms_on(site)]
    return same_atoms(expected, [atom for position in positions for atom in position])


def _atoms_on(site: PeriodicSite) -> list[Atom]:
    """Atoms of a pymatgen site; displacement parameters are known where each species has one label."""
    species = list(site.species.items())
    u_iso = list((site.properties.get("u_iso") or {}).values())
    u_aniso = list((site.properties.get("u_aniso") or {}).values())
    if len(u_iso) != len(species) or len(u_aniso) != len(species):
        u_iso = u_aniso = [None] * len(species)
    x, y, z = (float(value) for value in site.frac_coords)
    atoms = []
    for (specie, amount), iso, aniso in zip(species, u_iso, u_aniso, strict=True):
        element, isotope, charge = _element_isotope_charge(specie)
        tensor = None if aniso is None else tuple(aniso)
        atoms.append(Atom(element, (x, y, z), float(amount), iso, tensor, charge, isotope))
    return atoms


def _element_isotope_charge(specie: Any) -> tuple[str, int | None, int | None]:
    if isinstance(specie, DummySpecies):
        raise CifError(f"{specie} is a dummy species;", remedy="replace it by an element before converting.")
    element, isotope = _ISOTOPES.get(specie.symbol, (specie.symbol, None))
    oxidation = getattr(specie, "oxi_state", None) if isinstance(specie, Species) else None
    charge = int(oxidation) if oxidation is not None and float(oxidation).is_integer() else None
    return element, isotope, charge
