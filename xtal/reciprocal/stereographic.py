r"""Stereographic projection of planes and directions, upper and lower hemisphere, and the great circles of zones.

A unit vector p in the paper frame goes to :math:`(x, y) / (1 + |z|)`, the equal-angle projection from the opposite pole onto the
equatorial plane: angles are kept, a pole at angle ρ from the viewer lies at :math:`\tan(\rho/2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..structure import Structure
from .indices import Indices, coprime, direction_indices, plane_indices
from .view import View

__all__ = [
    "PoleFigure",
    "Stereogram",
    "great_circle",
    "low_index_family",
    "pole_figure",
    "stereogram",
    "stereographic_xy",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
PoleKind = Literal["planes", "directions"]


@dataclass(frozen=True, eq=False)
class PoleFigure:
    """Poles of one crystal.

    Parameters
    ----------
    name : str
        Name of the crystal.
    view : View
        Direction of view, the centre of the net.
    kind : {"planes", "directions"}
        What the poles are.
    indices : ndarray of int, shape (n, 3)
        hkl or uvw.
    xy : ndarray, shape (n, 2)
        On the net of radius 1.
    upper : ndarray of bool, shape (n,)
        Whether the pole is on the viewer's hemisphere (equator included).
    zones : tuple of (uvw, ndarray of shape (m, 2))
        Zones and the arcs of their great circles on the viewer's hemisphere.
    """

    name: str
    view: View
    kind: PoleKind
    indices: IntArray
    xy: FloatArray
    upper: BoolArray
    zones: tuple[tuple[Indices, FloatArray], ...] = ()


@dataclass(frozen=True, eq=False)
class Stereogram:
    """Pole figures on one net; draws itself in a notebook.

    Parameters
    ----------
    figures : tuple of PoleFigure
        One or more crystals or kinds of poles.
    """

    figures: tuple[PoleFigure, ...]

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import svg_text
        from ..plot.projection_stereographic import plot_stereogram

        return svg_text(plot_stereogram(self))


def stereographic_xy(vectors: ArrayLike) -> tuple[FloatArray, BoolArray]:
    """Positions of paper-frame vectors (n, 3) on the unit net, and whether they are on the viewer's hemisphere."""
    p = np.asarray(vectors, dtype=float).reshape(-1, 3)
    p = p / np.linalg.norm(p, axis=1, keepdims=True)
    return p[:, :2] / (1 + np.abs(p[:, 2:])), p[:, 2] >= -1e-12


def great_circle(axis: ArrayLike, n_points: int = 181) -> FloatArray:
    """Arc of the plane perpendicular to a paper-frame vector on the viewer's hemisphere, (n_points, 2)."""
    normal = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    start = np.array([-normal[1], normal[0], 0.0])
    start = np.array([1.0, 0.0, 0.0]) if np.linalg.norm(start) < 1e-9 else start / np.linalg.norm(start)
    rising = np.cross(normal, start)
    rising = -rising if rising[2] < 0 else rising
    whole = 2.0 if abs(rising[2]) < 1e-9 else 1.0
    t = np.linspace(0, whole * np.pi, n_points)[:, None]
    return stereographic_xy(np.cos(t) * start + np.sin(t) * rising)[0]


def low_index_family(largest: int = 1) -> list[Indices]:
    """All coprime indices up to a largest value, simple ones first."""
    axis = np.arange(-largest, largest + 1)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    found = {coprime(vector) for vector in grid.tolist() if any(vector)}
    return sorted(found, key=lambda vector: (sum(value * value for value in vector), [-value for value in vector]))


def pole_figure(
    crystal: Structure | Lattice,
    view: View,
    indices: Sequence[Sequence[int]] | None = None,
    *,
    kind: PoleKind = "planes",
    zones: Sequence[Sequence[int]] = (),
) -> PoleFigure:
    """Poles of planes or directions, with the great circles of zones.

    Parameters
    ----------
    crystal : Structure or Lattice
        Only its cell matters.
    view : View
        Centre of the net.
    indices : sequence, optional
        Planes (hkl, hkil) or directions (uvw, UVTW); by default all with indices up to 1.
    kind : {"planes", "directions"}
        What they are.
    zones : sequence
        Zone axes whose great circles are drawn: the planes of the zone lie on it.

    Raises
    ------
    GeometryError
        Indices without meaning, or an unknown kind.
    """
    if kind not in ("planes", "directions"):
        raise GeometryError(f"poles of {kind!r};", where="stereogram", remedy="ask for planes or directions.")
    lattice = crystal.lattice if isinstance(crystal, Structure) else crystal
    read, basis = (
        (plane_indices, lattice.reciprocal_matrix) if kind == "planes" else (direction_indices, lattice.matrix)
    )
    wanted = np.array(
        [read(one, lattice) for one in (low_index_family() if indices is None else indices)], dtype=np.int64
    )
    orientation = view.orientation(lattice)
    xy, upper = stereographic_xy(wanted @ basis @ orientation.T)
    arcs = tuple(
        (uvw, great_circle(np.array(uvw) @ lattice.matrix @ orientation.T))
        for uvw in (direction_indices(zone, lattice) for zone in zones)
    )
    name = crystal.name if isinstance(crystal, Structure) else "lattice"
    return PoleFigure(name, view, kind, wanted, xy, upper, arcs)


def stereogram(*figures: PoleFigure) -> Stereogram:
    """Pole figures on one net.

    Raises
    ------
    GeometryError
        None given.
    """
    if not figures:
        raise GeometryError("a stereogram without poles;", remedy="give at least one pole figure.")
    return Stereogram(figures)
