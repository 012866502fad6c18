"""Crystallographic information files: reading and writing structures.

Symmetry is taken from the listed operations, else the Hall symbol, else the Hermann–Mauguin symbol with its setting,
else the number. Displacement parameters become U (Å²) whichever way the file gives them. The charge of a site is that of its
scattering type (``Cl1-``); oxidation numbers in the list of atom types are not form factors and stay unread.
Format: S. R. Hall, F. H. Allen, I. D. Brown, Acta Cryst. A 47 (1991) 655, and the core dictionary of the IUCr.
"""

from __future__ import annotations

from pathlib import Path

import gemmi

from ..errors import CifError
from ..structure import Structure
from ._cif_header import header_of_block
from ._cif_sites import sites_of_block
from ._cif_symmetry import lattice_of_block, space_group_of_block
from ._cif_values import columns
from .cif_text import cif_text

_SMALLEST_ROOM, _LARGEST_ROOM = 1.5, 1e4
"""Å³ per atom; diamond has 5.7, open frameworks about 100."""

__all__ = ["cif_text", "read_cif", "read_structures", "structures_from_text", "write_cif"]


def read_cif(path: str | Path, block: str | None = None) -> Structure:
    """The structure in a CIF.

    Parameters
    ----------
    path : str or Path
        File.
    block : str, optional
        Name of the data block; needed when the file holds several structures.

    Returns
    -------
    Structure
        Its `notes` say what was changed on reading: coordinates moved onto special positions, labels made unique.

    Raises
    ------
    CifError
        Not a CIF, no structure or several without `block`, no cell, no symmetry, an unknown element, an occupancy
        above 1, symmetry copies of an atom, or multiplicities that contradict the symmetry; the text names the
        file, the site, what was found and what to do.
    """
    structures = read_structures(path)
    names = [structure.name for structure in structures]
    if block is None and len(structures) == 1:
        return structures[0]
    if block in names:
        return structures[names.index(block)]
    found = f"{len(names)} structures ({', '.join(names)})" if block is None else f"no data block {block!r}"
    raise CifError(f"{found};", where=str(path), remedy=f"say which with block=, one of {', '.join(names)}.")


def read_structures(path: str | Path) -> list[Structure]:
    """All structures in a CIF, one per data block that lists atoms; raises as `read_cif` does."""
    file = Path(path)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise CifError(
            f"the file can't be opened ({error.strerror});", where=str(path), remedy="check its name and your rights."
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return structures_from_text(text, where=str(path))


def structures_from_text(text: str, where: str = "CIF text") -> list[Structure]:
    """All structures in the text of a CIF; `where` names it in errors, which are those of `read_cif`."""
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        raise CifError(f"not a readable CIF ({error});", where=where, remedy="mend the file at that place.") from error
    structures = [
        _structure(block, text, where)
        for block in document
        if columns(block, "_atom_site_label", "_atom_site_type_symbol")
    ]
    if not structures:
        raise CifError(
            "no list of atoms;", where=where, remedy="a structure needs a loop with _atom_site_fract_x, y, z."
        )
    return structures


def _structure(block: gemmi.cif.Block, text: str, where: str) -> Structure:
    place = f"{where}, data_{block.name}"
    header = header_of_block(block, text)
    lattice = lattice_of_block(block, place)
    space_group, symmetry_notes = space_group_of_block(block, lattice, place)
    sites, site_notes = sites_of_block(block, lattice, space_group, place)
    try:
        structure = Structure(header.name, lattice, space_group, sites, header.source, header.quality,
                              (*header.notes, *symmetry_notes, *site_notes))  # fmt: skip
    except CifError as error:
        raise CifError(error.found, where=place, remedy=error.remedy) from error
    _refuse_another_unit(structure, place)
    return structure


def _refuse_another_unit(structure: Structure, place: str) -> None:
    """A cell in nm or pm gives every atom a room that no solid has."""
    atoms = sum(structure.cell_contents.values())
    room = structure.lattice.volume / atoms if atoms else _SMALLEST_ROOM
    if not _SMALLEST_ROOM <= room <= _LARGEST_ROOM:
        unit = "nm" if room < _SMALLEST_ROOM else "pm"
        raise CifError(f"{room:.3g} Å³ for each atom of the cell ({structure.lattice});", where=place,
                       remedy=f"lengths of a CIF are in Å: are these in {unit}?")  # fmt: skip


def write_cif(structure: Structure, path: str | Path, esds: dict[str, float] | None = None) -> Path:
    """Write `structure` to `path` (see `cif_text`); an existing file is replaced in one step."""
    target = Path(path)
    draft = target.with_name(target.name + ".part")
    draft.write_text(cif_text(structure, esds), encoding="utf-8")
    return draft.replace(target)
