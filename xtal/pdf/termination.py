"""What is left of G(r) when Q ends at Qmax: its sine transform without what lies beyond."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["terminated"]

FloatArray = NDArray[np.float64]


def terminated(
    g: FloatArray, step: float, q_max: float, weight: Callable[[FloatArray], FloatArray] | None = None
) -> FloatArray:
    """G(r) as measured up to `q_max` only, with its ripples.

    Parameters
    ----------
    g : ndarray, shape (..., n)
        G on the grid 0, step, 2·step …, Å⁻². The odd continuation to negative r is implied.
    step : float
        Å.
    q_max : float
        Å⁻¹; 0 for no limit.
    weight : callable, optional
        Factors of the transform at Q (Å⁻¹), (…, n_q) for the n_q that it is given: form factors over those that `g` has been
        weighted with.

    Returns
    -------
    ndarray, shape (..., n)
        Å⁻².
    """
    from scipy.fft import dst, idst, next_fast_len

    if q_max <= 0 and weight is None:
        return g
    n = g.shape[-1]
    # Twice the length, so that Q is fine enough for a Qmax between its points. DST-I of n points is an FFT of 2 (n + 1); the first grid point, r = 0, is zero for an odd function.
    length = next_fast_len(2 * n, real=True) - 1
    spectrum = dst(_padded(g[..., 1:], length), type=1, axis=-1)
    spacing = np.pi / ((length + 1) * step)
    q = spacing * np.arange(1, length + 1)
    if q_max > 0:
        # The last term counts by the part of its interval that lies below q_max.
        spectrum *= np.clip((q_max - q) / spacing + 0.5, 0.0, 1.0)
    if weight is not None:
        spectrum *= weight(q)
    back = idst(spectrum, type=1, axis=-1)[..., : n - 1]
    return np.concatenate([np.zeros((*g.shape[:-1], 1)), back], axis=-1)


def _padded(values: FloatArray, length: int) -> FloatArray:
    missing = length - values.shape[-1]
    if missing <= 0:
        return values[..., :length]
    return np.concatenate([values, np.zeros((*values.shape[:-1], missing))], axis=-1)
