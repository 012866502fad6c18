"""Backgrounds: Chebyshev polynomials and broad humps of sample holders and glasses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = ["Background", "Hump", "amorphous_halo", "glass_hump", "kapton_hump"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Hump:
    """A broad Gaussian maximum.

    Parameters
    ----------
    q : float
        Position, Å⁻¹.
    fwhm : float
        Full width at half maximum, Å⁻¹.
    height : float
        Counts at the maximum.
    """

    q: float
    fwhm: float
    height: float

    def __post_init__(self) -> None:
        if not (self.q > 0 and self.fwhm > 0 and self.height >= 0):
            raise InputError(f"background hump at q = {self.q:g} Å⁻¹, width {self.fwhm:g}, height {self.height:g};",
                             remedy="position and width must be positive, the height not negative.")  # fmt: skip

    def evaluate(self, q: ArrayLike) -> FloatArray:
        """Counts at scattering vectors `q` (Å⁻¹)."""
        reduced = (np.asarray(q, dtype=float) - self.q) / self.fwhm
        return np.asarray(self.height * np.exp(-4 * np.log(2) * reduced**2))


def kapton_hump(height: float) -> Hump:
    """Main halo of a polyimide window: chain packing at d ≈ 4.8 Å (about 18° with Cu Kα)."""
    return Hump(1.30, 0.45, height)


def glass_hump(height: float) -> Hump:
    """First sharp diffraction maximum of silicate glass, q ≈ 1.55 Å⁻¹ (about 22° with Cu Kα)."""
    return Hump(1.55, 0.55, height)


def amorphous_halo(spacing: float, height: float, correlation_length: float = 10.0) -> Hump:
    """Halo of a glass with a mean `spacing` (Å): Ehrenfest's q = 1.23 · 2π/spacing, FWHM 2π/`correlation_length` (Å)."""
    return Hump(1.23 * 2 * np.pi / spacing, 2 * np.pi / correlation_length, height)


@dataclass(frozen=True)
class Background:
    """Chebyshev polynomial of the first kind over the pattern's range, plus humps.

    Parameters
    ----------
    chebyshev : tuple of float
        Coefficients, counts; the range is mapped onto [-1, 1].
    humps : tuple of Hump
        Broad maxima.
    """

    chebyshev: tuple[float, ...] = ()
    humps: tuple[Hump, ...] = field(default=())

    @classmethod
    def flat(cls, counts: float, humps: Sequence[Hump] = ()) -> Background:
        """The same number of counts everywhere, plus humps."""
        return cls((counts,), tuple(humps))

    def evaluate(self, x: ArrayLike, q: ArrayLike) -> FloatArray:
        """Counts on an axis `x` (any unit, increasing) whose scattering vectors are `q` (Å⁻¹).

        Raises
        ------
        InputError
            The background falls below zero.
        """
        axis = np.asarray(x, dtype=float)
        reduced = 2 * (axis - axis[0]) / (axis[-1] - axis[0]) - 1
        total = np.polynomial.chebyshev.chebval(reduced, self.chebyshev) if self.chebyshev else np.zeros(axis.shape)
        for hump in self.humps:
            total = total + hump.evaluate(q)
        if total.min() < 0:
            worst = int(np.argmin(total))
            raise InputError(f"the background is {total[worst]:.4g} counts at {axis[worst]:g};", where="background",
                             remedy="raise the first Chebyshev coefficient.")  # fmt: skip
        return np.asarray(total)
