"""Stages with their complete free sets: each adds to what the stages before it freed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..displacement_freedom import U_NAMES
from ..errors import JobError
from ..stephens import STEPHENS_EXPONENTS
from .messages import nearest
from .parameters import matching
from .resolved import Stage
from .schema import StageTable

__all__ = ["PassedOver", "resolve_stages"]

_WILD = frozenset("*?[")
_ANY_SITE = re.compile(r"site\.[^.]+\.")
_NOT_ON_EVERY_INSTRUMENT = ("displacement",)
_PHASE_VOCABULARY = (
    *("scale", "crystallite_size_nm", "crystallite_size_axial_nm", "microstrain", "texture.r"),
    *(f"texture.c{order}_{number}" for order in (2, 4, 6, 8) for number in range(1, 2 * order + 2)),
    *(f"stephens.{name}" for name in STEPHENS_EXPONENTS),
    *(f"cell.{name}" for name in ("a", "b", "c", "alpha", "beta", "gamma")),
    *(f"site.*.{name}" for name in ("x", "y", "z", "occupancy", "u_iso", *U_NAMES)),
)


@dataclass(frozen=True)
class PassedOver:
    """Parameters that wildcards, and names that mean everything below them, don't free.

    Parameters
    ----------
    idle : frozenset of str
        Freed by a wildcard too, when its last part is written out or begins as theirs: ``phase.*.site.*.u11``.
    held : frozenset of str
        Freed by their names in full only.
    """

    idle: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def by(self, pattern: str, name: str) -> bool:
        """Whether `pattern`, which matches `name`, passes over it."""
        if pattern == name:
            return False
        ending = pattern.rpartition(".")[2]
        is_written = ending[0] not in _WILD and fnmatchcase(name.rpartition(".")[2], ending)
        return name in self.held or (name in self.idle and not is_written)


NOTHING_PASSED_OVER = PassedOver()


def resolve_stages(
    tables: Sequence[StageTable],
    names: Sequence[str],
    followers: Collection[str],
    allowed: Mapping[str, Sequence[str] | None],
    where: str,
    absent: Collection[str] = (),
    passed_over: PassedOver = NOTHING_PASSED_OVER,
) -> tuple[Stage, ...]:
    """Expand wildcards and accumulate free sets.

    Parameters
    ----------
    tables : sequence of StageTable
        Stages as written.
    names : sequence of str
        Every dotted name of the model, in order.
    followers : collection of str
        Targets of ties; wildcards skip them, naming one is an error.
    allowed : mapping
        Phase name to what its ``refine`` key lets wildcards free (None: everything).
    where : str
        File, for errors.
    absent : collection of str
        Optional phases that the job leaves out; what stages say of them is skipped.
    passed_over : PassedOver
        What only a name in full, or nearly so, frees.

    Raises
    ------
    JobError
        A name that matches nothing or follows a tie.
    """
    free: set[str] = set()
    stages: list[Stage] = []
    for number, table in enumerate(tables, start=1):
        place = f"{where}, [[stage]] number {number} ({table.name})"
        for pattern in _present(table.free, absent):
            chosen = _first_known(pattern, names, place)
            found = _freed(chosen, names, followers, allowed, place)
            free |= {name for name in found if not passed_over.by(chosen, name)}
        for pattern in _present(table.fix, absent):
            free -= set(_found(pattern, names, place))
        if table.name in {stage.name for stage in stages}:
            raise JobError(f"stage {table.name!r} is there twice;", where=place, remedy="give each stage its own name.")
        if not free:
            raise JobError("nothing is free in this stage;", where=place, remedy="free at least one parameter.")
        ordered = tuple(name for name in names if name in free)
        stages.append(Stage(table.name, table.why, ordered, table.max_cycles))
    return tuple(stages)


def _first_known(pattern: str, names: Sequence[str], place: str) -> str:
    """Of alternatives such as ``pattern.displacement | pattern.zero`` the first that the model has, else the last.

    One that this model lacks must be a name that another model has: a misspelt one is not passed over.
    """
    *first, last = (part.strip() for part in pattern.split("|"))
    for name in first:
        if matching(name, names):
            return name
        if not _is_of_some_instruments(name) and not _may_be_absent(name):
            _found(name, names, place)
    return last


def _is_of_some_instruments(name: str) -> bool:
    """A parameter that only some instruments have, of the only pattern or of one among several."""
    return name.startswith("pattern.") and name.rpartition(".")[2] in _NOT_ON_EVERY_INSTRUMENT


def _present(patterns: Sequence[str], absent: Collection[str]) -> list[str]:
    """Names without those of phases that the job leaves out."""
    return [name for name in patterns if not any(name.startswith(f"phase.{phase}.") for phase in absent)]


def _freed(
    pattern: str,
    names: Sequence[str],
    followers: Collection[str],
    allowed: Mapping[str, Sequence[str] | None],
    place: str,
) -> set[str]:
    found = _found(pattern, names, place)
    if pattern in names:
        if pattern in followers:
            raise JobError(f"{pattern} follows a tie;", where=place, remedy="free the parameter that leads it.")
        return {pattern}
    is_wild = bool(_WILD & set(pattern))
    return {name for name in found if name not in followers and not (is_wild and _held_back(name, allowed))}


def _found(pattern: str, names: Sequence[str], place: str) -> list[str]:
    found = matching(pattern, names)
    if not found and not _may_be_absent(pattern):
        raise JobError(f"no parameter is called {pattern!r};", where=place, remedy=nearest(pattern, names))
    return found


def _may_be_absent(pattern: str) -> bool:
    """A wildcard over phases may find none, so that a template serves jobs with other phases; its ending must be known."""
    if not pattern.startswith("phase.*."):
        return False
    return bool(matching(_ANY_SITE.sub("site.*.", pattern.removeprefix("phase.*.")), _PHASE_VOCABULARY))


def _held_back(name: str, allowed: Mapping[str, Sequence[str] | None]) -> bool:
    """Whether a phase's ``refine`` key keeps a wildcard from freeing this parameter."""
    if not name.startswith("phase."):
        return False
    phase = next(key for key in sorted(allowed, key=len, reverse=True) if name.startswith(f"phase.{key}."))
    wanted = allowed[phase]
    inner = name.removeprefix(f"phase.{phase}.")
    return wanted is not None and not any(matching(pattern, [inner]) for pattern in wanted)
