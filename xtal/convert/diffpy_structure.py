"""Structures to and from diffpy.structure, the form that PDFfit2 and diffpy.srfit refine."""

from __future__ import annotations

import numpy as np
from diffpy.structure import Atom as DiffpyAtom
from diffpy.structure import Lattice as DiffpyLattice
from diffpy.structure import Structure as DiffpyStructure

from ..displacement import tensor_from_matrix, tensor_matrix
from ..lattice import Lattice
from ..species import species, type_symbol
from ..structure import Structure
from .atoms import Atom, all_atoms, same_atoms, structure_from_atoms
from .memory import memory_of, structure_from_memory

__all__ = ["from_diffpy", "to_diffpy"]

_MEMORY = "xtal_memory"


def to_diffpy(structure: Structure, *, ions: bool = False) -> DiffpyStructure:
    """All atoms of the cell as a diffpy structure, mixed sites as separate atoms on one position.

    Parameters
    ----------
    structure : Structure
        Structure; sites without displacement parameters get U = 0, as diffpy has no other way to say so.
    ions : bool
        Whether atoms are named by their ions (``"Cl1-"``); elements alone otherwise, which every table knows.

    Returns
    -------
    diffpy.structure.Structure
        The asymmetric unit travels in its attribute ``xtal_memory``, which a deep copy keeps.
    """
    built = DiffpyStructure(lattice=DiffpyLattice(*structure.lattice.parameters), title=structure.name)
    for position in all_atoms(structure):
        for atom in position:
            symbol = type_symbol(atom.element, atom.charge if ions else None, atom.isotope)
            _add(built, symbol, atom)
    setattr(built, _MEMORY, memory_of(structure))
    return built


def _add(built: DiffpyStructure, symbol: str, atom: Atom) -> None:
    new = DiffpyAtom(symbol, np.array(atom.xyz), label=atom.label, occupancy=atom.occupancy, lattice=built.lattice)
    if atom.u_aniso is not None:
        new.anisotropy = True
        new.U = tensor_matrix(atom.u_aniso)
    elif atom.u_iso is not None:
        new.anisotropy = False
        new.Uisoequiv = atom.u_iso
    built.append(new, copy=False)


def from_diffpy(source: DiffpyStructure, *, name: str | None = None, find_symmetry: bool = True) -> Structure:
    """Structure from diffpy.

    The structure that `to_diffpy` started from, exactly, while cell, atoms, occupancies and U are still those; otherwise
    the symmetry is found with spglib in the cell as given, P 1 where there is none. A U of zero counts as not given.
    """
    lattice = Lattice.from_parameters(np.round(source.lattice.abcABG(), 10))
    atoms = _atoms(source)
    remembered = getattr(source, _MEMORY, None)
    if remembered is not None:
        original = structure_from_memory(remembered)
        if _still_describes(original, source, lattice, atoms):
            return original if name is None else original.renamed(name)
    return structure_from_atoms(lattice, _by_position(atoms), name=name or source.title or "structure",
                                source="from a diffpy structure", find_symmetry=find_symmetry)  # fmt: skip


def _still_describes(original: Structure, source: DiffpyStructure, lattice: Lattice, atoms: list[Atom]) -> bool:
    if not np.allclose(lattice.parameters, original.lattice.parameters, rtol=1e-9):
        return False
    ions = any(atom.element[-1:] in "+-" for atom in source)
    return same_atoms(_atoms(to_diffpy(original, ions=ions)), atoms, tolerance=1e-8)


def _atoms(source: DiffpyStructure) -> list[Atom]:
    atoms = []
    for atom in source:
        kind = species(atom.element, atom.label, f"atom {atom.label}")
        x, y, z = (float(value) for value in atom.xyz)
        u = np.asarray(atom.U)
        given = bool(np.any(u != 0))
        u_aniso = tensor_from_matrix(u) if given and atom.anisotropy else None
        u_iso = float(atom.Uisoequiv) if given and not atom.anisotropy else None
        atoms.append(
            Atom(kind.element, (x, y, z), float(atom.occupancy), u_iso, u_aniso, kind.charge, kind.isotope, atom.label)
        )
    return atoms


def _by_position(atoms: list[Atom]) -> list[list[Atom]]:
    groups: dict[tuple[int, ...], list[Atom]] = {}
    for atom in atoms:
        key = tuple(np.floor(np.mod(np.array(atom.xyz) + 3.7e-5, 1.0) * 1e4).astype(int).tolist())
        groups.setdefault(key, []).append(atom)
    return list(groups.values())
