"""A synthetic amorphous reference: ions packed at random in a periodic box, by own code, from a seed.

It is a stand-in where no measured amorphous pattern exists. Cations attract anions to a bond length, like charges repel one another; nothing
else of chemistry is in it, and it is called synthetic wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..composition import Composition
from ..errors import InputError
from .conventions import slope_line
from .scattering import mean_form_factor, mean_neutron_length, scattering_power
from .termination import terminated

__all__ = ["BOND_LENGTHS", "SyntheticGlass", "glass_pdf", "synthetic_glass"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ANIONS = ("O", "Cl", "F", "Br", "S", "I")
BOND_LENGTHS: Mapping[str, float] = {
    "Zr-O": 2.05, "Zr-Cl": 2.47, "Al-O": 1.80, "Al-Cl": 2.15, "Li-O": 1.98, "Li-Cl": 2.55, "H-O": 0.98, "H-Cl": 2.2,
    "Si-O": 1.62, "Mg-O": 2.05, "K-Cl": 3.1, "K-O": 2.8,
}  # fmt: skip
"""Å; typical of crystals."""

LIKE_CHARGES: Mapping[str, float] = {"anion": 3.5, "cation": 3.1}
"""Å: closer, ions of the same sign repel one another in the model."""

CAPTURE = 1.25
ATTRACTION = 0.3
LARGEST_MOVE = 0.1
RATE = 0.15
TAPER = 2.0
R_STEP = 0.01


@dataclass(frozen=True, eq=False)
class SyntheticGlass:
    """Ions in a periodic cube.

    Parameters
    ----------
    elements : tuple of str
        One per ion.
    positions : ndarray, shape (n, 3)
        Å.
    edge : float
        Of the cube, Å.
    composition : Composition
        What it was asked for; whole ions come as near as they can.
    seed : int
        Of the random start.
    """

    elements: tuple[str, ...]
    positions: FloatArray
    edge: float
    composition: Composition
    seed: int
    source: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "source", f"synthetic glass of {len(self.elements)} ions, {self.composition}, seed {self.seed}"
        )

    @property
    def number_density(self) -> float:
        """Atoms/Å³."""
        return len(self.elements) / self.edge**3


def synthetic_glass(
    composition: Composition, number_density: float, *, n_atoms: int = 800, seed: int = 0, rounds: int = 200
) -> SyntheticGlass:
    """Pack ions at random and relax them.

    Parameters
    ----------
    composition : Composition
        Of ions for whose pairs `BOND_LENGTHS` has lengths.
    number_density : float
        Atoms/Å³.
    n_atoms : int
        About how many.
    seed, rounds : int
        Of the random start, and steps of relaxation.

    Raises
    ------
    InputError
        Elements without bond lengths, or no anion.
    """
    elements = _counted(composition, n_atoms)
    edge = (len(elements) / number_density) ** (1 / 3)
    lengths, bonded = _lengths(elements)
    positions = np.random.default_rng(seed).random((len(elements), 3)) * edge
    for _ in range(rounds):
        positions = (positions + _moves(positions, edge, lengths, bonded)) % edge
    return SyntheticGlass(tuple(elements), positions, edge, composition, seed)


def glass_pdf(
    glass: SyntheticGlass, r: FloatArray, q_max: float, *, radiation: str = "neutron", sigma: float = 0.1
) -> FloatArray:
    """G(r), Å⁻², of the box at r (Å), each pair broadened by `sigma` (Å) and cut at `q_max` (Å⁻¹, 0: not at all).

    It ends in a smooth taper at half the box's edge, beyond which the box would repeat itself. X-ray weights are those of Q = 0.
    """
    half = glass.edge / 2
    fine = np.arange(0.0, max(float(r[-1]), half) + 10 * sigma, R_STEP)
    powers = _powers(glass, radiation)
    separations, products = _pairs(glass, powers)
    counts = np.bincount(np.rint(separations / R_STEP).astype(int), weights=products, minlength=fine.size)[: fine.size]
    from scipy.ndimage import gaussian_filter1d

    mean = np.mean(powers)
    density = 2 * gaussian_filter1d(counts, sigma / R_STEP) / R_STEP / (len(powers) * mean**2)
    gr = np.zeros_like(fine)
    gr[1:] = density[1:] / fine[1:] - slope_line(fine[1:], glass.number_density)
    gr *= np.clip((half - fine) / TAPER, 0.0, 1.0)
    return np.asarray(np.interp(r, fine, terminated(gr, R_STEP, q_max)))


def _counted(composition: Composition, n_atoms: int) -> list[str]:
    return [element for element, share in composition.element_fractions.items() for _ in range(round(share * n_atoms))]


def _lengths(elements: list[str]) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Length and kind of contact by pair of ions, shape (n_kinds, n_kinds), spread over ions by the caller's indices."""
    kinds = sorted(set(elements))
    if not any(kind in ANIONS for kind in kinds):
        raise InputError(
            "no anion in the composition;", where="synthetic glass", remedy=f"it needs one of {', '.join(ANIONS)}."
        )
    lengths, bonded = np.zeros((len(kinds), len(kinds))), np.zeros((len(kinds), len(kinds)), dtype=bool)
    for i, first in enumerate(kinds):
        for j, second in enumerate(kinds):
            lengths[i, j], bonded[i, j] = _contact(first, second)
    index = np.array([kinds.index(element) for element in elements])
    return lengths[np.ix_(index, index)], bonded[np.ix_(index, index)]


