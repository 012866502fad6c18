"""Coplanar reciprocal-space map for print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..reciprocal.reciprocal_space_map import ReciprocalSpaceMap
from ..reciprocal.view import FRAME
from . import style
from .projection_head import CRYSTAL_COLOURS, NOTE
from .projection_labels import SpotLabel, index_markup, place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_reciprocal_space_map"]


def plot_reciprocal_space_map(space_map: ReciprocalSpaceMap) -> Figure:
    """Figure of a map: discs for the first crystal, rings for the others; grey where the sample hides the beam.

    Parameters
    ----------
    space_map : ReciprocalSpaceMap
        From `xtal.reciprocal.reciprocal_space_map`.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    reach = 1.1 * max(
        (float(np.hypot(c.q_parallel, c.q_perpendicular).max(initial=0)) for c in space_map.crystals), default=1.0
    )
    reach = reach or 1.0
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 4.6))
        FigureCanvasAgg(figure)
        axis = figure.add_axes((0.09, 0.15, 0.88, 0.76))
        axis.set(xlim=(-reach, reach), ylim=(0, reach), aspect="equal", xlabel="$Q_∥$ (Å⁻¹)", ylabel="$Q_⊥$ (Å⁻¹)")
        axis.apply_aspect()
        _draw_hidden(axis, 2 * np.pi / space_map.wavelength)
        wishes, obstacles = [], []
        for number, points in enumerate(space_map.crystals):
            colour = CRYSTAL_COLOURS[number % len(CRYSTAL_COLOURS)]
            face = "none" if number else colour
            axis.scatter(points.q_parallel, points.q_perpendicular, s=26 if number else 12, facecolors=face, edgecolors=colour,
                         linewidths=0.9, label=points.name, zorder=3)  # fmt: skip
            for hkl, x, y in zip(points.hkl, points.q_parallel, points.q_perpendicular, strict=True):
                wishes.append(
                    SpotLabel(index_markup(hkl.tolist()), (float(x), float(y)), 2.6, colour, not number, number)
                )
                obstacles.append((x, y, 2.6, number))
        place_labels(axis, wishes, np.array(obstacles).reshape(-1, 4), size=6)
        axis.set_title(
            f"coplanar map, azimuth {space_map.azimuth}, λ = {space_map.wavelength:g} Å", loc="left", parse_math=False
        )
        axis.legend(loc="upper right", ncols=len(space_map.crystals))
        figure.text(0.01, 0.01, f"{FRAME}; grey: ω or 2θ − ω below 0°.", fontsize=6, color=NOTE)
    return figure


def _draw_hidden(axis: Axes, k: float) -> None:
    """The two half discs in which the incident or the diffracted beam would pass through the sample."""
    from matplotlib.patches import Circle

    for side in (-1, 1):
        axis.add_patch(Circle((side * k, 0), k, color="#EEEEEE", linewidth=0, zorder=0))
