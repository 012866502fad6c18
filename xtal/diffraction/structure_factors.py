r"""Structure factors of many reflections at once.

.. math:: F(h) = \sum_g f_g(s)\,T_g(h) \sum_{j \in g} o_j\, e^{2\pi i\, h \cdot x_j}

Positions are grouped by scatterer and displacement tensor. The phase sum of a group separates,
:math:`e^{2\pi i(hx+ky+lz)} = (X^h Y^k) Z^l`, so that it is a matrix product of the (h, k) pairs with the l values:
no exponential is taken per reflection and atom. Blocks of (h, k) pairs keep memory bounded.
The conjugate sum gives F of the Friedel mate, which differs when f″ is not zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..lattice import Lattice
from ..radiation import Radiation
from ..structure import Site, Structure
from ..symmetry import SpaceGroup
from .families import squared_lengths
from .form_factors import Species, dispersion, neutron_length, species_of, xray_form_factor

__all__ = [
    "ScatteringGroup",
    "calculate_structure_factors",
    "distinct_images",
    "scattering_amplitude",
    "scattering_groups",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

_SAME_POINT = 1e-3
_BLOCK_BYTES = 8_000_000


@dataclass(frozen=True)
class ScatteringGroup:
    """Positions in the cell that scatter alike.

    Parameters
    ----------
    species : Species
        Element, charge, isotope.
    beta : ndarray, shape (3, 3)
        Displacement tensor :math:`U_{ij} a^*_i a^*_j`, dimensionless: :math:`T = e^{-2\\pi^2 h \\beta h}`.
    xyz : ndarray, shape (n, 3)
        Fractional coordinates.
    occupancy : ndarray, shape (n,)
        Chemical occupancies.
    """

    species: Species
    beta: FloatArray
    xyz: FloatArray
    occupancy: FloatArray


def scattering_groups(structure: Structure, *, neutral_atoms: bool = False) -> list[ScatteringGroup]:
    """All positions of the cell, grouped by scatterer and displacement tensor; sites without U get U = 0."""
    found: dict[tuple[Species, float | bytes], list[tuple[FloatArray, float]]] = {}
    tensors: dict[float | bytes, FloatArray] = {}
    for site in structure.sites:
        species = species_of(site, neutral_atoms=neutral_atoms)
        for key, beta, xyz in _orbit_parts(site, structure.space_group, structure.lattice):
            tensors[key] = beta
            found.setdefault((species, key), []).append((xyz, site.occupancy))
    return [
        ScatteringGroup(species, tensors[key], np.concatenate([xyz for xyz, _ in parts]),
                        np.repeat([occupancy for _, occupancy in parts], [len(xyz) for xyz, _ in parts]))
        for (species, key), parts in found.items()
    ]  # fmt: skip


def _orbit_parts(
    site: Site, group: SpaceGroup, lattice: Lattice
) -> Iterator[tuple[float | bytes, FloatArray, FloatArray]]:
    """Positions of a site parted by displacement tensor, with a key that equal tensors share."""
    xyz, operations = distinct_images(group, site.xyz)
    if site.u_aniso is None:
        u_iso = site.u_iso or 0.0
        yield u_iso, u_iso * lattice.reciprocal_metric_tensor, xyz
        return
    beta, rotations = _displacement_tensor(site.u_aniso, lattice), group.rotations[operations]
    turned = np.einsum("nij,jk,nlk->nil", rotations, beta, rotations).round(12)
    distinct, member = np.unique(turned.reshape(-1, 9), axis=0, return_inverse=True)
    for index, tensor in enumerate(distinct):
        yield tensor.tobytes(), tensor.reshape(3, 3), xyz[member.ravel() == index]


def distinct_images(group: SpaceGroup, point: ArrayLike) -> tuple[FloatArray, IntArray]:
    """Distinct images of a point and the operation that makes each."""
    if len(group.operations) == 1:
        return np.array([point], dtype=float), np.zeros(1, dtype=np.int64)
    images = group.rotations @ np.asarray(point, dtype=float) + group.translations
    if _coincide(images, images[0]).sum() == 1:
        return images, np.arange(len(images))
    kept = np.unique(np.argmax(_coincide(images[:, None, :], images[None, :, :]), axis=1))
    return images[kept], kept


def _coincide(first: FloatArray, second: FloatArray) -> NDArray[np.bool_]:
    offsets = first - second
    offsets -= np.rint(offsets)
    return np.asarray((np.abs(offsets) < _SAME_POINT).all(axis=-1))


def _displacement_tensor(u_aniso: tuple[float, ...], lattice: Lattice) -> FloatArray:
    reciprocal = np.sqrt(np.diag(lattice.reciprocal_metric_tensor))
    u11, u22, u33, u12, u13, u23 = u_aniso
    tensor = np.array([[u11, u12, u13], [u12, u22, u23], [u13, u23, u33]])
    return np.asarray(tensor * np.outer(reciprocal, reciprocal))


def calculate_structure_factors(
    structure: Structure,
    hkl: ArrayLike,
    radiation: Radiation,
    *,
    use_dispersion: bool = True,
    neutral_atoms: bool = False,
) -> tuple[ComplexArray, ComplexArray]:
    """Structure factors of reflections and of their Friedel mates.

    Parameters
    ----------
    structure : Structure
        Uiso, Uij, occupancies, charges and isotopes of its sites are used; sites without U get U = 0.
    hkl : array_like of int, shape (n, 3)
        Reflections.
    radiation : Radiation
        X-rays (f′ and f″ at the strongest line) or neutrons.
    use_dispersion : bool
        Whether f′ and f″ are added (X-rays).
    neutral_atoms : bool
        Whether form factors of neutral atoms stand in for the ions'.

    Returns
    -------
    f_plus, f_minus : ndarray of complex, shape (n,)
        F(hkl) and F(-h-k-l); electrons per cell for X-rays, fm per cell for neutrons.

    Raises
    ------
    CifError
        An ion without form factor, an isotope without length.
    InputError
        A wavelength without f′.
    """
    indices = np.asarray(hkl, dtype=np.int64).reshape(-1, 3)
    s_squared = squared_lengths(structure.lattice, indices) / 4
    f_plus, f_minus = np.zeros((2, len(indices)), dtype=complex)
    rows, real = _rows_of(indices), indices.astype(float)
    amplitudes: dict[Species, ComplexArray | complex] = {}
    for group in scattering_groups(structure, neutral_atoms=neutral_atoms):
        if group.species not in amplitudes:
            amplitudes[group.species] = scattering_amplitude(group.species, s_squared, radiation, use_dispersion)
        exponent = ((real @ group.beta) * real).sum(axis=1)
        weight = amplitudes[group.species] * np.exp(-2 * np.pi**2 * exponent)
        sums = _phase_sums(group.xyz, group.occupancy, rows)
        f_plus += weight * sums
        f_minus += weight * sums.conj()
    return f_plus, f_minus


def scattering_amplitude(
    species: Species, s_squared: FloatArray, radiation: Radiation, use_dispersion: bool
) -> ComplexArray | complex:
    """How strongly a species scatters at (sinθ/λ)² (Å⁻²): electrons, or fm for neutrons."""
    if radiation.kind != "xray":
        return neutron_length(species.element, species.isotope)
    static = xray_form_factor(species.element, species.charge, s_squared)
    return np.asarray(static + (dispersion(species.element, radiation.wavelength) if use_dispersion else 0j))


class _Rows(NamedTuple):
    """Reflections sorted by their (h, k) pair: the pairs, where each one's reflections start, and the order."""

    low: IntArray
    high: IntArray
    h: IntArray
    k: IntArray
    start: IntArray
    row: IntArray
    l: IntArray
    order: IntArray


