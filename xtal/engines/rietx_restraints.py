"""Bond-length restraints as rows of rietx's least squares.

The bonds of a restraint are those of one atom A to all images of B within 1.25 times the shortest distance at the start;
which images these are is settled then and stays.
"""

from __future__ import annotations

import math
from typing import Any

import gemmi
import numpy as np
from rietx.model.restraints import CompiledRestraints, _Bond, restraint_residual

from xtal.engines.rietx_freedom import Array
from xtal.engines.worker_lines import TaskError

SHELL = 1.25
"""Distances up to this times the shortest belong to the coordination shell."""

CELLS = np.array([(i, j, k) for i in range(-2, 3) for j in range(-2, 3) for k in range(-2, 3)], dtype=float)


COINCIDENT = 0.1
"""Å; nearer images are the atom itself, or share its position."""


def restraint_bonds(task: dict[str, Any], structure: Any) -> list[list[Any]]:
    """Bonds of every restraint of a task.

    Raises
    ------
    TaskError
        ``bad_input`` for a pair without any distance.
    """
    return [bonds_of(task, structure, restraint) for restraint in task.get("restraints", [])]


def bonds_of(task: dict[str, Any], structure: Any, restraint: dict[str, Any]) -> list[Any]:
    """Bonds of one restraint, as rietx keeps them."""
    names = [phase["name"] for phase in task["phases"]]
    number = names.index(restraint["phase"])
    labels = [site["label"] for site in task["phases"][number]["structure"]["sites"]]
    first, second = labels.index(restraint["site_a"]), labels.index(restraint["site_b"])
    phase = structure.phases[number]
    here, there = position(phase, first), position(phase, second)
    operations = images_of(task["phases"][number]["structure"]["operations"], there)
    found = [
        (distance, _Bond(number, first, second, rotation, shift, step, *(restraint[k] for k in ("distance", "sigma", "weight"))))
        for rotation, shift in operations
        for distance, step in steps_of(rotation @ there + shift - here, metric(phase))
    ]  # fmt: skip
    if not found:
        raise TaskError(
            "bad_input", f"restraint {restraint['site_a']}–{restraint['site_b']} of {phase.name}: no such distance."
        )
    reach = SHELL * min(distance for distance, _ in found)
    return [bond for distance, bond in found if distance <= reach]


def steps_of(difference: Array, g: Array) -> list[tuple[float, Array]]:
    """Distances (Å) of an image, moved by whole cells, and those moves; the atom itself is left out."""
    moves = CELLS - np.round(difference)
    vectors = difference + moves
    distances = np.sqrt(np.einsum("ni,ij,nj->n", vectors, g, vectors))
    return [(float(d), move) for d, move in zip(distances, moves, strict=True) if d > COINCIDENT]


def position(phase: Any, index: int) -> Array:
    """Fractional coordinates of an atom."""
    atom = phase.atoms[index]
    return np.array([atom.x.value, atom.y.value, atom.z.value])


def metric(phase: Any) -> Array:
    """Metric tensor of a phase's cell, Å²."""
    cell = gemmi.UnitCell(*(getattr(phase.cell, name).value for name in ("a", "b", "c", "alpha", "beta", "gamma")))
    orth = np.array(cell.orth.mat.tolist())
    return np.asarray(orth.T @ orth)


def images_of(operations: list[str], xyz: Array) -> list[tuple[Array, Array]]:
    """Rotation and shift of one operation for each distinct image of a point."""
    found: dict[tuple[int, ...], tuple[Array, Array]] = {}
    for text in operations:
        operation = gemmi.Op(text)
        rotation = np.array(operation.rot) / gemmi.Op.DEN
        shift = np.array(operation.tran) / gemmi.Op.DEN
        key = tuple(int(n) for n in np.round(np.mod(rotation @ xyz + shift + 1e-5, 1.0) * 1000))
        found.setdefault(key, (rotation, shift))
    return list(found.values())


def with_restraints(model: Any, bonds: list[list[Any]]) -> Any:
    """A compiled model with the bonds' rows below those of the pattern."""
    rows = [bond for of_one in bonds for bond in of_one]
    model.restraints = CompiledRestraints(rows) if rows else None
    return model


def restraint_rows(task: dict[str, Any], bonds: list[list[Any]], values: dict[str, float]) -> list[dict[str, Any]]:
    """What became of each restraint: number of bonds, their mean length (Å) and their share of χ²."""
    rows = []
    for restraint, own in zip(task.get("restraints", []), bonds, strict=True):
        # rietx's rows are √weight (d − target)/σ.
        residuals = np.asarray(restraint_residual(CompiledRestraints(own), values))
        lengths = restraint["distance"] + residuals * restraint["sigma"] / math.sqrt(restraint["weight"])
        rows.append(
            {
                **restraint,
                "n_bonds": len(own),
                "mean_distance": float(lengths.mean()),
                "chi2": float(residuals @ residuals),
            }
        )
    return rows
