"""What the parameters of a joint refinement are called, and worth, within one of its patterns.

Scale of a phase there = scale · ``pattern.N.scale`` · ``pattern.N.share.PHASE``; its axis = axis · (1 + ``pattern.N.strain.PHASE.a``). Everything
else of the phases is shared, and ``pattern.N.zero`` is ``pattern.zero`` there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["PatternNames"]

FloatArray = NDArray[np.float64]


class PatternNames:
    """Names of one pattern.

    Parameters
    ----------
    name : str
        The pattern's.
    phases : mapping of str to sequence of str
        Phases with the axes (of a, b, c) that symmetry leaves free.
    is_reference : bool
        Whether it is the first pattern, which has no scale, strain and share of its own.
    """

    def __init__(self, name: str, phases: Mapping[str, Iterable[str]], is_reference: bool) -> None:
        self.prefix = f"pattern.{name}."
        self.factors: dict[str, tuple[str, ...]] = {}
        self.strains: dict[str, str] = {}
        if is_reference:
            return
        for index, (phase, axes) in enumerate(phases.items()):
            share = (f"{self.prefix}share.{phase}",) if index else ()
            self.factors[f"phase.{phase}.scale"] = (f"{self.prefix}scale", *share)
            for axis in axes:
                self.strains[f"phase.{phase}.cell.{axis}"] = f"{self.prefix}strain.{phase}.{axis}"

    def own(self) -> list[str]:
        """Scale, shares and strains, the names that the pattern's own model doesn't know."""
        return [*dict.fromkeys(name for names in self.factors.values() for name in names), *self.strains.values()]

    def outer(self, inner: str) -> str:
        """Name in the job of what the pattern's own model calls `inner`."""
        return inner if inner.startswith("phase.") else self.prefix + inner.removeprefix("pattern.")

    def inner(self, outer: str) -> str | None:
        """Name within the pattern; None for those of other patterns and for `own`."""
        if outer.startswith("phase."):
            return outer
        if not outer.startswith(self.prefix):
            return None
        rest = outer.removeprefix(self.prefix)
        return None if rest == "scale" or rest.startswith(("strain.", "share.")) else f"pattern.{rest}"

    def values(self, values: Mapping[str, float]) -> dict[str, float]:
        """Parameters of the pattern's own model."""
        found = {inner: value for outer, value in values.items() if (inner := self.inner(outer)) is not None}
        for name, factors in self.factors.items():
            # where intensities are extracted there is no scale
            if name in found:
                found[name] *= float(np.prod([values.get(factor, 1.0) for factor in factors]))
        for name, strain in self.strains.items():
            if name in found:
                found[name] *= 1 + values.get(strain, 0.0)
        return found

    def slopes(self, values: Mapping[str, float], rows: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Derivatives of the pattern's own parameters, from those of the job's."""
        found = {inner: row for outer, row in rows.items() if (inner := self.inner(outer)) is not None}
        for name, factors in self.factors.items():
            members = (name, *factors)
            each = [values.get(member, 1.0) for member in members]
            terms = [
                rows[member] * float(np.prod(each[:i] + each[i + 1 :]))
                for i, member in enumerate(members) if member in rows
            ]  # fmt: skip
            if terms:
                found[name] = np.sum(terms, axis=0)
        for name, strain in self.strains.items():
            if name not in values:
                continue
            if name in rows:
                found[name] = rows[name] * (1 + values.get(strain, 0.0))
            if strain in rows:
                found[name] = found.get(name, np.zeros_like(rows[strain])) + rows[strain] * values[name]
        return found
