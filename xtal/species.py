"""What a type symbol or label says about an atom: element, charge, isotope; and the symbol that says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import gemmi

from .errors import CifError

__all__ = ["Species", "species", "type_symbol"]

_TYPE = re.compile(r"(?P<mass>\d{1,3})?(?P<letters>[A-Za-z]{1,2})(?P<tail>.*)")
_CHARGE = re.compile(r"(?:(?P<before>\d+)(?P<sign>[+-])|(?P<first>[+-])(?P<after>\d*))$")
_HYDROGEN_ISOTOPES = {"D": 2, "T": 3}


@dataclass(frozen=True)
class Species:
    """An element with what the file says about its charge and isotope."""

    element: str
    charge: int | None
    isotope: int | None


def species(symbol: str, label: str, where: str) -> Species:
    """Species of an atom, from its type symbol (``"Cl1-"``, ``"Cl-"``, ``"O-2"``, ``"7Li"``, ``"D"``), else its label.

    `where` names the atom in the error.

    Raises
    ------
    CifError
        No element in it.
    """
    text = symbol or label
    match = _TYPE.match(text)
    element = _element(match["letters"], exact=bool(symbol)) if match else None
    if match is None or element is None:
        raise CifError(
            f"{text!r} holds no known element;",
            where=where,
            remedy="write _atom_site_type_symbol as 'Li', 'Cl1-' or 'D'.",
        )
    mass = int(match["mass"]) if match["mass"] else None
    if element in _HYDROGEN_ISOTOPES:
        element, mass = "H", _HYDROGEN_ISOTOPES[element]
    return Species(element, _charge(text), mass)


def type_symbol(element: str, charge: int | None, isotope: int | None) -> str:
    """Symbol as CIFs write it: ``"Cl1-"``, ``"D"``, ``"Si"``; only the isotopes of hydrogen have one of their own."""
    heavy = {mass: symbol for symbol, mass in _HYDROGEN_ISOTOPES.items()}
    symbol = heavy.get(isotope or 0, element) if element == "H" else element
    return symbol if charge is None else f"{symbol}{abs(charge)}{'-' if charge < 0 else '+'}"


def _element(letters: str, *, exact: bool) -> str | None:
    """Symbol in the letters; a label's second letter may be a numbering letter rather than part of the symbol."""
    candidates = [letters.capitalize()] if exact else [letters.capitalize(), letters[0].upper()]
    for symbol in candidates:
        if symbol == "T" or (symbol != "X" and gemmi.Element(symbol).name == symbol):
            return symbol
    return None


def _charge(text: str) -> int | None:
    match = _CHARGE.search(text)
    if not match:
        return None
    size = match["before"] or match["after"] or "1"
    return int(size) * (-1 if "-" in match[0] else 1)
