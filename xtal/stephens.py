r"""Anisotropic microstrain (P. W. Stephens, J. Appl. Cryst. 32 (1999) 281).

The variance of :math:`1/d^2` is a quartic of the indices, :math:`\sigma^2(M) = 10^{-6}\sum S_{HKL} h^H k^K l^L` with
H + K + L = 4 and S in 10⁻⁶ Å⁻⁴. :math:`\sqrt{\sigma^2(M)}\,d^2` is the microstrain along hkl. The Laue class leaves some of
the fifteen S independent; the others follow them with fixed factors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .lattice import Lattice
from .symmetry import SpaceGroup, leading_rows

__all__ = ["STEPHENS_EXPONENTS", "STEPHENS_UNIT", "isotropic_stephens", "stephens_polynomials",
           "stephens_strains", "stephens_terms"]  # fmt: skip

FloatArray = NDArray[np.float64]

STEPHENS_UNIT = 1e-6
"""Å⁻⁴ per unit of a coefficient."""

STEPHENS_EXPONENTS: dict[str, tuple[int, int, int]] = {
    f"s{h}{k}{l}": (h, k, l)
    for h, k, l in (
        *((4, 0, 0), (0, 4, 0), (0, 0, 4), (2, 2, 0), (2, 0, 2), (0, 2, 2), (3, 1, 0), (1, 0, 3), (0, 3, 1)),
        *((1, 3, 0), (3, 0, 1), (0, 1, 3), (2, 1, 1), (1, 2, 1), (1, 1, 2)),
    )
}
"""Exponents (H, K, L) of the fifteen terms by name, in the order in which earlier ones lead."""

_SAMPLES = np.random.default_rng(1999).integers(-7, 8, size=(60, 3)).astype(float)


def stephens_terms(space_group: SpaceGroup) -> dict[str, FloatArray]:
    """Independent terms of a Laue class.

    Returns
    -------
    dict of ndarray, shape (15,)
        By the name of the leading term, the factors of all fifteen of `STEPHENS_EXPONENTS`: for a cubic group
        ``{"s400": [1, 1, 1, 0, …], "s220": [0, 0, 0, 1, 1, 1, 0, …]}``.
    """
    monomials = _monomials(_SAMPLES)
    images = [
        np.linalg.lstsq(monomials, _monomials(_SAMPLES @ rotation), rcond=None)[0]
        for rotation in space_group.laue_rotations
    ]
    found = leading_rows(np.mean(images, axis=0).T, tuple(STEPHENS_EXPONENTS))
    return {name: np.round(row, 9) for name, row in found.items()}


def isotropic_stephens(space_group: SpaceGroup, lattice: Lattice, microstrain: float) -> dict[str, float]:
    """Coefficients of the independent terms, 10⁻⁶ Å⁻⁴, that give every direction the same microstrain."""
    d_power_minus_4 = np.einsum("ni,ij,nj->n", _SAMPLES, lattice.reciprocal_metric_tensor, _SAMPLES) ** 2
    all_terms = np.linalg.lstsq(_monomials(_SAMPLES), d_power_minus_4, rcond=None)[0]
    names = tuple(STEPHENS_EXPONENTS)
    scale = microstrain**2 / STEPHENS_UNIT
    return {name: float(all_terms[names.index(name)] * scale) for name in stephens_terms(space_group)}


def stephens_strains(
    hkl: ArrayLike, d: ArrayLike, terms: dict[str, FloatArray], values: dict[str, float]
) -> FloatArray:
    """Microstrain along each reflection, (n,), dimensionless; 0 where the quartic is negative.

    Parameters
    ----------
    hkl : array_like, shape (n, 3)
        Indices.
    d : array_like, shape (n,)
        Spacings, Å.
    terms : dict of ndarray, shape (15,)
        From `stephens_terms`.
    values : dict of float
        Coefficient of each of these terms, 10⁻⁶ Å⁻⁴.
    """
    variance = STEPHENS_UNIT * (np.array([values[name] for name in terms]) @ stephens_polynomials(hkl, terms))
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)) * np.asarray(d, dtype=float) ** 2)


def stephens_polynomials(hkl: ArrayLike, terms: dict[str, FloatArray]) -> FloatArray:
    """What each independent coefficient is multiplied by in the quartic, for reflections (n, 3), (n_terms, n)."""
    rows = np.array(list(terms.values())).reshape(len(terms), len(STEPHENS_EXPONENTS))
    return np.asarray(rows @ _monomials(hkl).T)


def _monomials(hkl: ArrayLike) -> FloatArray:
    """Values of the fifteen monomials, (n, 15)."""
    exponents = np.array(list(STEPHENS_EXPONENTS.values()))
    return np.asarray(np.prod(np.asarray(hkl, dtype=float)[:, None, :] ** exponents, axis=2))
