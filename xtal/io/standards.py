"""Standards for calibration: reference structures that a certificate gives the cell of."""

from __future__ import annotations

from ..errors import InputError
from ..structure import Structure
from .library import reference_index, reference_structure

__all__ = ["certified_names", "certified_structure"]

_LENGTHS = ("a", "b", "c")


def certified_names() -> tuple[str, ...]:
    """Reference structures with a certified cell."""
    return tuple(name for name, table in reference_index().items() if "certified" in table)


def certified_structure(name: str) -> tuple[Structure, str]:
    """A standard with its certified cell, and the certificate's name.

    Raises
    ------
    InputError
        The reference has no certified cell.
    """
    if name not in certified_names():
        raise InputError(f"{name!r} is no certified standard;", remedy=f"certified are {', '.join(certified_names())}.")
    certificate = reference_index()[name]["certified"]
    structure = reference_structure(name)
    cell = {length: float(certificate[length]) for length in _LENGTHS if length in certificate}
    lattice = structure.space_group.complete_cell(cell, structure.lattice)
    return structure.with_lattice(lattice), str(certificate["standard"])
