r"""How strongly a composition scatters: averages over its atoms.

X-ray form factors by D. Waasmaier & A. Kirfel, Acta Cryst. A51 (1995) 416, which hold to sin θ/λ = 6 Å⁻¹; the four Gaussians of
International Tables, which serve for diffraction, are wrong by 10 % and more beyond 2 Å⁻¹ (Q = 25 Å⁻¹).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..composition import Composition, Scatterer
from ..diffraction.compton import compton_scattering, recoil_factor
from ..diffraction.form_factors import neutron_length

__all__ = [
    "compton_intensity",
    "form_factor",
    "laue_scattering",
    "mean_form_factor",
    "mean_neutron_length",
    "mean_square_form_factor",
    "mean_square_length_barn",
    "scattering_power",
]

FloatArray = NDArray[np.float64]

FM2_PER_BARN = 100.0


def form_factor(element: str, q: ArrayLike) -> FloatArray:
    """X-ray form factor of a neutral atom at Q (Å⁻¹), electrons, without dispersion."""
    values = np.asarray(q, dtype=float)
    return np.asarray(_form_factor(element, values.tobytes(), values.shape)).copy()


@lru_cache(maxsize=256)
def _form_factor(element: str, q: bytes, shape: tuple[int, ...]) -> FloatArray:
    import xraydb

    s = np.frombuffer(q, dtype=float) / (4 * np.pi)
    return np.asarray(xraydb.f0(element, s), dtype=float).reshape(shape)


def mean_form_factor(composition: Composition, q: ArrayLike) -> FloatArray:
    """⟨f⟩ over the atoms of a composition, electrons."""
    return _average(composition, q, 1)


def mean_square_form_factor(composition: Composition, q: ArrayLike) -> FloatArray:
    """⟨f²⟩ over the atoms of a composition, electrons²."""
    return _average(composition, q, 2)


def laue_scattering(composition: Composition, q: ArrayLike) -> FloatArray:
    """Laue's monotonic scattering (⟨f²⟩ − ⟨f⟩²)/⟨f⟩², dimensionless; zero for one element."""
    mean_squared = mean_form_factor(composition, q) ** 2
    return np.asarray((mean_square_form_factor(composition, q) - mean_squared) / mean_squared)


def compton_intensity(composition: Composition, q: ArrayLike, wavelength: float | None = None) -> FloatArray:
    """Compton scattering per atom, electron units; `wavelength` (Å) adds the recoil factor."""
    positions = np.asarray(q, dtype=float)
    total = np.zeros_like(positions)
    for element, fraction in composition.element_fractions.items():
        total += fraction * compton_scattering(element, positions / (4 * np.pi))
    return total if wavelength is None else total * recoil_factor(positions, wavelength)


def mean_neutron_length(composition: Composition) -> float:
    """⟨b⟩, fm: real part of the mean coherent length."""
    return sum(x * neutron_length(element, isotope).real for (element, isotope), x in composition.fractions.items())


def mean_square_length_barn(composition: Composition) -> float:
    """⟨b⟩², barn: minus Keen's F(Q) where S(Q) = 0."""
    return mean_neutron_length(composition) ** 2 / FM2_PER_BARN


def scattering_power(scatterer: Scatterer, q: ArrayLike, radiation: str) -> FloatArray:
    """Form factor (``"xray"``, electrons) or length (``"neutron"``, fm) of one kind of atom at Q (Å⁻¹)."""
    if radiation == "neutron":
        return np.full(np.shape(q), neutron_length(*scatterer).real)
    return form_factor(scatterer[0], q)


def _average(composition: Composition, q: ArrayLike, power: int) -> FloatArray:
    total = np.zeros(np.shape(q))
    for element, fraction in composition.element_fractions.items():
        total += fraction * form_factor(element, q) ** power
    return total
