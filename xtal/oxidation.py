"""Oxidation numbers and the charge balance of a structure.

They are not the charges of form factors: hydroxide is often given as O1- with a neutral H, and sums to zero only with
O at −2 and H at +1.
"""

from __future__ import annotations

from collections.abc import Mapping

from .errors import InputError
from .structure import Structure

__all__ = ["OXIDATION_NUMBERS", "charge_sum", "oxidation_number"]

OXIDATION_NUMBERS: dict[str, int] = {
    "H": 1, "Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Be": 2, "Mg": 2, "Ca": 2, "Sr": 2, "Ba": 2, "Zn": 2,
    "B": 3, "Al": 3, "Ga": 3, "In": 3, "Sc": 3, "Y": 3, "La": 3, "Er": 3, "Yb": 3, "Lu": 3,
    "C": 4, "Si": 4, "Ge": 4, "Ti": 4, "Zr": 4, "Hf": 4, "P": 5, "Nb": 5, "Ta": 5, "Mo": 6, "W": 6,
    "O": -2, "S": -2, "F": -1, "Cl": -1, "Br": -1, "I": -1,
}  # fmt: skip
"""The ones that these elements have in oxide, hydroxide, halide and sulfide electrolytes."""


def oxidation_number(element: str, overrides: Mapping[str, int] | None = None) -> int:
    """Oxidation number of an element, from `overrides`, else `OXIDATION_NUMBERS`.

    Raises
    ------
    InputError
        An element with no usual number; name it in `overrides`.
    """
    table = {**OXIDATION_NUMBERS, **(overrides or {})}
    if element not in table:
        raise InputError(f"no usual oxidation number of {element};", remedy=f"give it, as {{'{element}': 3}}.")
    return table[element]


def charge_sum(structure: Structure, overrides: Mapping[str, int] | None = None) -> float:
    """Sum of the oxidation numbers in the cell, occupancies counted, in e; 0 for a balanced composition."""
    return sum(oxidation_number(element, overrides) * amount for element, amount in structure.cell_contents.items())
