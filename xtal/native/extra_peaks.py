"""Peaks and humps that no phase makes: holder, Kapton, beryllium window. Their area is in counts, whatever the scales.

There are few of them and they may be as wide as the pattern, so they are evaluated on all its points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..diffraction.profiles import pseudo_voigt

__all__ = ["ExtraPeaks"]

FloatArray = NDArray[np.float64]

_KINDS = ("position", "area", "fwhm", "eta")


class ExtraPeaks:
    """The extra pseudo-Voigt peaks of a pattern.

    Parameters
    ----------
    names : sequence of str
        As in the task.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.prefixes = [f"pattern.peak.{name}." for name in names]

    def known_names(self) -> list[str]:
        """Dotted names of their parameters."""
        return [prefix + kind for prefix in self.prefixes for kind in _KINDS]

    def evaluate(
        self, axis: FloatArray, values: Mapping[str, float], moving: Sequence[str]
    ) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Counts on an axis (n,), and derivatives by the moving parameters, each (n,)."""
        slopes: dict[str, FloatArray] = {}
        total, wanted = np.zeros(len(axis)), set(moving)
        for prefix in self.prefixes:
            position, area, fwhm, eta = (values[prefix + kind] for kind in _KINDS)
            away = axis - position
            lorentz, gauss = (pseudo_voigt(away, fwhm, share) for share in (1.0, 0.0))
            shape = eta * lorentz + (1 - eta) * gauss
            total += area * shape
            if wanted.isdisjoint(prefix + kind for kind in _KINDS):
                continue
            # d ln L/dx = −2x/(x² + γ²/4), d ln G/dx = −8 ln2 x/γ²; both shapes are functions of x/γ, divided by γ
            falls = (
                -2 * away / (away**2 + fwhm**2 / 4) * eta * lorentz - 8 * np.log(2) * away / fwhm**2 * (1 - eta) * gauss
            )
            each = (-area * falls, shape, -area * (shape + away * falls) / fwhm, area * (lorentz - gauss))
            slopes |= {
                prefix + kind: slope for kind, slope in zip(_KINDS, each, strict=True) if prefix + kind in wanted
            }
        return total, slopes
