"""Build the slabs of a match: film, substrate and the two together, in exactly the cell of the match.

The cell's a and b are those of `Match.cell` in the substrate's planar frame, c is along the substrate's outward normal.
The film lies above the substrate; strains act in the plane, heights are those of the unstrained crystals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .match import Match
from .slab import Slab, layers_for_thickness, positions_of
from .snapshot import ordered_snapshot
from .surface import Surface
from .termination import Termination, find_terminations

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure as PymatgenStructure

__all__ = ["BuiltInterface", "build_interface"]

FloatArray = NDArray[np.float64]
Species = dict[str, float]


@dataclass(frozen=True, eq=False)
class BuiltInterface:
    """Slabs of a match as pymatgen structures with one common planar cell.

    Parameters
    ----------
    match : Match
        What was built.
    film, substrate, interface : pymatgen.core.Structure
        The strained slabs alone, and the two together.
    film_termination, substrate_termination : Termination
        Cuts that bound the slabs.
    ordered : bool
        Whether partly occupied positions were replaced by a snapshot of whole atoms.
    """

    match: Match
    film: PymatgenStructure
    substrate: PymatgenStructure
    interface: PymatgenStructure
    film_termination: Termination
    substrate_termination: Termination
    ordered: bool

    def cif(self, name: str) -> str:
        """CIF of one of `structures`, P1, occupancies included."""
        from pymatgen.io.cif import CifWriter

        return str(CifWriter(self.structures[name], significant_figures=12))

    def poscar(self, name: str) -> str:
        """POSCAR of one of `structures`.

        Raises
        ------
        GeometryError
            It has partly occupied positions, which the format can't hold.
        """
        from pymatgen.io.vasp.inputs import Poscar

        structure = self.structures[name]
        if not structure.is_ordered:
            raise GeometryError(
                f"the {name} has partly occupied positions, which a POSCAR can't hold;",
                remedy="build with ordered=True (--ordered) for a snapshot of whole atoms, or use the CIF.",
            )
        return str(Poscar(structure, comment=str(self.match)).get_str(significant_figures=14))

    @property
    def structures(self) -> dict[str, PymatgenStructure]:
        """The three structures by name."""
        return {"film": self.film, "substrate": self.substrate, "interface": self.interface}


@dataclass(frozen=True, eq=False)
class _Atoms:
    species: list[Species]
    positions: FloatArray

    def moved(self, vector: FloatArray) -> _Atoms:
        return _Atoms(self.species, self.positions + vector)


def build_interface(
    match: Match,
    *,
    film_termination: int = 0,
    substrate_termination: int = 0,
    film_thickness: float = 10.0,
    substrate_thickness: float = 10.0,
    gap: float = 2.0,
    vacuum: float = 15.0,
    shift: tuple[float, float] = (0.0, 0.0),
    ordered: bool = False,
    seed: int = 0,
) -> BuiltInterface:
    """Slabs of film and substrate in the cell of a match.

    Parameters
    ----------
    match : Match
        From `coincidence.find_coincidences`.
    film_termination, substrate_termination : int
        Numbers in `termination.find_terminations` of the surfaces.
    film_thickness, substrate_thickness : float
        Least thickness, Å; rounded up to whole lattice-plane spacings.
    gap : float
        Distance between the highest atom of the substrate and the lowest of the film, Å.
    vacuum : float
        Empty space, half of it below and half above the atoms, Å; 0 stands for one more `gap`: a periodic stack.
    shift : tuple of float
        Where the film is moved in the plane, in fractions of the cell's a and b.
    ordered : bool
        Replace partly occupied positions by whole atoms (see `snapshot`); otherwise occupancies are kept.
    seed : int
        Of the snapshot.

    Raises
    ------
    GeometryError
        No such termination, or a thickness, gap or vacuum without meaning.
    """
    if not (gap > 0 and vacuum >= 0):
        raise GeometryError(
            f"gap {gap:g} Å and vacuum {vacuum:g} Å;", remedy="give a positive gap and a vacuum from 0."
        )
    cuts = [
        _chosen(match.film, film_termination, "film"),
        _chosen(match.substrate, substrate_termination, "substrate"),
    ]
    film = Slab(match.film, match.film_matrix, layers_for_thickness(match.film, film_thickness), cuts[0].shift)
    substrate = Slab(
        match.substrate,
        match.substrate_matrix,
        layers_for_thickness(match.substrate, substrate_thickness),
        cuts[1].shift,
    )
    lower = _grounded(_atoms(substrate, match.cell, _substrate_map(match), ordered, seed))
    upper = _grounded(_atoms(film, match.cell, _film_map(match), ordered, seed))
    height = float(lower.positions[:, 2].max()) + gap
    above = upper.moved(np.array([*(np.array(shift) @ match.cell), height]))
    both = _Atoms(lower.species + above.species, np.concatenate([lower.positions, above.positions]))
    space = vacuum or gap
    slabs = [_structure(atoms, match.cell, space) for atoms in (upper, lower, both)]
    return BuiltInterface(match, slabs[0], slabs[1], slabs[2], cuts[0], cuts[1], ordered)


def _chosen(surface: Surface, number: int, role: str) -> Termination:
    terminations = find_terminations(surface)
    if not 0 <= number < len(terminations):
        listed = "; ".join(f"{i}: {termination}" for i, termination in enumerate(terminations))
        raise GeometryError(f"{surface} has no termination {number} for the {role};", remedy=f"there are {listed}.")
    return terminations[number]


def _film_map(match: Match) -> FloatArray:
    """Rows of film coordinates x, y, z become rows in the substrate's frame; a flipped film is turned over."""
    planar = (np.eye(2) + match.film_strain) @ match.rotation_matrix
    return _in_space(planar, -1.0 if match.flipped else 1.0)


def _substrate_map(match: Match) -> FloatArray:
    return _in_space(np.eye(2) + match.substrate_strain, 1.0)


def _in_space(planar: FloatArray, normal: float) -> FloatArray:
    matrix = np.zeros((3, 3))
    matrix[:2, :2], matrix[2, 2] = planar, normal
    return matrix


def _atoms(slab: Slab, cell: FloatArray, mapping: FloatArray, ordered: bool, seed: int) -> _Atoms:
    groups, positions = slab.atoms
    contents = positions_of(slab.surface.structure)
    mapped = positions @ mapping
    if not ordered:
        return _Atoms([contents[group] for group in groups], mapped)
    elements, filled = ordered_snapshot(contents, groups, mapped, cell, seed)
    return _Atoms([{element: 1.0} for element in elements], mapped[filled])


def _grounded(atoms: _Atoms) -> _Atoms:
    return atoms.moved(np.array([0.0, 0.0, -float(atoms.positions[:, 2].min())]))


def _structure(atoms: _Atoms, cell: FloatArray, vacuum: float) -> PymatgenStructure:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    lattice = np.zeros((3, 3))
    lattice[:2, :2], lattice[2, 2] = cell, float(np.ptp(atoms.positions[:, 2])) + vacuum
    centred = atoms.positions + np.array([0.0, 0.0, vacuum / 2 - float(atoms.positions[:, 2].min())])
    built = Structure(
        Lattice(lattice), atoms.species, centred, coords_are_cartesian=True, to_unit_cell=True,
        validate_proximity=False,
    )  # fmt: skip
    return built.get_sorted_structure() if built.is_ordered else built
