"""Profile along a row of spots, for print: one curve per crystal, indices above its peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..reciprocal.row_profile import RowProfile
from ..reciprocal.view import FRAME
from . import style
from .projection_head import CRYSTAL_COLOURS, NOTE
from .projection_labels import SpotLabel, index_markup, place_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_row_profile"]

_STEP = 1.35


def plot_row_profile(profile: RowProfile) -> Figure:
    """Figure of a row profile; the curves of several crystals stand above each other.

    Parameters
    ----------
    profile : RowProfile
        From `xtal.reciprocal.row_profile`.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n = len(profile.names)
    height = 1.3 + 1.2 * n
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, height))
        FigureCanvasAgg(figure)
        axis = figure.add_axes((0.03, 0.62 / height, 0.95, (height - 0.95) / height))
        axis.set(
            xlim=(profile.x[0], profile.x[-1]),
            ylim=(-0.05, _STEP * n),
            yticks=[],
            xlabel="position along the row (Å⁻¹)",
        )
        axis.spines["left"].set_visible(False)
        axis.axvline(0, color="#CCCCCC", linewidth=0.5, zorder=0)
        wishes, obstacles = [], []
        for number, (name, curve) in enumerate(zip(profile.names, profile.intensities, strict=True)):
            colour, base = CRYSTAL_COLOURS[number % len(CRYSTAL_COLOURS)], _STEP * (n - 1 - number)
            axis.plot(profile.x, base + curve, color=colour)
            axis.text(profile.x[0], base + 0.62, f" {name}", color=colour, fontsize=8, va="bottom", parse_math=False)
            tops = base + np.interp(profile.positions[number], profile.x, curve)
            for hkl, x, top in zip(profile.hkl[number], profile.positions[number], tops, strict=True):
                wishes.append(SpotLabel(index_markup(hkl.tolist()), (float(x), float(top)), 1.0, colour, True, number))
                obstacles.append((x, top, 1.0, number))
        place_labels(axis, wishes, np.array(obstacles), size=6)
        axis.set_title(profile.label, loc="left", parse_math=False)
        figure.text(0.01, 0.05 / height, f"{FRAME}; each curve scaled to its strongest spot.", fontsize=6, color=NOTE)
    return figure
