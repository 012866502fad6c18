"""One refinement as a problem for rietx: what exists, what is tied and what a stage frees.

Written for rietx 1.10, whose parameter table is used directly: rietx's staged plans hold and
release parameters on their own judgement, and a job's stage promises to free exactly what it
lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from rietx.crystallography.symmetry import resolve_group
from rietx.crystallography.wyckoff import coordinate_basis, stabilizer_rotations
from rietx.params.vector import AffineTie, ParameterTable
from rietx.schemas import Structure

from xtal.engines.rietx_model import (
    build_instrument,
    build_pattern,
    build_phases,
    form_factor_warnings,
)
from xtal.engines.rietx_units import COORDINATES, Link, TaskError, ever_used, known_links, value_of

Array = NDArray[np.float64]


@dataclass
class Problem:
    """One refinement, ready to run: rietx objects and the way back to xtal names."""

    task: dict[str, Any]
    structure: Any
    instrument: Any
    pattern: Any
    table: Any
    links: dict[str, Link]
    followers: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def phase_names(self) -> list[str]:
        """Names of the phases in the task's order."""
        return [phase["name"] for phase in self.task["phases"]]


def build_problem(task: dict[str, Any]) -> Problem:
    """Translate a whole task.

    Raises
    ------
    TaskError
        ``unsupported`` for anything rietx cannot express, by its dotted name;
        ``bad_input`` for values that contradict each other.
    """
    links = known_links(task)
    check_task(task, links)
    try:
        structure = Structure(phases=build_phases(task, links))
        instrument = build_instrument(task, links)
        pattern = build_pattern(task["pattern"])
        table = ParameterTable(structure, instrument)
    except (ValidationError, ValueError, KeyError) as error:
        raise TaskError("bad_input", f"rietx refuses the model: {error}") from error
    problem = Problem(task, structure, instrument, pattern, table, links)
    release_coordinates(problem)
    apply_ties(problem)
    table.set_vary(["*"], False)
    problem.warnings += form_factor_warnings(task)
    return problem


def check_task(task: dict[str, Any], links: dict[str, Link]) -> None:
    """Refuse, by name, what this worker or rietx cannot express."""
    if task.get("mode", "rietveld") != "rietveld":
        raise TaskError("unsupported", f"mode {task['mode']!r}: this worker runs mode 'rietveld' only.")
    if task["background"]["kind"] != "chebyshev":
        raise TaskError("unsupported", f"background.kind {task['background']['kind']!r}: use 'chebyshev'.")
    used = ever_used(task)
    for name in sorted(used | task["parameters"].keys()):
        if name not in links and (name in used or not is_neutral(name, task["parameters"][name]["value"])):
            raise TaskError("unsupported", f"{name}: rietx has no such parameter in this model.")
        if name not in task["parameters"]:
            raise TaskError("bad_input", f"{name}: freed or tied, but it has no start value.")
    check_displacement(task, used)


def is_neutral(name: str, value: float | None) -> bool:
    """Tell whether an unknown parameter has the value that leaves the model unchanged."""
    return value is None or value == (1.0 if name.endswith("texture.r") else 0.0)


def check_displacement(task: dict[str, Any], used: set[str]) -> None:
    """Refuse a sample displacement where rietx has no formula or no radius for it."""
    name = "pattern.displacement"
    if name not in used and value_of(task, name, 0.0) == 0.0:
        return
    if task["instrument"]["geometry"] != "bragg-brentano":
        raise TaskError("unsupported", f"{name}: only defined for bragg-brentano geometry; refine pattern.zero.")
    if not task["instrument"].get("goniometer_radius_mm"):
        raise TaskError("bad_input", f"{name}: needs instrument.goniometer_radius_mm.")


def release_coordinates(problem: Problem) -> None:
    """Let the coordinates in use vary under their own names; symmetry moves the site's others.

    rietx refines displacements along symmetry directions, a job names coordinates.
    """
    used = {problem.links[name].path: name for name in ever_used(problem.task)}
    for index, phase in enumerate(problem.structure.phases):
        group = resolve_group(phase.space_group, phase.symmetry_operations)
        for j, atom in enumerate(phase.atoms):
            base = f"phases.{index}.atoms.{j}"
            named = [k for k in range(3) if f"{base}.{COORDINATES[k]}" in used]
            if named:
                release_site(problem, base, named, site_directions(group, atom))


def site_directions(group: Any, atom: Any) -> Array:
    """Return the displacements, as rows of fractional coordinates, that the site symmetry allows."""
    xyz = np.array([getattr(atom, letter).value for letter in COORDINATES])
    rows = np.asarray(coordinate_basis(stabilizer_rotations(group, xyz)), dtype=np.float64)
    return rows.reshape(-1, 3)


