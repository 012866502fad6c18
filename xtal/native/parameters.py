"""Parameters by dotted name: values, bounds, and what moves with what a stage frees.

Within the engine a crystallite size is its reciprocal, 1/nm, in which the peak width is linear and "no broadening" is 0.
Everything else keeps the unit of the job.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refusals import NativeError, unsupported

__all__ = ["Parameters", "Tie", "is_size", "slope_of", "to_job", "to_native"]

FloatArray = NDArray[np.float64]

LARGEST_SIZE_NM = 1e4
"""Upper bound of a refined crystallite size, nm, where the job gives none: beyond any laboratory's resolution."""


def is_size(name: str) -> bool:
    """Whether a parameter is kept as its reciprocal."""
    return name.endswith((".crystallite_size_nm", ".crystallite_size_axial_nm"))


def to_native(name: str, value: float) -> float:
    """Value as the engine keeps it."""
    return (0.0 if math.isinf(value) else 1.0 / value) if is_size(name) else value


def to_job(name: str, value: float) -> float | None:
    """Value in the unit of the job; None for a size without broadening and for a thick plate."""
    if not is_size(name):
        return value if math.isfinite(value) else None
    return 1.0 / value if value > 0 else None


def slope_of(name: str, value: float) -> float:
    """Derivative of the job's value by the engine's."""
    return (-1.0 / value**2 if value > 0 else 0.0) if is_size(name) else 1.0


@dataclass(frozen=True)
class Tie:
    """target = constant + Σ coefficient · source, in the engine's units."""

    target: str
    terms: tuple[tuple[float, str], ...]
    constant: float


class Parameters:
    """Values and bounds of every parameter of a task, in the engine's units.

    Parameters
    ----------
    task : dict
        The task; ``parameters`` and ``ties`` are read.

    Raises
    ------
    NativeError
        A start value outside its bounds, a tie that goes in a circle, a size tied to more than a multiple of another size.
    """

    def __init__(self, task: dict[str, Any]) -> None:
        self.values: dict[str, float] = {}
        self.bounds: dict[str, tuple[float, float]] = {}
        for name, given in task["parameters"].items():
            self.values[name] = _start(name, given.get("value"))
            self.bounds[name] = _bounds(name, given.get("min"), given.get("max"), given.get("value"))
        self.ties = {tie["target"]: _tie(tie) for tie in task.get("ties", [])}
        for stage in task["stages"]:
            for name in stage["free"]:
                self._check_free(name)
        self.follow()

    def _check_free(self, name: str) -> None:
        if name in self.ties:
            raise NativeError("bad_input", f"{name}: it is tied and can't be free as well.")
        low, high = self.bounds[name]
        value = self.values[name]
        if is_size(name) and not low <= value <= high:
            self.values[name] = value = min(max(value, low), high)
        if not low <= value <= high:
            raise NativeError(
                "bad_input", f"{name}: start value {value:g} lies outside its bounds [{low:g}, {high:g}]."
            )

    def follow(self) -> None:
        """Set the followers of all ties."""
        for target in self.ties:
            self._resolve(target, ())

    def _resolve(self, name: str, path: tuple[str, ...]) -> float:
        if name in path:
            raise NativeError("bad_input", f"{name}: its tie goes in a circle through {', '.join(path)}.")
        tie = self.ties.get(name)
        if tie is not None:
            terms = (factor * self._resolve(source, (*path, name)) for factor, source in tie.terms)
            self.values[name] = tie.constant + sum(terms)
        return self.values[name]

    def moving(self, free: tuple[str, ...]) -> tuple[tuple[str, ...], FloatArray]:
        """Names that move when `free` do, free ones first, and their derivatives by these, (n_moving, n_free)."""
        rows = dict(zip(free, np.eye(len(free)), strict=True))
        for target in self.ties:
            row = self._row(target, rows, len(free))
            if np.any(row):
                rows[target] = row
        return tuple(rows), np.array(list(rows.values())).reshape(len(rows), len(free))

    def _row(self, name: str, rows: dict[str, FloatArray], n_free: int) -> FloatArray:
        if name in rows or name not in self.ties:
            return rows.get(name, np.zeros(n_free))
        terms = (factor * self._row(source, rows, n_free) for factor, source in self.ties[name].terms)
        return np.asarray(sum(terms, np.zeros(n_free)))

    def set_free(self, free: tuple[str, ...], values: FloatArray) -> None:
        """Move the free parameters, and their followers with them."""
        self.values.update(zip(free, values.tolist(), strict=True))
        self.follow()


def _start(name: str, value: float | None) -> float:
    if value is None:
        absent = is_size(name) or name.endswith(".plate_mu_t")
        value = math.inf if absent else 1.0 if name.endswith((".scale", "texture.r")) else 0.0
    if is_size(name) and not value > 0:
        raise NativeError("bad_input", f"{name}: {value:g} nm; a size is positive, or absent for no broadening.")
    return to_native(name, float(value))


def _bounds(name: str, low: float | None, high: float | None, start: float | None) -> tuple[float, float]:
    if not is_size(name):
        return (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))
    largest = float(high) if high is not None else max(LARGEST_SIZE_NM, start if start and math.isfinite(start) else 0)
    return to_native(name, largest), (math.inf if not low else 1.0 / low)


def _tie(tie: dict[str, Any]) -> Tie:
    target, constant = tie["target"], float(tie["constant"])
    terms = tuple((float(factor), str(name)) for factor, name in tie["terms"])
    if not any(is_size(name) for name in (target, *(name for _, name in terms))):
        return Tie(target, terms, constant)
    if constant or len(terms) != 1 or not (is_size(target) and is_size(terms[0][1])):
        raise unsupported(f"{target}: a size can only be a multiple of one other size, in rietx too.")
    return Tie(target, ((1.0 / terms[0][0], terms[0][1]),), 0.0)
