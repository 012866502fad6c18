r"""Weight fractions corrected for microabsorption by grains of known size.

A phase that absorbs more than the mixture shows less of itself than there is, by Brindley's τ (see `xtal.diffraction.absorption`), so that
:math:`w_i \propto S_i f_i / \tau_i`. As τ depends on the mean absorption of the mixture, which depends on the fractions, both are found together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..diffraction.absorption import brindley_factors
from ..structure import Structure

__all__ = ["microabsorption_factors"]

FloatArray = NDArray[np.float64]

_MOST_ROUNDS = 50
_SETTLED = 1e-9


def microabsorption_factors(
    structures: Sequence[Structure], fractions: ArrayLike, diameters_um: ArrayLike, wavelength: float
) -> FloatArray:
    """Brindley's τ of each phase at the corrected fractions.

    Parameters
    ----------
    structures : sequence of Structure
        Of the phases.
    fractions : array_like, shape (n,)
        Uncorrected weight fractions.
    diameters_um : array_like, shape (n,)
        Grain diameters, µm; 0 for a phase so fine that it isn't affected.
    wavelength : float
        X-rays, Å.

    Returns
    -------
    ndarray, shape (n,)
        τ; the fractions over it, made to sum to 1, are the corrected ones.
    """
    found = np.asarray(fractions, dtype=float)
    weights = found
    tau = np.ones(found.size)
    for _ in range(_MOST_ROUNDS):
        tau = brindley_factors(structures, weights, diameters_um, wavelength)
        corrected = found / tau / np.sum(found / tau)
        if np.max(np.abs(corrected - weights)) < _SETTLED:
            break
        weights = corrected
    return tau