def release_site(problem: Problem, base: str, named: list[int], directions: Array) -> None:
    """Make the named coordinates of one site independent and tie the others to them."""
    follow = np.linalg.pinv(directions[:, named]) @ directions
    table = problem.table
    start = [entry_of(table, f"{base}.{letter}").value for letter in COORDINATES]
    names = {link.path: name for name, link in problem.links.items()}
    for k, letter in enumerate(COORDINATES):
        path = f"{base}.{letter}"
        if entry_of(table, path).tie is None:
            continue
        table.set_tie(path, None)
        if k in named or not np.any(np.abs(follow[:, k]) > 1.0e-9):
            continue
        factors = [(f"{base}.{COORDINATES[n]}", float(follow[i, k])) for i, n in enumerate(named)]
        leaders = tuple((leader, factor) for leader, factor in factors if abs(factor) > 1.0e-9)
        constant = start[k] - sum(factor * start[n] for (_, factor), n in zip(factors, named, strict=True))
        table.set_tie(path, AffineTie(terms=leaders, const=constant))
        if names[path] in problem.task["parameters"]:
            problem.followers[names[path]] = ", ".join(names[leader] for leader, _ in leaders)


def entry_of(table: Any, path: str) -> Any:
    """Return the parameter-table row of a rietx path."""
    return next(entry for entry in table.entries if entry.path == path)


def apply_ties(problem: Problem) -> None:
    """Declare the job's ties and the equal axial apertures in rietx's parameter table."""
    problem.table.set_tie("instrument.geometry.axial_hl", AffineTie.identity("instrument.geometry.axial_sl"))
    for tie in problem.task.get("ties", []):
        target = problem.links[tie["target"]]
        try:
            problem.table.set_tie(target.path, native_tie(problem.links, tie))
        except ValueError as error:
            raise TaskError("bad_input", f"{tie['target']}: tie refused, {error}") from error
        problem.followers[tie["target"]] = ", ".join(name for _, name in tie["terms"])


def native_tie(links: dict[str, Link], tie: dict[str, Any]) -> Any:
    """Return a tie in rietx's units; a size may only be a multiple of another size."""
    target = links[tie["target"]]
    terms = [(float(coef), links[name]) for coef, name in tie["terms"]]
    constant = float(tie.get("constant", 0.0))
    if not any(link.inverse for link in (target, *(link for _, link in terms))):
        scaled = tuple((link.path, coef * target.factor / link.factor) for coef, link in terms)
        return AffineTie(terms=scaled, const=constant * target.factor)
    if len(terms) == 1 and target.inverse and terms[0][1].inverse and constant == 0.0:
        coef, link = terms[0]
        return AffineTie(terms=((link.path, target.factor / (coef * link.factor)),))
    raise TaskError(
        "unsupported",
        f"{tie['target']}: a crystallite size can only be tied to a multiple of one other size.",
    )


def free_exactly(problem: Problem, names: Iterable[str]) -> None:
    """Free the listed parameters and hold every other one.

    Raises
    ------
    TaskError
        ``bad_input`` when symmetry or a tie fixes a listed parameter.
    """
    table = problem.table
    wanted = {problem.links[name].path: name for name in names}
    table.set_vary(["*"], False)
    freed = set(table.set_vary(list(wanted), True)) if wanted else set()
    refused = sorted(name for path, name in wanted.items() if path not in freed)
    if refused:
        raise TaskError("bad_input", f"{', '.join(refused)}: fixed by symmetry or tied, so it cannot be refined.")
    for index, phase in enumerate(problem.structure.phases):
        check_site_symmetry(problem, index, phase)


def check_site_symmetry(problem: Problem, index: int, phase: Any) -> None:
    """Refuse a free set that moves an atom off its special position."""
    table = problem.table
    matrix = table.constraint_block()[0]
    group = resolve_group(phase.space_group, phase.symmetry_operations)
    for j, atom in enumerate(phase.atoms):
        base = f"phases.{index}.atoms.{j}"
        moves = np.asarray(matrix[[table._paths[f"{base}.{c}"] for c in COORDINATES], :].todense())
        moves = moves[:, np.any(moves != 0.0, axis=0)]
        if moves.size == 0:
            continue
        basis = site_directions(group, atom).T
        fitted = basis @ np.linalg.lstsq(basis, moves, rcond=None)[0] if basis.size else 0.0 * moves
        if not np.allclose(fitted, moves, atol=1e-6):
            raise TaskError(
                "bad_input",
                f"phase.{phase.name}.site.{atom.label}: the free coordinates leave the special "
                "position; free only independent ones, symmetry moves the others.",
            )
