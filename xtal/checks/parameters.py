"""Checks on single parameters and their covariance: bounds, convergence, correlation, displacement, cell."""

from __future__ import annotations

from collections.abc import Iterator

from ..result import Check
from .evidence import Evidence

__all__ = ["parameter_checks"]

LARGEST_SHIFT = 0.1
"""|shift/esd| above which a fit is not at rest (usual journal requirement)."""
STRONG_CORRELATION = 0.95
INSEPARABLE = 0.995
"""Correlation of zero and displacement beyond which the fit chooses between them by its misfit."""
HUGE_U = 0.1
"""Å²; an r.m.s. displacement of 0.32 Å, beyond which an atom in a powder model is usually misplaced or absent."""
CELL_MOVED = 0.02
_ROUNDING = 1e-3
OVERFULL = 0.01
"""What the occupancies on one position may exceed 1 by."""


def parameter_checks(facts: Evidence) -> Iterator[Check]:
    """Checks on parameters, in no order."""
    yield from _at_bound(facts)
    yield from _convergence(facts)
    yield from _correlations(facts)
    yield from _displacements(facts)
    yield from _occupancies(facts)
    yield from _overfull_positions(facts)
    yield from _moved_cells(facts)
    yield from _zero_with_displacement(facts)


def _phase_of(name: str) -> str | None:
    return name.split(".")[1] if name.startswith("phase.") else None


def _at_bound(facts: Evidence) -> Iterator[Check]:
    for name, item in facts.parameters.items():
        if not item.free:
            continue
        span = max(abs(item.value), 1e-12) * 1e-6 + (item.esd or 0.0) * 1e-3
        for bound, word in ((item.min, "lower"), (item.max, "upper")):
            if bound is not None and abs(item.value - bound) <= span:
                severe = name.endswith(".scale") or ".cell." in name
                yield Check(
                    "parameter-at-bound", "severe" if severe else "warning", _phase_of(name),
                    f"{name} stopped at its {word} bound {bound:g}: its esd means nothing there. "
                    "Hold it at a sensible value, or widen the bound if the physics allows.",
                )  # fmt: skip


def _convergence(facts: Evidence) -> Iterator[Check]:
    shift = facts.max_shift_over_esd
    if shift is not None and shift > LARGEST_SHIFT:
        yield Check(
            "not-at-rest", "severe", None,
            f"The last cycle still moved a parameter by {shift:.2g} of its esd (limit {LARGEST_SHIFT}). "
            "Give the last stage more cycles, or free less.",
        )  # fmt: skip
    if not facts.has_covariance:
        yield Check(
            "no-covariance", "severe", None,
            "The engine gave no usable covariance (singular matrix): no esd is printed. Free less, or tie what the data don't separate.",
        )  # fmt: skip


def _correlations(facts: Evidence) -> Iterator[Check]:
    for pair in facts.correlations:
        if abs(pair.r) <= STRONG_CORRELATION:
            continue
        scales = pair.first.endswith(".scale") and pair.second.endswith(".scale")
        yield Check(
            "strong-correlation", "severe" if scales else "warning", None,
            f"{pair.first} and {pair.second} are correlated by {pair.r:+.3f}: the data hardly separate them.",
        )  # fmt: skip


def _displacements(facts: Evidence) -> Iterator[Check]:
    for name, item in facts.parameters.items():
        if not name.endswith(".u_iso") or not item.free:
            continue
        if item.value < 0 or item.value > HUGE_U:
            word = "negative" if item.value < 0 else "huge"
            yield Check(
                "displacement-parameter", "severe", _phase_of(name),
                f"{name} = {item.value:.4f} Å² is {word}: it makes up for something else (absorption, occupancy, texture, a missing phase).",
            )  # fmt: skip


def _occupancies(facts: Evidence) -> Iterator[Check]:
    for name, item in facts.parameters.items():
        if name.endswith(".occupancy") and item.free and item.value > 1 + max(2 * (item.esd or 0.0), _ROUNDING):
            yield Check(
                "occupancy-above-one", "severe", _phase_of(name),
                f"{name} = {item.value:.3f} exceeds 1: a heavier atom sits there, or the scale is wrong. Its CIF holds 1.",
            )  # fmt: skip


def _overfull_positions(facts: Evidence) -> Iterator[Check]:
    """Sites that share a position: their occupancies may not exceed 1 together."""
    for phase in facts.job.phases:
        for group in phase.structure.shared_positions():
            names = [f"phase.{phase.name}.site.{site.label}.occupancy" for site in group]
            items = [facts.parameters[name] for name in names if name in facts.parameters]
            total = sum(item.value for item in items)
            if len(group) > 1 and any(item.free for item in items) and total > 1 + OVERFULL:
                yield Check(
                    "position-overfull", "severe", phase.name,
                    f"{' + '.join(names)} = {total:.3f}: more than one atom on one position. Tie them to a sum of 1. Its CIF holds 1.",
                )  # fmt: skip


def _moved_cells(facts: Evidence) -> Iterator[Check]:
    for name, item in facts.parameters.items():
        if ".cell." in name and item.free and abs(item.value / item.start - 1) > CELL_MOVED:
            yield Check(
                "cell-moved", "severe", _phase_of(name),
                f"{name} moved by {100 * (item.value / item.start - 1):+.1f} % from {item.start:g}: "
                "the phase may have locked on to another phase's lines.",
            )  # fmt: skip


def _zero_with_displacement(facts: Evidence) -> Iterator[Check]:
    names = ("pattern.zero", "pattern.displacement")
    both = [facts.parameters.get(name) for name in names]
    if not all(item is not None and item.free for item in both):
        return
    r = next((abs(pair.r) for pair in facts.correlations if {pair.first, pair.second} == set(names)), 0.0)
    if r > INSEPARABLE:
        yield Check(
            "zero-and-displacement", "severe", None,
            f"Zero and sample displacement are both free and correlated by {r:.4f}: the cells lie anywhere along a line, far beyond their esds. Hold one.",
        )  # fmt: skip
    elif not facts.job.instrument.calibrated:
        yield Check(
            "zero-and-displacement", "warning", None,
            "Zero and sample displacement are both free on an uncalibrated pattern: they and the cells share one error. Hold one.",
        )  # fmt: skip
