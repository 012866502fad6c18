r"""One-dimensional profile along a row of spots through the origin.

Spots within half the width of the row contribute a Gaussian of unit height times |F|² (times 1 without atoms) at their position
along the row: :math:`I(x) = \sum_j |F_j|^2 \exp(-4 \ln 2\,(x - x_j)^2 / w^2)`, w the full width at half maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from .indices import plane_indices, written
from .overlay import Overlay
from .spots import Projection

__all__ = ["RowProfile", "row_profile"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RowProfile:
    """Intensity along a row for one or more crystals, each scaled to its own strongest spot.

    Parameters
    ----------
    label : str
        The row.
    names : tuple of str
        Labels of the projections.
    x : ndarray, shape (n,)
        Position along the row, Å⁻¹.
    intensities : tuple of ndarray, each of shape (n,)
        One per crystal, maximum 1.
    rows : tuple of ndarray of int
        Rows of the spots that contribute, one array per crystal.
    positions : tuple of ndarray
        Their positions along the row, Å⁻¹.
    hkl : tuple of ndarray of int, each of shape (m, 3)
        Their indices.
    """

    label: str
    names: tuple[str, ...]
    x: FloatArray
    intensities: tuple[FloatArray, ...]
    rows: tuple[IntArray, ...]
    positions: tuple[FloatArray, ...]
    hkl: tuple[IntArray, ...]

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import svg_text
        from ..plot.projection_row import plot_row_profile

        return svg_text(plot_row_profile(self))


def row_profile(
    item: Projection | Overlay, hkl: Sequence[int], *, width: float = 0.02, fwhm: float = 0.01, n_points: int = 2001
) -> RowProfile:
    """Profile of a projection or overlay along the row through the origin and a spot of the first crystal.

    Parameters
    ----------
    item : Projection or Overlay
        All its crystals contribute a curve.
    hkl : sequence of int
        Reciprocal vector of the first crystal that gives the direction; it need not be an allowed spot.
    width : float
        Width of the row, Å⁻¹.
    fwhm : float
        Width of the peaks, Å⁻¹.
    n_points : int
        Points of the curve.

    Raises
    ------
    GeometryError
        A row along the direction of view, widths that aren't positive, or a row without spots.
    """
    projections = item.projections if isinstance(item, Overlay) else (item,)
    first = projections[0]
    along = _direction(first, hkl)
    if not (width > 0 and fwhm > 0 and n_points > 1):
        raise GeometryError(f"row of width {width:g} Å⁻¹ with peaks of {fwhm:g} Å⁻¹;", remedy="both must be positive.")
    rows = tuple(np.flatnonzero(np.abs(p.xy @ [-along[1], along[0]]) <= width / 2) for p in projections)
    if not len(rows[0]):
        raise GeometryError(
            f"no spot of {first.label} lies on the row {written(hkl)};", remedy="raise gmax or the width."
        )
    positions = tuple(p.xy[r] @ along for p, r in zip(projections, rows, strict=True))
    reach = max(p.g_max for p in projections)
    x = np.linspace(-reach, reach, n_points)
    curves = tuple(_curve(x, p, r, at, fwhm) for p, r, at in zip(projections, rows, positions, strict=True))
    return RowProfile(f"row {written(hkl)} of {first.label}", tuple(p.label for p in projections), x, curves, rows, positions,
                      tuple(p.hkl[r] for p, r in zip(projections, rows, strict=True)))  # fmt: skip


def _direction(projection: Projection, hkl: Sequence[int]) -> FloatArray:
    vector = projection.orientation @ (
        np.array(plane_indices(hkl, projection.lattice)) @ projection.lattice.reciprocal_matrix
    )
    length = np.hypot(vector[0], vector[1])
    if length < 1e-6 * np.linalg.norm(vector):
        raise GeometryError(f"the row {written(hkl)} runs along the direction of view {projection.view.label};",
                            where=projection.name, remedy="choose a reciprocal vector in the paper.")  # fmt: skip
    return np.asarray(vector[:2] / length)


def _curve(x: FloatArray, projection: Projection, rows: IntArray, positions: FloatArray, fwhm: float) -> FloatArray:
    weights = (~projection.forbidden[rows]).astype(float)
    if projection.f_squared is not None:
        weights = projection.f_squared[rows]
    total = np.exp(-4 * np.log(2) * ((x[:, None] - positions) / fwhm) ** 2) @ weights
    return np.asarray(total / weights.max() if len(rows) and weights.max() > 0 else total)
