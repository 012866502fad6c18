"""Cell and space group of a CIF data block."""

from __future__ import annotations

import re
from contextlib import suppress

import gemmi

from ..errors import CifError, GeometryError
from ..lattice import Lattice
from ..symmetry import SpaceGroup
from ._cif_values import columns, number, text_value

_OPERATIONS = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv.pos_as_xyz",
)
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_HERMANN_MAUGUIN = (
    "_space_group_name_h-m_alt",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_ref",
)
_NUMBER = ("_space_group_it_number", "_symmetry_int_tables_number")
_SUFFIX = re.compile(r"\s+\(?(origin choice 1|origin choice 2|HR|RS|[SZHR])\)?$", re.IGNORECASE)
_SUFFIX_MEANINGS = {"S": ":1", "Z": ":2", "ORIGIN CHOICE 1": ":1", "ORIGIN CHOICE 2": ":2",
                    "H": ":H", "HR": ":H", "R": ":R", "RS": ":R"}  # fmt: skip
"""Ways of databases to mark origin choice and axes behind a symbol."""
_SETTING = ("_space_group_it_coordinate_system_code",)


def lattice_of_block(block: gemmi.cif.Block, where: str) -> Lattice:
    """Cell of the block; angles that aren't given are 90 degrees, the dictionary's default."""
    given = {axis: number(text_value(block, f"_cell_length_{axis}"), where, f"_cell_length_{axis}") for axis in "abc"}
    lengths = [value for value in given.values() if value is not None]
    if len(lengths) < 3:
        missing = ", ".join(f"_cell_length_{axis}" for axis, value in given.items() if value is None)
        raise CifError(f"no unit cell: {missing} missing;", where=where, remedy="add the cell lengths in Å.")
    angles = [number(text_value(block, f"_cell_angle_{name}"), where, f"_cell_angle_{name}")
              for name in ("alpha", "beta", "gamma")]  # fmt: skip
    try:
        return Lattice.from_parameters([*lengths, *(90.0 if angle is None else angle for angle in angles)])
    except GeometryError as error:
        raise CifError(error.found, where=where, remedy=error.remedy) from error


def space_group_of_block(block: gemmi.cif.Block, lattice: Lattice, where: str) -> tuple[SpaceGroup, tuple[str, ...]]:
    """Space group of the block, and what had to be decided to get it."""
    listed = columns(block, *_OPERATIONS)
    operations = next((listed[tag] for tag in _OPERATIONS if tag in listed), [])
    operations = [text for text in operations if text not in ("", "?", ".")]
    if operations:
        return _from_operations(block, operations, lattice, where)
    named = _from_symbols(block, lattice)
    if named is None:
        given = ", ".join(filter(None, (text_value(block, *tags) for tags in (_HALL, _HERMANN_MAUGUIN, _NUMBER))))
        found = (
            f"the space group {given!r} is not known" if given else "no symmetry: neither operations nor a space group"
        )
        raise CifError(
            f"{found};", where=where, remedy="add _space_group_symop_operation_xyz or _space_group_name_H-M_alt."
        )
    return named


def _from_operations(
    block: gemmi.cif.Block, operations: list[str], lattice: Lattice, where: str
) -> tuple[SpaceGroup, tuple[str, ...]]:
    try:
        group = SpaceGroup.from_operations(operations)
    except CifError as error:
        raise CifError(error.found, where=where, remedy=error.remedy) from error
    notes = []
    if len(group.operations) != len(set(operations)):
        notes.append(f"the {len(operations)} listed symmetry operations were completed to {len(group.operations)}")
    named = _from_symbols(block, lattice)
    if named is not None and group.number and named[0].number != group.number:
        notes.append(f"the file names space group {named[0]} but its operations are those of {group}; they were used")
    return group, tuple(notes)


def _from_symbols(block: gemmi.cif.Block, lattice: Lattice) -> tuple[SpaceGroup, tuple[str, ...]] | None:
    hall = " ".join(text_value(block, *_HALL).split())
    if hall:
        with suppress(CifError):
            return SpaceGroup.from_hall(hall), ()
    name = _SUFFIX.sub(lambda match: _SUFFIX_MEANINGS[match[1].upper()], text_value(block, *_HERMANN_MAUGUIN))
    code = text_value(block, *_SETTING).lower()
    number_text = text_value(block, *_NUMBER)
    it_number = int(number_text) if number_text.isdigit() else 0
    named = gemmi.find_spacegroup_by_name(name, lattice.alpha, lattice.gamma, prefer="2") if name else None
    if named is None and not it_number:
        return None
    found = _in_setting(named, it_number, code, name, lattice)
    return None if found is None else (SpaceGroup.from_symbol(found[0].xhm()), found[1])


def _in_setting(
    named: gemmi.SpaceGroup | None, it_number: int, code: str, name: str, lattice: Lattice
) -> tuple[gemmi.SpaceGroup, tuple[str, ...]] | None:
    """The named group, in the setting that the coordinate-system code asks for, else as the cell's axes tell."""
    wanted = named.number if named is not None else it_number
    settings = [group for group in gemmi.spacegroup_table() if group.number == wanted]
    if code:
        coded = [group for group in settings if _setting_code(group) == code]
        if coded:
            return coded[0], ()
    if named is None:
        if not settings:
            return None
        rhombohedral = [group for group in settings if group.ext == "R"] if abs(lattice.gamma - 120) > 1e-3 else []
        second = [group for group in settings if group.ext == "2"]
        named = (rhombohedral or second or settings)[0]
    choices = {group.ext for group in settings if group.ext in ("1", "2")}
    if len(choices) == 2 and ":" not in name:
        return named, (f"the file doesn't state the origin choice of {named.hm}; choice {named.ext} was assumed",)
    return named, ()


def _setting_code(group: gemmi.SpaceGroup) -> str:
    return (group.qualifier + group.ext).strip().lower() if group.ext not in ("H", "R") else group.ext.lower()
