r"""Incoherent (Compton) scattering of X-rays by free atoms.

:math:`I_{inc}(s) = S(s, Z)\,(\lambda/\lambda')^2`, with the incoherent scattering function S of J. H. Hubbell et al., J. Phys. Chem. Ref. Data 4
(1975) 471, and the recoil factor of G. Breit (Phys. Rev. 27 (1926) 362) and P. A. M. Dirac;
:math:`\lambda' = \lambda + \frac{h}{mc}(1 - \cos 2\theta)`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = ["compton_scattering", "recoil_factor"]

FloatArray = NDArray[np.float64]

COMPTON_WAVELENGTH = 0.0242631
"""h/mc, Å (CODATA 2018)."""


def compton_scattering(element: str, s: ArrayLike) -> FloatArray:
    """Incoherent scattering function of an atom, electrons, without recoil.

    Parameters
    ----------
    element : str
        Chemical symbol, H to Cf.
    s : array_like
        sin θ/λ = Q/4π, Å⁻¹, up to 8.

    Raises
    ------
    InputError
        The element isn't tabulated.
    """
    from scipy.interpolate import PchipInterpolator

    grid, rows = _table()
    if element not in rows:
        raise InputError(f"no Compton scattering is tabulated for {element!r};", remedy="the table holds H to Cf.")
    return np.asarray(PchipInterpolator(grid, rows[element])(np.asarray(s, dtype=float)))


def recoil_factor(q: ArrayLike, wavelength: float) -> FloatArray:
    """Breit–Dirac factor (λ/λ′)² at Q (Å⁻¹) for a wavelength in Å; 1 at Q = 0."""
    sine_squared = (np.asarray(q, dtype=float) * wavelength / (4 * np.pi)) ** 2
    return np.asarray((1.0 + 2.0 * sine_squared * COMPTON_WAVELENGTH / wavelength) ** -2)


@lru_cache(maxsize=1)
def _table() -> tuple[FloatArray, dict[str, FloatArray]]:
    text = (files("xtal.diffraction") / "compton.tsv").read_text(encoding="utf-8")
    head, *rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    values = {row[0]: np.array(row[1:], dtype=float) for row in rows}
    return np.array(head[1:], dtype=float), values
