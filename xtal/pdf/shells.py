"""Coordination shells as a user names them: which pair, between which distances, what is known beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError

__all__ = ["KNOWN_SHELLS", "Shell", "parse_shell"]

KNOWN_SHELLS: dict[str, tuple[float, float]] = {
    "Zr-O": (2.0, 2.1), "Zr-Cl": (2.45, 2.5), "Al-Cl": (2.1, 2.2), "Li-Cl": (2.5, 2.6),
    "Si-O": (1.55, 1.70), "Mg-O": (1.95, 2.20), "P-O": (1.48, 1.60), "Al-O": (1.7, 1.9), "Li-O": (1.9, 2.1), "Ga-O": (1.75, 1.95),
}  # fmt: skip
"""Distances, Å, between which the first shell of common pairs lies; the chlorides' are those of LZACO's crystalline relatives."""

DEFAULT_SIGMA = 0.08
LARGEST_SIGMA = 0.4
LARGEST_COORDINATION = 14.0
REMEDY = "write A-B:low:high, as in Zr-Cl:2.45:2.5, and what is known: cn=6, sigma=0.08, or the largest cn<6."


@dataclass(frozen=True)
class Shell:
    """Atoms of one element around another.

    Parameters
    ----------
    center, neighbour : str
        Elements; the coordination number counts `neighbour` around `center`.
    low, high : float
        Limits of the mean distance, Å.
    coordination : float, optional
        Known number; it isn't refined.
    largest : float
        Upper limit of the number where it is refined.
    sigma : float, optional
        Known standard deviation of the distance, Å; it isn't refined.
    """

    center: str
    neighbour: str
    low: float
    high: float
    coordination: float | None = None
    largest: float = LARGEST_COORDINATION
    sigma: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise InputError(f"distances {self.low:g} to {self.high:g} Å;", where=f"shell {self.pair}", remedy=REMEDY)
        for name in ("coordination", "largest", "sigma"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} of {value:g};", where=f"shell {self.pair}", remedy="it must be above zero.")

    @property
    def pair(self) -> str:
        """``Zr-Cl``."""
        return f"{self.center}-{self.neighbour}"


def parse_shell(text: str) -> Shell:
    """Shell from ``Si-O`` (a known pair), ``Zr-Cl:2.45:2.5`` or ``Mg-O:1.9:2.2:cn=5:sigma=0.1`` (``cn<6`` limits).

    Raises
    ------
    InputError
        Text that isn't a shell, or a pair without limits that isn't in `KNOWN_SHELLS`.
    """
    pair, *parts = text.strip().split(":")
    elements = re.fullmatch(r"([A-Z][a-z]?)-([A-Z][a-z]?)", pair)
    if elements is None:
        raise InputError(f"{text!r};", where="shell", remedy=REMEDY)
    limits = [part for part in parts if not re.match(r"[a-z]", part)]
    settings = [part for part in parts if re.match(r"[a-z]", part)]
    low, high = _limits(pair, limits, text)
    values: dict[str, float] = {}
    for setting in settings:
        found = re.fullmatch(r"(cn|sigma)([=<])(.+)", setting)
        if found is None or (found[1], found[2]) == ("sigma", "<"):
            raise InputError(f"{setting!r} in {text!r};", where="shell", remedy=REMEDY)
        key = {("cn", "="): "coordination", ("cn", "<"): "largest", ("sigma", "="): "sigma"}[found[1], found[2]]
        values[key] = _number(found[3], text)
    return Shell(elements[1], elements[2], low, high, **values)


def _limits(pair: str, limits: list[str], text: str) -> tuple[float, float]:
    if not limits and pair in KNOWN_SHELLS:
        return KNOWN_SHELLS[pair]
    if len(limits) != 2:
        raise InputError(f"{text!r} has {len(limits)} distances;", where="shell", remedy=REMEDY)
    return _number(limits[0], text), _number(limits[1], text)


def _number(word: str, text: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise InputError(f"{word!r} in {text!r};", where="shell", remedy=REMEDY) from None