def _rows_of(hkl: IntArray) -> _Rows:
    low, high = hkl.min(axis=0), hkl.max(axis=0)
    shifted = hkl - low
    key = shifted[:, 0] * (shifted[:, 1].max() + 1) + shifted[:, 1]
    order = np.argsort(key, kind="stable")
    _, start, row = np.unique(key[order], return_index=True, return_inverse=True)
    first = order[start]
    return _Rows(
        low, high, shifted[first, 0], shifted[first, 1], np.append(start, len(hkl)), row, shifted[order, 2], order
    )


def _phase_sums(xyz: FloatArray, occupancy: FloatArray, rows: _Rows) -> ComplexArray:
    """Sum of occupancy · exp(2πi h·x) over positions, for each reflection."""
    powers = [_powers(xyz[:, axis], rows.low[axis], rows.high[axis]) for axis in range(3)]
    powers[0] *= occupancy
    sums = np.empty(len(rows.order), dtype=complex)
    step = max(1, _BLOCK_BYTES // (16 * len(xyz)))
    for start in range(0, len(rows.h), step):
        stop = min(start + step, len(rows.h))
        block = (powers[0][rows.h[start:stop]] * powers[1][rows.k[start:stop]]) @ powers[2].T
        members = slice(rows.start[start], rows.start[stop])
        sums[rows.order[members]] = block[rows.row[members] - start, rows.l[members]]
    return sums


def _powers(coordinate: FloatArray, low: int, high: int) -> ComplexArray:
    """exp(2πi n x) for n from low to high, shape (high − low + 1, atoms)."""
    return np.asarray(np.exp(2j * np.pi * np.outer(np.arange(low, high + 1), coordinate)))
