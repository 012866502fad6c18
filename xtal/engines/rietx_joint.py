"""Joint refinements by rietx: phases seen by several constant-wavelength patterns.

Every pattern becomes an ordinary one-pattern `Problem` with names of its own (``pattern.N.zero`` is ``pattern.zero`` there);
rietx's `MultiParameterTable` gives the columns of the phases to all of them and keeps those of the instruments apart. What a
joint job has on top is said in rietx's words:

- ``pattern.N.scale`` is the quotient of the first phase's scale in that pattern and in the first pattern;
- ``pattern.N.share.P`` is that quotient of another phase over that of the first phase;
- ``pattern.N.strain.P.a`` is that of its axes minus one: in stages that free it, the pattern has a cell of its own.

Every phase has a scale in every pattern, so several phases need free shares: rietx can't keep products of scales equal.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError
from rietx.model.forward import WINDOW_AREA_TOL
from rietx.optimize.least_squares import run_multi_least_squares
from rietx.optimize.lm import FTOL
from rietx.params.multi import MultiParameterTable, SharingMap
from rietx.schemas import Structure
from rietx.schemas.plan import CLOSING_WINDOW_TOL, INTERMEDIATE_FTOL

from xtal.engines.rietx_covariance import Covariance, Solved, inverse_normal
from xtal.engines.rietx_freedom import (
    Array,
    Problem,
    all_links,
    apply_ties,
    free_exactly,
    release_coordinates,
)
from xtal.engines.rietx_model import build_instrument, build_pattern, build_phases, form_factor_warnings, species_of
from xtal.engines.rietx_refusals import check_task
from xtal.engines.rietx_stages import check_finite, compiled, seed_scales
from xtal.engines.rietx_units import Link
from xtal.engines.worker_lines import TaskError


@dataclass
class Joint:
    """A joint refinement, ready to run."""

    task: dict[str, Any]
    names: tuple[str, ...]
    problems: list[Problem]
    table: Any

    @property
    def phases(self) -> list[str]:
        """Names of the phases."""
        return [str(phase["name"]) for phase in self.task["phases"]]

    @property
    def first(self) -> str:
        """The phase that a further pattern's scale is about."""
        return self.phases[0]

    def inner(self, number: int, name: str) -> str | None:
        """What a dotted name is called within a pattern; None when it belongs to another one."""
        own = f"pattern.{self.names[number]}."
        if name.startswith("phase."):
            return None if number > 0 and name.endswith(".scale") and name.count(".") == 2 else name
        if not name.startswith(own):
            return None
        rest = name.removeprefix(own)
        if rest == "scale":
            return f"phase.{self.first}.scale"
        kind, _, inner = rest.partition(".")
        if kind == "share":
            return f"phase.{inner}.scale"
        if kind == "strain":
            phase, _, axis = inner.rpartition(".")
            return f"phase.{phase}.cell.{axis}"
        return f"pattern.{rest}"

    def reference(self, name: str) -> str | None:
        """The phase's parameter that a scale, share or strain of a further pattern is relative to; None for other names."""
        if not name.startswith("pattern."):
            return None
        inner = self.inner(self.owner(name), name)
        return inner if inner is not None and inner.startswith("phase.") else None

    def owner(self, name: str) -> int:
        """Number of the pattern that a dotted name is read from."""
        return next(number for number in range(len(self.names)) if self.inner(number, name) is not None)


def build_joint(task: dict[str, Any]) -> Joint:
    """Translate a task with several patterns.

    Raises
    ------
    TaskError
        ``unsupported`` for shares held while scales are free, ties between patterns, or what rietx lacks.
    """
    check_models(task)
    joint = Joint(task, tuple(entry["name"] for entry in task["patterns"]), [], None)
    check_scales(joint)
    tasks = [task_of(joint, number) for number in range(len(joint.names))]
    links = [all_links(one) for one in tasks]
    try:
        # rietx itself turns sizes from the first pattern's wavelength into the others'.
        alike = [{**one, "instrument": tasks[0]["instrument"]} for one in tasks]
        structures = [Structure(phases=build_phases(one, links[0])) for one in alike]
        instruments = [build_instrument(one, link) for one, link in zip(tasks, links, strict=True)]
        joint.table = MultiParameterTable(
            structures, instruments, sharing=SharingMap(per_histogram=["phases.*.cell.*"])
        )
        for number, (one, link) in enumerate(zip(tasks, links, strict=True)):
            check_task(one, link)
            joint.problems.append(problem_of(joint, number, one, link))
    except (ValidationError, ValueError, KeyError) as error:
        raise TaskError("bad_input", f"rietx refuses the model: {error}") from error
    return joint


