r"""Lattice mismatch of a film on a substrate, with its definition on the label.

With lengths f and s along matched directions, r = f/s:

- ``film_over_substrate``: (f - s)/s = r - 1, the misfit of epitaxy; positive for a film that must be compressed;
- ``substrate_over_film``: (s - f)/f = 1/r - 1, the strain that brings the film onto the substrate;
- ``symmetric``: 2(f - s)/(f + s), antisymmetric under exchange of the two.

In the plane the same functions act on the principal stretches of the map from substrate to film (polar decomposition), which
gives a strain tensor for each definition; its axes are x along the first direction, y normal to it in the plane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..result import Value, format_value
from .match import Match
from .measured_cell import MeasuredCell, propagated
from .surface import format_direction

__all__ = [
    "DEFINITIONS",
    "AxisMismatch",
    "Definition",
    "DirectionPair",
    "Mismatch",
    "describe_mismatch",
    "directions_of_match",
    "linear_mismatch",
    "nearest_definition",
    "percent",
]

FloatArray = NDArray[np.float64]
Definition = Literal["film_over_substrate", "substrate_over_film", "symmetric"]
DirectionPair = tuple[Sequence[float], Sequence[float]]

DEFINITIONS: Mapping[Definition, str] = {
    "film_over_substrate": "(film - substrate)/substrate",
    "substrate_over_film": "(substrate - film)/film",
    "symmetric": "2(film - substrate)/(film + substrate)",
}


def linear_mismatch(film: ArrayLike, substrate: ArrayLike, definition: Definition) -> FloatArray:
    """Mismatch of lengths (or areas) as a fraction.

    Parameters
    ----------
    film, substrate : array_like
        Lengths, Å, of equal shape.
    definition : {"film_over_substrate", "substrate_over_film", "symmetric"}
        See the module.

    Raises
    ------
    GeometryError
        A length that isn't positive, or no such definition.
    """
    f, s = np.asarray(film, dtype=float), np.asarray(substrate, dtype=float)
    if np.any(f <= 0) or np.any(s <= 0):
        raise GeometryError("a length that isn't positive;", remedy="a mismatch needs two lengths above 0 Å.")
    return _of_ratio(f / s, definition)


def _of_ratio(ratio: FloatArray, definition: Definition) -> FloatArray:
    if definition == "film_over_substrate":
        return np.asarray(ratio - 1)
    if definition == "substrate_over_film":
        return np.asarray(1 / ratio - 1)
    if definition == "symmetric":
        return np.asarray(2 * (ratio - 1) / (ratio + 1))
    raise GeometryError(f"no mismatch definition {definition!r};", remedy=f"choose one of {', '.join(DEFINITIONS)}.")


@dataclass(frozen=True)
class AxisMismatch:
    """Two matched lengths (Å) or areas (Å²) and their mismatch (fraction) under every definition."""

    label: str
    film: Value
    substrate: Value
    values: Mapping[Definition, Value]


@dataclass(frozen=True)
class Mismatch:
    """Everything about how two lattices fit along matched directions.

    Parameters
    ----------
    axes : tuple of AxisMismatch
        One per pair of directions.
    mean, mean_in_plane : mapping
        Mean over all axes, and over the first two, by definition.
    area : AxisMismatch
        Of the cell that the first two directions span.
    principal, shear : mapping
        Principal strains, rising, and their difference, by definition.
    tensor : mapping
        Plane strain tensor, (2, 2) nested tuples, by definition.
    rotation : Value
        Turn of the film's lattice, without its strain, when the first directions are parallel; degrees.
    """

    axes: tuple[AxisMismatch, ...]
    mean: Mapping[Definition, Value]
    mean_in_plane: Mapping[Definition, Value]
    area: AxisMismatch
    principal: Mapping[Definition, tuple[Value, Value]]
    shear: Mapping[Definition, Value]
    tensor: Mapping[Definition, tuple[tuple[float, float], tuple[float, float]]]
    rotation: Value

    def to_dict(self) -> dict[str, Any]:
        """Plain content for JSON; mismatches and strains are fractions."""
        from dataclasses import asdict

        return {"definitions": dict(DEFINITIONS), **asdict(self)}


def describe_mismatch(
    film: MeasuredCell,
    substrate: MeasuredCell,
    directions: Sequence[DirectionPair],
    labels: Sequence[str] | None = None,
) -> Mismatch:
    """Mismatch along pairs of directions, under every definition, with esds.

    Parameters
    ----------
    film, substrate : MeasuredCell
        The crystals; esds are propagated linearly, with the cell parameters uncorrelated.
    directions : sequence of (film uvw, substrate uvw)
        At least two pairs that are not parallel: they span the plane. Further pairs enter the mean over all axes.
    labels : sequence of str, optional
        Names of the pairs.

    Raises
    ------
    GeometryError
        Fewer than two pairs, a zero direction, or parallel first two.
    """
    if len(directions) < 2:
        raise GeometryError(f"{len(directions)} pair of directions;", remedy="give two that span the plane, or more.")
    pairs = [(np.asarray(f, dtype=float), np.asarray(s, dtype=float)) for f, s in directions]
    for film_uvw, substrate_uvw in pairs:
        for direction in (film_uvw, substrate_uvw):
            if direction.shape != (3,) or not np.any(direction):
                raise GeometryError(f"{direction.tolist()} is not a direction;", remedy="give u, v, w, not all 0.")
    for lattice, side in ((film.lattice, 0), (substrate.lattice, 1)):
        _planar_frame(lattice, pairs[0][side], pairs[1][side])
    names = labels or [f"[{format_direction(f)}] ∥ [{format_direction(s)}]" for f, s in directions]
    return _assembled(film, substrate, pairs, names)


def _planar_frame(lattice: Lattice, first: FloatArray, second: FloatArray) -> FloatArray:
    """The two vectors as rows in their plane, x along the first, Å."""
    a, b = lattice.cartesian_from_fractional(np.array([first, second]))
    length = float(np.linalg.norm(a))
    along = float(a @ b) / length
    height = float(np.sqrt(max(b @ b - along**2, 0.0)))
    if height < 1e-6 * float(np.linalg.norm(b)):
        raise GeometryError(
            f"[{format_direction(first)}] and [{format_direction(second)}] are parallel;",
            remedy="two directions that span the plane are needed.",
        )
    return np.array([[length, 0.0], [along, height]])


def _stretch_and_turn(film: FloatArray, substrate: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Principal stretches film/substrate, their directions (columns), and the turn in degrees; rows are vectors."""
    mapping = np.linalg.solve(substrate, film)
    squared, directions = np.linalg.eigh(mapping @ mapping.T)
    turn = np.degrees(np.arctan2(mapping[0, 1] - mapping[1, 0], mapping[0, 0] + mapping[1, 1]))
    return np.sqrt(squared), directions, float(turn)


