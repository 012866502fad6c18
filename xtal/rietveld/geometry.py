"""Bond lengths and angles of a refined structure with standard uncertainties from the whole covariance.

Every neighbour is an image R x + t + n of a site, so that a length is a function of the phase's cell and coordinates; its gradient is taken by
central differences, with symmetry carrying what depends on each parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..distances import neighbors
from ..oxidation import OXIDATION_NUMBERS
from ..structure import Structure
from .covariance import Covariance
from .refined_structure import refined_structure

__all__ = ["Angle", "Length", "bond_angles", "bonds"]

FloatArray = NDArray[np.float64]
BONDED = 1.2
"""Distance up to which atoms count as bonded, in sums of covalent radii (B. Cordero et al., Dalton Trans. 2008, 2832)."""
MOST_NEIGHBOURS = 12
_EQUAL, _EQUAL_ANGLE = 1e-3, 0.05


@dataclass(frozen=True)
class Image:
    """An atom: site index, operation index and lattice shift that bring the listed site there."""

    site: int
    operation: int
    shift: tuple[int, int, int]

    @property
    def code(self) -> str:
        """As in CIF: operation number and 5 plus each shift, ``3_655``; a dot for the listed atom."""
        if self.operation == 0 and self.shift == (0, 0, 0):
            return "."
        return f"{self.operation + 1}_{''.join(str(5 + n) for n in self.shift)}"


@dataclass(frozen=True)
class Length:
    """A bond: labels, the second atom's symmetry code, length and esd in Å, and how often it occurs at the first atom."""

    first: str
    second: str
    symmetry: str
    length: float
    esd: float | None
    count: int


@dataclass(frozen=True)
class Angle:
    """An angle at the second atom, degrees; codes are of the outer atoms."""

    first: str
    centre: str
    last: str
    symmetry_first: str
    symmetry_last: str
    angle: float
    esd: float | None


def bonds(
    structure: Structure,
    phase: str,
    values: Mapping[str, float],
    covariance: Covariance | None,
    maximum: float | None = None,
) -> tuple[Length, ...]:
    """Bond lengths around each site, equal ones counted together.

    Parameters
    ----------
    structure : Structure
        Refined.
    phase : str
        Its name in the parameters.
    values : mapping
        Refined values by name within the phase (``cell.a``, ``site.Cl1.x``).
    covariance : Covariance or None
        Of the fit; without it no esd.
    maximum : float, optional
        Å; by default 1.2 times the sum of covalent radii, pairs of a metal with another cation of a compound left out.
    """
    pairs = _bonded(structure, maximum)
    lengths, esds = _propagate(lambda s: _lengths(s, pairs), structure, phase, values, covariance)
    found: list[Length] = []
    for (centre, image), length, esd in zip(pairs, lengths.tolist(), esds, strict=True):
        first, second = structure.sites[centre].label, structure.sites[image.site].label
        same = next(
            (
                i
                for i, b in enumerate(found)
                if (b.first, b.second) == (first, second) and abs(b.length - length) < _EQUAL
            ),
            None,
        )
        if same is None:
            found.append(Length(first, second, image.code, length, esd, 1))
        else:
            old = found[same]
            found[same] = Length(first, second, old.symmetry, old.length, old.esd, old.count + 1)
    return tuple(found)


def bond_angles(
    structure: Structure,
    phase: str,
    values: Mapping[str, float],
    covariance: Covariance | None,
    maximum: float | None = None,
) -> tuple[Angle, ...]:
    """Angles between bonds at each site, each value of a kind once; sites with more than twelve neighbours are left out."""
    pairs = _bonded(structure, maximum)
    triples = [
        (centre, first, last)
        for centre in range(len(structure.sites))
        for first, last in combinations(_neighbours_of(pairs, centre), 2)
    ]
    angles, esds = _propagate(lambda s: _angles(s, triples), structure, phase, values, covariance)
    found: list[Angle] = []
    for (centre, first, last), angle, esd in zip(triples, angles.tolist(), esds, strict=True):
        one, middle, other = (structure.sites[i].label for i in (first.site, centre, last.site))
        known = any(
            {a.first, a.last} == {one, other} and a.centre == middle and abs(a.angle - angle) < _EQUAL_ANGLE
            for a in found
        )
        if not known:
            found.append(Angle(one, middle, other, first.code, last.code, angle, esd))
    return tuple(found)


def _neighbours_of(pairs: Sequence[tuple[int, Image]], centre: int) -> list[Image]:
    images = [image for site, image in pairs if site == centre]
    return images if len(images) <= MOST_NEIGHBOURS else []