def problem_of(joint: Joint, number: int, task: dict[str, Any], links: dict[str, Link]) -> Problem:
    """One pattern as a problem that shares its parameter table with the others."""
    multi = joint.table
    # rietx wants the same species to start with; ions scatter X-rays, nuclides neutrons.
    for phase, given in zip(multi.structures[number].phases, task["phases"], strict=True):
        for atom, site in zip(phase.atoms, given["structure"]["sites"], strict=True):
            atom.species = species_of(task, site)
    problem = Problem(
        task,
        multi.structures[number],
        multi.instruments[number],
        build_pattern(task["pattern"]),
        multi.tables[number],
        links,
    )
    release_coordinates(problem)
    apply_ties(problem)
    problem.table.set_vary(["*"], False)
    problem.warnings += form_factor_warnings(task)
    return problem


def check_models(task: dict[str, Any]) -> None:
    """Refuse what rietx does for one pattern only."""
    if task.get("mode", "rietveld") != "rietveld":
        raise TaskError("unsupported", f"mode {task['mode']!r} of several patterns: rietx does one; native has it.")
    textured = [phase["name"] for phase in task["phases"] if phase.get("harmonics")]
    if textured:
        raise TaskError(
            "unsupported",
            f"phase.{textured[0]}.texture.c with several patterns: rietx weighs harmonics by each pattern's geometry; native has them.",
        )
    if task.get("restraints"):
        raise TaskError(
            "unsupported", "restraints with several patterns: rietx has none there; native and gsas2 have them."
        )


def check_scales(joint: Joint) -> None:
    """The scales of a further pattern move with the phases', so all are free or all are held."""
    for stage in joint.task["stages"]:
        for name in joint.names[1:]:
            own = {phase: f"pattern.{name}.share.{phase}" for phase in joint.phases} | {
                joint.first: f"pattern.{name}.scale"
            }
            for phase, quotient in own.items():
                scale = f"phase.{phase}.scale"
                if (scale in stage["free"]) != (quotient in stage["free"]):
                    raise TaskError(
                        "unsupported",
                        f"{quotient}: rietx has a scale of every phase in every pattern and frees it together with {scale} "
                        "only. Free both from the same stage on, or use native or gsas2, which keep shares.",
                    )


def task_of(joint: Joint, number: int) -> dict[str, Any]:
    """The task of one pattern alone."""
    task, entry = joint.task, joint.task["patterns"][number]
    parameters = {}
    # A scale or strain of the pattern's own replaces what it has from the phase.
    for name in sorted(task["parameters"], key=lambda name: joint.reference(name) is not None):
        inner = joint.inner(number, name)
        if inner is not None:
            parameters[inner] = own_spec(joint, name, task["parameters"][name])
    return {
        **{key: task[key] for key in ("title", "work_dir", "mode", "phases")},
        **{key: entry[key] for key in ("pattern", "background", "instrument")},
        "peaks": entry.get("peaks", []),
        "parameters": parameters,
        "ties": [own for tie in task.get("ties", []) if (own := own_tie(joint, number, tie)) is not None],
        "stages": [{**stage, "free": own_names(joint, number, stage["free"])} for stage in task["stages"]],
    }


def own_names(joint: Joint, number: int, names: list[str]) -> list[str]:
    """The names that a pattern has, as it calls them."""
    return list(dict.fromkeys(inner for name in names if (inner := joint.inner(number, name)) is not None))


