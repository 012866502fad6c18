"""A structure as plain values (dict, list, str, number) that other programs' objects can carry."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..lattice import Lattice
from ..structure import Site, Structure
from ..symmetry import SpaceGroup

__all__ = ["memory_of", "structure_from_memory"]


def memory_of(structure: Structure) -> dict[str, Any]:
    """Everything in a structure as plain values."""
    return asdict(structure)


def structure_from_memory(memory: dict[str, Any]) -> Structure:
    """The structure that `memory_of` described; lists may stand for tuples, as after JSON."""
    group, sites = memory["space_group"], memory["sites"]
    return Structure(
        memory["name"],
        Lattice(**memory["lattice"]),
        SpaceGroup(group["hm"], group["hall"], group["number"], tuple(group["operations"])),
        tuple(_site(site) for site in sites),
        memory["source"],
        memory["quality"],
        tuple(memory["notes"]),
    )


def _site(values: dict[str, Any]) -> Site:
    arguments: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Site(**arguments)
