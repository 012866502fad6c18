"""The space group of GSAS-II that has the operations of a task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .errors import bad_input, unsupported
from .session import Session

Operation = tuple[tuple[int, ...], tuple[int, ...]]


def parse_operation(text: str) -> Operation:
    """Rotation (9 integers, row by row) and translation (24ths) of ``x,y,z`` text."""
    rotation: list[int] = []
    translation: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        row = dict.fromkeys("xyz", 0)
        shift = 0.0
        for sign, number, divisor, axis in re.findall(r"([+-]?)(?:(\d*\.?\d+)(?:/(\d+))?|([xyz]))", part):
            factor = -1 if sign == "-" else 1
            if axis:
                row[axis] += factor
            else:
                shift += factor * float(number) / float(divisor or 1)
        rotation += [row["x"], row["y"], row["z"]]
        translation.append(round(shift * 24) % 24)
    if len(translation) != 3:
        raise bad_input(f"symmetry operation {text!r} does not have three parts")
    return tuple(rotation), tuple(translation)


def shift_origin(operations: Iterable[Operation], shift: Iterable[int]) -> set[Operation]:
    """Operations after every coordinate moved by ``shift`` (24ths of the axes)."""
    s = np.array(list(shift))
    moved = set()
    for rotation, translation in operations:
        r = np.array(rotation).reshape(3, 3)
        t = (np.array(translation) + s - r @ s) % 24
        moved.add((rotation, tuple(int(v) for v in t)))
    return moved


def find_origin_shift(given: set[Operation], wanted: set[Operation]) -> tuple[int, ...] | None:
    """Shift (24ths) that turns ``given`` operations into ``wanted``, None if there is none."""
    if {r for r, _ in given} != {r for r, _ in wanted} or len(given) != len(wanted):
        return None
    steps = (0, 3, 6, 9, 12, 15, 18, 21, 4, 8, 16, 20, 2, 10, 14, 22)
    grid = ((i, j, k) for i in steps for j in steps for k in steps)
    sample = sorted(given)[:6]
    for shift in grid:
        if shift_origin(sample, shift) <= wanted and shift_origin(given, shift) == wanted:
            return shift
    return None


def symbol_candidates(hm: str | None) -> list[str]:
    """Spellings of a Hermann-Mauguin symbol GSAS-II may understand, best first."""
    if not hm:
        return []
    symbol, _, extension = hm.partition(":")
    symbol = symbol.strip()
    spaced = symbol if " " in symbol else ""
    names = [f"{s} R" for s in (symbol,) if extension.strip().upper() == "R"]
    names += [spaced, symbol, f"{symbol} R" if symbol.startswith("R") else ""]
    return [name for i, name in enumerate(names) if name and name not in names[:i]]


def space_group(session: Session, phase: Mapping[str, Any]) -> tuple[Any, tuple[float, ...]]:
    """GSAS-II space group with the given operations, and the origin shift to reach it."""
    structure = phase["structure"]
    given = {parse_operation(text) for text in structure["operations"]}
    spc = session.g2.spacegroups
    names = symbol_candidates(structure.get("hm"))
    names.append(spc.StandardizeSpcName(structure["hm"] or "") if structure.get("hm") else "")
    names.append(spc.spgbyNum[structure["number"]] if structure.get("number") else "")
    groups = [group for name in names if name for group in gsas2_group(spc, name)]
    for group, operations in groups:
        if operations == given:
            return group, (0.0, 0.0, 0.0)
    for group, operations in groups:
        shift = find_origin_shift(given, operations)
        if shift is not None:
            return group, tuple(s / 24.0 for s in shift)
    raise unsupported(
        f"phase {phase['name']!r}: GSAS-II knows no space group with the operations of "
        f"{structure.get('hm') or structure.get('hall')}; transform it to a standard setting"
    )


def gsas2_group(spc: Any, name: str) -> list[tuple[Any, set[Operation]]]:
    """The group GSAS-II makes of a symbol with all its operations; empty if it makes none."""
    try:
        error, group = spc.SpcGroup(name)
    except Exception:
        return []
    if error:
        return []
    signs = (1, -1) if group["SGInv"] else (1,)
    operations = set()
    for rotation, translation in group["SGOps"]:
        for sign in signs:
            for centring in group["SGCen"]:
                r = tuple(int(v) for v in (sign * np.rint(rotation)).astype(int).ravel())
                t = np.rint((sign * np.asarray(translation) + centring) * 24).astype(int) % 24
                operations.add((r, tuple(int(v) for v in t)))
    return [(group, operations)]
