"""The model of a job: which of its parameters exist, what wildcards pass over, and where they start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..displacement_freedom import U_NAMES
from ..errors import JobError
from ..stephens import isotropic_stephens
from .freedom import Restrained, held_together, with_origins_held
from .parameters import DEFAULT_PLATE_MU_T, DEFAULT_SIZE_NM
from .resolved import JobPhase, Parameter, Stage, Tie
from .schema import StageTable, TieTable
from .ties import reduced_ties

__all__ = [
    "DEFAULT_STEPHENS_STRAIN",
    "Model",
    "held_back",
    "refuse_contradictions",
    "restrained",
    "with_starts",
    "without_absent",
]

DEFAULT_STEPHENS_STRAIN = 1e-3
"""Microstrain, the same in all directions, at which freed Stephens coefficients start when nothing else is given."""


@dataclass(frozen=True)
class Model:
    """Every parameter that a job may name.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        With the job's start values and bounds.
    idle : frozenset of str
        Those that the model only has when a stage, a tie, a start value or a bound names them.
    touched : frozenset of str
        Those whose start value or bounds the job gives.
    """

    parameters: Mapping[str, Parameter]
    idle: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()


def held_back(phases: Sequence[JobPhase]) -> frozenset[str]:
    """Isotropic strains beside anisotropic ones, of which they are a special case: only their full names free them."""
    return frozenset(f"phase.{phase.name}.microstrain" for phase in phases if phase.anisotropic_strain)


def without_absent(tables: Sequence[TieTable], absent: Collection[str]) -> tuple[list[TieTable], tuple[str, ...]]:
    """Ties without those that are only about optional phases that the job leaves out, and a note on each of these."""
    kept, notes = [], []
    for number, table in enumerate(tables, start=1):
        missing = [name for name in _phases_of(table) if name in absent]
        if missing and len(missing) == len(_phases_of(table)):
            notes.append(f"Tie number {number} was left out: it is only about {', '.join(missing)}, not taken here.")
        else:
            kept.append(table)
    return kept, tuple(notes)


def _phases_of(table: TieTable) -> list[str]:
    """Phases that a tie names, each once."""
    if table.charge_balance is not None:
        return [table.charge_balance]
    names = [*(table.equal or ()), *(table.sum or ()), table.target or ""]
    names += [part.partition("}")[0] for part in (table.expression or "").split("{")[1:]]
    return list(dict.fromkeys(name.strip().split(".")[1] for name in names if name.strip().startswith("phase.")))


def restrained(
    stages: Sequence[Stage],
    ties: Sequence[Tie],
    phases: Sequence[JobPhase],
    tables: Sequence[StageTable],
    where: str,
) -> Restrained:
    """Stages and ties after atoms on one position were tied together and the origins of polar groups held."""
    named = {part.strip() for table in tables for name in table.free for part in name.split("|")}
    together = held_together(stages, phases, named, {tie.target for tie in ties})
    whole = reduced_ties((*ties, *together.ties), where)
    held = with_origins_held(together.stages, phases, named, whole)
    return Restrained(tuple(stage for stage in held.stages if stage.free), whole, (*together.notes, *held.notes))


def with_starts(model: Model, kept: Restrained, phases: Sequence[JobPhase]) -> dict[str, Parameter]:
    """Parameters that the model has, those that were asked for without a start value with one."""
    freed = {name for stage in kept.stages for name in stage.free}
    tied = [(tie.target, *(name for _, name in tie.terms)) for tie in kept.ties]
    used = freed.union(*(names for names in tied if freed.intersection(names)))
    wanted = used.union(model.touched, *tied)
    sites = {name.rpartition(".")[0] for name in wanted if name.rpartition(".")[2] in U_NAMES}
    parameters = {
        name: parameter
        for name, parameter in model.parameters.items()
        if name not in model.idle or name in wanted or name.rpartition(".")[0] in sites
    }
    return _with_stephens(_finite(parameters, used), phases, used)


def _finite(parameters: Mapping[str, Parameter], used: Collection[str]) -> dict[str, Parameter]:
    """Give sizes and thicknesses that are in use a finite start, and drop the others: they have no effect."""
    kept: dict[str, Parameter] = {}
    for name, parameter in parameters.items():
        if np.isfinite(parameter.start):
            kept[name] = parameter
        elif name in used:
            start = DEFAULT_PLATE_MU_T if name.endswith("plate_mu_t") else DEFAULT_SIZE_NM
            kept[name] = replace(parameter, start=start)
    return kept


def _with_stephens(
    parameters: dict[str, Parameter], phases: Sequence[JobPhase], used: Collection[str]
) -> dict[str, Parameter]:
    """Stephens coefficients in use that all start at 0 start at the phase's microstrain, which goes to 0, else at a default."""
    changed = dict(parameters)
    for phase in phases:
        prefix = f"phase.{phase.name}."
        names = [name for name in parameters if name.startswith(f"{prefix}stephens.")]
        if not any(name in used for name in names) or any(parameters[name].start for name in names):
            continue
        strain = parameters[f"{prefix}microstrain"]
        structure = phase.structure
        isotropic = isotropic_stephens(
            structure.space_group, structure.lattice, strain.start or DEFAULT_STEPHENS_STRAIN
        )
        changed |= {
            f"{prefix}stephens.{name}": replace(parameters[f"{prefix}stephens.{name}"], start=value)
            for name, value in isotropic.items()
        }
        changed[f"{prefix}microstrain"] = replace(strain, start=0.0)
    return changed


def refuse_contradictions(
    parameters: Mapping[str, Parameter], ties: Sequence[Tie], touched: Collection[str], where: str
) -> None:
    """Refuse ties that start their follower outside its bounds.

    Raises
    ------
    JobError
        Start values, ties and bounds contradict each other.
    """
    for tie in ties:
        bounds = parameters.get(tie.target)
        if bounds is None or (_moves_with_its_start(tie.target) and tie.target not in touched):
            continue
        start = tie.constant + sum(coefficient * parameters[name].start for coefficient, name in tie.terms)
        low, high = bounds.min, bounds.max
        if (low is not None and start < low - 1e-9) or (high is not None and start > high + 1e-9):
            leaders = ", ".join(name for _, name in tie.terms) or "nothing"
            raise JobError(
                f"{tie.target} would start at {start:g}, outside its bounds [{low}, {high}]: it follows {leaders};",
                where=where,
                remedy="ties, start values and bounds contradict each other: change one of them.",
            )


def _moves_with_its_start(name: str) -> bool:
    """Cells and coordinates, whose default bounds lie about the start."""
    return ".cell." in name or name.rpartition(".")[2] in ("x", "y", "z")
