r"""F(Q) to G(r) and back, with windows and uncertainties.

:math:`G(r) = \frac{2}{\pi}\int_{Q_{min}}^{Q_{max}} M(Q)\,F(Q)\sin(Qr)\,dQ` by the trapezoidal rule on the points given; M is 1 or Lorch's
:math:`\sin(\pi Q/Q_{max})/(\pi Q/Q_{max})` (E. Lorch, J. Phys. C 2 (1969) 229). It is linear in F, so that variances add:
:math:`\sigma_G^2(r) = \sum_i A_i^2(r)\,\sigma_{F,i}^2`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = [
    "Window",
    "nyquist_step",
    "r_grid",
    "sine_transform",
    "transform_esd",
    "transform_matrix",
    "window_values",
]

FloatArray = NDArray[np.float64]
Window = Literal["none", "lorch"]

_ROWS_AT_ONCE = 512


def window_values(q: ArrayLike, q_max: float, window: Window = "none") -> FloatArray:
    """Window M(Q): ones, or Lorch's function, which ends at 0 at `q_max`."""
    positions = np.asarray(q, dtype=float)
    if window == "none":
        return np.ones_like(positions)
    if window == "lorch":
        return np.asarray(np.sinc(positions / q_max))
    raise InputError(f"window {window!r};", remedy="it is none or lorch.")


def nyquist_step(q_max: float) -> float:
    """Largest step of r that keeps all that Q ≤ `q_max` can tell: π/Qmax, Å (C. L. Farrow et al., Phys. Rev. B 84 (2011) 134105)."""
    return float(np.pi / q_max)


def r_grid(low: float, high: float, step: float = 0.01) -> FloatArray:
    """Points from `low` to `high`, both included where the step allows it, Å.

    Raises
    ------
    InputError
        Limits in the wrong order, a negative one, or a step that isn't positive.
    """
    if not (0 <= low < high and step > 0):
        raise InputError(f"range {low:g}-{high:g} Å in steps of {step:g} Å;", where="r",
                         remedy="give 0 ≤ low < high and a positive step.")  # fmt: skip
    return np.asarray(low + step * np.arange(int(np.floor((high - low) / step + 1e-9)) + 1), dtype=float)


def transform_matrix(r: ArrayLike, q: ArrayLike, window: Window = "none") -> FloatArray:
    """Matrix A, shape (n_r, n_q), with G = A F; its window ends at the last Q."""
    positions = np.asarray(q, dtype=float)
    weights = 2 / np.pi * trapezoid_weights(positions) * window_values(positions, positions[-1], window)
    return np.asarray(np.sin(np.multiply.outer(np.asarray(r, dtype=float), positions)) * weights)


def sine_transform(*, r: ArrayLike, q: ArrayLike, fq: ArrayLike, window: Window = "none") -> FloatArray:
    """G(r), Å⁻², of F(Q), Å⁻¹, at r (Å); q in Å⁻¹ increases and need not be even."""
    values = np.asarray(fq, dtype=float)
    return np.concatenate([matrix @ values for matrix in _matrices(r, q, window)])


def transform_esd(*, r: ArrayLike, q: ArrayLike, sigma: ArrayLike, window: Window = "none") -> FloatArray:
    """Standard uncertainty of G(r) from independent ones of F(Q)."""
    variances = np.asarray(sigma, dtype=float) ** 2
    return np.asarray(np.sqrt(np.concatenate([matrix**2 @ variances for matrix in _matrices(r, q, window)])))


def trapezoid_weights(x: FloatArray) -> FloatArray:
    """Weights of the trapezoidal rule on points that may be uneven."""
    weights = np.zeros_like(x)
    steps = np.diff(x)
    weights[:-1] += steps / 2
    weights[1:] += steps / 2
    return weights


def _matrices(r: ArrayLike, q: ArrayLike, window: Window) -> Iterator[FloatArray]:
    """Blocks of rows, so that a long r axis doesn't fill the memory."""
    positions = np.atleast_1d(np.asarray(r, dtype=float))
    for start in range(0, positions.size, _ROWS_AT_ONCE):
        yield transform_matrix(positions[start : start + _ROWS_AT_ONCE], q, window)
