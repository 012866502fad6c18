r"""Sections and projections of reciprocal space: the spots that a view shows.

A section is one Laue layer, :math:`hu + kv + lw = n` for the zone axis [uvw] of the view; a slab keeps the spots whose height
along the direction of view lies between two limits. Spots are projected onto the paper along the direction of view.

Excitation error of electrons: the beam runs from the viewer into the paper, the Ewald sphere of radius 1/λ has its centre on the
viewer's side, and :math:`s = z - (1/\lambda - \sqrt{1/\lambda^2 - r^2})` is the distance along the beam from the sphere to the
spot at height z and radius r, positive inside the sphere (Williams & Carter, Transmission Electron Microscopy, chap. 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..structure import Structure
from .indices import Indices, written
from .intensities import Probe
from .lattice_points import LatticePoints, calculate_lattice_points
from .view import View

__all__ = ["Projection", "project", "project_points", "project_views"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Projection:
    """Spots of one crystal as a view shows them, by rising |g|; the origin (the direct beam) is left out.

    Parameters
    ----------
    name : str
        Name of the crystal.
    lattice : Lattice
        Its cell.
    view : View
        Direction of view.
    orientation : ndarray, shape (3, 3)
        Rows right, up, viewer in the crystal frame.
    zone_axis : tuple of int or None
        Axis [uvw] whose layers are counted; None for a slab without one.
    zone_tilt : float
        Angle between that axis and the direction of view, degrees; zero for a view along a zone axis.
    layer : int or None
        Number of the Laue layer; None for a slab.
    slab : tuple of float or None
        Limits of the height, Å⁻¹; None for a layer.
    g_max : float
        Radius of the sphere that was searched, Å⁻¹.
    hkl : ndarray of int, shape (n, 3)
        Miller indices.
    xy : ndarray, shape (n, 2)
        Position on the paper, Å⁻¹, x to the right and y up.
    height : ndarray, shape (n,)
        Height above the paper, towards the viewer, Å⁻¹.
    g_length : ndarray, shape (n,)
        1/d, Å⁻¹.
    forbidden : ndarray of bool, shape (n,)
        Systematically absent by the space group.
    f_squared : ndarray, shape (n,), or None
        |F|², in the probe's unit; None without atoms.
    excitation_error : ndarray, shape (n,), or None
        Å⁻¹, positive inside the Ewald sphere, NaN beyond its equator; electrons only.
    probe : Probe or None
        What |F|² belongs to.
    """

    name: str
    lattice: Lattice
    view: View
    orientation: FloatArray
    zone_axis: Indices | None
    zone_tilt: float
    layer: int | None
    slab: tuple[float, float] | None
    g_max: float
    hkl: IntArray
    xy: FloatArray
    height: FloatArray
    g_length: FloatArray
    forbidden: BoolArray
    f_squared: FloatArray | None
    excitation_error: FloatArray | None
    probe: Probe | None

    def __len__(self) -> int:
        return len(self.hkl)

    @property
    def d_spacing(self) -> FloatArray:
        """Å, (n,)."""
        return np.asarray(1 / self.g_length)

    @property
    def q(self) -> FloatArray:
        """Scattering vectors 2π/d, Å⁻¹, (n,)."""
        return np.asarray(2 * np.pi * self.g_length)

    @property
    def radius(self) -> FloatArray:
        """Distances from the origin on the paper, Å⁻¹, (n,)."""
        return np.asarray(np.hypot(self.xy[:, 0], self.xy[:, 1]))

    @property
    def label(self) -> str:
        """Name and view: ``"llto (001)"``."""
        return f"{self.name} {self.view.label}"

    @property
    def description(self) -> str:
        """Frame, zone axis and layer in one line, as figures carry it."""
        axis = "" if self.zone_axis is None else f"zone axis [{written(self.zone_axis)}]"
        if self.zone_axis is not None and self.zone_tilt > 0.005:
            axis += f" ({self.zone_tilt:.2f}° off)"
        what = f"layer {self.layer}" if self.slab is None else f"slab {self.slab[0]:g} to {self.slab[1]:g} Å⁻¹"
        return "; ".join(part for part in (f"{self.label}: {axis}" if axis else self.label, what) if part)

    @cached_property
    def in_paper(self) -> IntArray:
        """Rows of the distinct positions on the paper that aren't forbidden or at the origin, the lowest spot of each."""
        order = np.lexsort((np.round(np.abs(self.height), 9),))
        usable = order[~self.forbidden[order] & (self.radius[order] > 1e-6)]
        _, first = np.unique(np.round(self.xy[usable], 7), axis=0, return_index=True)
        return np.sort(usable[first])

    def index(self, h: int, k: int, l: int) -> int:
        """Row of a spot.

        Raises
        ------
        GeometryError
            The projection doesn't hold it.
        """
        rows = np.flatnonzero((self.hkl == (h, k, l)).all(axis=1))
        if not rows.size:
            raise GeometryError(f"spot {h} {k} {l} is not in this projection;", where=self.label,
                                remedy="it is absent, out of range or in another layer.")  # fmt: skip
        return int(rows[0])

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import plot_projections, svg_text

        return svg_text(plot_projections([self]))


