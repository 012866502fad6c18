"""How strongly each site takes part in a PDF: one number per atom, as every small-box program has it.

X-rays: the form factor at Q = 0, which is the number of electrons of atom or ion; that f(Q) of different elements differ in shape is
neglected, as in PDFgui, unless `pair_weights` brings it in. Neutrons: the real part of the coherent length, fm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..structure import Site, Structure

__all__ = [
    "PROBES",
    "CellScattering",
    "Probe",
    "cell_scattering",
    "element_pairs",
    "left_out_share",
    "pair_weights",
    "site_powers",
]

FloatArray = NDArray[np.float64]

Probe = Literal["xray", "neutron"]
PROBES: tuple[Probe, ...] = ("xray", "neutron")

_CANCELLED = 1e-6
_FORM_FACTORS_END = 75.0


@dataclass(frozen=True, eq=False)
class CellScattering:
    """What a structure's cell holds, as a PDF counts it.

    Parameters
    ----------
    atoms : ndarray, shape (n_sites,)
        Atoms of each site in the cell, occupancies counted.
    occupancy : ndarray, shape (n_sites,)
        Occupancies.
    power : ndarray, shape (n_sites,)
        Scattering power of each site's atom: electrons or fm.
    mean_power : float
        Mean over the atoms.
    number_density : float
        Atoms Å⁻³.
    """

    atoms: FloatArray
    occupancy: FloatArray
    power: FloatArray
    mean_power: float
    number_density: float

    @property
    def total_atoms(self) -> float:
        """Atoms in the cell."""
        return float(self.atoms.sum())


def site_powers(structure: Structure, probe: Probe, *, ions: bool = False) -> FloatArray:
    """Scattering power of each site's atom, shape (n_sites,): electrons (with `ions`: of the ion) or fm.

    Raises
    ------
    InputError
        An unknown probe.
    """
    from ..diffraction.form_factors import neutron_length, species_of, xray_form_factor

    if probe not in PROBES:
        raise InputError(f"probe {probe!r};", where="pdf", remedy=f"it is {' or '.join(PROBES)}.")
    kinds = [species_of(site, neutral_atoms=not ions) for site in structure.sites]
    if probe == "neutron":
        return np.array([neutron_length(kind.element, kind.isotope).real for kind in kinds])
    return np.array([float(xray_form_factor(kind.element, kind.charge, 0.0)) for kind in kinds])


def cell_scattering(structure: Structure, probe: Probe, *, ions: bool = False) -> CellScattering:
    """Content of a structure's cell with its scattering powers.

    Raises
    ------
    InputError
        No atoms, or neutron lengths that cancel, so that G(r) can't be normalised.
    """
    occupancy = np.array([site.occupancy for site in structure.sites])
    atoms = occupancy * np.array(structure.multiplicities)
    power = site_powers(structure, probe, ions=ions)
    total = float(atoms.sum())
    if total <= 0:
        raise InputError(f"{structure.name} holds no atom;", where="pdf", remedy="correct its occupancies.")
    mean = float(atoms @ power) / total
    if abs(mean) < _CANCELLED * float(np.abs(power).max()):
        raise InputError(
            f"the mean scattering length of {structure.name} is zero;",
            where="pdf",
            remedy="G(r) is normalised by it; another isotope mixture has one.",
        )
    return CellScattering(atoms, occupancy, power, mean, total / structure.lattice.volume)


def pair_weights(structure: Structure, pairs: Sequence[tuple[str, str]], q: FloatArray) -> FloatArray:
    """f(Q) f(Q)/⟨f(Q)⟩² of pairs of elements at Q (Å⁻¹) over its value at Q = 0, (n_pairs, n_q): what X-rays see less or more of."""
    from .scattering import form_factor

    shown = np.concatenate([[0.0], np.minimum(q, _FORM_FACTORS_END)])
    found = {element: form_factor(element, shown) for pair in pairs for element in pair}
    atoms = dict.fromkeys(found, 0.0)
    for site, multiplicity in zip(structure.sites, structure.multiplicities, strict=True):
        atoms[site.element] += site.occupancy * multiplicity
    mean = sum(number * found[element] for element, number in atoms.items()) / sum(atoms.values())
    weights = np.array([found[one] * found[other] / mean**2 for one, other in pairs])
    return np.asarray(weights[:, 1:] / weights[:, :1])


def left_out_share(structure: Structure, left_out: Sequence[Site], probe: Probe) -> float:
    """Part of the scattering power of a structure's cell, Σ|b|, that some of its sites make up."""
    strength = (
        np.abs(site_powers(structure, probe)) * [site.occupancy for site in structure.sites] * structure.multiplicities
    )
    missing = np.array([site in left_out for site in structure.sites])
    return float(strength[missing].sum() / strength.sum())


def element_pairs(structures: Sequence[Structure]) -> list[tuple[str, str]]:
    """Pairs of the elements of some structures, each pair once, alphabetical."""
    elements = sorted({site.element for structure in structures for site in structure.sites})
    return [(one, other) for index, one in enumerate(elements) for other in elements[index:]]
