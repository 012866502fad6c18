"""Crystallite size and strain of a phase along each reflection, with derivatives by their parameters and by the cell.

The uniaxial size is :math:`1/L = \\sqrt{(\\cos\\varphi/L_{axial})^2 + (\\sin\\varphi/L_{equatorial})^2}`, averaged over the equivalents of a
family, φ the angle between their normals and that of the axis. Sizes are kept as reciprocals, 1/nm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.families import equivalents
from ..diffraction.phase_profile import uniaxial_inverse_size
from ..stephens import STEPHENS_UNIT, stephens_polynomials, stephens_terms
from ..structure import Structure
from .refusals import NativeError
from .texture_slopes import cosine_slopes

__all__ = ["AXIAL_SIZE", "SIZE", "STRAIN", "Broadened", "Broadening"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SIZE, AXIAL_SIZE, STRAIN = "crystallite_size_nm", "crystallite_size_axial_nm", "microstrain"


@dataclass(frozen=True)
class Broadened:
    """Sizes and strains of reflections.

    Parameters
    ----------
    inverse_size, strain : ndarray, shape (n,)
        1/nm; dimensionless.
    slopes : dict of str to ndarray, shape (2, n)
        Of both by each parameter.
    by_moves : list of ndarray, shape (2, n)
        Of both along changes of the reciprocal metric.
    """

    inverse_size: FloatArray
    strain: FloatArray
    slopes: dict[str, FloatArray]
    by_moves: list[FloatArray]


class Broadening:
    """What broadens the reflections of a phase of the task.

    Parameters
    ----------
    phase : dict
        As in the task; ``size_axis`` and ``stephens`` are read.
    structure : Structure
        Its structure.

    Raises
    ------
    NativeError
        Terms of anisotropic strain other than those of the Laue class.
    """

    def __init__(self, phase: dict[str, Any], structure: Structure) -> None:
        self.axis, self.rotations = phase.get("size_axis"), structure.space_group.laue_rotations
        self.terms = stephens_terms(structure.space_group) if phase.get("stephens") else {}
        if self.terms and list(phase["stephens"]) != list(self.terms):
            listed = ", ".join(self.terms)
            raise NativeError("bad_input", f"phase {structure.name}: its Laue class has the strain terms {listed}.")
        self._of: IntArray | None = None
        self._images, self._polynomials = np.empty((0, 0, 3)), np.empty((0, 0))

    def names(self) -> list[str]:
        """Parameters within the phase."""
        return [SIZE, *([AXIAL_SIZE] if self.axis else []), STRAIN, *(f"stephens.{name}" for name in self.terms)]

    def evaluate(
        self, hkl: IntArray, inverse_d_squared: FloatArray, metric: FloatArray, values: Mapping[str, float],
        moves: Sequence[FloatArray],
    ) -> Broadened:  # fmt: skip
        """Sizes and strains.

        Parameters
        ----------
        hkl : ndarray of int, shape (n, 3)
            Reflections.
        inverse_d_squared : ndarray, shape (n,)
            1/d², Å⁻².
        metric : ndarray, shape (3, 3)
            Reciprocal metric tensor.
        values : mapping
            Parameters within the phase.
        moves : sequence of ndarray, shape (3, 3)
            Changes of the reciprocal metric.
        """
        if self._of is not hkl:
            self._list(hkl)
        n = len(hkl)
        slopes = {SIZE: np.zeros((2, n)), STRAIN: np.zeros((2, n))}
        by_moves = [np.zeros((2, n)) for _ in moves]
        size, strain = np.full(n, values.get(SIZE, 0.0)), np.full(n, values.get(STRAIN, 0.0))
        slopes[SIZE][0], slopes[STRAIN][1] = 1.0, 1.0
        if self.axis:
            size = self._add_axis(metric, values, moves, slopes, by_moves)
        if self.terms:
            strain = strain + self._add_stephens(hkl, inverse_d_squared, values, moves, slopes, by_moves)
        return Broadened(size, strain, slopes, by_moves)

    def n_without_strain(self, values: Mapping[str, float]) -> int:
        """Number of reflections listed last for which the anisotropic strain's quartic is negative."""
        coefficients = np.array([values.get(f"stephens.{name}", 0.0) for name in self.terms])
        return int(np.sum(coefficients @ self._polynomials < 0)) if self.terms else 0

    def _list(self, hkl: IntArray) -> None:
        self._of = hkl
        if self.axis:
            self._images = equivalents(hkl, self.rotations).astype(float)
        if self.terms:
            self._polynomials = stephens_polynomials(hkl, self.terms)

    def _add_axis(
        self, metric: FloatArray, values: Mapping[str, float], moves: Sequence[FloatArray],
        slopes: dict[str, FloatArray], by_moves: list[FloatArray],
    ) -> FloatArray:  # fmt: skip
        """Uniaxial 1/L, its slopes entered."""
        along, across = values.get(AXIAL_SIZE, 0.0), values.get(SIZE, 0.0)
        assert self.axis is not None
        cosines, moved = cosine_slopes(self._images, metric, np.asarray(self.axis, dtype=float), moves)
        cosines = np.minimum(cosines, 1.0)
        root = uniaxial_inverse_size(cosines, along, across)
        safe = np.where(root > 0, root, 1.0)
        # where nothing broadens yet, the slope is that of a first step away from it
        by_along = np.where(root > 0, along * cosines / safe, np.sqrt(cosines))
        by_across = np.where(root > 0, across * (1 - cosines) / safe, np.sqrt(1 - cosines))
        slopes[AXIAL_SIZE] = np.stack([by_along.mean(axis=1), np.zeros(len(root))])
        slopes[SIZE][0] = by_across.mean(axis=1)
        by_cosine = (along**2 - across**2) / (2 * safe)
        for entry, shift in zip(by_moves, moved, strict=True):
            entry[0] = (by_cosine * shift).mean(axis=1)
        return np.asarray(root.mean(axis=1))

    def _add_stephens(
        self, hkl: IntArray, inverse_d_squared: FloatArray, values: Mapping[str, float], moves: Sequence[FloatArray],
        slopes: dict[str, FloatArray], by_moves: list[FloatArray],
    ) -> FloatArray:  # fmt: skip
        """Anisotropic strain √σ² d², its slopes entered; 0 without slopes where the quartic isn't positive."""
        coefficients = np.array([values.get(f"stephens.{name}", 0.0) for name in self.terms])
        variance = STEPHENS_UNIT * (coefficients @ self._polynomials)
        root = np.sqrt(np.maximum(variance, 0.0))
        strain = root / inverse_d_squared
        per_unit = STEPHENS_UNIT / (2 * np.where(root > 0, root, np.inf) * inverse_d_squared)
        for name, polynomial in zip(self.terms, self._polynomials, strict=True):
            slopes[f"stephens.{name}"] = np.stack([np.zeros(len(hkl)), per_unit * polynomial])
        for entry, move in zip(by_moves, moves, strict=True):
            entry[1] = -strain / inverse_d_squared * ((hkl @ move) * hkl).sum(axis=1)
        return np.asarray(strain)
