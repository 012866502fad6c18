"""Two or more crystals on one paper, every further one aligned and paired with the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import GeometryError
from ..lattice import Lattice
from ..structure import Structure
from .alignment import Alignment, aligned_view
from .indices import written
from .intensities import Probe
from .lattice_points import calculate_lattice_points
from .pairs import TOLERANCE, Pairs, pair_spots
from .spots import Projection, project_points
from .view import View

__all__ = ["Overlay", "overlay"]


@dataclass(frozen=True, eq=False)
class Overlay:
    """Projections of two or more crystals on one paper, every further crystal paired with the first.

    Parameters
    ----------
    projections : tuple of Projection
        All on the same paper.
    pairs : tuple of Pairs
        One per further crystal.
    alignments : tuple of Alignment or None
        Direction ∥ direction of each further crystal; None where the views' own right-hand directions were kept.
    rotations : tuple of float
        By how much each further crystal was then turned, degrees counterclockwise.
    """

    projections: tuple[Projection, ...]
    pairs: tuple[Pairs, ...]
    alignments: tuple[Alignment | None, ...]
    rotations: tuple[float, ...]

    @property
    def relation(self) -> str:
        """Orientation relations in words: ``"(100) ∥ (001), [010] ∥ [100]"``, one per further crystal."""
        first = self.projections[0]
        return "; ".join(
            f"{first.view.label} ∥ {other.view.label}"
            + (f", [{written(alignment[0])}] ∥ [{written(alignment[1])}]" if alignment else "")
            for other, alignment in zip(self.projections[1:], self.alignments, strict=True)
        )

    def _repr_svg_(self) -> str:
        """Figure for notebooks."""
        from ..plot.projection import plot_projections, svg_text

        return svg_text(plot_projections([self]))


def overlay(
    crystals: Sequence[Structure | Lattice],
    views: Sequence[View],
    *,
    align: Sequence[Alignment | None] | None = None,
    rotation: float | Sequence[float] = 0.0,
    tolerance: float = TOLERANCE,
    g_max: float = 1.2,
    layer: int = 0,
    slab: tuple[float, float] | None = None,
    probe: Probe | None = None,
    show_forbidden: bool = False,
    lattice_only: bool = False,
) -> Overlay:
    """Overlay of crystals: the first keeps its view, the others are aligned with it and turned.

    Parameters
    ----------
    crystals : sequence of Structure or Lattice
        Two or more; the first is the film in the sign of every mismatch.
    views : sequence of View
        One per crystal.
    align : sequence, optional
        For each further crystal a pair (direction of the first crystal, direction of this one) that are made parallel, or None
        to lay the right-hand directions of both views on each other.
    rotation : float or sequence of float
        Turns each further crystal counterclockwise from there, degrees.
    tolerance : float
        See `pair_spots`.
    g_max, layer, slab, probe, show_forbidden, lattice_only
        See `xtal.reciprocal.project`.

    Raises
    ------
    GeometryError
        Fewer than two crystals, a number of views, alignments or angles that doesn't fit, directions that aren't in the planes.
    """
    others = len(crystals) - 1
    relations = tuple(align) if align is not None else (None,) * others
    angles = (float(rotation),) * others if isinstance(rotation, (int, float)) else tuple(rotation)
    if others < 1 or not len(views) == others + 1 == len(relations) + 1 == len(angles) + 1:
        raise GeometryError(f"{len(crystals)} crystals, {len(views)} views, {len(relations)} alignments, {len(angles)} angles;",
                            where="overlay", remedy="give two or more crystals, a view for each, an alignment and angle for each but the first.")  # fmt: skip
    points = [calculate_lattice_points(crystal, g_max, probe=probe, lattice_only=lattice_only) for crystal in crystals]
    turned = [views[0]] + [
        aligned_view(points[0].lattice, views[0], point.lattice, view, relation).turned(angle)
        for point, view, relation, angle in zip(points[1:], views[1:], relations, angles, strict=True)
    ]
    drawn = tuple(
        project_points(point, view, layer=layer, slab=slab, show_forbidden=show_forbidden)
        for point, view in zip(points, turned, strict=True)
    )
    return Overlay(drawn, tuple(pair_spots(drawn[0], other, tolerance) for other in drawn[1:]), relations, angles)
