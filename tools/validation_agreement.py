"""How far each engine lies from the median of all, in combined esds: the second table of docs/validation.md."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping

from xtal.result import Result, Value

__all__ = ["LIMIT", "agreement_table"]

LIMIT = 0.3
"""Combined esds within which an engine counts as agreeing with the median."""

_ENGINE_UNITS = (".scale",)
_WORST = 3


def agreement_table(found: Mapping[str, Mapping[str, Result]]) -> list[str]:
    """Markdown rows: case, engine, how many shared numbers lie within the limit of the median, the worst, Rwp above the lowest.

    Parameters
    ----------
    found : mapping
        Case name to engine to result; cases with fewer than two results are left out.
    """
    rows = [
        f"| case | engine | within {LIMIT:g} esd of the median | furthest from it, in combined esds | Rwp above the lowest, % |",
        "|---|---|---|---|---|",
    ]
    for case, results in found.items():
        finished = {engine: result for engine, result in results.items() if result.agreement and result.phases}
        if len(finished) > 1:
            rows += _rows(case, finished)
    return rows


def _rows(case: str, results: Mapping[str, Result]) -> Iterator[str]:
    numbers = {engine: dict(_numbers(result)) for engine, result in results.items()}
    shared = [name for name in next(iter(numbers.values())) if all(name in own for own in numbers.values())]
    lowest = min(result.agreement.rwp for result in results.values() if result.agreement)
    for engine, result in results.items():
        assert result.agreement is not None
        away = {name: _distance(engine, [(other, numbers[other][name]) for other in numbers]) for name in shared}
        worst = sorted(away.items(), key=lambda item: -abs(item[1]))[:_WORST]
        listed = ", ".join(f"{name} {value:+.1f}" for name, value in worst if abs(value) > LIMIT) or "–"
        near = sum(abs(value) <= LIMIT for value in away.values())
        yield f"| {case} | {engine} | {near} of {len(shared)} | {listed} | {100 * (result.agreement.rwp - lowest):.2f} |"


def _numbers(result: Result) -> Iterator[tuple[str, Value]]:
    """Weight fractions and free parameters that mean the same in every engine and have an esd."""
    for name, phase in result.phases.items():
        if phase.weight_fraction.esd:
            yield f"w({name})", phase.weight_fraction
    for name, item in result.parameters.items():
        if item.free and item.esd and not name.endswith(_ENGINE_UNITS) and ".background." not in name:
            yield name.removeprefix("phase.").removeprefix("pattern."), Value(item.value, item.esd)


def _distance(engine: str, values: list[tuple[str, Value]]) -> float:
    """From the median value, over the root of the sum of the variances of both; with two engines: from the other's."""
    own = dict(values)[engine]
    others = [value for name, value in values if name != engine] if len(values) == 2 else [value for _, value in values]
    middle = statistics.median_low([value.value or 0.0 for value in others])
    reference = next(value for value in others if value.value == middle)
    return ((own.value or 0.0) - middle) / math.hypot(own.esd or 0.0, reference.esd or 0.0)