def own_spec(joint: Joint, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Start and bounds of a parameter within its pattern: scales and strains there are numbers of their own."""
    reference = joint.reference(name)
    if reference is None:
        return spec
    start = joint.task["parameters"][reference]["value"]
    if reference.endswith(".scale"):
        quotients = [spec["value"], start]
        if ".share." in name:
            quotients.append(joint.task["parameters"][f"pattern.{joint.names[joint.owner(name)]}.scale"]["value"])
        known = None not in quotients and 1.0 not in quotients[1:]
        return {"value": math.prod(quotients) if known else 1.0, "min": 0.0, "max": None}
    return {key: None if spec[key] is None else start * (1.0 + spec[key]) for key in ("value", "min", "max")}


def own_tie(joint: Joint, number: int, tie: dict[str, Any]) -> dict[str, Any] | None:
    """A tie as a pattern sees it; None when it is about another pattern."""
    found = [joint.inner(number, name) for name in (tie["target"], *(name for _, name in tie["terms"]))]
    if all(name is None for name in found):
        return None
    relative = any(joint.reference(name) is not None for name in (tie["target"], *(name for _, name in tie["terms"])))
    scales = {f"phase.{phase}.scale" for phase in joint.phases}
    if None in found or relative or scales.intersection(name for name in found if name is not None):
        raise TaskError("unsupported", f"{tie['target']}: rietx ties nothing between patterns, and no scale or strain.")
    target, *names = found
    return {
        **tie,
        "target": target,
        "terms": [[coef, name] for (coef, _), name in zip(tie["terms"], names, strict=True)],
    }


def run_joint_stage(joint: Joint, index: int, *, first: bool, last: bool) -> list[Solved]:
    """Free exactly the stage's parameters in all patterns and minimise; the last stage again with wider windows."""
    start = time.perf_counter()
    stage = joint.task["stages"][index]
    cycles = int(stage.get("max_cycles") or 20)
    for problem in joint.problems:
        free_exactly(problem, tuple(dict.fromkeys(problem.task["stages"][index]["free"])))
    joint.table.sharing = SharingMap(per_histogram=own_axes(joint, stage["free"]))
    joint.table._rebuild_columns()
    models = [compiled(problem, WINDOW_AREA_TOL) for problem in joint.problems]
    if first:
        for problem, model in zip(joint.problems, models, strict=True):
            seed_scales(problem, model)
        joint.table._rebuild_columns()
    answer = solve_joint(joint, models, cycles, INTERMEDIATE_FTOL)
    if last:
        models = [compiled(problem, CLOSING_WINDOW_TOL) for problem in joint.problems]
        answer = solve_joint(joint, models, cycles, FTOL)
    seconds = time.perf_counter() - start
    found = [
        solved_of(stage, model, answer, values, seconds)
        for model, values in zip(models, joint.table.decode(answer.theta), strict=True)
    ]
    for solved in found:
        check_finite(solved)
    return found


def own_axes(joint: Joint, free: list[str]) -> list[str]:
    """rietx's names of the axes that every pattern has for itself in a stage.

    Raises
    ------
    TaskError
        ``unsupported`` when only some of the further patterns have a strain along such an axis.
    """
    axes = []
    for phase, axis in ((phase, axis) for phase in joint.phases for axis in "abc"):
        names = [f"pattern.{name}.strain.{phase}.{axis}" for name in joint.names[1:]]
        freed = [name for name in names if name in free]
        if freed and len(freed) < len(names):
            missing = next(name for name in names if name not in freed)
            raise TaskError("unsupported", f"{missing}: rietx frees it together with {freed[0]} only.")
        if freed:
            axes.append(joint.problems[0].links[f"phase.{phase}.cell.{axis}"].path)
    return axes


def solve_joint(joint: Joint, models: list[Any], cycles: int, tolerance: float) -> Any:
    """Minimise with rietx's driver for several patterns and keep the answer."""
    answer = run_multi_least_squares(models, joint.table, max_iter=cycles, ftol=tolerance, phase_support_sigma=None)
    joint.table.commit(answer.theta)
    return answer


def solved_of(stage: dict[str, Any], model: Any, answer: Any, values: dict[str, float], seconds: float) -> Solved:
    """One pattern at the answer; its free parameters are counted as those of the whole fit."""
    curves = tuple(model.phase_component(index, values) for index in range(len(model.phases)))
    free = tuple(dict.fromkeys(stage["free"]))
    return Solved(
        stage["name"],
        free,
        model,
        answer,
        seconds,
        values,
        model.background(values),
        curves,
        model.extra_peak_curve(values),
    )


def value_of_name(joint: Joint, found: list[Solved], name: str) -> float | None:
    """Value of a parameter in the job's units."""
    number = joint.owner(name)
    native = native_value(joint, found, number, name)
    reference = joint.reference(name)
    if reference is not None:
        ratio = native / native_value(joint, found, 0, reference)
        if ".share." in name:
            return ratio / scale_of(joint, found, number)
        return ratio if reference.endswith(".scale") else ratio - 1.0
    return joint.problems[number].links[str(joint.inner(number, name))].to_xtal(native)


def scale_of(joint: Joint, found: list[Solved], number: int) -> float:
    """Scale of a further pattern: that of the first phase there over that in the first pattern."""
    return native_value(joint, found, number, f"pattern.{joint.names[number]}.scale") / native_value(
        joint, found, 0, f"phase.{joint.first}.scale"
    )


def native_value(joint: Joint, found: list[Solved], number: int, name: str) -> float:
    """Value of a parameter in rietx's units."""
    return float(found[number].values[joint.problems[number].links[str(joint.inner(number, name))].path])


def joint_covariance(joint: Joint, found: list[Solved]) -> Covariance | None:
    """Covariance in the job's units of the free parameters and of those that follow them."""
    answer, free = found[0].answer, found[0].free
    if answer.jac is None or not free:
        return None
    columns = {name: row_of(joint, found, name) for name in (*free, *followers(joint))}
    active = np.zeros(len(joint.table.free_paths)) if answer.active_bounds is None else np.asarray(answer.active_bounds)
    jacobian = answer.jac.toarray() if hasattr(answer.jac, "toarray") else np.asarray(answer.jac)
    inside = active == 0
    inner, lost = inverse_normal(jacobian[:, inside])
    residual = np.concatenate([solved.residual for solved in found])
    chi2 = float(residual @ residual) / max(len(residual) - len(active), 1)
    full = np.zeros((len(active), len(active)))
    full[np.ix_(inside, inside)] = inner * chi2
    undetermined = np.zeros(len(active), dtype=bool)
    undetermined[np.flatnonzero(inside)[lost]] = True
    reasons = {}
    for name, row in columns.items():
        if np.any(row[~inside] != 0.0):
            reasons[name] = "at bound"
        elif np.any(row[undetermined] != 0.0):
            reasons[name] = "not determined: the data do not separate it from other parameters"
    names = tuple(name for name, row in columns.items() if name not in reasons and np.any(row != 0.0))
    rows = np.array([columns[name] for name in names]).reshape(len(names), -1)
    return Covariance(names, rows @ full @ rows.T, reasons)


def followers(joint: Joint) -> list[str]:
    """Names that follow others by ties or by the symmetry of their site."""
    known = joint.task["parameters"]
    first = [name for name in joint.problems[0].followers if name in known and name.startswith("phase.")]
    tied = [tie["target"] for tie in joint.task.get("ties", []) if tie["target"].startswith("pattern.")]
    return [*first, *tied]


def row_of(joint: Joint, found: list[Solved], name: str) -> Array:
    """Derivative of a parameter by the columns of the joint fit."""
    number = joint.owner(name)
    row = native_row(joint, number, str(joint.inner(number, name)))
    native = native_value(joint, found, number, name)
    reference = joint.reference(name)
    if reference is not None:
        first = native_value(joint, found, 0, reference)
        ratio: Array = (row - native / first * native_row(joint, 0, reference)) / first
        if ".share." in name:
            scale = scale_of(joint, found, number)
            own = row_of(joint, found, f"pattern.{joint.names[number]}.scale")
            ratio = (ratio - native / first / scale * own) / scale
        return ratio
    slope: Array = joint.problems[number].links[str(joint.inner(number, name))].slope(native) * row
    return slope


def native_row(joint: Joint, number: int, inner: str) -> Array:
    """Derivative of a rietx value of one pattern by the columns of the joint fit."""
    problem = joint.problems[number]
    index = problem.table._paths[problem.links[inner].path]
    row = np.zeros(len(joint.table.free_paths))
    row[joint.table.col_map(number)] = np.asarray(problem.table.constraint_block()[0][[index], :].todense())[0]
    return row


def joint_rwp(found: list[Solved]) -> float:
    """Weighted profile R over all patterns, a fraction."""
    squares = sum(float(solved.residual @ solved.residual) for solved in found)
    observed = sum(float(np.sum((solved.model.y_obs / solved.model.sigma) ** 2)) for solved in found)
    return math.sqrt(squares / observed)
