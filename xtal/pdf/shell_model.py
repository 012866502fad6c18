r"""What a coordination shell contributes to T(r) as measured, ripples and form factors included.

In reciprocal space, for N atoms b around a at R ± σ,
:math:`F(Q) = m\, c_a N \frac{f_a(Q) f_b(Q)}{\langle f(Q)\rangle^2}\, \frac{\sin QR}{R}\, e^{-\sigma^2 Q^2/2}`, m = 2 for unlike atoms, c_a the atomic
fraction. The same sine transform as the data's, with the same Q range and window, makes T(r) of it: so that a Gaussian is
convolved with what the measurement does, and X-ray form factors need no approximation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..composition import Composition
from ..errors import InputError
from .scattering import mean_form_factor, mean_neutron_length, scattering_power
from .shells import Shell
from .transform import Window, transform_matrix

__all__ = ["MeasuredBand", "pair_weight", "shell_total"]

FloatArray = NDArray[np.float64]

LEAST_MEAN_LENGTH = 0.1


@dataclass(frozen=True, eq=False)
class MeasuredBand:
    """What a measurement sees: Q points, window, and the r at which its T(r) is looked at.

    Parameters
    ----------
    r : ndarray, shape (n_r,)
        Å.
    q : ndarray, shape (n_q,)
        Å⁻¹, those of the data's transform.
    window : {"none", "lorch"}
        Its window.
    composition : Composition
        What scatters.
    radiation : {"xray", "neutron"}
        What is scattered.
    """

    r: FloatArray
    q: FloatArray
    window: Window
    composition: Composition
    radiation: str

    def matrix(self) -> FloatArray:
        """Sine transform, shape (n_r, n_q)."""
        return transform_matrix(self.r, self.q, self.window)


def pair_weight(shell: Shell, band: MeasuredBand) -> FloatArray:
    """m·c_a·f_a·f_b/⟨f⟩² at the band's Q.

    Raises
    ------
    InputError
        An element that the composition lacks, or neutrons on a composition whose mean length vanishes.
    """
    fractions = band.composition.element_fractions
    for element in (shell.center, shell.neighbour):
        if element not in fractions:
            raise InputError(f"{element} is not in {band.composition};", where=f"shell {shell.pair}",
                             remedy=f"its elements are {', '.join(fractions)}.")  # fmt: skip
    first, second = (_mean_power(element, band) for element in (shell.center, shell.neighbour))
    both = 1.0 if shell.center == shell.neighbour else 2.0
    return np.asarray(both * fractions[shell.center] * first * second / _mean_squared(band))


def shell_total(
    matrix: FloatArray, q: FloatArray, weight: FloatArray, distance: float, coordination: float, sigma: float
) -> FloatArray:
    """T(r), Å⁻², of one shell through `matrix` (see `MeasuredBand`)."""
    return np.asarray(
        matrix @ (weight * (coordination / distance) * np.sin(q * distance) * np.exp(-0.5 * (sigma * q) ** 2))
    )


def _mean_power(element: str, band: MeasuredBand) -> FloatArray:
    """Mean over the isotopes of an element."""
    found = {scatterer: x for scatterer, x in band.composition.fractions.items() if scatterer[0] == element}
    total = np.zeros_like(band.q)
    for scatterer, fraction in found.items():
        total += fraction * scattering_power(scatterer, band.q, band.radiation)
    return np.asarray(total / sum(found.values()))


def _mean_squared(band: MeasuredBand) -> FloatArray:
    if band.radiation != "neutron":
        return np.asarray(mean_form_factor(band.composition, band.q) ** 2)
    mean = mean_neutron_length(band.composition)
    if abs(mean) < LEAST_MEAN_LENGTH:
        raise InputError(f"the mean neutron length of {band.composition} is {mean:.2g} fm;", where="composition",
                         remedy="G(r) normalised by its square has no meaning; use ⟨b²⟩ by hand.")  # fmt: skip
    return np.full_like(band.q, mean**2)
