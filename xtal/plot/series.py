"""Figures of a series for print: all patterns as a map, and a quantity with its error bars along the axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..pattern import AXIS_UNITS
from . import style
from .refinement import AXIS_NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..series.findings import Findings
    from ..series.series import Series

__all__ = ["map_levels", "plot_map", "plot_quantities", "quantity_label", "series_figure", "with_unit"]

MARKS = {"up": ("^", style.VERMILION), "down": ("v", style.BLUE)}
MAP_POINTS = 1200
UNITS = {
    "a": "Å",
    "b": "Å",
    "c": "Å",
    "alpha": "°",
    "beta": "°",
    "gamma": "°",
    "volume": "Å³",
    "crystallite_size_nm": "nm",
    "u_iso": "Å²",
    "delta1": "Å",
    "delta2": "Å²",
    "diameter": "Å",
    "q_damp": "Å⁻¹",
    "q_broad": "Å⁻¹",
}
ROWS_NAMED = 9


def map_levels(values: NDArray[np.float64], axis: str) -> NDArray[np.float64]:
    """What a map shows of a pattern: the square root of intensity; a G(r), axis "r", as it is."""
    return values if axis == "r" else np.sqrt(np.maximum(values, 0.0))


def plot_map(series: Series) -> Figure:
    """All observed patterns, one row per frame, as the square root of intensity; G(r) as it is. Frames without one are blank.

    Raises
    ------
    ValueError
        No frame has curves.
    """
    found = [(frame.index, series.curves(frame.index)) for frame in series.frames]
    curves = [(index, one) for index, one in found if one is not None]
    if not curves:
        raise ValueError("no frame of the series has a pattern to draw")
    first = curves[0][1]
    x = np.linspace(first.x[0], first.x[-1], min(MAP_POINTS, len(first.x)))
    rows = np.full((len(found), len(x)), np.nan)
    for place, (_, one) in enumerate(found):
        if one is not None:
            rows[place] = map_levels(np.interp(x, one.x, one.observed, left=np.nan, right=np.nan), one.axis)
    figure, axes = series_figure(4.6)
    with style.print_style():
        edges = np.arange(len(rows) + 1) - 0.5
        low, high = np.nanpercentile(rows, [1, 99.7])
        mesh = axes.pcolormesh(
            np.append(x, 2 * x[-1] - x[-2]), edges, rows, cmap="cividis", vmin=low, vmax=high, rasterized=True
        )
        axes.set_xlabel(f"{AXIS_NAMES[first.axis]} ({AXIS_UNITS[first.axis].replace('degrees 2θ', '°')})")
        named = np.unique(np.linspace(0, len(rows) - 1, ROWS_NAMED).round().astype(int))
        axes.set_yticks(named, [_row_name(series, int(place)) for place in named])
        axes.set_ylabel("frame" if series.axis_name == "frame" else f"frame: {series.axis_label}")
        axes.set_title(str(series.meta["title"]), loc="left", parse_math=False)
        figure.colorbar(mesh, label="G(r) / Å⁻²" if first.axis == "r" else r"$\sqrt{\mathrm{intensity}}$")
    return figure


def plot_quantities(series: Series, names: Sequence[str], findings: Findings | None = None) -> Figure:
    """Quantities of the table along the axis, ramps apart, with error bars; steps that were found are drawn.

    Parameters
    ----------
    series : Series
        The series.
    names : sequence of str
        Columns of `Series.table`, one panel each.
    findings : Findings, optional
        Draws the transition temperatures as lines.
    """
    table = series.table()
    axis = series.axis_name if series.axis_name != "frame" else "value"
    figure, panels = series_figure(1.0 + 1.7 * len(names), len(names))
    with style.print_style():
        for panel, name in zip(np.atleast_1d(panels), names, strict=True):
            _draw(panel, table, axis, name)
            _lines(panel, findings)
        np.atleast_1d(panels)[-1].set_xlabel(series.axis_label)
        np.atleast_1d(panels)[0].set_title(str(series.meta["title"]), loc="left", parse_math=False)
        figure.align_ylabels()
    return figure


def with_unit(name: str) -> str:
    """Unit of a column of a series' table in brackets, after a space: `` (Å)``; empty where there is none."""
    unit = "Å" if ".bond." in name else UNITS.get(name.rsplit(".", 1)[-1], "")
    return f" ({unit})" if unit else ""


def quantity_label(name: str) -> str:
    """Column of a series' table as a label, with its unit: ``lif.cell.a (Å)``."""
    return name.removeprefix("phase.") + with_unit(name)


def _panel_label(name: str) -> str:
    """The same in two short lines, which fit beside a flat panel."""
    phase, _, quantity = name.removeprefix("phase.").partition(".")
    words = quantity.removeprefix("cell.").removeprefix("bond.").replace("_nm", "").replace("_", " ")
    return f"{phase}\n{words}{with_unit(name)}" if quantity else name


def _row_name(series: Series, place: int) -> str:
    frame = series.frames[place]
    return str(frame.index) if series.axis_name == "frame" else f"{frame.index}: {frame.value:.4g}"


def _draw(panel: Any, table: Any, axis: str, name: str) -> None:
    for direction, (mark, colour) in MARKS.items():
        part = table[table["direction"] == direction]
        if name in part and part[name].notna().any():
            esds = part.get(f"{name}.esd")
            panel.errorbar(
                part[axis], part[name], yerr=esds, fmt=mark, ms=3, lw=0.7, ls="none", color=colour, label=direction
            )
    panel.set_ylabel(_panel_label(name))
    panel.legend(loc="best")


def _lines(panel: Any, findings: Findings | None) -> None:
    for one in findings.transitions if findings is not None else ():
        for step in (one.up, one.down):
            if step is not None and one.evidence == "share":
                panel.axvline(step.position, color=MARKS[step.direction][1], lw=0.6, ls="--")


def series_figure(height: float, n_panels: int = 1) -> tuple[Figure, Any]:
    """A figure of the usual width with panels one below the other, and these."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
        FigureCanvasAgg(figure)
        return figure, figure.subplots(n_panels, 1, sharex=True)