def _bonded(structure: Structure, maximum: float | None) -> list[tuple[int, Image]]:
    """Site and image of each bonded pair; sites of one position are no pair, nor, by default, are two cations."""
    import gemmi

    apart = np.zeros((len(structure.sites),) * 2, dtype=bool) if maximum else _cation_pairs(structure)
    radius = np.array([gemmi.Element(site.element).covalent_r for site in structure.sites])
    near = neighbors(structure, maximum or float(2 * BONDED * radius.max()))
    limit = np.full(near.distance.shape, maximum) if maximum else BONDED * (radius[near.site] + radius[near.neighbor])
    operations = _operations(structure)
    return [
        (int(i), _image(structure, int(j), xyz, operations))
        for i, j, xyz, ok in zip(near.site, near.neighbor, near.xyz, near.distance <= limit, strict=True)
        if ok and not apart[i, j]
    ]


def _cation_pairs(structure: Structure) -> NDArray[np.bool_]:
    """Pairs of sites that are a metal and another cation of a compound with anions, (n, n): covalent radii of metals reach across."""
    import gemmi

    numbers = np.array([OXIDATION_NUMBERS.get(site.element, 1) for site in structure.sites])
    if not np.any(numbers < 0):
        return np.zeros((len(numbers),) * 2, dtype=bool)
    cation = numbers > 0
    metal = cation & np.array([gemmi.Element(site.element).is_metal for site in structure.sites])
    return np.asarray((metal[:, None] & cation[None, :]) | (cation[:, None] & metal[None, :]))


def _operations(structure: Structure) -> list[tuple[FloatArray, FloatArray]]:
    import gemmi

    parsed = [gemmi.Op(text) for text in structure.space_group.operations]
    return [(np.array(op.rot, dtype=float) / op.DEN, np.array(op.tran, dtype=float) / op.DEN) for op in parsed]


def _image(
    structure: Structure, site: int, xyz: FloatArray, operations: Sequence[tuple[FloatArray, FloatArray]]
) -> Image:
    start = np.array(structure.sites[site].xyz)
    for index, (rotation, translation) in enumerate(operations):
        shift = xyz - (rotation @ start + translation)
        whole = np.rint(shift)
        if np.max(np.abs(shift - whole)) < 1e-3:
            return Image(site, index, (int(whole[0]), int(whole[1]), int(whole[2])))
    raise AssertionError("a neighbour that no operation makes")


def _place(structure: Structure, image: Image, operations: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    rotation, translation = operations[image.operation]
    return np.asarray(rotation @ np.array(structure.sites[image.site].xyz) + translation + image.shift)


def _vectors(structure: Structure, pairs: Sequence[tuple[int, Image]]) -> FloatArray:
    """Cartesian vectors from each centre to its image, (n, 3), Å."""
    operations = _operations(structure)
    ends = np.array([_place(structure, image, operations) for _, image in pairs]).reshape(-1, 3)
    starts = np.array([structure.sites[site].xyz for site, _ in pairs]).reshape(-1, 3)
    return np.asarray(structure.lattice.cartesian_from_fractional(ends - starts))


def _lengths(structure: Structure, pairs: Sequence[tuple[int, Image]]) -> FloatArray:
    return np.asarray(np.linalg.norm(_vectors(structure, pairs), axis=1))


def _angles(structure: Structure, triples: Sequence[tuple[int, Image, Image]]) -> FloatArray:
    one = _vectors(structure, [(centre, first) for centre, first, _ in triples])
    other = _vectors(structure, [(centre, last) for centre, _, last in triples])
    cosine = np.sum(one * other, axis=1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _propagate(
    function: Callable[[Structure], FloatArray],
    structure: Structure,
    phase: str,
    values: Mapping[str, float],
    covariance: Covariance | None,
) -> tuple[FloatArray, list[float | None]]:
    """Values of a function of the structure and their esds; None where nothing that it depends on was refined."""
    best = function(structure)
    prefix = f"phase.{phase}."
    names = [] if covariance is None else [n for n in covariance.names if n.startswith(prefix) and _is_geometric(n)]
    if covariance is None or not names or not best.size:
        return best, [None] * best.size
    columns = [_slope(function, structure, values, name.removeprefix(prefix)) for name in names]
    gradient = np.column_stack(columns)
    variance = np.einsum("ij,jk,ik->i", gradient, covariance.of(names), gradient)
    # An angle that symmetry fixes has a gradient of rounding errors only.
    return best, [float(np.sqrt(v)) if v > 1e-16 else None for v in variance]


def _is_geometric(name: str) -> bool:
    return ".cell." in name or name.endswith((".x", ".y", ".z"))


def _slope(
    function: Callable[[Structure], FloatArray], structure: Structure, values: Mapping[str, float], name: str
) -> FloatArray:
    step = 1e-5 * max(abs(values[name]), 0.1)
    high, low = (function(refined_structure(structure, {**values, name: values[name] + s * step})) for s in (1, -1))
    return np.asarray((high - low) / (2 * step))
