r"""How strongly an atom scatters: X-ray form factors, dispersion corrections, neutron lengths, electron form factors.

X-rays: :math:`f(s) = \sum_{i=1}^4 a_i e^{-b_i s^2} + c + f' + i f''`, :math:`s = \sin\theta/\lambda = 1/2d`, coefficients of International Tables
for Crystallography, vol. C (1992), table 6.1.1.4, for neutral atoms and ions; f′ and f″ by Cromer & Liberman, J. Chem. Phys. 53 (1970) 1891,
with Kissel & Pratt's correction. Neutrons: coherent lengths in fm, V. F. Sears, Neutron News 3 (3) (1992) 26.
Electrons: vol. C, table 4.3.2.2, Å. The tables are gemmi's; only single isotopes, which gemmi lacks, are listed here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..elements import check_element
from ..errors import CifError, InputError
from ..structure import Site

__all__ = [
    "ISOTOPE_LENGTHS",
    "Species",
    "dispersion",
    "electron_form_factor",
    "known_ions",
    "neutron_length",
    "species_of",
    "xray_form_factor",
    "xray_form_factor_slope",
]

FloatArray = NDArray[np.float64]

HC_EV_ANGSTROM = 12398.419843
"""Planck constant times speed of light, eV Å (CODATA 2018)."""

DISPERSION_RANGE = (0.12, 4.2)
"""Wavelengths in Å (3–100 keV) for which the Cromer–Liberman corrections are trusted."""

HEAVIEST_WITH_DISPERSION = 92

ISOTOPE_LENGTHS: dict[tuple[str, int], complex] = {
    ("H", 1): -3.7406,
    ("H", 2): 6.671,
    ("Li", 6): 2.00 - 0.261j,
    ("Li", 7): -2.22,
    ("B", 10): -0.1 - 1.066j,
    ("B", 11): 6.65,
    ("Cl", 35): 11.65,
    ("Cl", 37): 3.08,
}
"""Coherent scattering lengths of isotopes, fm (Sears 1992); the imaginary part is absorption."""


class Species(NamedTuple):
    """What scatters on a site: element, charge of the ion (0: neutral atom), mass number (0: natural mixture)."""

    element: str
    charge: int = 0
    isotope: int = 0


def species_of(site: Site, *, neutral_atoms: bool = False) -> Species:
    """The scatterer of a site; H⁺ counts as a hydrogen atom, because the proton keeps its electron in a bond."""
    charge = 0 if neutral_atoms or (site.element in ("H", "D") and site.charge == 1) else site.charge or 0
    return Species(site.element, charge, site.isotope or 0)


@lru_cache(maxsize=512)
def _xray_coefficients(element: str, charge: int) -> tuple[float, ...]:
    import gemmi

    check_element(element)
    gemmi.IT92_set_ignore_charge(False)
    try:
        found = gemmi.IT92_get_exact(gemmi.Element(element), charge)
    finally:
        gemmi.IT92_set_ignore_charge(True)
    if found is None:
        raise CifError(
            f"no X-ray form factor is tabulated for {_ion_name(element, charge)};",
            where=f"element {element}",
            remedy=f"use one of {', '.join(known_ions(element)) or 'no ion (the table ends at Cf)'}, or neutral atoms.",
        )
    return tuple(float(value) for value in found.get_coefs())


def known_ions(element: str) -> list[str]:
    """Names of the atoms and ions of an element whose X-ray form factor is tabulated (``["Cl", "Cl1-"]``)."""
    import gemmi

    gemmi.IT92_set_ignore_charge(False)
    try:
        known = [q for q in range(-4, 8) if gemmi.IT92_get_exact(gemmi.Element(element), q) is not None]
    finally:
        gemmi.IT92_set_ignore_charge(True)
    return [_ion_name(element, q) for q in sorted(known, key=abs)]


def _ion_name(element: str, charge: int) -> str:
    return f"{element}{abs(charge)}{'+' if charge > 0 else '-'}" if charge else element


def xray_form_factor(element: str, charge: int, s_squared: ArrayLike) -> FloatArray:
    """X-ray form factor without dispersion, electrons.

    Parameters
    ----------
    element : str
        Chemical symbol.
    charge : int
        Charge of the ion, 0 for the atom.
    s_squared : array_like
        (sinθ/λ)², Å⁻².

    Raises
    ------
    CifError
        The element or ion is not tabulated.
    """
    coefficients = _xray_coefficients(element, charge)
    s2 = np.asarray(s_squared, dtype=float)
    total = np.full_like(s2, coefficients[8])
    for a, b in zip(coefficients[:4], coefficients[4:8], strict=True):
        total += a * np.exp(-b * s2)
    return total


def xray_form_factor_slope(element: str, charge: int, s_squared: ArrayLike) -> FloatArray:
    """Derivative of `xray_form_factor` by (sinθ/λ)², electrons · Å²."""
    coefficients = _xray_coefficients(element, charge)
    s2 = np.asarray(s_squared, dtype=float)
    total = np.zeros_like(s2)
    for a, b in zip(coefficients[:4], coefficients[4:8], strict=True):
        total -= a * b * np.exp(-b * s2)
    return total


@lru_cache(maxsize=4096)
def dispersion(element: str, wavelength: float) -> complex:
    """Dispersion correction f′ + i f″ of an element, electrons; `wavelength` in Å. Zero for H and He.

    Raises
    ------
    InputError
        The wavelength or element lies outside the Cromer–Liberman tables.
    """
    import gemmi

    number = gemmi.Element(element).atomic_number
    low, high = DISPERSION_RANGE
    if not low <= wavelength <= high or number > HEAVIEST_WITH_DISPERSION:
        raise InputError(
            f"f′ and f″ of {element} are unknown at {wavelength:g} Å;",
            where="dispersion",
            remedy=f"the tables hold elements up to U between {low:g} and {high:g} Å; switch dispersion off to go on without.",
        )
    return complex(*gemmi.cromer_liberman(number, HC_EV_ANGSTROM / wavelength)) if number > 2 else 0j


def neutron_length(element: str, isotope: int = 0) -> complex:
    """Coherent neutron scattering length, fm.

    Raises
    ------
    CifError
        The element has no tabulated length, or the isotope isn't in `ISOTOPE_LENGTHS`.
    """
    import gemmi

    if element == "D":
        element, isotope = "H", 2
    if isotope:
        if (element, isotope) not in ISOTOPE_LENGTHS:
            known = ", ".join(f"{number}{name}" for name, number in ISOTOPE_LENGTHS)
            raise CifError(f"no neutron length is known here for {isotope}{element};", where=f"element {element}",
                           remedy=f"use the natural mixture or one of {known}.")  # fmt: skip
        return complex(ISOTOPE_LENGTHS[element, isotope])
    check_element(element)
    length = gemmi.Element(element).neutron92.get_coefs()[0]
    if length == 0:
        raise CifError(
            f"no neutron length is tabulated for {element};", remedy="neutron patterns need another element."
        )
    return complex(length)


def electron_form_factor(element: str, s_squared: ArrayLike) -> FloatArray:
    """Electron form factor of the neutral atom, Å; `s_squared` = (sinθ/λ)² in Å⁻²."""
    import gemmi

    check_element(element)
    coefficients = gemmi.Element(element).c4322.get_coefs()
    s2 = np.asarray(s_squared, dtype=float)
    half = len(coefficients) // 2
    pairs = zip(coefficients[:half], coefficients[half:], strict=True)
    return np.asarray(sum(a * np.exp(-b * s2) for a, b in pairs))
