r"""S(Q) on an absolute scale from corrected X-ray intensities.

With I′ = I/(P·A), :math:`S(Q) = [\alpha I' - C(Q)]/\langle f\rangle^2 - L(Q)`, C Compton scattering, L Laue's monotonic scattering.
With a number density ρ₀ the factor α follows from the absence of pairs at r = 0 (J. Krogh-Moe, Acta Cryst. 9 (1956) 951; N. Norman, Acta Cryst. 10
(1957) 370): :math:`\int Q^2 (S - 1)\,dQ = -2\pi^2\rho_0`. Without one, S is 1 on average over the upper part of Q.
Rounds of low-r correction (J. H. Eggert et al., Phys. Rev. B 65 (2002) 174105):
:math:`i(Q) \leftarrow i(Q) - \frac1Q [i(Q)/(1+J(Q)) + 1] \int_0^{r_{cut}} [G(r) + 4\pi\rho_0 r] \sin(Qr)\,dr`, i = S − 1, J = C/⟨f⟩² + L.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..diffraction.lorentz_polarization import polarization
from ..errors import InputError
from .absorption import transmission
from .conventions import slope_line
from .intensity import two_theta_from_q
from .reduction_settings import ReductionSettings
from .scattering import compton_intensity, laue_scattering, mean_form_factor
from .transform import sine_transform, trapezoid_weights

__all__ = ["PhysicalScattering", "angular_correction", "low_r_corrected", "normalization", "physical_scattering"]

FloatArray = NDArray[np.float64]

UPPER_PART = 0.6
LOW_R_POINTS = 100
DIVERGED = 2.0


@dataclass(frozen=True, eq=False)
class PhysicalScattering:
    """What a composition scatters without any structure, per atom.

    Parameters
    ----------
    q : ndarray, shape (n,)
        Å⁻¹.
    mean_squared : ndarray, shape (n,)
        ⟨f⟩², electron units.
    extra : ndarray, shape (n,)
        J = C/⟨f⟩² + L.
    angular : ndarray, shape (n,)
        Polarisation × transmission.
    """

    q: FloatArray
    mean_squared: FloatArray
    extra: FloatArray
    angular: FloatArray


def physical_scattering(q: FloatArray, settings: ReductionSettings) -> PhysicalScattering:
    """Scattering without structure at Q (Å⁻¹), with the settings' corrections."""
    mean_squared = mean_form_factor(settings.composition, q) ** 2
    extra = laue_scattering(settings.composition, q)
    if settings.corrections.compton:
        extra = extra + compton_intensity(settings.composition, q, settings.wavelength) / mean_squared
    return PhysicalScattering(q, mean_squared, extra, angular_correction(q, settings))


def angular_correction(q: FloatArray, settings: ReductionSettings) -> FloatArray:
    """Polarisation × transmission at Q (Å⁻¹).

    Raises
    ------
    InputError
        A correction that needs the wavelength, without one.
    """
    chosen = settings.corrections
    if chosen.polarization is None and chosen.geometry == "none":
        return np.ones_like(q)
    if settings.wavelength is None:
        raise InputError("polarisation and absorption depend on the angle;", where="settings",
                         remedy="give --wavelength in Å.")  # fmt: skip
    two_theta = two_theta_from_q(q, settings.wavelength)
    factor = transmission(two_theta, chosen.geometry, chosen.absorption)
    if chosen.polarization is None:
        return factor
    return factor * polarization(two_theta, chosen.polarization, chosen.monochromator_two_theta)


def normalization(q: FloatArray, ratio: FloatArray, extra: FloatArray, number_density: float | None) -> float:
    """Factor α of `ratio` = I′/⟨f⟩²; see the module.

    Raises
    ------
    InputError
        No positive factor exists.
    """
    if number_density is None:
        upper = q > UPPER_PART * q[-1]
        weights = trapezoid_weights(q[upper])
        alpha = float(weights @ (1 + extra[upper]) / (weights @ ratio[upper]))
    else:
        weights = trapezoid_weights(q) * q**2
        # Below the data S = 0, as it nearly is for a liquid or glass.
        missing = q[0] ** 3 / 3
        alpha = float((weights @ (1 + extra) + missing - 2 * np.pi**2 * number_density) / (weights @ ratio))
    if not (np.isfinite(alpha) and alpha > 0):
        raise InputError("the intensities can't be normalised (no positive factor);", where="normalisation",
                         remedy="lower the background scale, or check composition and density.")  # fmt: skip
    return alpha


def low_r_corrected(
    q: FloatArray, sq: FloatArray, extra: FloatArray, number_density: float, r_cut: float, rounds: int
) -> FloatArray:
    """S(Q) after rounds of Eggert's correction by the absence of pairs below `r_cut` (Å); q starts above 0.

    Raises
    ------
    InputError
        The rounds diverge, as they may for crystals: the correction multiplies S(Q), and Bragg peaks are high.
    """
    r = np.linspace(0, r_cut, LOW_R_POINTS + 1)[1:]
    line = slope_line(r, number_density)
    weights = trapezoid_weights(np.concatenate(([0.0], r)))[1:]
    back = np.sin(np.multiply.outer(q, r)) * weights / q[:, None]
    structure, first = sq - 1, np.inf
    for done in range(rounds):
        surplus = sine_transform(r=r, q=q, fq=q * structure) + line
        size = float(np.sqrt(np.mean(surplus**2)))
        if not size <= DIVERGED * first:
            raise InputError(f"the low-r correction diverges in round {done};", where="physical",
                             remedy="use fewer rounds (--low-r-iterations), a smaller r_cut, or --method polynomial for a crystal.")  # fmt: skip
        first = min(first, size)
        structure = structure - (structure / (1 + extra) + 1) * (back @ surplus)
    return np.asarray(structure + 1)
