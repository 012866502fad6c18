"""How a builder marks its result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..errors import InputError
from ..lattice import Lattice
from ..structure import Site, Structure

__all__ = ["fresh_label", "model", "refuse_outside"]


def model(host: Structure, name: str, sites: Iterable[Site], did: str, notes: Iterable[str] = (),
          lattice: Lattice | None = None) -> Structure:  # fmt: skip
    """`host` with other sites, as a model: its source says what was done and from what, its notes keep the host's."""
    source = f"Model: {did} Built from {host.name} ({host.quality}): {host.source}"
    return replace(host, name=name, lattice=lattice or host.lattice, sites=tuple(sites), source=source, quality="model",
                   notes=(*notes, *host.notes))  # fmt: skip


def fresh_label(stem: str, taken: Iterable[str]) -> str:
    """The first of stem1, stem2 … that isn't taken."""
    used, number = set(taken), 1
    while f"{stem}{number}" in used:
        number += 1
    return f"{stem}{number}"


def refuse_outside(name: str, value: float, low: float, high: float) -> None:
    """Refuse a value outside [low, high].

    Raises
    ------
    InputError
        It is outside, or not a number.
    """
    if not low <= value <= high:
        raise InputError(f"{name} = {value:g};", remedy=f"it must lie between {low:g} and {high:g}.")
