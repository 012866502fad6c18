r"""Lorentzian tails of all peaks together, at a cost that is linear in peaks and points.

The tail of a peak of area A is :math:`T / (x^2 + \Gamma^2)` with :math:`T = A\,\eta\,\gamma / 2\pi` (γ its FWHM) and one Γ for all
peaks; what the peak has beyond it falls as :math:`x^{-4}` and is summed in windows. The amplitudes T are spread onto an equidistant grid by cubic
interpolation, convolved with the Lorentzian of half width Γ, and interpolated onto the points: every step is linear in T and smooth in the position,
so that the derivatives go the same way.
"""

from __future__ import annotations

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
    """

    def __init__(self, axis: FloatArray) -> None:
        import scipy.fft

        self.step = BROAD / _PER_WIDTH
        self.low = float(axis[0]) - _PADDING
        self.n = int(np.ceil((float(axis[-1]) + _PADDING - self.low) / self.step)) + 4
        distance = self.step * np.arange(-(self.n - 1), self.n)
        self.length = scipy.fft.next_fast_len(3 * self.n, real=True)
        self.kernel = scipy.fft.rfft(1 / (distance**2 + BROAD**2), self.length)
        self.node, self.weights, _ = self._weights(axis)

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

    def evaluate(self, amplitude: FloatArray, at: FloatArray, slopes: FloatArray, at_slopes: FloatArray) -> FloatArray:
        """Tails of peaks and their derivatives.

        Parameters
        ----------
        amplitude, at : ndarray, shape (m,)
            T (counts · degree²) and positions (degrees).
        slopes, at_slopes : ndarray, shape (m, k)
            Their derivatives.

        Returns
        -------
        ndarray, shape (k + 1, n)
            Counts first, then the derivatives.
        """
        import scipy.fft

        node, weights, moves = self._weights(at)
        deposit = np.zeros((self.n, slopes.shape[1] + 1))
        for offset in range(4):
            parts = np.empty((len(at), slopes.shape[1] + 1))
            parts[:, 0] = amplitude * weights[offset]
            parts[:, 1:] = slopes * weights[offset][:, None] + at_slopes * (amplitude * moves[offset])[:, None]
            np.add.at(deposit, node + offset, parts)
        spectrum = scipy.fft.rfft(np.ascontiguousarray(deposit.T), self.length, axis=1)
        grid = scipy.fft.irfft(spectrum * self.kernel, self.length, axis=1)[:, self.n - 1 : 2 * self.n - 1]
        total = grid[:, self.node] * self.weights[0]
        for offset in range(1, 4):
            total += grid[:, self.node + offset] * self.weights[offset]
        return np.asarray(total)
