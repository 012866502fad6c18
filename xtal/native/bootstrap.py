r"""Uncertainty beyond the covariance: refits of patterns made from the fit and its own residuals.

Weighted residuals are drawn with replacement in blocks, so that their serial correlation stays (circular moving blocks: H. R. Künsch, Ann. Stat. 17
(1989) 1217; D. N. Politis, J. P. Romano, in Exploring the Limits of Bootstrap (1992) 263). White residuals give back the covariance's esds, correlated
ones give larger ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .refusals import NativeError
from .solver import Evaluate, State, minimise

__all__ = ["Refits", "block_length", "bootstrap", "resampled"]

FloatArray = NDArray[np.float64]

_TOLERANCE, _LARGEST_SHIFT, _MAX_CYCLES = 1e-7, 0.05, 30


@dataclass(frozen=True)
class Refits:
    """What the refits found.

    Parameters
    ----------
    quantities : ndarray, shape (m, q)
        Of the m refits that converged.
    n_failed : int
        Refits that didn't.
    block : int
        Points in a block.
    """

    quantities: FloatArray
    n_failed: int
    block: int


def block_length(residual: FloatArray) -> int:
    r"""Points over which weighted residuals (n,) remember each other, at least 1.

    Twice the integrated autocorrelation time :math:`1 + 2 \sum_k \rho_k`, summed to the first :math:`\rho_k` within its noise :math:`2/\sqrt{n}`
    (A. Sokal, in Functional Integration (1997) 131, for the windowed sum), times :math:`n^{1/3}` where there is any memory at all, the order of the
    best block (P. Hall, J. L. Horowitz, B.-Y. Jing, Biometrika 82 (1995) 561).
    """
    a = np.asarray(residual, dtype=float) - np.mean(residual)
    n = len(a)
    power = float(a @ a)
    if n < 8 or power == 0:
        return 1
    spectrum = np.abs(np.fft.rfft(a, 2 * n)) ** 2
    rho = np.fft.irfft(spectrum)[: n // 4] / power
    silent = np.flatnonzero(np.abs(rho) < 2 / np.sqrt(n))
    last = int(silent[0]) if silent.size else len(rho)
    if last <= 1:
        return 1
    time = 1 + 2 * float(rho[1:last].sum())
    return int(np.clip(round(max(time, 1.0) * n ** (1 / 3) / 2), 2 * last, n // 8))


def resampled(residual: FloatArray, block: int, random: np.random.Generator) -> FloatArray:
    """Weighted residuals (n,) drawn in blocks from a circle of them, about zero."""
    n = len(residual)
    starts = random.integers(0, n, size=-(-n // block))
    index = (starts[:, None] + np.arange(block)).ravel()[:n] % n
    return np.asarray(residual[index] - residual.mean())


def bootstrap(
    evaluate: Evaluate, best: State, low: FloatArray, high: FloatArray, observed: FloatArray, sigma: FloatArray,
    spans: Sequence[slice], quantities: Callable[[FloatArray], FloatArray], n: int, seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Refits:  # fmt: skip
    """Refit patterns of resampled residuals, each from the best fit.

    Parameters
    ----------
    evaluate : callable
        Pattern and derivatives at free parameters (k,).
    best : State
        The fit; residuals are taken from it.
    low, high : ndarray, shape (k,)
        Bounds.
    observed, sigma : ndarray, shape (p,)
        Counts and standard uncertainties of all patterns, one after the other.
    spans : sequence of slice
        Where each pattern lies; residuals are drawn within a pattern.
    quantities : callable
        What is wanted at free parameters (k,), shape (q,).
    n, seed : int
        Number of refits, and what the draws start from.
    progress : callable
        Called with the number of refits done.
    """
    random = np.random.default_rng(seed)
    total = best.calculated.total
    residual = (observed - total) / sigma
    blocks = [block_length(residual[span]) for span in spans]
    found, failed = [], 0
    for index in range(n):
        drawn = np.concatenate(
            [resampled(residual[span], block, random) for span, block in zip(spans, blocks, strict=True)]
        )
        try:
            state = minimise(
                evaluate, best.theta, low, high, total + sigma * drawn, sigma, _MAX_CYCLES, _TOLERANCE, _LARGEST_SHIFT
            )
        except (NativeError, np.linalg.LinAlgError):
            state = None
        if state is None or not state.converged:
            failed += 1
        else:
            found.append(quantities(state.theta))
        progress(index + 1)
    return Refits(np.array(found), failed, max(blocks))
