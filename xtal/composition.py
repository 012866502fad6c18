"""Chemical formulas: ``Ni``, ``Li2OHCl``, ``(Li2OH)0.99K0.01Cl``, ``1.4Li2O-0.75ZrCl4-0.25AlCl3``, ``[7Li]2O``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .elements import atomic_mass
from .errors import InputError

__all__ = ["Composition", "Scatterer", "parse_composition"]

AVOGADRO = 6.02214076e23
CM3_PER_A3 = 1e-24
AMOUNT = r"(?:\d+\.?\d*|\.\d+)"
TOKEN = re.compile(rf"(\[(\d+)([A-Z][a-z]?)\]|[A-Z][a-z]?|[()])({AMOUNT})?")
COMPONENT_SEPARATORS = re.compile(r"[-–—−·•*+]")

Scatterer = tuple[str, int]
"""Element and mass number; mass number 0 is the natural mixture."""


@dataclass(frozen=True)
class Composition:
    """Amounts of the elements in a formula unit.

    Parameters
    ----------
    amounts : tuple of (scatterer, amount)
        Each scatterer once, in the order of the formula.
    formula : str
        The text it came from.
    """

    amounts: tuple[tuple[Scatterer, float], ...]
    formula: str = ""

    @property
    def n_atoms(self) -> float:
        """Atoms in a formula unit."""
        return sum(amount for _, amount in self.amounts)

    @property
    def fractions(self) -> dict[Scatterer, float]:
        """Atomic fractions, which sum to 1."""
        total = self.n_atoms
        return {scatterer: amount / total for scatterer, amount in self.amounts}

    @property
    def element_fractions(self) -> dict[str, float]:
        """Atomic fractions with the isotopes of an element added up."""
        found: dict[str, float] = {}
        for (element, _), fraction in self.fractions.items():
            found[element] = found.get(element, 0.0) + fraction
        return found

    @property
    def mass(self) -> float:
        """Mass of a formula unit, u."""
        return sum(amount * atomic_mass(element, isotope or None) for (element, isotope), amount in self.amounts)

    def number_density(self, density: float) -> float:
        """Atoms per Å³ at a mass density in g/cm³."""
        return density * AVOGADRO * CM3_PER_A3 * self.n_atoms / self.mass

    def __str__(self) -> str:
        return self.formula or "".join(f"{element}{amount:g}" for (element, _), amount in self.amounts)


def parse_composition(text: str) -> Composition:
    """Composition from a formula.

    Amounts may be fractions; brackets multiply; components joined by ``-``, ``·`` or ``+`` may carry an amount in front;
    ``D`` is deuterium and ``[7Li]`` an isotope. Blanks don't count, and an element may occur several times.

    Parameters
    ----------
    text : str
        The formula.

    Raises
    ------
    InputError
        Says which part of the formula isn't understood.

    Examples
    --------
    >>> round(parse_composition("(Li2OH)0.99K0.01Cl").element_fractions["Cl"], 4)
    0.2012
    """
    compact = re.sub(r"\s+", "", text)
    if not compact:
        raise _unreadable(text, "an empty formula;")
    totals: dict[Scatterer, float] = {}
    for component in COMPONENT_SEPARATORS.split(compact):
        for scatterer, amount in _component(component, text):
            totals[scatterer] = totals.get(scatterer, 0.0) + amount
    present = tuple((scatterer, amount) for scatterer, amount in totals.items() if amount > 0)
    if not present:
        raise _unreadable(text, "no element has an amount above zero;")
    return Composition(present, text.strip())


def _component(component: str, text: str) -> Iterator[tuple[Scatterer, float]]:
    leading = re.match(AMOUNT, component)
    factor = float(leading[0]) if leading else 1.0
    body = component[leading.end() :] if leading else component
    if not body:
        raise _unreadable(text, f"{component!r} names no element;")
    for scatterer, amount in _groups(body, text):
        yield scatterer, factor * amount


def _groups(body: str, text: str) -> list[tuple[Scatterer, float]]:
    stack: list[list[tuple[Scatterer, float]]] = [[]]
    position = 0
    while position < len(body):
        found = TOKEN.match(body, position)
        if found is None:
            raise _unreadable(text, f"{body[position:]!r} can't be read as an element;")
        _add(stack, found, text)
        position = found.end()
    if len(stack) != 1:
        raise _unreadable(text, "a bracket that isn't closed;")
    return stack[0]


def _add(stack: list[list[tuple[Scatterer, float]]], found: re.Match[str], text: str) -> None:
    word, amount = found[1], float(found[4]) if found[4] else 1.0
    if word == "(":
        if found[4]:
            raise _unreadable(text, f"the number {found[4]} after an opening bracket;")
        stack.append([])
    elif word == ")":
        if len(stack) == 1:
            raise _unreadable(text, "a bracket that closes what was never opened;")
        for scatterer, inner in stack.pop():
            stack[-1].append((scatterer, inner * amount))
    else:
        stack[-1].append((_scatterer(found, text), amount))


def _scatterer(found: re.Match[str], text: str) -> Scatterer:
    import gemmi

    element, isotope = (found[3], int(found[2])) if found[2] else (found[1], 0)
    if element == "D":
        return "H", 2
    if element == "X" or gemmi.Element(element).name != element:
        raise _unreadable(text, f"{element!r} is not an element;")
    return element, isotope


def _unreadable(text: str, found: str) -> InputError:
    return InputError(found, where=f"composition {text!r}",
                      remedy="write element symbols with amounts, as in Li2OHCl or PbTi0.5Zr0.5O3.")  # fmt: skip
