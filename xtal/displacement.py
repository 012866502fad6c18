r"""Displacement tensors under symmetry.

U of a CIF refers to the axes :math:`a^*_i a_i`; scaled by the reciprocal lengths it is a contravariant tensor that an
operation with rotation part R turns into :math:`R\,u\,R^T`
(R. W. Grosse-Kunstleve & P. D. Adams, J. Appl. Cryst. 35 (2002) 477).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .lattice import Lattice

__all__ = ["Tensor", "equivalent_u_iso", "tensor_from_matrix", "tensor_matrix", "turned"]

Tensor = tuple[float, float, float, float, float, float]
"""``(U11, U22, U33, U12, U13, U23)``, Å²."""


def tensor_matrix(u_aniso: ArrayLike) -> NDArray[np.float64]:
    """Symmetric (3, 3) matrix of ``(U11, U22, U33, U12, U13, U23)``, Å²."""
    u11, u22, u33, u12, u13, u23 = np.asarray(u_aniso, dtype=float)
    return np.array([[u11, u12, u13], [u12, u22, u23], [u13, u23, u33]])


def tensor_from_matrix(matrix: ArrayLike) -> Tensor:
    """``(U11, U22, U33, U12, U13, U23)`` of a symmetric (3, 3) matrix, Å²."""
    m = np.asarray(matrix, dtype=float)
    return (float(m[0, 0]), float(m[1, 1]), float(m[2, 2]), float(m[0, 1]), float(m[0, 2]), float(m[1, 2]))


def turned(u_aniso: ArrayLike, rotation: ArrayLike, lattice: Lattice) -> Tensor:
    """U of the image of an atom under an operation with the (3, 3) integer `rotation`, Å²."""
    scale = np.sqrt(np.diag(lattice.reciprocal_metric_tensor))
    outer, r = np.outer(scale, scale), np.asarray(rotation, dtype=float)
    return tensor_from_matrix(r @ (tensor_matrix(u_aniso) * outer) @ r.T / outer)


def equivalent_u_iso(u_aniso: ArrayLike, lattice: Lattice) -> float:
    r"""Equivalent isotropic U, :math:`\tfrac13 \sum_{ij} U_{ij} a^*_i a^*_j\, a_i \cdot a_j`, Å², for any axes.

    R. X. Fischer & E. Tillmanns, Acta Cryst. C 44 (1988) 775.
    """
    scale = np.sqrt(np.diag(lattice.reciprocal_metric_tensor))
    return float(np.sum(tensor_matrix(u_aniso) * np.outer(scale, scale) * lattice.metric_tensor) / 3.0)
