"""Stereographic projection for print: poles of planes or directions of one or more crystals, great circles of zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..reciprocal.stereographic import PoleFigure, Stereogram
from ..reciprocal.view import FRAME
from . import style
from .projection_head import CRYSTAL_COLOURS, NOTE
from .projection_labels import SpotLabel, index_markup, place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_stereogram"]

_SIDE, _HEAD, _LINE = 5.0, 0.1, 0.17
_RADIUS = 2.0


def plot_stereogram(net: Stereogram) -> Figure:
    """Figure of a stereogram.

    Parameters
    ----------
    net : Stereogram
        Upper poles are filled, lower ones open; discs are planes, squares directions; each crystal has a colour.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Circle

    head = _HEAD + _LINE * len(net.figures)
    height = _SIDE + head + 0.25
    with style.print_style():
        figure = Figure(figsize=(_SIDE, height))
        FigureCanvasAgg(figure)
        axis = figure.add_axes((0, 0.25 / height, 1, _SIDE / height))
        axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
        axis.set_axis_off()
        axis.add_patch(Circle((0, 0), 1, fill=False, edgecolor=style.BLACK, linewidth=0.8))
        axis.plot([-1, 1, np.nan, 0, 0], [0, 0, np.nan, -1, 1], color="#DDDDDD", linewidth=0.5, zorder=0)
        for number, poles in enumerate(net.figures):
            _draw_poles(axis, poles, CRYSTAL_COLOURS[number % len(CRYSTAL_COLOURS)], number)
        _label_poles(axis, net)
        figure.text(
            0.02,
            0.06 / height,
            f"{FRAME}; equal angles; filled: towards the reader, open: away.",
            fontsize=6,
            color=NOTE,
        )
    return figure


def _draw_poles(axis: Axes, poles: PoleFigure, colour: str, number: int) -> None:
    marker = "o" if poles.kind == "planes" else "s"
    for _, arc in poles.zones:
        axis.plot(arc[:, 0], arc[:, 1], color=colour, linewidth=0.6, alpha=0.7, zorder=1)
    up, size = poles.upper, (2 * _RADIUS) ** 2
    axis.scatter(
        poles.xy[~up, 0],
        poles.xy[~up, 1],
        s=size * 1.6,
        marker=marker,
        facecolors="none",
        edgecolors=colour,
        linewidths=0.7,
        zorder=3,
    )
    axis.scatter(poles.xy[up, 0], poles.xy[up, 1], s=size, marker=marker, color=colour, linewidths=0, zorder=3)
    kind = "planes" if poles.kind == "planes" else "directions"
    zones = f", zones {', '.join(f'[{index_markup(zone)}]' for zone, _ in poles.zones)}" if poles.zones else ""
    axis.annotate(f"{'●' if marker == 'o' else '■'} {poles.name}: {kind}{zones}; centre {poles.view.label}", (0.02, 1.0),
                  xycoords="axes fraction", xytext=(0, -72 * _LINE * number + 72 * _LINE), textcoords="offset points", color=colour,
                  fontsize=7.5, annotation_clip=False)  # fmt: skip


def _label_poles(axis: Axes, net: Stereogram) -> None:
    obstacles, wishes = [], []
    for number, poles in enumerate(net.figures):
        obstacles.append(np.column_stack([poles.xy, np.full(len(poles.xy), _RADIUS), np.full(len(poles.xy), number)]))
        left, right = "()" if poles.kind == "planes" else "[]"
        for row in np.lexsort((np.abs(poles.indices).sum(axis=1), ~poles.upper)):
            text = (
                f"{left}{index_markup(poles.indices[row].tolist())}{right}"
                if number
                else index_markup(poles.indices[row].tolist())
            )
            if poles.kind == "directions":
                text = f"[{index_markup(poles.indices[row].tolist())}]"
            place = (float(poles.xy[row, 0]), float(poles.xy[row, 1]))
            wishes.append(
                SpotLabel(text, place, _RADIUS, CRYSTAL_COLOURS[number % len(CRYSTAL_COLOURS)], number == 0, number)
            )
    place_labels(axis, wishes, np.concatenate(obstacles), size=6)
