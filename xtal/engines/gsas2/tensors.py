"""Anisotropic displacement tensors, whose components follow each other by site symmetry."""

from __future__ import annotations

from typing import Any

from .errors import bad_input
from .session import Session

COMPONENTS = ("U11", "U22", "U33", "U12", "U13", "U23")
FIRST_COLUMN = 11


def tensor_terms(spacegroups: Any, record: list[Any]) -> tuple[list[int], list[float]]:
    """Number of the independent component behind each component, 0 for none, and the factor to it."""
    numbers, factors = spacegroups.GetCSuinel(record[7])[:2]
    return [int(n) for n in numbers], [float(f) for f in factors]


def complete_tensor(spacegroups: Any, record: list[Any]) -> None:
    """Let the components that follow others by symmetry take their values."""
    numbers, factors = tensor_terms(spacegroups, record)
    for i, number in enumerate(numbers):
        first = numbers.index(number) if number else i
        leader = record[FIRST_COLUMN + first] / (factors[first] or 1.0)
        record[FIRST_COLUMN + i] = factors[i] * leader if number else 0.0


def tensor_holds(session: Session, free: set[str]) -> list[str]:
    """Components GSAS-II would vary with their atom although the stage keeps them fixed."""
    holds = []
    dotted = {p.variable: p.dotted for p in session.table.values()}
    for phase in session.phases:
        for atom, record in enumerate(phase.data["Atoms"]):
            names = [f"{phase.id}::A{component}:{atom}" for component in COMPONENTS]
            wanted = [name for name in names if name in free]
            if not wanted:
                continue
            numbers, _ = tensor_terms(session.g2.spacegroups, record)
            firsts = {names[numbers.index(n)] for n in numbers if n}
            for name in wanted:
                if name not in firsts:
                    raise bad_input(f"{dotted[name]} is not independent at its site: take it out of the stages")
            holds += sorted(firsts - set(wanted))
    return holds
