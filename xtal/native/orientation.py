"""Preferred orientation of a phase: none, March–Dollase or spherical harmonics, with derivatives by its parameters and by the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..diffraction.families import equivalents
from ..diffraction.harmonics import harmonic_basis
from ..lattice import Lattice
from ..structure import Structure
from .refusals import NativeError
from .texture_slopes import texture_slopes

__all__ = ["Orientation", "orientation_of"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Evaluated = tuple[FloatArray, dict[str, FloatArray], list[FloatArray]]


class Orientation(Protocol):
    """A model of preferred orientation."""

    def names(self) -> list[str]:
        """Its parameters within the phase."""

    def evaluate(
        self, hkl: IntArray, lattice: Lattice, values: Mapping[str, float], moves: Sequence[FloatArray]
    ) -> Evaluated:
        """Factor of reflections (n, 3), its slopes by parameters, and those along changes of the reciprocal metric."""


class Random:
    """No preferred orientation."""

    def names(self) -> list[str]:
        """None."""
        return []

    def evaluate(
        self, hkl: IntArray, lattice: Lattice, values: Mapping[str, float], moves: Sequence[FloatArray]
    ) -> Evaluated:
        """Factor 1."""
        return np.ones(len(hkl)), {}, [np.zeros(len(hkl)) for _ in moves]


class MarchDollaseOrientation:
    """March–Dollase about an axis."""

    def __init__(self, structure: Structure, axis: Sequence[int]) -> None:
        self.rotations, self.axis = structure.space_group.laue_rotations, axis
        self._of: IntArray | None = None
        self._images = np.empty((0, 0, 3))

    def names(self) -> list[str]:
        """The coefficient r."""
        return ["texture.r"]

    def evaluate(
        self, hkl: IntArray, lattice: Lattice, values: Mapping[str, float], moves: Sequence[FloatArray]
    ) -> Evaluated:
        """See `Orientation`."""
        if self._of is not hkl:
            self._of, self._images = hkl, equivalents(hkl, self.rotations).astype(float)
        metric = lattice.reciprocal_metric_tensor
        factor, by_r, by_moves = texture_slopes(self._images, metric, self.axis, values.get("texture.r", 1.0), moves)
        return factor, {"texture.r": by_r}, by_moves


class HarmonicOrientation:
    """Spherical harmonics of the Laue class up to an order."""

    def __init__(self, structure: Structure, order: int) -> None:
        self.basis = harmonic_basis(structure.space_group, order)

    def names(self) -> list[str]:
        """A coefficient for each l and n."""
        return [f"texture.c{l}_{n}" for l, n in self.basis.terms]

    def evaluate(
        self, hkl: IntArray, lattice: Lattice, values: Mapping[str, float], moves: Sequence[FloatArray]
    ) -> Evaluated:
        """See `Orientation`."""
        functions, names = self.basis.at_reflections(hkl, lattice), self.names()
        coefficients = np.array([values.get(name, 0.0) for name in names])
        total = replace(self.basis, coefficients=(coefficients @ self.basis.coefficients)[None])
        metric = lattice.metric_tensor
        by_moves = [total.slopes(hkl, lattice, -metric @ move @ metric)[0] for move in moves]
        return 1 + coefficients @ functions, dict(zip(names, functions, strict=True)), by_moves


def orientation_of(phase: dict[str, Any], structure: Structure) -> Orientation:
    """Model of a phase of the task.

    Raises
    ------
    NativeError
        Both an axis and harmonics, or harmonics other than those of the Laue class.
    """
    axis, harmonics = phase.get("texture_axis"), phase.get("harmonics")
    if axis and harmonics:
        raise NativeError("bad_input", f"phase {structure.name}: texture_axis and harmonics_order exclude each other.")
    if not harmonics:
        return MarchDollaseOrientation(structure, axis) if axis else Random()
    found = HarmonicOrientation(structure, max(int(l) for l, _ in harmonics))
    if [tuple(term) for term in harmonics] != list(found.basis.terms):
        raise NativeError("bad_input", f"phase {structure.name}: its Laue class has the harmonics {found.basis.terms}.")
    return found
