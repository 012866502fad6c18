"""Intensities as parameters of the fit (Pawley, J. Appl. Cryst. 14 (1981) 357).

Reflections with exactly the same d share one parameter of GSAS-II; what they have together is given to them in
equal F².
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from .curves import Calculation, calculate
from .errors import unsupported
from .session import Session
from .start import estimated_scales

SAME_SPACING = 1e-7


def refuse_pawley(task: Mapping[str, Any]) -> None:
    """GSAS-II has one set of intensities for all patterns."""
    if task.get("mode") == "pawley" and len(task.get("patterns") or ()) > 1:
        raise unsupported(
            "mode 'pawley' with several patterns: GSAS-II has one intensity for all; native has each its own"
        )


def leaders_of(rows: np.ndarray) -> np.ndarray:
    """Number of the row that holds the intensity of each row, the first one with its d."""
    order = np.argsort(rows[:, 4])
    leaders = np.arange(len(rows))
    for before, row in itertools.pairwise(order):
        if rows[row, 4] - rows[before, 4] < SAME_SPACING * rows[row, 4]:
            leaders[row] = leaders[before]
    return leaders


def start_intensities(session: Session) -> None:
    """One intensity for each spacing in range, all equal at the start, of a size that fits the pattern."""
    (measured,) = session.patterns
    (found,) = calculate(session)
    scales = estimated_scales(session, measured, found.background, found.phases)
    for phase, rows, scale in zip(session.phases, found.reflections, scales, strict=True):
        level = max(scale, 1e-3 * max(scales)) * float(np.mean(rows[:, 9]))
        phase.data["Pawley ref"] = [
            [*(int(index) for index in rows[i, :3]), int(rows[i, 3]), float(rows[i, 4]), True, level, 0.0]
            for i in np.unique(leaders_of(rows))
        ]
        phase.data["General"]["doPawley"] = True


def complete_intensities(session: Session, found: Calculation) -> list[list[float | None]]:
    """Put F² of every reflection into its row; the esds by phase, None where GSAS-II gives none."""
    esds = []
    for phase, rows in zip(session.phases, found.reflections, strict=True):
        known = {tuple(entry[:3]): (float(entry[6]), float(entry[7])) for entry in phase.data["Pawley ref"]}
        esds_of_phase: list[float | None] = [None] * len(rows)
        leaders = leaders_of(rows)
        for leader in np.unique(leaders):
            members = np.flatnonzero(leaders == leader)
            named = [(i, known[key]) for i in members if (key := tuple(int(v) for v in rows[i, :3])) in known]
            holder, (value, esd) = named[0] if named else (members[0], (0.0, 0.0))
            share = float(rows[holder, 3] / rows[members, 3].sum())
            for i in members:
                rows[i, 9] = value * share
                esds_of_phase[i] = esd * share if esd > 0.0 else None
        esds.append(esds_of_phase)
    return esds
