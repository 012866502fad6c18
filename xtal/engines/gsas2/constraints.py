"""Ties as GSAS-II's constraints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import unsupported
from .parameter import Parameter
from .session import Session


@dataclass(frozen=True)
class Constraint:
    """A linear relation among GSAS-II variables: ``target = constant + sum(factor * term)``."""

    target: str
    terms: tuple[tuple[float, str], ...]
    constant: float


def tie_constraint(
    tie: Mapping[str, Any], table: Mapping[str, Parameter], free: Iterable[str], values: Mapping[str, float | None]
) -> Constraint | None:
    """The tie in GSAS-II variables, None when none of its terms is free.

    Terms that are not free become part of the constant. Coordinates are varied
    as shifts, for which every constant vanishes.
    """
    target = table[tie["target"]]
    active = [(c, table[n]) for c, n in tie["terms"] if n in set(free)]
    if not active:
        return None
    for parameter in (target, *(p for _, p in active)):
        if parameter.kind in ("cell", "background", "strain", "share", "peak_width", "peak_part"):
            raise unsupported(f"{tie['target']}: GSAS-II cannot tie {parameter.dotted}")
    constant = float(tie.get("constant") or 0.0) - target.offset
    constant += sum(c * (values[n] or 0.0) for c, n in tie["terms"] if n not in set(free))
    constant += sum(c * p.offset for c, p in active)
    if target.kind == "coordinate":
        constant = 0.0
    terms = tuple((c * p.factor / target.factor, p.variable) for c, p in active)
    return Constraint(target.variable, terms, constant / target.factor)


def add_constraint(session: Session, constraint: Constraint) -> None:
    """Hand a tie to GSAS-II as an equivalence or as an equation."""
    var = session.g2.objects.G2VarObj
    names = [constraint.target, *(name for _, name in constraint.terms)]
    scopes = {session.g2.scriptable._constr_type(var(name)) for name in names}
    if len(scopes) > 1:
        raise unsupported(f"GSAS-II cannot tie variables of different scope: {', '.join(names)}")
    if constraint.constant == 0.0 and len(constraint.terms) == 1:
        ((factor, name),) = constraint.terms
        # GSAS-II keeps m1*v1 = m2*v2 = ... in an equivalence
        entry: list[Any] = [[1.0, var(name)], [1.0 / factor, var(constraint.target)], None, None, "e"]
    else:
        entry = [[1.0, var(constraint.target)]]
        entry += [[-factor, var(name)] for factor, name in constraint.terms]
        entry += [constraint.constant, None, "c"]
    session.project.add_constraint_raw(scopes.pop(), entry)


def add_hold(session: Session, name: str) -> None:
    """Keep one GSAS-II variable fixed."""
    var = session.g2.objects.G2VarObj(name)
    scope = session.g2.scriptable._constr_type(var)
    session.project.add_constraint_raw(scope, [[1.0, var], None, None, "h"])
