"""One job through two engines: what they find, parameter by parameter, in units of their combined esd."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..result import CELL_NAMES, Result, Value

__all__ = ["CELL_TOLERANCE_PPM", "COMPARISON_SCHEMA", "FRACTION_TOLERANCE", "Comparison", "Difference", "compare_results"]  # fmt: skip

COMPARISON_SCHEMA = "xtal-comparison/1"
FRACTION_TOLERANCE = 0.01
CELL_TOLERANCE_PPM = 100.0
_ENGINE_UNITS = (".scale",)


@dataclass(frozen=True)
class Difference:
    """A number that both engines found.

    Parameters
    ----------
    name : str
        ``phases.NAME.weight_fraction``, ``phases.NAME.cell.a`` … or a dotted parameter.
    first, second : Value
        What each found.
    difference : float
        Second minus first.
    in_esds : float or None
        Over the root of the sum of both variances. The data are the same, so this is no test of chance: it says how large the
        difference is beside what either engine claims to know. None without esds.
    tolerated : bool or None
        Within the stated tolerance; None where none is stated.
    """

    name: str
    first: Value
    second: Value
    difference: float
    in_esds: float | None
    tolerated: bool | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two engines on one job.

    Parameters
    ----------
    results : dict of Result
        By engine; those that finished.
    refusals : dict of str
        By engine: what it couldn't express, or why it isn't there.
    differences : tuple of Difference
        Phases first, then parameters.
    fraction_tolerance, cell_tolerance_ppm : float
        What was tolerated.
    """

    title: str
    results: Mapping[str, Result]
    refusals: Mapping[str, str]
    differences: tuple[Difference, ...]
    fraction_tolerance: float = FRACTION_TOLERANCE
    cell_tolerance_ppm: float = CELL_TOLERANCE_PPM

    @property
    def disagreements(self) -> tuple[Difference, ...]:
        """Fractions and cells that differ by more than is tolerated."""
        return tuple(item for item in self.differences if item.tolerated is False)

    @property
    def sentence(self) -> str:
        """What came of it."""
        if len(self.results) < 2:
            return "No comparison: " + " ".join(f"{name}: {why}" for name, why in self.refusals.items())
        limits = f"{100 * self.fraction_tolerance:g} wt% and {self.cell_tolerance_ppm:g} ppm"
        if not self.disagreements:
            return f"Every fraction and cell agrees within {limits}."
        listed = ", ".join(item.name.removeprefix("phases.") for item in self.disagreements)
        return f"The engines differ by more than {limits} in {listed}."

    def to_dict(self) -> dict[str, Any]:
        """Content of comparison.json."""
        return {
            "schema": COMPARISON_SCHEMA,
            "title": self.title,
            "sentence": self.sentence,
            "agrees": len(self.results) > 1 and not self.disagreements,
            "tolerance": {"fraction": self.fraction_tolerance, "cell_ppm": self.cell_tolerance_ppm},
            "engines": {name: _engine_facts(result) for name, result in self.results.items()},
            "refusals": dict(self.refusals),
            "differences": [asdict(item) for item in self.differences],
        }


def _engine_facts(result: Result) -> dict[str, Any]:
    agreement = result.agreement
    return {
        "version": result.engine["version"],
        "status": result.status,
        "verdict": result.verdict,
        "rwp": None if agreement is None else agreement.rwp,
        "gof": None if agreement is None else agreement.gof,
        "seconds": result.provenance.get("seconds"),
    }


def compare_results(
    title: str,
    results: Mapping[str, Result],
    refusals: Mapping[str, str],
    *,
    fraction_tolerance: float = FRACTION_TOLERANCE,
    cell_tolerance_ppm: float = CELL_TOLERANCE_PPM,
) -> Comparison:
    """Differences between the first two results.

    Parameters
    ----------
    title : str
        Of the job.
    results : mapping
        Engine to result, in the order in which they are compared; results without phases count as refusals.
    refusals : mapping
        Engine to why it has no result.
    fraction_tolerance, cell_tolerance_ppm : float
        Largest tolerated difference of a weight fraction or share, and of a cell parameter.
    """
    finished = {name: result for name, result in results.items() if result.phases}
    failed = {name: result.message for name, result in results.items() if not result.phases}
    differences: tuple[Difference, ...] = ()
    if len(finished) > 1:
        first, second = list(finished.values())[:2]
        pairs = [*_phase_values(first, second), *_parameter_values(first, second)]
        differences = tuple(
            _difference(name, one, other, fraction_tolerance, cell_tolerance_ppm) for name, one, other in pairs
        )
    return Comparison(title, finished, {**refusals, **failed}, differences, fraction_tolerance, cell_tolerance_ppm)


def _phase_values(first: Result, second: Result) -> Iterator[tuple[str, Value, Value]]:
    for name in first.phases:
        one, other = first.phases[name], second.phases[name]
        for key in ("weight_fraction", "group_share", "intensity_share", "crystallite_size_nm", "microstrain"):
            yield from _both(f"phases.{name}.{key}", getattr(one, key), getattr(other, key))
        for key in CELL_NAMES:
            pair = getattr(one.cell, key), getattr(other.cell, key)
            if pair[0].esd is not None or pair[1].esd is not None:
                yield from _both(f"phases.{name}.cell.{key}", *pair)


def _both(name: str, one: Value, other: Value) -> Iterator[tuple[str, Value, Value]]:
    if one.value is not None and other.value is not None and one.reason != "the only phase":
        yield name, one, other


def _parameter_values(first: Result, second: Result) -> Iterator[tuple[str, Value, Value]]:
    """Free parameters that mean the same in both engines; cells are among the phases already."""
    for name, item in first.parameters.items():
        same = second.parameters.get(name)
        if same is None or not item.free or name.endswith(_ENGINE_UNITS) or ".cell." in name:
            continue
        yield name, Value(item.value, item.esd, item.reason), Value(same.value, same.esd, same.reason)


def _difference(name: str, one: Value, other: Value, fraction: float, ppm: float) -> Difference:
    assert one.value is not None and other.value is not None
    change = other.value - one.value
    combined = None if one.esd is None or other.esd is None else math.hypot(one.esd, other.esd)
    tolerated = None
    if name.endswith(("weight_fraction", "group_share")):
        tolerated = abs(change) <= fraction
    elif ".cell." in name:
        tolerated = abs(change) <= 1e-6 * ppm * abs(one.value)
    return Difference(name, one, other, change, change / combined if combined else None, tolerated)
