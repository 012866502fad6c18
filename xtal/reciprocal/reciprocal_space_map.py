r"""Coplanar reciprocal-space map: where the reflections of a film and its substrate lie in :math:`Q_\parallel, Q_\perp` and in ω–2θ.

Sample frame: the surface normal is the first crystal's direction of view; the azimuth, an in-plane direction, lies in the
scattering plane. :math:`Q = 2\pi g`. The angles come from xrayutilities (an optional part of the installation), which for this geometry
means :math:`2\theta = 2\arcsin(\lambda|g|/2)` and :math:`\omega = \theta + \arctan(Q_\parallel/Q_\perp)`: grazing exit for
:math:`Q_\parallel > 0`, along the beam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError, MissingPartError
from ..lattice import Lattice
from ..structure import Structure
from .alignment import Alignment, aligned_view, check_in_plane
from .indices import direction_indices, written
from .intensities import Probe
from .lattice_points import LatticePoints, calculate_lattice_points
from .view import View

__all__ = ["MapPoints", "ReciprocalSpaceMap", "reciprocal_space_map"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_COPLANAR = 1e-3


@dataclass(frozen=True, eq=False)
class MapPoints:
    """Reflections of one crystal in the map, by rising |Q|.

    Parameters
    ----------
    name : str
        Name of the crystal.
    hkl : ndarray of int, shape (n, 3)
        Miller indices.
    q_parallel, q_perpendicular : ndarray, shape (n,)
        Components of Q along the azimuth and the surface normal, Å⁻¹ (with 2π).
    omega, two_theta : ndarray, shape (n,)
        Angle of incidence and scattering angle, degrees.
    f_squared : ndarray, shape (n,), or None
        |F|²; None without atoms.
    """

    name: str
    hkl: IntArray
    q_parallel: FloatArray
    q_perpendicular: FloatArray
    omega: FloatArray
    two_theta: FloatArray
    f_squared: FloatArray | None

    def __len__(self) -> int:
        return len(self.hkl)

    def to_table(self) -> list[dict[str, Any]]:
        """One dictionary per reflection: crystal, h, k, l, q_parallel, q_perpendicular (Å⁻¹), omega, two_theta (°)."""
        return [
            {"crystal": self.name, "h": int(h), "k": int(k), "l": int(l), "q_parallel": float(self.q_parallel[row]),
             "q_perpendicular": float(self.q_perpendicular[row]), "omega": float(self.omega[row]),
             "two_theta": float(self.two_theta[row])}
            for row, (h, k, l) in enumerate(self.hkl)
        ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class ReciprocalSpaceMap:
    """Reflections that a coplanar measurement reaches.

    Parameters
    ----------
    crystals : tuple of MapPoints
        In the order given.
    azimuth : str
        In-plane direction of the first crystal.
    wavelength : float
        Å.
    """

    crystals: tuple[MapPoints, ...]
    azimuth: str
    wavelength: float

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import svg_text
        from ..plot.projection_map import plot_reciprocal_space_map

        return svg_text(plot_reciprocal_space_map(self))


def reciprocal_space_map(
    crystals: Sequence[Structure | Lattice],
    views: Sequence[View],
    azimuth: Sequence[int],
    *,
    align: Sequence[Alignment | None] | None = None,
    wavelength: float = 1.5405929,
    g_max: float = 1.0,
    lattice_only: bool = False,
) -> ReciprocalSpaceMap:
    """Map coordinates of every reflection that lies in the scattering plane and can be reached.

    Parameters
    ----------
    crystals : sequence of Structure or Lattice
        Substrate and film, or only one.
    views : sequence of View
        The planes parallel to the surface.
    azimuth : sequence of int
        In-plane direction [uvw] of the first crystal, along the beam.
    align : sequence, optional
        Orientation relation of each further crystal, as in `xtal.reciprocal.overlay`.
    wavelength : float
        Å.
    g_max : float
        Largest 1/d, Å⁻¹.
    lattice_only : bool
        Leave out |F|².

    Raises
    ------
    GeometryError
        Directions that aren't in the planes, or a number of views or alignments that doesn't fit.
    MissingPartError
        xrayutilities isn't installed.
    """
    relations = tuple(align) if align is not None else (None,) * (len(crystals) - 1)
    if not crystals or not len(crystals) == len(views) == len(relations) + 1:
        raise GeometryError(f"{len(crystals)} crystals, {len(views)} views, {len(relations)} alignments;", where="map",
                            remedy="give a view for each crystal and an alignment for each but the first.")  # fmt: skip
    goniometer = _goniometer(wavelength)
    probe = Probe("xray", wavelength)
    points = [calculate_lattice_points(crystal, g_max, probe=probe, lattice_only=lattice_only) for crystal in crystals]
    first = points[0].lattice
    check_in_plane(first, views[0], azimuth)
    turned = [views[0]] + [
        aligned_view(first, views[0], other.lattice, view, relation)
        for other, view, relation in zip(points[1:], views[1:], relations, strict=True)
    ]
    along = views[0].orientation(first) @ (np.array(direction_indices(azimuth, first)) @ first.matrix)
    mapped = tuple(
        _mapped(p, view, along / np.linalg.norm(along), goniometer, wavelength)
        for p, view in zip(points, turned, strict=True)
    )
    return ReciprocalSpaceMap(mapped, f"[{written(azimuth)}] of {points[0].name}", wavelength)


def _goniometer(wavelength: float) -> Any:
    try:
        import xrayutilities
    except ImportError as error:
        raise MissingPartError(
            "reciprocal-space maps need xrayutilities, which isn't installed; install it with 'pip install xtal-toolkit[xrayutilities]'."
        ) from error
    return xrayutilities.HXRD([0, 1, 0], [0, 0, 1], wl=wavelength)


def _mapped(points: LatticePoints, view: View, along: FloatArray, goniometer: Any, wavelength: float) -> MapPoints:
    paper = points.g @ view.orientation(points.lattice).T
    parallel, perpendicular = paper @ along, paper[:, 2]
    aside = paper @ np.array([-along[1], along[0], 0.0])
    rows = np.flatnonzero(
        (np.abs(aside) < _COPLANAR) & (perpendicular > 1e-6) & ~points.forbidden & (points.g_length < 2 / wavelength)
    )
    q = 2 * np.pi * np.column_stack([parallel[rows], perpendicular[rows]])
    angles = np.array([goniometer.Q2Ang([0.0, y, z], trans=False, geometry="real") for y, z in q]).reshape(-1, 4)
    omega, two_theta = angles[:, 0], angles[:, 3]
    seen = (omega > 0) & (omega < two_theta)
    squared = None if points.f_squared is None else points.f_squared[rows][seen]
    return MapPoints(points.name, points.hkl[rows][seen], q[seen, 0], q[seen, 1], omega[seen], two_theta[seen], squared)
