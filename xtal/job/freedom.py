"""What wildcards would free and can't be free at once: atoms on one position, and the origin of a polar group.

A stage that names a parameter in full gets what it names; only what came through wildcards is held back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..displacement_freedom import U_NAMES
from ..elements import atomic_mass
from ..structure import Site, Structure
from ..symmetry import leading_rows
from .resolved import JobPhase, Stage, Tie

__all__ = ["Restrained", "held_together", "with_origins_held"]

_MOVES_TOGETHER = ("x", "y", "z", "u_iso", *U_NAMES)


class Named(Protocol):
    """A phase of a powder job or of a PDF job."""

    @property
    def name(self) -> str:
        """As parameters call it."""

    @property
    def structure(self) -> Structure:
        """What is refined."""


@dataclass(frozen=True)
class Restrained:
    """Stages with what was held back, the ties that were added, and a sentence on each."""

    stages: tuple[Stage, ...]
    ties: tuple[Tie, ...] = ()
    notes: tuple[str, ...] = ()


def held_together(
    stages: Sequence[Stage], phases: Sequence[JobPhase], named: Collection[str], followers: Collection[str]
) -> Restrained:
    """Ties between atoms on one position: their coordinates and displacements move with the first that is free.

    Parameters
    ----------
    stages : sequence of Stage
        With complete free sets.
    phases : sequence of JobPhase
        Their structures say which atoms share a position.
    named : collection of str
        What stages free by its name in full; it stays free.
    followers : collection of str
        Targets of the job's own ties.
    """
    order = _order_of_freeing(stages)
    ties, notes = [], []
    for phase in phases:
        for sites in phase.structure.shared_positions():
            found = [tie for kind in _MOVES_TOGETHER for tie in _ties(phase.name, sites, kind, order, named, followers)]
            ties += found
            if found:
                notes.append(_together_note(phase.name, found))
    targets = {tie.target for tie in ties}
    return Restrained(tuple(_without(stage, targets, notes) for stage in stages), tuple(ties), tuple(notes))


def _order_of_freeing(stages: Sequence[Stage]) -> dict[str, int]:
    order: dict[str, int] = {}
    for index, stage in enumerate(stages):
        for name in stage.free:
            order.setdefault(name, index)
    return order


def _ties(
    phase: str,
    sites: Sequence[Site],
    kind: str,
    order: dict[str, int],
    named: Collection[str],
    followers: Collection[str],
) -> Iterator[Tie]:
    """Ties of one quantity on one position; coordinates follow also when only one of them was freed."""
    members = [f"phase.{phase}.site.{site.label}.{kind}" for site in sites]
    freed = [name for name in members if name in order]
    if not freed:
        return
    leader = min(freed, key=lambda name: (name not in named, order[name]))
    for name in members:
        follows = name in freed or kind in ("x", "y", "z")
        if name != leader and follows and name not in named and name not in followers:
            yield Tie(name, ((1.0, leader),))


def _together_note(phase: str, ties: Sequence[Tie]) -> str:
    pairs = ", ".join(dict.fromkeys(f"{_label(tie.target)} with {_label(tie.terms[0][1])}" for tie in ties))
    kinds = ", ".join(dict.fromkeys(tie.target.rpartition(".")[2] for tie in ties))
    return (
        f"{phase}: atoms on one position move together ({kinds}): {pairs}. Name a parameter in full to free it alone."
    )


def _label(name: str) -> str:
    return name.split(".")[-2]


def with_origins_held(
    stages: Sequence[Stage], phases: Sequence[Named], named: Collection[str], ties: Sequence[Tie]
) -> Restrained:
    """One coordinate held for each direction in which a polar group leaves the origin free, when all atoms may move along it.

    Held is that of the heaviest atom; not if every coordinate that could be was named in full.
    """
    notes, targets = [], set()
    for phase in phases:
        for axis in _polar_axes(phase):
            names = {f"phase.{phase.name}.site.{site.label}.{axis}": site for site in phase.structure.sites}
            if not any(_floats(names, stage, ties) for stage in stages):
                continue
            freed = {name for stage in stages for name in stage.free}
            choice = [name for name in names if name in freed and name not in named]
            if not choice:
                continue
            held = max(choice, key=lambda name: _mass(names[name]))
            targets.add(held)
            notes.append(
                f"{phase.name}: {_label(held)}.{axis} is held: it fixes the origin, which {phase.structure.space_group} leaves free along that axis."
            )
    return Restrained(tuple(_without(stage, targets, notes) for stage in stages), (), tuple(notes))


def _mass(site: Site) -> float:
    return atomic_mass(site.element, site.isotope) * site.occupancy


def _polar_axes(phase: Named) -> tuple[str, ...]:
    """The coordinate that leads each direction that every operation of the group keeps."""
    mean = phase.structure.space_group.rotations.mean(axis=0)
    return tuple(leading_rows(np.asarray(mean, dtype=float).T, "xyz"))


def _floats(names: Collection[str], stage: Stage, ties: Sequence[Tie]) -> bool:
    """Whether each of these coordinates is free in a stage or follows one that is."""
    leaders = {tie.target: {name for _, name in tie.terms} for tie in ties}
    free = set(stage.free)
    return all(name in free or bool(leaders.get(name, set()) & free) for name in names)


def _without(stage: Stage, targets: Collection[str], notes: Sequence[str]) -> Stage:
    """The stage without some names, and the sentences that concern it."""
    lost = {name for name in stage.free if name in targets}
    if not lost:
        return stage
    phases = {name.split(".")[1] for name in lost}
    said = tuple(note for note in notes if note.split(":")[0] in phases)
    return replace(stage, free=tuple(name for name in stage.free if name not in lost), notes=(*stage.notes, *said))
