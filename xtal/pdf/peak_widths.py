r"""How wide the peak of a pair is: displacements along the bond, correlated motion, resolution in Q.

.. math:: \sigma_{ij}^2 = (\mathbf n^T U_i \mathbf n + \mathbf n^T U_j \mathbf n)
          \left(1 - \frac{\delta_1}{r} - \frac{\delta_2}{r^2} + Q_{broad}^2 r^2\right)

I.-K. Jeong et al., Phys. Rev. B 67 (2003) 104301; C. L. Farrow et al., J. Phys.: Condens. Matter 19 (2007) 335219.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..displacement import tensor_matrix, turned
from ..structure import Structure
from .pairs import PairTable

__all__ = ["DEFAULT_U_ISO", "LEAST_FACTOR", "peak_variances", "relative_displacements"]

FloatArray = NDArray[np.float64]

DEFAULT_U_ISO = 0.01
"""Displacement parameter of a site whose source gives none, Å²."""

LEAST_FACTOR = 0.04
"""Least share of its uncorrelated variance that a peak keeps: correlated motion beyond it has no meaning."""


def peak_variances(
    table: PairTable, displacements: FloatArray, delta1: float = 0.0, delta2: float = 0.0, q_broad: float = 0.0
) -> FloatArray:
    """Variances of the peaks of a table.

    Parameters
    ----------
    table : PairTable
        Pairs.
    displacements : ndarray, shape (n,)
        Mean-square relative displacement of each pair without correlation, Å² (`relative_displacements`).
    delta1, delta2 : float
        Correlated motion, Å and Å².
    q_broad : float
        Å⁻¹.

    Returns
    -------
    ndarray, shape (n,)
        Å², at least `LEAST_FACTOR` of `displacements`.
    """
    if not (delta1 or delta2 or q_broad):
        return displacements
    r = table.r
    factor = 1.0 - delta1 / r - delta2 / r**2 + (q_broad * r) ** 2
    return np.asarray(displacements * np.maximum(factor, LEAST_FACTOR))


def relative_displacements(structure: Structure, table: PairTable, default_u_iso: float = DEFAULT_U_ISO) -> FloatArray:
    """Mean-square relative displacement along each bond without correlation, Å², shape (n,).

    Sites without displacement parameters get `default_u_iso`.
    """
    u_iso = np.array([default_u_iso if site.u_iso is None else site.u_iso for site in structure.sites])
    result = u_iso[table.first] + u_iso[table.second]
    if any(site.u_aniso is not None for site in structure.sites):
        result = _projected(structure, table, u_iso)
    return np.asarray(result)


def _projected(structure: Structure, table: PairTable, u_iso: FloatArray) -> FloatArray:
    tensors, start = _cartesian_tensors(structure, u_iso)
    n = table.direction
    both = tensors[start[table.first]] + tensors[table.image]
    return np.asarray(np.einsum("ni,nij,nj->n", n, both, n))


def _cartesian_tensors(structure: Structure, u_iso: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Cartesian U of every position of the cell, (n, 3, 3), and where the positions of each site start."""
    lattice, group = structure.lattice, structure.space_group
    to_cartesian = lattice.matrix.T * np.sqrt(np.diag(lattice.reciprocal_metric_tensor))
    found: list[FloatArray] = []
    starts = []
    for site, isotropic in zip(structure.sites, u_iso, strict=True):
        starts.append(len(found))
        operations = group.orbit_with_operations(site.xyz)[1]
        if site.u_aniso is None:
            found += [isotropic * np.eye(3)] * len(operations)
            continue
        for rotation in group.rotations[operations]:
            tensor = tensor_matrix(turned(site.u_aniso, rotation, lattice))
            found.append(to_cartesian @ tensor @ to_cartesian.T)
    return np.array(found), np.array(starts)
