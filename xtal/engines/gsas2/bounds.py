"""Limits of the free parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .cells import ORTHOGONAL_AXES
from .parameter import Parameter
from .session import Session

# GSAS-II cuts refined sizes to this range.
SIZE_RANGE_NM = (1.0, 1e4)


def set_bounds(session: Session, free: set[str]) -> None:
    """Limits of the free parameters, in GSAS-II's units; earlier freezes are lifted."""
    low: dict[Any, float] = {}
    high: dict[Any, float] = {}
    for dotted in sorted(free):
        parameter, entry = session.table[dotted], session.task["parameters"][dotted]
        for key, bound in zip((low, high), gsas2_bounds(session, parameter, entry), strict=True):
            if bound is not None:
                key[session.g2.objects.G2VarObj(parameter.variable)] = bound
    controls = session.project.data["Controls"]["data"]
    controls["parmMinDict"], controls["parmMaxDict"] = low, high
    controls["parmFrozen"] = {"FrozenList": []}


def gsas2_bounds(session: Session, parameter: Parameter, entry: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Lower and upper limit for the GSAS-II variable; None where it cannot hold one."""
    low, high = entry.get("min"), entry.get("max")
    if parameter.kind in ("background", "strain", "share", "peak_width", "peak_part"):
        return None, None
    if parameter.kind == "cell":
        return cell_bounds(session, parameter, low, high)
    if parameter.variable.endswith((":Size;i", ":Size;a")):
        low, high = max(low or 0.0, SIZE_RANGE_NM[0]), min(high or math.inf, SIZE_RANGE_NM[1])
    return (
        None if low is None else (low - parameter.offset) / parameter.factor,
        None if high is None else (high - parameter.offset) / parameter.factor,
    )


def cell_bounds(
    session: Session, parameter: Parameter, low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """Limits on a reciprocal term from limits on an axis; none for oblique cells."""
    phase = session.phases[int(parameter.variable.split(":")[0])]
    laue = phase.data["General"]["SGData"]["SGLaue"]
    if laue not in ORTHOGONAL_AXES or parameter.index > 2:
        return None, None
    cell = phase.data["General"]["Cell"][1:7]
    angle = math.radians(cell[5]) if parameter.index < 2 else math.pi / 2

    def term(length: float | None) -> float | None:
        return None if length is None else (length * math.sin(angle)) ** -2.0

    return term(high), term(low)
