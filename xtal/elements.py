"""Elements and masses, from gemmi's tables, with errors a user can act on."""

from __future__ import annotations

from .errors import CifError

__all__ = ["atomic_mass", "check_element"]

ISOTOPE_MASSES = {("H", 1): 1.00782503, ("H", 2): 2.01410178, ("Li", 6): 6.01512289, ("Li", 7): 7.01600344}
"""Masses in u of the isotopes that neutron work on electrolytes replaces (AME2020, Wang et al., Chin. Phys. C 45, 030003)."""


def check_element(symbol: str, *, where: str | None = None) -> None:
    """Refuse what isn't the symbol of an element.

    Raises
    ------
    CifError
        `symbol` is not an element (``D`` counts as one).
    """
    import gemmi

    if symbol == "X" or gemmi.Element(symbol).name != symbol:
        raise CifError(
            f"{symbol!r} is not an element;", where=where, remedy="write the symbol as in the periodic table ('Li')."
        )


def atomic_mass(symbol: str, isotope: int | None = None) -> float:
    """Mass of an element (natural mixture) or of one of its isotopes, in u."""
    import gemmi

    if isotope is None:
        return float(gemmi.Element(symbol).weight)
    return ISOTOPE_MASSES.get((symbol, isotope), float(isotope))
