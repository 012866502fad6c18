"""Flags, holds, ties and bounds of one stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .bounds import set_bounds
from .checks import leading_background
from .constraints import Constraint, add_constraint, add_hold, tie_constraint
from .extra_peaks import set_peak_flags
from .flags import clear_flags, set_flag
from .holds import cell_holds, coordinate_holds
from .parameter import Parameter
from .session import Session
from .strains import constrain_strains, reset_strains
from .tensors import tensor_holds
from .values import set_background


def prepare_stage(session: Session, stage: Mapping[str, Any]) -> set[str]:
    """Flags, holds, ties and bounds of one stage; returns the tied targets in use."""
    session.stage_warnings = []
    free = set(stage["free"])
    for one in session.patterns:
        set_background(session, one, leading_background(free, session.values, one.n_terms, one.prefix))
    reset_strains(session)
    clear_flags(session)
    session.project.index_ids()
    ties = {
        tie["target"]: constraint
        for tie in session.task.get("ties", [])
        if (constraint := tie_constraint(tie, session.table, free, session.values))
    }
    for dotted in free | set(ties):
        set_flag(session, session.table[dotted])
    for one in session.patterns:
        set_peak_flags(one, session.values, free, session.histogram(one.number))
    constrain_strains(session)
    varied = {session.table[d].variable for d in free | set(ties)}
    for name in holds_of(session, varied, free | set(ties)):
        add_hold(session, name)
    for dotted in free | set(ties):
        parameter = session.table[dotted]
        for other in parameter.others:
            factor = relation(session, parameter, other, free)
            if factor is not None:
                add_constraint(session, Constraint(other, ((factor, parameter.variable),), 0.0))
    for constraint in ties.values():
        add_constraint(session, constraint)
    set_bounds(session, free)
    controls = session.project.data["Controls"]["data"]
    controls["max cyc"] = int(stage.get("max_cycles") or 20)
    return set(ties)


def holds_of(session: Session, varied: set[str], free: set[str]) -> list[str]:
    """Variables that would move along with those of the stage."""
    return coordinate_holds(session, varied) + tensor_holds(session, varied) + cell_holds(session, free)


def relation(session: Session, parameter: Parameter, other: str, free: set[str]) -> float | None:
    """Factor between the variable of a further pattern and that of the first; None when it is free on its own."""
    if ":Mustrain;" in other:
        share = session.patterns[int(other.split(":")[1])].strain_share / session.patterns[0].strain_share
        return share if other.endswith(";i") else share**2
    own = next((p for p in session.table.values() if p.kind == "share" and p.variable == other), None)
    if own is None:
        return 1.0
    return None if own.dotted in free else session.values[own.dotted] or 0.0
