r"""The ad-hoc polynomial: everything in F(Q) that varies too slowly to be a pair of atoms.

P. Juhás, T. Davis, C. L. Farrow & S. J. L. Billinge, J. Appl. Cryst. 46 (2013) 560: a polynomial through the origin,
:math:`P(Q) = Q \sum_{k=0}^{n-1} p_k Q^k`, is fitted to F(Q) up to Q_maxinst and subtracted. Of degree
:math:`n = r_{poly} Q_{maxinst}/\pi` it follows oscillations up to :math:`r_{poly}`; a degree that is no integer mixes its neighbours
linearly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["polynomial_degree", "slow_part"]

FloatArray = NDArray[np.float64]

HIGHEST_DEGREE = 100


def polynomial_degree(r_poly: float, q_max_inst: float) -> float:
    """Degree n = r_poly·Qmaxinst/π.

    Raises
    ------
    InputError
        A degree below 1, which corrects nothing, or above 100.
    """
    degree = r_poly * q_max_inst / np.pi
    if not 1 <= degree <= HIGHEST_DEGREE:
        raise InputError(
            f"r_poly = {r_poly:g} Å with q_max_inst = {q_max_inst:g} Å⁻¹ is a polynomial of degree {degree:.2g};",
            where="rpoly",
            remedy=f"give r_poly between {np.pi / q_max_inst:.2g} and {HIGHEST_DEGREE * np.pi / q_max_inst:.3g} Å.",
        )
    return float(degree)


def slow_part(q: FloatArray, fq: FloatArray, degree: float) -> FloatArray:
    """Polynomial through the origin fitted to F(Q), at the same Q (Å⁻¹, above 0)."""
    low = int(np.floor(degree))
    share = degree - low
    lower = _fitted(q, fq, low)
    return lower if share == 0 else (1 - share) * lower + share * _fitted(q, fq, low + 1)


def _fitted(q: FloatArray, fq: FloatArray, degree: int) -> FloatArray:
    # Chebyshev polynomials times Q span the same space as powers of Q, and stay well conditioned.
    basis = np.polynomial.chebyshev.chebvander(2 * q / q[-1] - 1, degree - 1) * q[:, None]
    coefficients, *_ = np.linalg.lstsq(basis, fq, rcond=None)
    return np.asarray(basis @ coefficients)
