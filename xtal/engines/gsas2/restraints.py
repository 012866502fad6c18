"""Restraints of distances as GSAS-II's bond restraints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import bad_input
from .session import Session

# A coordination shell reaches to this many times its shortest distance.
SHELL = 1.25
_CELLS = np.array([[i, j, k] for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2) for k in (-2, -1, 0, 1, 2)])


def orthogonal_axes(cell: list[float]) -> np.ndarray:
    """Columns are the axes in Cartesian coordinates, Å."""
    a, b, c, *angles = cell
    ca, cb, cg = np.cos(np.radians(angles))
    sg = math.sqrt(1.0 - cg**2)
    cx, cy = c * cb, c * (ca - cb * cg) / sg
    return np.array([[a, b * cg, cx], [0.0, b * sg, cy], [0.0, 0.0, math.sqrt(c**2 - cx**2 - cy**2)]])


def shell_operations(session: Session, phase: Any, first: list[Any], second: list[Any]) -> list[str]:
    """GSAS-II's names of the operations that bring the second atom into the first one's shortest shell."""
    origin = np.array(first[3:6], float)
    axes = orthogonal_axes(phase.data["General"]["Cell"][1:7])
    found = []
    for xyz, operation, unit, _ in session.g2.spacegroups.GenAtom(
        second[3:6], phase.data["General"]["SGData"], False, Move=False
    ):
        distances = np.linalg.norm((np.array(xyz) - origin + _CELLS) @ axes.T, axis=1)
        names = [f"{operation}+{','.join(str(int(n)) for n in cell + np.array(unit))}" for cell in _CELLS]
        found += [pair for pair in zip(distances, names, strict=True) if pair[0] > 0.1]
    shortest = min(distance for distance, _ in found)
    return [name for distance, name in sorted(found) if distance <= SHELL * shortest]


def set_restraints(session: Session) -> None:
    """Every distance of the shell of each restraint; the weight goes into its uncertainty."""
    tables = session.project.data["Restraints"]["data"]
    entries = session.task.get("restraints") or ()
    for phase, described in zip(session.phases, session.task["phases"], strict=True):
        bonds: list[Any] = []
        for entry in entries:
            if entry["phase"] == described["name"]:
                bonds += bonds_of(session, phase, described, entry)
        if bonds:
            tables.setdefault(phase.name, {})["Bond"] = {"wtFactor": 1.0, "Range": SHELL, "Bonds": bonds, "Use": True}


def bonds_of(session: Session, phase: Any, described: Mapping[str, Any], entry: Mapping[str, Any]) -> list[list[Any]]:
    """GSAS-II's restraints of one restraint of the task."""
    first, second = (
        phase.data["Atoms"][site_number(described, entry[key], phase.name)] for key in ("site_a", "site_b")
    )
    sigma = float(entry["sigma"]) / math.sqrt(float(entry.get("weight") or 1.0))
    return [
        [[first[-1], second[-1]], ["1", operation], float(entry["distance"]), sigma]
        for operation in shell_operations(session, phase, first, second)
    ]


def site_number(described: Mapping[str, Any], label: str, phase: str) -> int:
    """Number of a site in its phase."""
    labels = [site["label"] for site in described["structure"]["sites"]]
    if label not in labels:
        raise bad_input(f"restraint: phase {phase} has no site {label}")
    return labels.index(label)


def describe_restraints(session: Session) -> list[dict[str, Any]]:
    """Each restraint of the task with its distances in the current model."""
    described = []
    tables = session.project.data["Restraints"]["data"]
    for entry in session.task.get("restraints") or ():
        index = [phase["name"] for phase in session.task["phases"]].index(entry["phase"])
        phase, task_phase = session.phases[index], session.task["phases"][index]
        atoms = [phase.data["Atoms"][site_number(task_phase, entry[key], phase.name)] for key in ("site_a", "site_b")]
        identities = [atom[-1] for atom in atoms]
        bonds = [bond for bond in tables[phase.name]["Bond"]["Bonds"] if bond[0] == identities]
        lengths = np.array([bond_length(session, phase, atoms, bond[1][1]) for bond in bonds])
        misfits = (lengths - float(entry["distance"])) / float(entry["sigma"])
        described.append(
            {
                **entry,
                "n_bonds": len(bonds),
                "mean_distance": float(lengths.mean()),
                "chi2": float(entry.get("weight") or 1.0) * float(misfits @ misfits),
            }
        )
    return described


def bond_length(session: Session, phase: Any, atoms: list[list[Any]], operation: str) -> float:
    """Distance of the first atom to an image of the second, Å."""
    group = phase.data["General"]["SGData"]
    image = operated(group, np.array(atoms[1][3:6], float), operation)
    axes = orthogonal_axes(phase.data["General"]["Cell"][1:7])
    return float(np.linalg.norm(axes @ (image - np.array(atoms[0][3:6], float))))


def operated(group: Mapping[str, Any], xyz: np.ndarray, operation: str) -> np.ndarray:
    """Coordinates after one of GSAS-II's operations: sign, centring × 100 + number, translation."""
    number, _, unit = operation.partition("+")
    sign = -1 if int(number) < 0 else 1
    centring, index = divmod(abs(int(number)), 100)
    rotation, translation = group["SGOps"][index - 1]
    moved = (np.inner(rotation, xyz) + translation) * sign + group["SGCen"][centring]
    return np.asarray(moved + np.array([int(n) for n in unit.split(",")] if unit else [0, 0, 0]))
