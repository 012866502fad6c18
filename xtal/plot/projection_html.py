"""Interactive projections: one HTML file that works offline; pointing at a spot shows its indices, d, |F|² and its partner."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..reciprocal.indices import written
from ..reciprocal.overlay import Overlay
from ..reciprocal.pairs import Pairs
from ..reciprocal.spots import Projection
from ..reciprocal.view import FRAME
from .projection import spot_sizes
from .projection_head import COINCIDENT, CRYSTAL_COLOURS, percent

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

__all__ = ["interactive_figure", "projection_html"]

_PANEL_PIXELS = 620
_ACROSS = 2
_BUTTONS = ("toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d")
"""Buttons by name, because the default set holds one that sends the figure to a server."""

_POINT = 2.6
"""Pixels of marker diameter per point of the print figure's radius."""


def projection_html(items: Sequence[Projection | Overlay], *, title: str = "Reciprocal-lattice projections") -> str:
    """A whole HTML page that needs nothing else, neither files nor network.

    Parameters
    ----------
    items : sequence of Projection or Overlay
        One panel each.
    title : str
        Of the page.

    Raises
    ------
    InputError
        Nothing to draw.
    """
    figure = interactive_figure(items)
    config = {"displaylogo": False, "scrollZoom": True, "responsive": False, "modeBarButtons": [list(_BUTTONS)]}
    plot = figure.to_html(full_html=False, include_plotlyjs=True, config=config, div_id="projections")
    style = "body{font-family:system-ui,sans-serif;margin:1rem}p{color:#555;font-size:0.85rem}"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><style>{style}</style></head><body>{plot}'
        f"<p>{escape(FRAME)}; plane normals and zone axes point at the reader; |g| = 1/d. "
        "Drag to zoom, double-click to reset, click a name to hide a crystal.</p></body></html>\n"
    )