def _assembled(
    film: MeasuredCell, substrate: MeasuredCell, pairs: list[tuple[FloatArray, FloatArray]], names: Sequence[str]
) -> Mismatch:
    def lengths(f: Lattice, s: Lattice) -> FloatArray:
        first, second = ([lattice.length(pair[side]) for pair in pairs] for lattice, side in ((f, 0), (s, 1)))
        return np.array([*first, _area(f, pairs, 0), *second, _area(s, pairs, 1)])

    measured = propagated(lengths, film, substrate)
    half = len(pairs) + 1
    by_definition = {
        definition: propagated(lambda f, s, d=definition: _numbers(f, s, pairs, d), film, substrate)  # type: ignore[misc]
        for definition in DEFINITIONS
    }
    rows = [
        AxisMismatch(name, measured[i], measured[half + i], {d: values[i] for d, values in by_definition.items()})
        for i, name in enumerate([*names, "area"])
    ]
    frames = [_planar_frame(cell.lattice, pairs[0][i], pairs[1][i]) for i, cell in enumerate((film, substrate))]
    return Mismatch(
        axes=tuple(rows[:-1]),
        mean={d: values[half] for d, values in by_definition.items()},
        mean_in_plane={d: values[half + 1] for d, values in by_definition.items()},
        area=rows[-1],
        principal={d: (values[half + 2], values[half + 3]) for d, values in by_definition.items()},
        shear={d: values[half + 4] for d, values in by_definition.items()},
        tensor={d: _tensor(frames[0], frames[1], d) for d in DEFINITIONS},
        rotation=by_definition["symmetric"][half + 5],
    )


