"""Strains of a phase in a further pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cells import ORTHOGONAL_AXES, reciprocal_terms
from .constraints import Constraint, add_constraint
from .session import Session

# The axes that enter each of GSAS-II's six reciprocal terms.
TERM_AXES = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def axis_strains(phase: Any, values: Mapping[str, float | None], head: str) -> list[float]:
    """Strains along a, b, c; axes that follow others by symmetry have the same."""
    found = [values.get(f"{head}.{name}") for name in "abc"]
    first = found[0] or 0.0
    laue = phase.data["General"]["SGData"]["SGLaue"]
    if laue in ("m3", "m3m", "3R", "3mR"):
        return [first] * 3
    if laue in ORTHOGONAL_AXES and laue != "mmm":
        return [first, first, found[2] or 0.0]
    return [value or 0.0 for value in found]


def set_strain(phase: Any, hap: Any, strains: list[float]) -> None:
    """Terms that make the axes longer by fractions in one histogram; the angles stay."""
    names = strain_names(phase)
    terms = reciprocal_terms(phase.data["General"]["Cell"][1:7])
    changes = [1.0 / ((1.0 + strains[i]) * (1.0 + strains[j])) - 1.0 for i, j in TERM_AXES]
    hap["HStrain"] = [[changes[i] * terms[i] if i is not None else 0.0 for i in names.values()], [False] * len(names)]


def strain_names(phase: Any) -> dict[str, int | None]:
    """GSAS-II's strain variables of a phase and the reciprocal term that each is added to."""
    group = phase.data["General"]["SGData"]
    laue, unique = group["SGLaue"], group.get("SGUniq")
    if laue in ("m3", "m3m"):
        return {"D11": 0, "eA": None}
    if laue in ("6/m", "6/mmm", "3m1", "31m", "3", "4/m", "4/mmm"):
        return {"D11": 0, "D33": 2}
    if laue in ("3R", "3mR"):
        return {"D11": 0, "D12": 3}
    axes: dict[str, int | None] = {"D11": 0, "D22": 1, "D33": 2}
    mixed: dict[str, int | None] = {"D12": 3, "D13": 4, "D23": 5}
    if laue == "mmm":
        return axes
    if laue == "2/m":
        name = {"a": "D23", "b": "D13", "c": "D12"}[str(unique)]
        return axes | {name: mixed[name]}
    return axes | mixed


def set_strain_flag(session: Session, phase: Any, number: int, name: str) -> None:
    """Vary the strain of a phase along one axis in one histogram."""
    flags = session.haps(phase)[number]["HStrain"][1]
    flags[list(strain_names(phase)).index(name)] = True


def constrain_strains(session: Session) -> None:
    """Let the mixed terms of oblique cells follow the strains of their two axes, which keep the angles.

    To first order in the strains, with the cell at the start of the stage: dA_ij = A_ij/2 (dA_ii/A_ii + dA_jj/A_jj).
    """
    for phase in session.phases:
        names, terms = strain_names(phase), reciprocal_terms(phase.data["General"]["Cell"][1:7])
        for number, hap in enumerate(session.haps(phase)):
            flags = hap["HStrain"][1]
            varied = {i for i, on in zip(names.values(), flags, strict=True) if on and i is not None}
            for position, (name, index) in enumerate(names.items()):
                if index is None or index < 3:
                    continue
                leaders = [i for i in TERM_AXES[index] if i in varied] or [0] * (0 in varied and "D22" not in names)
                if leaders and abs(terms[index]) > 1e-12:
                    flags[position] = True
                    share = 1.0 if "D22" not in names else 0.5
                    head = f"{phase.id}:{number}:"
                    follow = tuple((share * terms[index] / terms[i], f"{head}D{i + 1}{i + 1}") for i in leaders)
                    add_constraint(session, Constraint(head + name, follow, 0.0))


def reset_strains(session: Session) -> None:
    """Make every strain equal in all directions for the cell as it is now."""
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        for measured, hap in zip(session.patterns[1:], session.haps(phase)[1:], strict=True):
            head = f"{measured.prefix}.strain.{entry['name']}"
            set_strain(phase, hap, axis_strains(phase, session.values, head))