def interactive_figure(items: Sequence[Projection | Overlay]) -> Figure:
    """Plotly figure with one panel per projection or overlay.

    Raises
    ------
    InputError
        Nothing to draw.
    """
    from plotly.subplots import make_subplots

    if not items:
        raise InputError("no projections;", where="figure", remedy="give at least one.")
    across = min(_ACROSS, len(items))
    rows = -(-len(items) // across)
    figure = make_subplots(rows=rows, cols=across, subplot_titles=[escape(_title(item)) for item in items],
                           horizontal_spacing=0.08, vertical_spacing=0.1 / rows)  # fmt: skip
    for index, item in enumerate(items):
        row, column = index // across + 1, index % across + 1
        for trace in _traces(item, legend=index == 0):
            figure.add_trace(trace, row=row, col=column)
        _set_axes(figure, item, index, row, column)
    figure.update_layout(width=_PANEL_PIXELS * across + 60, height=_PANEL_PIXELS * rows + 100, template="plotly_white",
                         hovermode="closest", hoverlabel_align="left", margin={"l": 60, "r": 20, "t": 70, "b": 90},
                         legend={"orientation": "h", "y": -0.09 / rows, "yanchor": "top", "x": 0})  # fmt: skip
    return figure


def _title(item: Projection | Overlay) -> str:
    if not isinstance(item, Overlay):
        return item.description
    return f"{' + '.join(projection.label for projection in item.projections)}: {item.relation}"


def _set_axes(figure: Figure, item: Projection | Overlay, index: int, row: int, column: int) -> None:
    projections = item.projections if isinstance(item, Overlay) else (item,)
    reach = 1.05 * max(projection.g_max for projection in projections)
    options: dict[str, Any] = {"range": [-reach, reach], "zeroline": False, "showgrid": False, "ticks": "outside",
                               "row": row, "col": column}  # fmt: skip
    figure.update_xaxes(title_text="Å⁻¹", constrain="domain", **options)
    figure.update_yaxes(title_text="Å⁻¹", scaleanchor=f"x{index + 1 if index else ''}", constrain="domain", **options)


def _traces(item: Projection | Overlay, *, legend: bool) -> list[Scatter]:
    from plotly.graph_objects import Scatter

    projections = item.projections if isinstance(item, Overlay) else (item,)
    pairs = item.pairs if isinstance(item, Overlay) else ()
    traces = [_coincidence(pair, legend=legend and number == 0) for number, pair in enumerate(pairs)]
    traces.append(Scatter(x=[0], y=[0], mode="markers", marker={"symbol": "cross-thin-open", "color": "black", "size": 10},
                          hovertemplate="direct beam<extra></extra>", showlegend=False))  # fmt: skip
    for index in reversed(range(len(projections))):
        traces.append(_spots(projections[index], index, pairs))
    return traces


def _coincidence(pairs: Pairs, *, legend: bool) -> Scatter:
    from plotly.graph_objects import Scatter

    middle = (pairs.first.xy[pairs.rows_1] + pairs.second.xy[pairs.rows_2]) / 2
    return Scatter(x=middle[:, 0], y=middle[:, 1], mode="markers", hoverinfo="skip", showlegend=legend,
                   name=f"coincident within {100 * pairs.tolerance:g} %", marker={"color": COINCIDENT, "size": 19})  # fmt: skip


def _spots(projection: Projection, index: int, pairs: Sequence[Pairs]) -> Scatter:
    from plotly.graph_objects import Scatter

    ring = index > 0
    symbols = np.where(projection.forbidden, "x-thin-open", "circle-open" if ring else "circle")
    colour = CRYSTAL_COLOURS[index % len(CRYSTAL_COLOURS)]
    marker = {
        "color": colour,
        "symbol": symbols,
        "opacity": 1.0,
        "size": 2 * _POINT * spot_sizes(projection, ring=ring),
        "line": {"width": 1.6, "color": colour},
    }
    return Scatter(x=projection.xy[:, 0], y=projection.xy[:, 1], mode="markers", marker=marker, name=escape(projection.label),
                   text=_hover_texts(projection, index, pairs), hovertemplate="%{text}<extra></extra>")  # fmt: skip


def _hover_texts(projection: Projection, index: int, pairs: Sequence[Pairs]) -> list[str]:
    partners = _partners(index, pairs)
    return ["<br>".join([*_spot_lines(projection, row), *partners.get(row, [])]) for row in range(len(projection))]


def _spot_lines(projection: Projection, row: int) -> list[str]:
    g = projection.g_length[row]
    indices = " ".join(str(index) for index in projection.hkl[row].tolist())
    lines = [f"<b>{escape(projection.name)} {indices}</b>", f"d = {1 / g:.4f} Å, Q = {2 * np.pi * g:.4f} Å⁻¹"]
    if projection.forbidden[row]:
        lines.append("systematically absent")
    elif projection.f_squared is not None and projection.probe is not None:
        lines.append(f"|F|² = {projection.f_squared[row]:.4g} {projection.probe.f_squared_unit}")
    if projection.excitation_error is not None:
        lines.append(f"s = {projection.excitation_error[row]:.5f} Å⁻¹".replace("-", "−"))
    return lines


def _partners(index: int, pairs: Sequence[Pairs]) -> dict[int, list[str]]:
    """For each paired row of a crystal, the lines about its partners."""
    lines: dict[int, list[str]] = {}
    for number, pair in enumerate(pairs, start=1):
        if index not in (0, number):
            continue
        own, other, partner = (
            (pair.rows_1, pair.rows_2, pair.second) if index == 0 else (pair.rows_2, pair.rows_1, pair.first)
        )
        for row, mate, mismatch in zip(own.tolist(), other.tolist(), pair.mismatch.tolist(), strict=True):
            text = f"pair: {escape(partner.name)} {written(partner.hkl[mate].tolist())}, mismatch {percent(mismatch)}"
            lines.setdefault(row, []).append(text)
    return lines
