"""Elastic stiffness of a film in its plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError

__all__ = [
    "EV_PER_GPA_CUBIC_ANGSTROM",
    "biaxial_modulus",
    "film_share_from_stiffness",
    "isotropic_stiffness",
    "plane_stress_stiffness",
    "stiffness_tuple",
]

FloatArray = NDArray[np.float64]

EV_PER_GPA_CUBIC_ANGSTROM = 1.0 / 160.2176634
"""1 GPa Å³ in eV (CODATA 2018)."""

_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def stiffness_tuple(stiffness: ArrayLike) -> tuple[tuple[float, ...], ...]:
    """A 6 x 6 stiffness (Voigt order xx, yy, zz, yz, xz, xy; GPa), checked.

    Raises
    ------
    GeometryError
        Another shape, not symmetric, or not positive definite: such a crystal would be unstable.
    """
    matrix = np.asarray(stiffness, dtype=float)
    if matrix.shape != (6, 6):
        raise GeometryError(f"a stiffness of shape {matrix.shape};", remedy="give a 6 x 6 matrix in Voigt order, GPa.")
    if not np.allclose(matrix, matrix.T, atol=1e-6 * np.abs(matrix).max()):
        raise GeometryError("the stiffness is not symmetric;", remedy="check its 36 numbers.")
    if np.linalg.eigvalsh(matrix).min() <= 0:
        raise GeometryError("the stiffness is not positive definite;", remedy="check its numbers and their order.")
    return tuple(tuple(row) for row in matrix.tolist())


def isotropic_stiffness(young: float, poisson: float) -> FloatArray:
    """Stiffness of an isotropic solid, 6 x 6, in the unit of Young's modulus."""
    lame = young * poisson / ((1 + poisson) * (1 - 2 * poisson))
    shear = young / (2 * (1 + poisson))
    matrix = np.diag([2 * shear] * 3 + [shear] * 3)
    matrix[:3, :3] += lame
    return matrix


def plane_stress_stiffness(stiffness: FloatArray, axes: FloatArray) -> FloatArray:
    """Stiffness for xx, yy, xy in a plane whose normal is free of stress, (3, 3), GPa.

    Parameters
    ----------
    stiffness : ndarray, shape (6, 6)
        Voigt, GPa, in the crystal's frame.
    axes : ndarray, shape (3, 3)
        Unit vectors of the surface's frame as rows in the crystal's frame; the third is the normal.
    """
    turned = _turned(stiffness, axes)
    plane, out = [0, 1, 5], [2, 3, 4]
    coupling = turned[np.ix_(plane, out)]
    relaxed = turned[np.ix_(plane, plane)] - coupling @ np.linalg.solve(turned[np.ix_(out, out)], coupling.T)
    return relaxed


def _turned(stiffness: FloatArray, axes: FloatArray) -> FloatArray:
    tensor = np.empty((3, 3, 3, 3))
    for m, (i, j) in enumerate(_VOIGT):
        for n, (k, l) in enumerate(_VOIGT):
            tensor[i, j, k, l] = tensor[j, i, k, l] = tensor[i, j, l, k] = tensor[j, i, l, k] = stiffness[m, n]
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", axes, axes, axes, axes, tensor, optimize=True)
    return np.array([[turned[i, j, k, l] for k, l in _VOIGT] for i, j in _VOIGT])


def biaxial_modulus(stiffness: FloatArray, axes: FloatArray) -> float:
    """Stress over strain for equal biaxial strain in the plane, GPa; E/(1 - ν) for an isotropic solid."""
    plane = plane_stress_stiffness(stiffness, axes)
    return float(plane[:2, :2].sum() / 2)


def film_share_from_stiffness(
    film_modulus: float, substrate_modulus: float, film_thickness: float = 1.0, substrate_thickness: float = 1.0
) -> float:
    """Part of a misfit that the film takes when both are free to relax: K_s t_s/(K_f t_f + K_s t_s).

    Raises
    ------
    GeometryError
        A modulus or thickness that isn't positive.
    """
    if min(film_modulus, substrate_modulus, film_thickness, substrate_thickness) <= 0:
        raise GeometryError("a modulus or thickness that isn't positive;", remedy="give GPa and Å above 0.")
    film, substrate = film_modulus * film_thickness, substrate_modulus * substrate_thickness
    return substrate / (film + substrate)
