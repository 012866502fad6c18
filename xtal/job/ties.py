"""Ties between parameters: equal values, sums, linear expressions; reduced so that no follower leads another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence

from ..errors import JobError
from .messages import nearest
from .parameters import matching
from .resolved import JobPhase, Tie
from .restraints import balance_of_charge
from .schema import TieTable

__all__ = ["parse_linear", "reduced_ties", "resolve_ties"]

_TERM = re.compile(
    r"\s*(?P<sign>[+-]?)\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)\s*(?P<divide>/\s*(?P<denominator>\d+\.?\d*))?)?"
    r"\s*(?P<times>\*)?\s*(?:\{(?P<name>[^{}]+)\})?"
)


def parse_linear(expression: str) -> tuple[tuple[tuple[float, str], ...], float]:
    """Terms and constant of a linear expression such as ``"1 - 2/3*{phase.a.site.K1.occupancy}"``.

    Raises
    ------
    ValueError
        It isn't a sum of numbers and numbers times names in braces.
    """
    terms: dict[str, float] = defaultdict(float)
    constant, position = 0.0, 0
    if not expression.strip():
        raise ValueError("it is empty")
    while position < len(expression.rstrip()):
        match = _TERM.match(expression, position)
        if match is None or match.end() == position or not _is_term(match, first=position == 0):
            raise ValueError(f"can't read {expression[position:]!r}")
        denominator = float(match["denominator"] or 1.0)
        if denominator == 0:
            raise ValueError(f"{match[0].strip()!r} divides by zero")
        size = float(match["number"] or 1.0) / denominator
        signed = -size if match["sign"] == "-" else size
        if match["name"]:
            terms[match["name"].strip()] += signed
        else:
            constant += signed
        position = match.end()
    return tuple((coefficient, name) for name, coefficient in terms.items()), constant


def _is_term(match: re.Match[str], *, first: bool) -> bool:
    has_number, has_name = match["number"] is not None, match["name"] is not None
    joined = bool(match["times"]) == (has_number and has_name)
    return (has_number or has_name) and joined and (first or bool(match["sign"]))


def resolve_ties(
    tables: Sequence[TieTable], names: Sequence[str], where: str, phases: Sequence[JobPhase] = ()
) -> tuple[Tie, ...]:
    """Ties with every name checked and every leader free of ties itself; balances of charge need the `phases`.

    Raises
    ------
    JobError
        Unknown names, a parameter that follows twice, or a circle.
    """
    raw: dict[str, Tie] = {}
    for number, table in enumerate(tables, start=1):
        place = f"{where}, [[tie]] number {number}"
        balanced = table.charge_balance is not None
        for tie in [balance_of_charge(table, phases, place)] if balanced else _ties_of(table, names, place):
            if tie.target in raw:
                raise JobError(f"{tie.target} follows two ties;", where=place, remedy="keep one of them.")
            raw[tie.target] = tie
    return reduced_ties(tuple(raw.values()), where)


def reduced_ties(ties: Sequence[Tie], where: str) -> tuple[Tie, ...]:
    """Ties whose leaders follow nothing themselves.

    Raises
    ------
    JobError
        A circle.
    """
    raw = {tie.target: tie for tie in ties}
    return tuple(_reduced(tie, raw, where) for tie in ties)


def _ties_of(table: TieTable, names: Sequence[str], place: str) -> list[Tie]:
    if table.equal is not None:
        members = _expanded(table.equal, names, place)
        return [Tie(name, ((1.0, members[0]),)) for name in members[1:]]
    if table.sum is not None:
        members = _expanded(table.sum, names, place)
        return [Tie(members[-1], tuple((-1.0, name) for name in members[:-1]), table.value)]
    try:
        terms, constant = parse_linear(str(table.expression))
    except ValueError as error:
        raise JobError(
            f"expression {table.expression!r}: {error};",
            where=place,
            remedy="write a linear expression such as '1 - 2*{phase.a.site.K1.occupancy}'.",
        ) from None
    _require([str(table.target), *(name for _, name in terms)], names, place)
    return [Tie(str(table.target), terms, constant)]


def _expanded(patterns: Sequence[str], names: Sequence[str], place: str) -> list[str]:
    members: list[str] = []
    for pattern in patterns:
        found = matching(pattern, names)
        if not found:
            raise JobError(f"no parameter is called {pattern!r};", where=place, remedy=nearest(pattern, names))
        members += [name for name in found if name not in members]
    return members


def _require(wanted: Sequence[str], names: Collection[str], place: str) -> None:
    for name in wanted:
        if name not in names:
            raise JobError(f"no parameter is called {name!r};", where=place, remedy=nearest(name, names))


def _reduced(tie: Tie, raw: dict[str, Tie], where: str) -> Tie:
    """Substitute leaders that follow others, until only independent parameters lead."""
    terms, constant = dict.fromkeys((name for _, name in tie.terms), 0.0), tie.constant
    for coefficient, name in tie.terms:
        terms[name] += coefficient
    for _ in range(len(raw) + 1):
        followers = [name for name in terms if name in raw]
        if not followers:
            return Tie(tie.target, tuple((coefficient, name) for name, coefficient in terms.items()), constant)
        for name in followers:
            coefficient, leader = terms.pop(name), raw[name]
            constant += coefficient * leader.constant
            for inner, inner_name in leader.terms:
                terms[inner_name] = terms.get(inner_name, 0.0) + coefficient * inner
    raise JobError(f"{tie.target} follows itself through other ties;", where=where, remedy="break the circle.")