def _contact(first: str, second: str) -> tuple[float, bool]:
    if (first in ANIONS) == (second in ANIONS):
        return LIKE_CHARGES["anion" if first in ANIONS else "cation"], False
    cation, anion = (second, first) if first in ANIONS else (first, second)
    if f"{cation}-{anion}" not in BOND_LENGTHS:
        raise InputError(f"no bond length for {cation}-{anion};", where="synthetic glass",
                         remedy=f"known are {', '.join(BOND_LENGTHS)}.")  # fmt: skip
    return BOND_LENGTHS[f"{cation}-{anion}"], True


def _moves(positions: FloatArray, edge: float, lengths: FloatArray, bonded: NDArray[np.bool_]) -> FloatArray:
    from scipy.spatial import cKDTree

    pairs = cKDTree(positions, boxsize=edge).query_pairs(CAPTURE * float(lengths.max()), output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    between = positions[j] - positions[i]
    between -= edge * np.rint(between / edge)
    distance = np.maximum(np.linalg.norm(between, axis=1), 1e-6)
    length, attracts = lengths[i, j], bonded[i, j]
    stretch = distance - length
    pull = np.where(stretch < 0, stretch, np.where(attracts & (distance < CAPTURE * length), ATTRACTION * stretch, 0.0))
    force = (RATE * pull / distance)[:, None] * between
    moves = np.zeros_like(positions)
    np.add.at(moves, i, force)
    np.add.at(moves, j, -force)
    return np.clip(moves, -LARGEST_MOVE * 3, LARGEST_MOVE * 3)


def _powers(glass: SyntheticGlass, radiation: str) -> FloatArray:
    known = {scatterer[0]: scatterer for scatterer, _ in glass.composition.amounts}
    at_zero = {element: float(scattering_power(known[element], np.zeros(1), radiation)[0]) for element in known}
    powers = np.array([at_zero[element] for element in glass.elements])
    expected = (
        mean_neutron_length(glass.composition)
        if radiation == "neutron"
        else float(mean_form_factor(glass.composition, 0.0))
    )
    if abs(np.mean(powers)) < 0.05 * abs(expected) or expected == 0:
        raise InputError("the mean scattering length vanishes;", where="synthetic glass", remedy="use other isotopes.")
    return powers


def _pairs(glass: SyntheticGlass, powers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distances up to half the edge, each pair once, and the products of what they scatter."""
    i, j = np.triu_indices(len(powers), 1)
    between = glass.positions[j] - glass.positions[i]
    between -= glass.edge * np.rint(between / glass.edge)
    distance = np.linalg.norm(between, axis=1)
    near = distance < glass.edge / 2
    return distance[near], (powers[i] * powers[j])[near]
