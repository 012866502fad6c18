"""One refinement as a problem for rietx: what exists, what is tied and what a stage frees.

Written for rietx 1.10, whose parameter table is used directly: rietx's staged plans hold and
release parameters on their own judgement, and a job's stage promises to free exactly what it
lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from rietx.crystallography.stephens import S_NAMES, stephens_basis
from rietx.crystallography.symmetry import resolve_group
from rietx.crystallography.wyckoff import adp_basis, coordinate_basis, stabilizer_rotations
from rietx.params.vector import AffineTie, ParameterTable
from rietx.schemas import Structure

from xtal.engines.rietx_model import (
    build_instrument,
    build_pattern,
    build_phases,
    form_factor_warnings,
    symmetry_of,
)
from xtal.engines.rietx_refusals import check_task
from xtal.engines.rietx_texture import texture_links
from xtal.engines.rietx_units import COORDINATES, KINDS, TENSOR, Link, ever_used, has_stephens, known_links
from xtal.engines.worker_lines import TaskError

Array = NDArray[np.float64]


@dataclass
class Problem:
    """One refinement, ready to run: rietx objects and the way back to xtal names.

    `bonds` are those of each restraint, `intensities` those extracted so far, by number of the phase and hkl.
    """

    task: dict[str, Any]
    structure: Any
    instrument: Any
    pattern: Any
    table: Any
    links: dict[str, Link]
    followers: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    bonds: list[list[Any]] = field(default_factory=list)
    intensities: dict[tuple[int, int, int, int], float] = field(default_factory=dict)

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
    links = all_links(task)
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


def all_links(task: dict[str, Any]) -> dict[str, Link]:
    """Return every name this worker understands for `task`, harmonics of textures included."""
    links = known_links(task)
    for index, phase in enumerate(task["phases"]):
        geometry = task["instrument"]["geometry"]
        if geometry in KINDS:
            links |= texture_links(phase, index, geometry, symmetry_of(phase["structure"]))
    return links


def release_coordinates(problem: Problem) -> None:
    """Let coordinates, tensors and Stephens coefficients in use vary under their own names; symmetry moves the others.

    rietx refines amounts of symmetry's patterns, a job names components.
    """
    for index, (phase, given) in enumerate(zip(problem.structure.phases, problem.task["phases"], strict=True)):
        group = resolve_group(phase.space_group, phase.symmetry_operations)
        if has_stephens(problem.task, given):
            release(
                problem, f"phases.{index}.microstrain", S_NAMES, np.asarray(stephens_basis(group), dtype=np.float64)
            )
        for j, atom in enumerate(phase.atoms):
            base = f"phases.{index}.atoms.{j}"
            release(problem, base, COORDINATES, site_directions(group, atom))
            if atom.aniso is not None:
                release(problem, base, TENSOR, site_tensors(group, atom))


def site_directions(group: Any, atom: Any) -> Array:
    """Return the displacements, as rows of fractional coordinates, that the site symmetry allows."""
    rows = np.asarray(coordinate_basis(site_rotations(group, atom)), dtype=np.float64)
    return rows.reshape(-1, 3)


def site_tensors(group: Any, atom: Any) -> Array:
    """Return the displacement tensors, as rows of U11 … U23, that the site symmetry allows."""
    return np.asarray(adp_basis(site_rotations(group, atom)), dtype=np.float64).reshape(-1, 6)


def site_rotations(group: Any, atom: Any) -> Any:
    """Return the rotations that leave an atom where it is."""
    return stabilizer_rotations(group, np.array([getattr(atom, letter).value for letter in COORDINATES]))


def release(problem: Problem, base: str, components: Sequence[str], patterns: Array) -> None:
    """Make the components in use independent and tie the others to them as the patterns (rows) say."""
    names = {link.path: name for name, link in problem.links.items()}
    used = ever_used(problem.task)
    named = [k for k, letter in enumerate(components) if names.get(f"{base}.{letter}") in used]
    if not named or not patterns.size:
        return
    follow = np.linalg.pinv(patterns[:, named]) @ patterns
    table = problem.table
    start = [entry_of(table, f"{base}.{letter}").value for letter in components]
    for k, letter in enumerate(components):
        path = f"{base}.{letter}"
        if entry_of(table, path).tie is None:
            continue
        table.set_tie(path, None)
        if k in named or not np.any(np.abs(follow[:, k]) > 1.0e-9):
            continue
        factors = [(f"{base}.{components[n]}", float(follow[i, k])) for i, n in enumerate(named)]
        leaders = tuple((leader, factor) for leader, factor in factors if abs(factor) > 1.0e-9)
        constant = start[k] - sum(factor * start[n] for (_, factor), n in zip(factors, named, strict=True))
        table.set_tie(path, AffineTie(terms=leaders, const=constant))
        if names.get(path) in problem.task["parameters"]:
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
