"""Checks on phases that are the same, and on parameters that the data don't determine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ..result import Check
from ..structure import Structure
from .evidence import Evidence

__all__ = ["likeness_checks", "same_structure"]

CELL_ALIKE = 2e-3
"""Relative difference of cell parameters below which two phases of one structure have the same lines."""
_MOST_NAMES = 6


def likeness_checks(facts: Evidence) -> Iterator[Check]:
    """Checks on repeated phases and undetermined parameters, in no order."""
    for one, other in combinations(facts.job.phases, 2):
        if same_structure(one.structure, other.structure):
            yield Check(
                "same-phase-twice", "severe", other.name,
                f"{one.name} and {other.name} are the same structure with the same cell: only the sum of their fractions means something. "
                "Leave one out, or start them from cells that differ.",
            )  # fmt: skip
    lost = [
        name
        for name, item in facts.parameters.items()
        if item.free and (item.reason or "").startswith("not determined")
    ]
    if lost:
        more = f" and {len(lost) - _MOST_NAMES} more" if len(lost) > _MOST_NAMES else ""
        yield Check(
            "not-determined", "severe", None,
            f"The data don't determine {', '.join(lost[:_MOST_NAMES])}{more}: a combination of them changes nothing (singular matrix), so that they have "
            "no esd and their values are those of the start or of chance. Hold or tie them.",
        )  # fmt: skip


def same_structure(one: Structure, other: Structure) -> bool:
    """Whether two structures have the same symmetry, content and, within 0.2 %, the same cell."""
    if (
        one.space_group.operations != other.space_group.operations
        or one.cell_contents.keys() != other.cell_contents.keys()
    ):
        return False
    contents = [(one.cell_contents[element], other.cell_contents[element]) for element in one.cell_contents]
    alike = all(np.isclose(a, b, rtol=0.02) for a, b in contents)
    return alike and bool(np.allclose(one.lattice.parameters, other.lattice.parameters, rtol=CELL_ALIKE))
