r"""The crystal lattice: cell, metric tensor, reciprocal cell, d-spacings, Cartesian frame.

Cartesian frame of the whole toolkit: :math:`a` along :math:`e_1`, :math:`c^*` along :math:`e_3`, right-handed
(:math:`b` in the :math:`e_1 e_2` plane). Reciprocal vectors are crystallographic, without the factor 2π:
:math:`a_i \cdot a^*_j = \delta_{ij}`, so that :math:`|g_{hkl}| = 1/d`.
Formulas: International Tables for Crystallography, vol. D, section 1.1 and vol. A, section 1.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import GeometryError

__all__ = ["Lattice"]

FloatArray = NDArray[np.float64]


def _read_only(array: NDArray[np.floating[Any]]) -> FloatArray:
    fixed = np.array(array, dtype=np.float64)
    fixed.flags.writeable = False
    return fixed


@dataclass(frozen=True)
class Lattice:
    """A unit cell.

    Parameters
    ----------
    a, b, c : float
        Cell lengths, Å.
    alpha, beta, gamma : float
        Cell angles, degrees.

    Raises
    ------
    GeometryError
        A length or angle that isn't positive and finite, or angles that enclose no volume.

    Examples
    --------
    >>> silicon = Lattice.cubic(5.431)
    >>> round(float(silicon.d_spacing([1, 1, 1])), 4)
    3.1356
    >>> round(silicon.volume, 2)
    160.19
    """

    a: float
    b: float
    c: float
    alpha: float = 90.0
    beta: float = 90.0
    gamma: float = 90.0

    def __post_init__(self) -> None:
        values = self.parameters
        if not all(math.isfinite(value) and value > 0 for value in values) or max(values[3:]) >= 180:
            raise GeometryError(
                f"cell {tuple(map(float, values))} is not a unit cell;",
                remedy="lengths must be positive (Å) and angles between 0 and 180 degrees.",
            )
        # the determinant of the metric tensor over (abc)²
        ca, cb, cg = (math.cos(math.radians(angle)) for angle in values[3:])
        if 1 - ca * ca - cb * cb - cg * cg + 2 * ca * cb * cg <= 1e-10:
            raise GeometryError(
                f"cell angles {tuple(map(float, values[3:]))} enclose no volume;", remedy="check the three angles."
            )

    @classmethod
    def from_parameters(cls, parameters: ArrayLike) -> Lattice:
        """Lattice from ``(a, b, c, alpha, beta, gamma)``, Å and degrees."""
        return cls(*(float(value) for value in np.asarray(parameters, dtype=float).ravel()))

    @classmethod
    def cubic(cls, a: float) -> Lattice:
        """Cubic lattice with edge `a` (Å)."""
        return cls(a, a, a)

    @classmethod
    def from_metric_tensor(cls, metric: ArrayLike) -> Lattice:
        """Lattice from a (3, 3) metric tensor, Å²."""
        g = np.asarray(metric, dtype=float)
        lengths = np.sqrt(np.diag(g))
        cosines = [g[1, 2] / (lengths[1] * lengths[2]), g[0, 2] / (lengths[0] * lengths[2]),
                   g[0, 1] / (lengths[0] * lengths[1])]  # fmt: skip
        return cls.from_parameters([*lengths, *np.degrees(np.arccos(np.clip(cosines, -1, 1)))])

    @classmethod
    def from_matrix(cls, matrix: ArrayLike) -> Lattice:
        """Lattice from a (3, 3) matrix whose rows are the Cartesian cell vectors, Å; their orientation is dropped."""
        rows = np.asarray(matrix, dtype=float)
        return cls.from_metric_tensor(rows @ rows.T)

    @property
    def parameters(self) -> tuple[float, float, float, float, float, float]:
        """``(a, b, c, alpha, beta, gamma)``, Å and degrees."""
        return (self.a, self.b, self.c, self.alpha, self.beta, self.gamma)

    @cached_property
    def metric_tensor(self) -> FloatArray:
        """Direct metric tensor :math:`g_{ij} = a_i · a_j`, (3, 3), Å²."""
        lengths = np.array([self.a, self.b, self.c])
        ca, cb, cg = np.cos(np.radians([self.alpha, self.beta, self.gamma])).round(15)
        cosines = np.array([[1, cg, cb], [cg, 1, ca], [cb, ca, 1]])
        return _read_only(np.outer(lengths, lengths) * cosines)

    @cached_property
    def reciprocal_metric_tensor(self) -> FloatArray:
        """Reciprocal metric tensor :math:`g^{ij} = a^*_i · a^*_j`, (3, 3), Å⁻²."""
        return _read_only(np.linalg.inv(self.metric_tensor))

    @cached_property
    def volume(self) -> float:
        """Cell volume, Å³."""
        return float(np.sqrt(np.linalg.det(self.metric_tensor)))

    @cached_property
    def matrix(self) -> FloatArray:
        """Cell vectors a, b, c as rows in the Cartesian frame, (3, 3), Å."""
        ca, cb, cg = np.cos(np.radians([self.alpha, self.beta, self.gamma])).round(15)
        sg = np.sqrt(1.0 - cg * cg)
        c_y = (ca - cb * cg) / sg
        c_z = self.volume / (self.a * self.b * self.c * sg)
        rows = [[1.0, 0.0, 0.0], [cg, sg, 0.0], [cb, c_y, c_z]]
        return _read_only(np.array(rows) * np.array([[self.a], [self.b], [self.c]]))

    @cached_property
    def reciprocal_matrix(self) -> FloatArray:
        """Reciprocal vectors a*, b*, c* as rows in the Cartesian frame, (3, 3), Å⁻¹ (no 2π)."""
        return _read_only(np.linalg.inv(self.matrix).T)

    @property
    def reciprocal(self) -> Lattice:
        """The reciprocal lattice; its lengths are in Å⁻¹."""
        return Lattice.from_metric_tensor(self.reciprocal_metric_tensor)

    def d_spacing(self, hkl: ArrayLike) -> FloatArray:
        r"""d-spacings of reflections, :math:`1/d^2 = h_i g^{ij} h_j`.

        Parameters
        ----------
        hkl : array_like, shape (..., 3)
            Miller indices, none of them (0, 0, 0).

        Returns
        -------
        ndarray, shape (...)
            d-spacings, Å.
        """
        return 1.0 / self.g_length(hkl)

    def g_length(self, hkl: ArrayLike) -> FloatArray:
        """Lengths of reciprocal vectors, 1/d in Å⁻¹; `hkl` has shape (..., 3)."""
        indices = np.asarray(hkl, dtype=float)
        squared = np.einsum("...i,ij,...j->...", indices, self.reciprocal_metric_tensor, indices)
        return np.asarray(np.sqrt(squared))

    def length(self, uvw: ArrayLike) -> FloatArray:
        """Lengths of direct vectors in Å; `uvw` has shape (..., 3)."""
        vector = np.asarray(uvw, dtype=float)
        return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", vector, self.metric_tensor, vector)))

    def cartesian_from_fractional(self, xyz: ArrayLike) -> FloatArray:
        """Cartesian coordinates (Å) of fractional ones, both of shape (..., 3)."""
        return np.asarray(np.asarray(xyz, dtype=float) @ self.matrix)

    def fractional_from_cartesian(self, xyz: ArrayLike) -> FloatArray:
        """Fractional coordinates of Cartesian ones (Å), both of shape (..., 3)."""
        return np.asarray(np.asarray(xyz, dtype=float) @ self.reciprocal_matrix.T)

    def __str__(self) -> str:
        a, b, c, al, be, ga = self.parameters
        return f"a={a:.5f} b={b:.5f} c={c:.5f} Å, α={al:.3f} β={be:.3f} γ={ga:.3f}°"