def project(
    crystal: Structure | Lattice,
    view: View,
    *,
    g_max: float = 1.2,
    layer: int = 0,
    slab: tuple[float, float] | None = None,
    probe: Probe | None = None,
    show_forbidden: bool = False,
    lattice_only: bool = False,
) -> Projection:
    """Spots of a crystal as a view shows them.

    Parameters
    ----------
    crystal : Structure or Lattice
        A lattice gives spots without |F|² and without absences.
    view : View
        Direction of view.
    g_max : float
        Largest |g| = 1/d, Å⁻¹.
    layer : int
        Laue layer, hu + kv + lw = layer; towards the viewer when positive.
    slab : tuple of float, optional
        Limits of the height above the paper in Å⁻¹; all spots between are projected and `layer` isn't used.
    probe : Probe, optional
        X-rays (Cu Kα1) when none is given.
    show_forbidden : bool
        Keep systematically absent spots, marked as such.
    lattice_only : bool
        Leave out |F|².

    Raises
    ------
    GeometryError
        A view without meaning for this cell, no zone axis near the view when a layer is asked for, fewer than two spots.
    """
    points = calculate_lattice_points(crystal, g_max, probe=probe, lattice_only=lattice_only)
    return project_points(points, view, layer=layer, slab=slab, show_forbidden=show_forbidden)


def project_views(
    crystal: Structure | Lattice,
    views: Iterable[View],
    *,
    g_max: float = 1.2,
    layer: int = 0,
    slab: tuple[float, float] | None = None,
    probe: Probe | None = None,
    show_forbidden: bool = False,
    lattice_only: bool = False,
) -> list[Projection]:
    """Projections of a crystal along many views; structure factors are computed once. Parameters and errors as in `project`."""
    points = calculate_lattice_points(crystal, g_max, probe=probe, lattice_only=lattice_only)
    return [project_points(points, view, layer=layer, slab=slab, show_forbidden=show_forbidden) for view in views]


def project_points(
    points: LatticePoints,
    view: View,
    *,
    layer: int = 0,
    slab: tuple[float, float] | None = None,
    show_forbidden: bool = False,
) -> Projection:
    """Projection of points that are already computed; parameters and errors as in `project`."""
    orientation = view.orientation(points.lattice)
    zone = view.zone_axis(points.lattice)
    rows = _rows_of_layer(points, view, zone, layer) if slab is None else _rows_of_slab(points, orientation, slab)
    if not show_forbidden:
        rows = rows[~points.forbidden[rows]]
    if len(rows) < 2:
        raise GeometryError(_too_few(points, view, len(rows), layer if slab is None else None),
                            where=points.name, remedy="raise gmax, or choose another layer or view.")  # fmt: skip
    paper = points.g[rows] @ orientation.T
    squared = None if points.f_squared is None else points.f_squared[rows]
    return Projection(
        points.name, points.lattice, view, orientation, zone[0] if zone else None, zone[1] if zone else 0.0,
        layer if slab is None else None, slab, points.g_max, points.hkl[rows], paper[:, :2], paper[:, 2],
        points.g_length[rows], points.forbidden[rows], squared, _excitation_error(paper, points.probe), points.probe,
    )  # fmt: skip


def _rows_of_layer(points: LatticePoints, view: View, zone: tuple[Indices, float] | None, layer: int) -> IntArray:
    if zone is None:
        raise GeometryError(f"the direction of view {view.label} is not within 0.5° of a simple zone axis, so it has no layers;",
                            where=points.name, remedy="give a zone axis, or the limits of a slab.")  # fmt: skip
    return np.flatnonzero(points.hkl @ np.array(zone[0]) == layer)


def _rows_of_slab(points: LatticePoints, orientation: FloatArray, slab: Sequence[float]) -> IntArray:
    low, high = slab
    if not low <= high:
        raise GeometryError(f"slab from {low:g} to {high:g} Å⁻¹;", remedy="give the lower limit first.")
    height = points.g @ orientation[2]
    return np.flatnonzero((height >= low - 1e-9) & (height <= high + 1e-9))


def _too_few(points: LatticePoints, view: View, found: int, layer: int | None) -> str:
    where = "the slab" if layer is None else f"layer {layer}"
    number = "no spot" if found == 0 else "one spot"
    return (
        f"{where} seen along {view.label} holds {number}, gmax = {points.g_max:g} Å⁻¹ is too small to hold two spots;"
    )


def _excitation_error(paper: FloatArray, probe: Probe | None) -> FloatArray | None:
    if probe is None or probe.kind != "electron":
        return None
    radius = 1 / probe.wavelength
    under = radius**2 - paper[:, 0] ** 2 - paper[:, 1] ** 2
    return np.asarray(paper[:, 2] - (radius - np.sqrt(np.where(under >= 0, under, np.nan))))
