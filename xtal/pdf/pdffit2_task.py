"""A PDF job as the JSON that the PDFfit2 worker takes: every variable of PDFfit2 as a linear function of the job's parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..displacement import turned
from ..displacement_freedom import U_NAMES, free_tensors
from ..engines.protocol import EngineTask
from ..lattice import Lattice
from ..structure import Site, Structure
from .job import PdfJob, PdfJobPhase

__all__ = ["pdffit2_task"]

FloatArray = NDArray[np.float64]
Terms = list[tuple[float, str]]

_CELL = ("a", "b", "c", "alpha", "beta", "gamma")
_DATA_VARIABLES = {"scale": "dscale", "q_damp": "qdamp", "q_broad": "qbroad"}
_PHASE_VARIABLES = {"scale": "pscale", "delta1": "delta1", "delta2": "delta2", "diameter": "spdiameter"}
_SMALL = 1e-12


def pdffit2_task(job: PdfJob) -> EngineTask:
    """The task of a job; its variables follow symmetry and ties."""
    values = job.start_values()
    return {
        "phases": [_phase(phase) for phase in job.phases],
        "data": [
            {
                "name": data.name,
                "probe": data.probe,
                "q_max": data.q_max,
                "r": data.pattern.x.tolist(),
                "g": data.pattern.intensity.tolist(),
                "sigma": data.pattern.sigma.tolist() if data.weighted else None,
            }
            for data in job.data
        ],
        "parameters": {
            name: {"value": values[name], "min": item.min, "max": item.max} for name, item in job.parameters.items()
        },
        "variables": [_tied(variable, job) for variable in _variables(job)],
        "stages": [
            {"name": stage.name, "free": list(stage.free), "max_cycles": stage.max_cycles} for stage in job.stages
        ],
    }


def _phase(phase: PdfJobPhase) -> dict[str, Any]:
    structure = phase.structure
    index, xyz = structure.expanded()
    return {
        "name": phase.name,
        "cell": list(structure.lattice.parameters),
        "atoms": [
            {"symbol": _symbol(structure.sites[i]), "xyz": position.tolist()}
            for i, position in zip(index.tolist(), xyz, strict=True)
        ],
    }


def _symbol(site: Site) -> str:
    """Atom or isotope as PDFfit2's table calls it."""
    if site.element == "H" and site.isotope == 2:
        return "D"
    return f"{site.isotope}-{site.element}" if site.isotope else site.element


def _variables(job: PdfJob) -> Iterator[dict[str, Any]]:
    for number, data in enumerate(job.data, start=1):
        for ours, theirs in _DATA_VARIABLES.items():
            yield _variable("data", number, theirs, None, 0.0, [(1.0, f"data.{data.name}.{ours}")])
    for number, phase in enumerate(job.phases, start=1):
        prefix = f"phase.{phase.name}."
        for ours, theirs in _PHASE_VARIABLES.items():
            if f"{prefix}{ours}" in job.parameters:
                yield _variable("phase", number, theirs, None, 0.0, [(1.0, f"{prefix}{ours}")])
        for name, argument, constant, terms in _structural(phase.structure):
            yield _variable("phase", number, name, argument, constant, [(c, prefix + inner) for c, inner in terms])


def _variable(of: str, index: int, name: str, argument: int | None, constant: float, terms: Terms) -> dict[str, Any]:
    return {"of": of, "index": index, "name": name, "argument": argument, "constant": float(constant), "terms": terms}


def _structural(structure: Structure) -> Iterator[tuple[str, int, float, Terms]]:
    """Cell, coordinates, occupancies and Uij of every atom of the cell."""
    yield from _cell(structure)
    atom = 0
    for site in structure.sites:
        images, operations = structure.space_group.orbit_with_operations(site.xyz)
        for image, operation in zip(images, operations.tolist(), strict=True):
            atom += 1
            rotation = structure.space_group.rotations[operation]
            yield from _coordinates(structure, site, atom, image, rotation)
            yield "occ", atom, 0.0, [(1.0, f"site.{site.label}.occupancy")]
            yield from _tensor(structure, site, atom, rotation)


def _cell(structure: Structure) -> Iterator[tuple[str, int, float, Terms]]:
    group, lattice = structure.space_group, structure.lattice
    free = group.free_cell_parameters()
    start = {name: getattr(lattice, name) for name in free}
    for number, name in enumerate(_CELL, start=1):
        leaders = [
            other
            for other in free
            if _moves(group.complete_cell({**start, other: start[other] * 1.01}, lattice), lattice, name)
        ]
        terms: Terms = [(1.0, f"cell.{leaders[0]}")] if leaders else []
        yield "lat", number, 0.0 if leaders else getattr(lattice, name), terms


def _moves(changed: Lattice, lattice: Lattice, name: str) -> bool:
    return bool(abs(getattr(changed, name) - getattr(lattice, name)) > _SMALL)


def _coordinates(
    structure: Structure, site: Site, atom: int, image: FloatArray, rotation: NDArray[np.int64]
) -> Iterator[tuple[str, int, float, Terms]]:
    """x, y, z of an image: where it starts, plus the rotated moves of its site's free coordinates."""
    moves = []
    for direction in structure.space_group.free_coordinates(site.xyz):
        axis = int(np.flatnonzero(np.abs(direction) > 1e-9)[0])
        moves.append((rotation @ direction, f"site.{site.label}.{'xyz'[axis]}", site.xyz[axis]))
    for component, name in enumerate("xyz"):
        terms: Terms = [(float(move[component]), to) for move, to, _ in moves if abs(move[component]) > _SMALL]
        constant = image[component] - sum(move[component] * start for move, _, start in moves)
        yield name, atom, float(constant), terms


def _tensor(
    structure: Structure, site: Site, atom: int, rotation: NDArray[np.int64]
) -> Iterator[tuple[str, int, float, Terms]]:
    prefix = f"site.{site.label}."
    if site.u_aniso is None:
        metric = structure.lattice.reciprocal_metric_tensor
        scale = np.sqrt(np.diag(metric))
        m = metric / np.outer(scale, scale)
        basis: Mapping[str, FloatArray] = {"u_iso": np.array([m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2]])}
    else:
        basis = {
            name: np.array(turned(row, rotation, structure.lattice))
            for name, row in free_tensors(structure, site).items()
        }
    for component, name in enumerate(U_NAMES):
        terms: Terms = [
            (float(row[component]), prefix + to) for to, row in basis.items() if abs(row[component]) > _SMALL
        ]
        yield name, atom, 0.0, terms


def _tied(variable: dict[str, Any], job: PdfJob) -> dict[str, Any]:
    """A variable with followers of ties replaced by their leaders."""
    ties = {tie.target: tie for tie in job.ties}
    constant, terms = variable["constant"], dict[str, float]()
    for coefficient, name in variable["terms"]:
        tie = ties.get(name)
        inner = ((1.0, name),) if tie is None else tie.terms
        constant += 0.0 if tie is None else coefficient * tie.constant
        for factor, leader in inner:
            terms[leader] = terms.get(leader, 0.0) + coefficient * factor
    return {**variable, "constant": constant, "terms": [[c, name] for name, c in terms.items()]}
