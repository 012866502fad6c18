"""Which points each peak reaches and how many axial nodes it needs; kept until the peaks have moved noticeably."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..diffraction.axial_divergence import axial_spread
from ..diffraction.peak_sums import DISCARDED_TAIL

__all__ = ["BROAD", "NODE_COUNTS", "Windows", "broad_of", "make_windows"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BROAD = 1.0
"""Largest half width Γ in degrees of the Lorentzian that carries all tails, see `tails`."""

_STEPS_OF_BROAD = 100

_GAUSSIAN_REACH = 3.0
NODE_COUNTS = (1, 3, 4, 6, 8, 12, 20, 32, 64)
"""Numbers of axial nodes that a peak may have."""

_SPREADS = [0.02, 0.15, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0]
_MOVED = 0.25
_WIDENED = 0.2


@dataclass(frozen=True)
class Windows:
    """Windows of the peaks of one phase.

    Parameters
    ----------
    first, last : ndarray of int, shape (n,)
        Points first ≤ i < last.
    nodes : ndarray of int, shape (n,)
        Axial nodes.
    centre, fwhm : ndarray, shape (n,)
        What they were made for, degrees.
    axial : float
        (S + H)/L they were made for.
    """

    first: IntArray
    last: IntArray
    nodes: IntArray
    centre: FloatArray
    fwhm: FloatArray
    axial: float

    def still_fit(self, centre: FloatArray, fwhm: FloatArray, axial: float) -> bool:
        """Whether the peaks are still about where and as wide as they were."""
        if len(centre) != len(self.centre) or abs(axial - self.axial) > _WIDENED * self.axial:
            return False
        moved = np.abs(centre - self.centre) < _MOVED * self.fwhm
        same = np.abs(fwhm - self.fwhm) < _WIDENED * self.fwhm
        return bool(np.all(moved & same))


def broad_of(axis: FloatArray) -> float:
    """Γ for an axis: where points are close, so are peaks narrow, and windows would hold many points."""
    return float(min(BROAD, _STEPS_OF_BROAD * np.median(np.diff(axis)))) if len(axis) > 1 else BROAD


def make_windows(
    axis: FloatArray, centre: FloatArray, fwhm: FloatArray, eta: FloatArray, axial: float, broad: float = BROAD
) -> Windows:
    """Windows beyond which less than `DISCARDED_TAIL` of a peak's area is left that the common tails don't carry.

    The Lorentzian less the common tail falls as 2ηγΓ²/(3πX³), γ its FWHM.
    """
    spread = axial_spread(centre, axial)
    lorentz = (np.abs(broad**2 - fwhm**2 / 4) * eta * fwhm * 2 / (3 * np.pi * DISCARDED_TAIL)) ** (1 / 3)
    reach = np.maximum(_GAUSSIAN_REACH * fwhm, lorentz) + spread
    first, last = np.searchsorted(axis, centre - reach), np.searchsorted(axis, centre + reach)
    nodes = np.array(NODE_COUNTS)[np.searchsorted(_SPREADS, spread / fwhm)]
    return Windows(first, last, nodes, centre.copy(), fwhm.copy(), axial)
