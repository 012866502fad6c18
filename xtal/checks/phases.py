"""Checks on phases: not carried by the pattern, compatible with zero, models instead of measured structures."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from ..distances import Contact, impossible_contacts
from ..result import Check, PhaseResult, Value
from ..structure import Structure
from .evidence import Evidence
from .likeness import same_structure

__all__ = ["phase_checks"]

CARRIED_FROM = 0.05
"""Weight fraction above which a phase must show in the pattern."""
CARRIED_SHARE = 1 / 3
"""Least ratio of intensity share to weight fraction."""
NOTHING = 1e-6
"""Weight fraction that counts as zero: engines stop a scale at a tiny positive number."""
SHOWN_FROM = 3.0
"""Esds above zero at which a phase counts as shown."""


def phase_checks(facts: Evidence) -> Iterator[Check]:
    """Checks on phases, in no order."""
    yield from _held(facts)
    twins = _twins(facts)
    for name, phase in facts.phases.items():
        yield from _carried(name, phase)
        if name not in twins:
            yield from _shown(name, phase)
        if facts.job.has_fractions:
            yield from _quality(name, phase)
        yield from _reflections(name, facts)
    for one in facts.job.phases:
        yield from _contacts(one.name, one.structure)


def _twins(facts: Evidence) -> set[str]:
    """Phases that are in the job under another name too: their own fractions are arbitrary, whatever their esds."""
    pairs = combinations(facts.job.phases, 2)
    return {
        phase.name for one, other in pairs if same_structure(one.structure, other.structure) for phase in (one, other)
    }


def _contacts(name: str, structure: Structure) -> Iterator[Check]:
    for contact in _impossible(structure):
        pair = (
            f"{contact.first} and an image of itself"
            if contact.first == contact.second
            else f"{contact.first} and {contact.second}"
        )
        yield Check(
            "impossible-contact", "severe", name,
            f"{pair} in {name} lie {contact.length:.2f} Å apart and are both filled: no atoms come nearer than about {contact.allowed:.2f} Å. "
            "Check the coordinates (a site off its special position is counted several times), the occupancies and the unit of the cell.",
        )  # fmt: skip


@lru_cache(maxsize=64)
def _impossible(structure: Structure) -> tuple[Contact, ...]:
    return impossible_contacts(structure)


def _held(facts: Evidence) -> Iterator[Check]:
    for note in facts.job.notes:
        if "refitted with its cell and width held" in note:
            yield Check("weak-phase-held", "info", note.split(":")[0], note)


def _carried(name: str, phase: PhaseResult) -> Iterator[Check]:
    weight, share = phase.weight_fraction.value, phase.intensity_share.value
    if weight is None or share is None or weight <= CARRIED_FROM or share >= CARRIED_SHARE * weight:
        return
    yield Check(
        "phase-not-carried", "severe", name,
        f"{name} has {100 * weight:.1f} % of the weight but {100 * share:.1f} % of the intensity: the pattern does not carry "
        "this fraction. Look at its displacement parameters and scale before you believe it.",
    )  # fmt: skip


def _shown(name: str, phase: PhaseResult) -> Iterator[Check]:
    for label, value in (("weight fraction", phase.weight_fraction), ("share in its group", phase.group_share)):
        if _is_compatible_with_zero(value):
            yield Check(
                "phase-not-shown", "severe", name,
                f"The {label} of {name}, {value}, is less than {SHOWN_FROM:g} esds from zero: these data do not show the phase. "
                "Leave it out, or say 'not detected'.",
            )  # fmt: skip
            return


def _is_compatible_with_zero(value: Value) -> bool:
    if value.value is None:
        return False
    if value.value < NOTHING:
        return True
    return value.esd is not None and value.value < SHOWN_FROM * value.esd


def _quality(name: str, phase: PhaseResult) -> Iterator[Check]:
    words = {"model": "a model, not a measured structure", "dft": "a calculated (DFT) structure, not a measured one"}
    if phase.quality in words:
        yield Check(
            "phase-is-a-model", "info", name,
            f"{name} is {words[phase.quality]}: its intensities, and so its fraction, hold the model's error.",
        )  # fmt: skip


def _reflections(name: str, facts: Evidence) -> Iterator[Check]:
    if not facts.reflections.get(name):
        yield Check(
            "no-reflections", "severe", name,
            f"{name} has no reflection in the fitted range: nothing about it can be refined. Widen the range or leave it out.",
        )  # fmt: skip
