"""Where a crystal can be cut parallel to a plane, and what the cut exposes.

Heights are counted along the outward normal in units of the lattice-plane spacing. A termination is a cut halfway
between two atomic layers; a slab of whole lattice-plane spacings from one cut to the next always has the composition
of the crystal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError, InputError
from ..oxidation import charge_sum, oxidation_number
from ..structure import Structure
from .surface import Surface

__all__ = ["Termination", "find_terminations", "formal_charges"]

FloatArray = NDArray[np.float64]

_SAME_HEIGHT = 1e-4
_NEUTRAL = 1e-3
_POLAR = 1e-3


@dataclass(frozen=True)
class Termination:
    """A cut through a crystal.

    Parameters
    ----------
    shift : float
        Height of the cut, 0–1, in lattice-plane spacings above the origin.
    top, bottom : str
        Content of the layer that ends a slab below the cut (its upper face) and above the cut (its lower face), per
        planar cell.
    gap : float
        Distance between these two layers, Å.
    stoichiometric : bool
        Whether a slab with this face on both sides keeps the composition of the crystal: an operation of the crystal
        turns the cut over.
    polar : bool or None
        Whether the repeat unit between two such cuts carries a dipole along the normal (P. W. Tasker, J. Phys. C 12
        (1979) 4977, type III); None when no charges are known that sum to zero.
    """

    shift: float
    top: str
    bottom: str
    gap: float
    stoichiometric: bool
    polar: bool | None

    def __str__(self) -> str:
        polar = {True: "polar", False: "not polar", None: "polarity unknown"}[self.polar]
        faces = "faces alike" if self.stoichiometric else "faces differ"
        return f"top {self.top}, bottom {self.bottom}; {polar}, {faces}"


def find_terminations(
    surface: Surface, *, layer_tolerance: float = 0.1, charges: Mapping[str, float] | None = None
) -> tuple[Termination, ...]:
    """Every cut between atomic layers that symmetry does not make equal to another one.

    Parameters
    ----------
    surface : Surface
        Plane.
    layer_tolerance : float
        Atoms whose heights differ by less belong to one layer, Å.
    charges : mapping, optional
        Formal charge of each element; the default is `formal_charges`.

    Returns
    -------
    tuple of Termination
        By rising height of the cut. Cuts with equal contents but different surroundings are kept apart.

    Raises
    ------
    GeometryError
        All atoms lie in one layer under this tolerance.
    """
    index, heights = atom_heights(surface)
    layers = _layers(heights, layer_tolerance / surface.d_spacing)
    if not layers:
        raise GeometryError(
            f"{surface} has no gap between layers wider than {layer_tolerance:g} Å;",
            remedy="lower layer_tolerance.",
        )
    same, reverse = _height_shifts(surface)
    cuts = _inequivalent_cuts([_cut_after(heights, layers, i) for i in range(len(layers))], same)
    known = charges if charges is not None else formal_charges(surface.structure)
    return tuple(
        Termination(
            shift=round(cut, 10),
            top=_content(surface, index[layers[i]]),
            bottom=_content(surface, index[layers[(i + 1) % len(layers)]]),
            gap=gap * surface.d_spacing,
            stoichiometric=bool(np.any(_near_integer(reverse - 2 * cut))),
            polar=_is_polar(surface, index, heights, cut, known),
        )
        for i, (cut, gap) in cuts
    )


def atom_heights(surface: Surface) -> tuple[NDArray[np.int64], FloatArray]:
    """Site numbers and heights (0–1) of all positions in the cell."""
    index, xyz = surface.structure.expanded()
    heights = np.mod(xyz @ np.array(surface.plane_hkl), 1.0)
    heights[heights > 1 - _SAME_HEIGHT] = 0.0
    return index, heights


def _layers(heights: FloatArray, tolerance: float) -> list[NDArray[np.intp]]:
    """Positions grouped into layers by gaps above `tolerance`, from the bottom; the first may reach round the origin."""
    order = np.argsort(heights, kind="stable")
    ordered = heights[order]
    gaps = np.diff(np.append(ordered, ordered[0] + 1.0))
    ends = np.flatnonzero(gaps > tolerance)
    if not ends.size:
        return []
    start = int(ends[-1] + 1)
    turned = np.roll(order, -start)
    return np.split(turned, np.mod(ends[:-1] + 1 - start, len(order)) if ends.size > 1 else [])


def _cut_after(heights: FloatArray, layers: list[NDArray[np.intp]], number: int) -> tuple[int, tuple[float, float]]:
    """Number of the layer, height of the cut above it, and width of the gap, in lattice-plane spacings."""
    following = layers[(number + 1) % len(layers)]
    top = heights[layers[number][-1]]
    gap = float(np.mod(heights[following[0]] - top, 1.0)) or 1.0
    return number, (float(np.mod(top + gap / 2, 1.0)), gap)


def _height_shifts(surface: Surface) -> tuple[FloatArray, FloatArray]:
    """What operations of the space group add to heights: those that keep the normal, those that turn it (h → t - h)."""
    group, normal = surface.structure.space_group, np.array(surface.plane_hkl)
    turned = np.einsum("i,nij->nj", normal, group.rotations)
    shifts = group.translations @ normal
    keep, reverse = (np.all(turned == sign * normal, axis=1) for sign in (1, -1))
    return shifts[keep], shifts[reverse]


def _inequivalent_cuts(
    cuts: list[tuple[int, tuple[float, float]]], shifts: FloatArray
) -> list[tuple[int, tuple[float, float]]]:
    kept: list[tuple[int, tuple[float, float]]] = []
    for number, (cut, gap) in sorted(cuts, key=lambda item: item[1][0]):
        if not any(np.any(_near_integer(cut - other - shifts)) for _, (other, _) in kept):
            kept.append((number, (cut, gap)))
    return kept


def _near_integer(values: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.abs(values - np.rint(values)) < _SAME_HEIGHT)


def _content(surface: Surface, sites: NDArray[np.int64]) -> str:
    """Elements of a layer per planar cell, ``Li2 O``; the cell of a centred lattice holds several planar cells."""
    per_cell = surface.structure.lattice.volume / (surface.area * surface.d_spacing)
    amounts: dict[str, float] = defaultdict(float)
    for number in sites:
        site = surface.structure.sites[number]
        amounts[site.element] += site.occupancy / per_cell
    return " ".join(
        f"{element}{'' if round(n, 2) == 1 else format(round(n, 2), 'g')}" for element, n in amounts.items()
    )


def _is_polar(
    surface: Surface, index: NDArray[np.int64], heights: FloatArray, cut: float, charges: Mapping[str, float] | None
) -> bool | None:
    """Whether the charges between two cuts have a dipole; a neutral unit's dipole does not depend on the origin."""
    sites = surface.structure.sites
    if charges is None or any(site.element not in charges for site in sites):
        return None
    weights = np.array([charges[sites[i].element] * sites[i].occupancy for i in index])
    if abs(weights.sum()) > _NEUTRAL * np.abs(weights).sum():
        return None
    dipole = weights @ np.mod(heights - cut, 1.0)
    return bool(abs(dipole) > _POLAR * np.abs(weights).sum())


def formal_charges(structure: Structure) -> dict[str, float] | None:
    """Formal charge of each element that makes the crystal neutral; None when there is no such set.

    The usual oxidation numbers if they sum to zero, else the charges of the sites if they do; 0 for an element.
    """
    elements = {site.element for site in structure.sites}
    if len(elements) == 1:
        return dict.fromkeys(elements, 0.0)
    with suppress(InputError):
        if abs(charge_sum(structure)) < _NEUTRAL * sum(structure.cell_contents.values()):
            return {element: float(oxidation_number(element)) for element in elements}
    if structure.cell_charge is not None and abs(structure.cell_charge) < _NEUTRAL:
        return {site.element: float(site.charge or 0) for site in structure.sites}
    return None
