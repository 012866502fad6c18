r"""Lorentzian tails of all peaks together, at a cost that is linear in peaks and points.

The tail of a peak of area A is :math:`T / (x^2 + \Gamma^2)` with :math:`T = A\,\eta\,\gamma / 2\pi` (γ its FWHM) and one Γ for all
peaks; what the peak has beyond it falls as :math:`x^{-4}` and is summed in windows. The amplitudes T are spread onto an equidistant grid by cubic
interpolation, convolved with the Lorentzian of half width Γ, and interpolated onto the points: every step is linear in T and smooth in the position,
so that the derivatives go the same way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .windows import BROAD

__all__ = ["Tails"]

FloatArray = NDArray[np.float64]

_PER_WIDTH = 8
_PADDING = 2.5


class Tails:
    """The operators of one axis.

    Parameters
    ----------
    axis : ndarray, shape (n,)
        Points, degrees 2θ, increasing.
    broad : float
        Γ, degrees.
    """

    def __init__(self, axis: FloatArray, broad: float = BROAD) -> None:
        import scipy.fft

        self.step = broad / _PER_WIDTH
        self.low = float(axis[0]) - _PADDING
        self.n = int(np.ceil((float(axis[-1]) + _PADDING - self.low) / self.step)) + 4
        distance = self.step * np.arange(-(self.n - 1), self.n)
        # what wraps around ends before the n values that are used
        self.length = scipy.fft.next_fast_len(2 * self.n, real=True)
        self.kernel = scipy.fft.rfft(1 / (distance**2 + broad**2), self.length)
        node, weights, _ = self._weights(axis)
        self.interpolation = self._matrix(node, weights)

    def _weights(self, x: FloatArray) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
        """First of four grid nodes around each x, Lagrange's weights (4, n) and their slopes by x."""
        reduced = (np.clip(x, self.low + self.step, self.low + (self.n - 3) * self.step) - self.low) / self.step
        node = np.minimum(np.maximum(np.floor(reduced).astype(np.int64) - 1, 0), self.n - 4)
        t = reduced - node - 1
        weights = np.stack([-t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2,
                            -(t + 1) * t * (t - 2) / 2, (t + 1) * t * (t - 1) / 6])  # fmt: skip
        slopes = np.stack([-(3 * t * t - 6 * t + 2) / 6, (3 * t * t - 4 * t - 1) / 2,
                           -(3 * t * t - 2 * t - 2) / 2, (3 * t * t - 1) / 6])  # fmt: skip
        return node, weights, slopes / self.step

    def deposit(self, amplitude: FloatArray, at: FloatArray, slopes: FloatArray, at_slopes: FloatArray) -> FloatArray:
        """Amplitudes of peaks on the grid, and their derivatives.

        Parameters
        ----------
        amplitude, at : ndarray, shape (m,)
            T (counts · degree²) and positions (degrees).
        slopes, at_slopes : ndarray, shape (m, k)
            Their derivatives.

        Returns
        -------
        ndarray, shape (n_grid, k + 1)
            T first, then the derivatives.
        """
        node, weights, moves = self._weights(at)
        parts = np.zeros((2 * len(at), slopes.shape[1] + 1))
        parts[: len(at), 0], parts[: len(at), 1:] = amplitude, slopes
        parts[len(at) :, 1:] = at_slopes * amplitude[:, None]
        spread = self._matrix(np.concatenate([node, node]), np.concatenate([weights, moves], axis=1))
        return np.asarray(spread.T @ parts)

    def evaluate(self, deposit: FloatArray) -> FloatArray:
        """Tails on the points, (k, n_points), of the columns of a deposit (n_grid, k)."""
        import scipy.fft

        spectrum = scipy.fft.rfft(np.ascontiguousarray(deposit.T), self.length, axis=1)
        grid = scipy.fft.irfft(spectrum * self.kernel, self.length, axis=1)[:, self.n - 1 : 2 * self.n - 1]
        return np.asarray((self.interpolation @ np.ascontiguousarray(grid.T)).T)

    def _matrix(self, node: NDArray[np.int64], weights: FloatArray) -> Any:
        """Sparse matrix (m, n_grid) with four weights, (4, m), in each row."""
        from scipy.sparse import csr_matrix

        columns = node[:, None] + np.arange(4)
        return csr_matrix((weights.T.ravel(), columns.ravel(), np.arange(0, 4 * len(node) + 1, 4)), (len(node), self.n))