def _area(lattice: Lattice, pairs: list[tuple[FloatArray, FloatArray]], side: int) -> float:
    return float(np.linalg.det(_planar_frame(lattice, pairs[0][side], pairs[1][side])))


def _numbers(
    film: Lattice, substrate: Lattice, pairs: list[tuple[FloatArray, FloatArray]], definition: Definition
) -> FloatArray:
    """Mismatch of every axis, of the area, means over all and over the first two axes, principal strains, shear, turn."""
    ratios = np.array([film.length(f) / substrate.length(s) for f, s in pairs])
    linear = _of_ratio(ratios, definition)
    area = _of_ratio(np.array([_area(film, pairs, 0) / _area(substrate, pairs, 1)]), definition)
    frames = [_planar_frame(lattice, pairs[0][i], pairs[1][i]) for i, lattice in enumerate((film, substrate))]
    stretches, _, turn = _stretch_and_turn(frames[0], frames[1])
    principal = np.sort(_of_ratio(stretches, definition))
    return np.array([*linear, *area, linear.mean(), linear[:2].mean(), *principal, np.ptp(principal), turn])


def _tensor(
    film: FloatArray, substrate: FloatArray, definition: Definition
) -> tuple[tuple[float, float], tuple[float, float]]:
    stretches, directions, _ = _stretch_and_turn(film, substrate)
    (xx, xy), (yx, yy) = ((directions * _of_ratio(stretches, definition)) @ directions.T).tolist()
    return (xx, xy), (yx, yy)


def directions_of_match(match: Match, max_mismatch: float = 0.1) -> tuple[list[DirectionPair], list[str]]:
    """The two cell vectors of a match, and where few lattice planes of both fit, the stacking along the normals.

    Parameters
    ----------
    match : Match
        Gives the planes and the cell.
    max_mismatch : float
        Largest difference of the stacked heights; up to four planes of each are tried, fewest first.

    Returns
    -------
    pairs : list of (film uvw, substrate uvw)
        For `describe_mismatch`.
    labels : list of str
        Their names.
    """
    film = np.array(match.film_matrix) @ match.film.basis_uvw
    substrate = np.array(match.substrate_matrix) @ match.substrate.basis_uvw
    pairs: list[DirectionPair] = [(f.tolist(), s.tolist()) for f, s in zip(film, substrate, strict=True)]
    labels = [f"[{format_direction(f)}] ∥ [{format_direction(s)}]" for f, s in pairs]
    heights = match.film.d_spacing, match.substrate.d_spacing
    stacks = sorted(((m, n) for m in range(1, 5) for n in range(1, 5)), key=sum)
    for m, n in stacks:
        if abs(m * heights[0] / (n * heights[1]) - 1) <= max_mismatch:
            pairs.append((_normal_vector(match.film) * m, _normal_vector(match.substrate) * n))  # type: ignore[arg-type]
            labels.append(f"normals, {m} : {n} lattice planes")
            break
    return pairs, labels


def _normal_vector(surface: Any) -> FloatArray:
    """One lattice-plane spacing along the normal, in fractional coordinates of the cell."""
    vector = surface.cartesian_axes[2] * surface.d_spacing
    return np.asarray(surface.structure.lattice.fractional_from_cartesian(vector))


def nearest_definition(mismatch: Mismatch, published: float) -> tuple[Definition, str, Value]:
    """Which definition, over which axis or mean, comes nearest to a published number (fraction, sign ignored)."""
    candidates: list[tuple[Definition, str, Value]] = []
    for definition in DEFINITIONS:
        candidates += [(definition, axis.label, axis.values[definition]) for axis in mismatch.axes]
        candidates.append((definition, "mean of all axes", mismatch.mean[definition]))
    return min(candidates, key=lambda item: round(abs(abs(float(item[2].value or 0.0)) - abs(published)), 9))


def percent(value: Value, decimals: int = 3) -> str:
    """A fraction as percent with its esd: ``0.85(4) %``."""
    if value.value is None:
        return "–"
    return f"{format_value(100 * value.value, None if value.esd is None else 100 * value.esd, decimals)} %"
