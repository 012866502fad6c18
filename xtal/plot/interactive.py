"""Figures to zoom into and to point at, for notebooks and web pages: plotly figures of what `xtal.plot` draws for print.

They hold data and layout only; `xtal.plot.embedding` brings them onto a page together with plotly.js, so that no network is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..pattern import AXIS_UNITS, Pattern
from ..result import ProfileCurves, ReflectionRow, Result
from . import style
from .refinement import AXIS_NAMES, figure_title, intensity_unit, starts_after_gaps
from .series import quantity_label

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ..series.series import Series

__all__ = [
    "interactive_map",
    "interactive_pattern",
    "interactive_quantities",
    "interactive_refinement",
]

HEIGHT = 330
FIT_HEIGHT, TICK_ROW = 470, 22
PANEL_HEIGHT = 210
MAP_POINTS = 500
MANY_POINTS = 20_000
"""Beyond this many points curves are drawn by the graphics card, where there is one."""

MARKS = {"up": ("triangle-up", style.VERMILION), "down": ("triangle-down", style.BLUE)}


def interactive_pattern(pattern: Pattern) -> Figure:
    """Plotly figure of a pattern; pointing at it shows position and intensity.

    Parameters
    ----------
    pattern : Pattern
        Anything with an axis.
    """
    import plotly.graph_objects as go

    figure = go.Figure(_curve(pattern.x, pattern.intensity, "intensity", style.OBSERVED))
    _set_layout(figure, HEIGHT, showlegend=False)
    figure.update_xaxes(title=_axis_label(pattern.axis), range=_ends(pattern.x))
    figure.update_yaxes(title="intensity (counts)" if pattern.sigma_origin == "poisson" else "intensity (a.u.)")
    return figure


def interactive_refinement(result: Result) -> Figure:
    """Plotly figure of a refinement: curves, reflections that tell their indices, difference.

    Parameters
    ----------
    result : Result
        Of one pattern, or of several: then the first of `Result.by_pattern` that has curves.

    Raises
    ------
    ValueError
        The result has no profile.
    """
    from plotly.subplots import make_subplots

    one = next((part for part in result.by_pattern().values() if part.profile is not None), None)
    if one is None or one.profile is None:
        raise ValueError("a result without a profile has nothing to draw")
    ticks = {name: rows for name, rows in one.reflections.items() if rows}
    strip = TICK_ROW * max(len(ticks), 1)
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.015, row_heights=[300, strip, 90])
    _add_curves(figure, one.profile)
    _add_ticks(figure, ticks, tuple(one.phases) or tuple(ticks))
    difference = _broken(one.profile.difference, one.profile)
    figure.add_trace(_curve(_line(one.profile), difference, "difference", style.DIFFERENCE), row=3, col=1)
    _set_layout(figure, FIT_HEIGHT + strip, title=figure_title(one), margin={"t": 80})
    figure.update_yaxes(title=f"intensity ({intensity_unit(one)})", row=1, col=1)
    figure.update_yaxes(
        showticklabels=False, showgrid=False, zeroline=False, range=[len(ticks) - 0.5, -0.5], row=2, col=1
    )
    figure.update_xaxes(range=_ends(one.profile.x))
    figure.update_xaxes(title=_axis_label(one.profile.axis), row=3, col=1)
    return figure


def interactive_map(series: Series) -> Figure:
    """Plotly figure of all patterns of a series, one row per frame, as the square root of intensity.

    Raises
    ------
    ValueError
        No frame has curves.
    """
    import plotly.graph_objects as go

    found = [(frame, series.curves(frame.index)) for frame in series.frames]
    drawn = [(frame, one) for frame, one in found if one is not None]
    if not drawn:
        raise ValueError("no frame of the series has a pattern to draw")
    first = drawn[0][1]
    x = np.linspace(first.x[0], first.x[-1], min(MAP_POINTS, len(first.x)))
    rows = [np.sqrt(np.maximum(np.interp(x, one.x, one.observed), 0.0)) for _, one in drawn]
    low, high = np.percentile(rows, [1, 99.7])
    texts = [f"frame {frame.index}, {series.axis_label}: {frame.value:g}" for frame, _ in drawn]
    figure = go.Figure(
        go.Heatmap(x=_small(x), z=_small(rows), zmin=low, zmax=high, colorscale="Cividis", text=[[text] * len(x) for text in texts],
                   hovertemplate="%{text}<br>%{x:.2f}<br>√intensity %{z:.1f}<extra></extra>", colorbar={"title": "√intensity"})
    )  # fmt: skip
    _set_layout(figure, 430, title=str(series.meta["title"]))
    figure.update_xaxes(title=_axis_label(first.axis))
    figure.update_yaxes(title="frame")
    return figure


def interactive_quantities(series: Series, names: Sequence[str]) -> Figure:
    """Plotly figure of quantities of a series along its axis, with error bars; ramps up and down apart.

    Parameters
    ----------
    series : Series
        The series.
    names : sequence of str
        Columns of `Series.table`, one panel each.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    table = series.table()
    axis = series.axis_name if series.axis_name != "frame" else "value"
    figure = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.04)
    for row, name in enumerate(names, start=1):
        for direction, (symbol, colour) in MARKS.items():
            part = table[table["direction"] == direction]
            if not len(part):
                continue
            esd = part.get(f"{name}.esd")
            figure.add_trace(
                go.Scatter(x=part[axis], y=part[name], error_y=None if esd is None else {"array": esd, "thickness": 1, "width": 2},
                           mode="markers", marker={"symbol": symbol, "size": 7, "color": colour}, name=direction,
                           legendgroup=direction, showlegend=row == 1, text=part["file"],
                           hovertemplate="%{text}<br>%{x:g}: %{y:.6g}<extra></extra>"), row=row, col=1,
            )  # fmt: skip
        figure.update_yaxes(title=quantity_label(name), row=row, col=1)
    _set_layout(figure, 120 + PANEL_HEIGHT * len(names), title=str(series.meta["title"]), margin={"t": 80})
    figure.update_xaxes(title=series.axis_label, row=len(names), col=1)
    return figure


def _add_curves(figure: Figure, profile: ProfileCurves) -> None:
    observed = _curve(profile.x, profile.observed, "observed", style.OBSERVED)
    observed.update(mode="markers", marker={"size": 3, "color": style.OBSERVED})
    line = _line(profile)
    calculated = _curve(line, _broken(profile.calculated, profile), "calculated", style.CALCULATED)
    background = _curve(line, _broken(profile.background, profile), "background", style.BACKGROUND)
    background.update(line={"dash": "dash"})
    for trace in (observed, calculated, background):
        figure.add_trace(trace, row=1, col=1)


def _add_ticks(figure: Figure, ticks: dict[str, tuple[ReflectionRow, ...]], names: tuple[str, ...]) -> None:
    import plotly.graph_objects as go

    colours = style.phase_colours(names)
    for row, (name, reflections) in enumerate(ticks.items()):
        texts = [f"{name} {one.h} {one.k} {one.l}, d = {one.d:.4f} Å" for one in reflections]
        figure.add_trace(
            go.Scatter(x=_small([one.two_theta for one in reflections]), y=np.full(len(texts), row, dtype=np.float32), text=texts,
                       mode="markers", name=name, hovertemplate="%{text}<br>%{x:.3f}<extra></extra>",
                       marker={"symbol": "line-ns-open", "size": 9, "color": colours.get(name, style.OBSERVED)}),
            row=2, col=1,
        )  # fmt: skip


def _curve(x: Any, y: Any, name: str, colour: str) -> Any:
    """A line, drawn as vectors, or by the graphics card when there are many points."""
    import plotly.graph_objects as go

    kind = go.Scattergl if len(x) > MANY_POINTS else go.Scatter
    return kind(x=_small(x), y=_small(y), name=name, mode="lines", line={"width": 1, "color": colour},
                hovertemplate="%{x:.3f}: %{y:.5g}<extra>" + name + "</extra>")  # fmt: skip


def _line(profile: ProfileCurves) -> NDArray[np.float64]:
    return np.insert(profile.x, starts_after_gaps(profile.x), np.nan)


def _broken(values: NDArray[np.float64], profile: ProfileCurves) -> NDArray[np.float64]:
    """Values with a hole where a region was left out, so that no line crosses it."""
    return np.insert(values, starts_after_gaps(profile.x), np.nan)


def _ends(x: NDArray[np.float64]) -> list[float]:
    return [float(x[0]), float(x[-1])]


def _small(values: Any) -> NDArray[np.float32]:
    """Single precision: a pixel needs no more, and a page stays half as large."""
    return np.asarray(values, dtype=np.float32)


def _axis_label(axis: str) -> str:
    return f"{AXIS_NAMES[axis]} ({AXIS_UNITS[axis].replace('degrees 2θ', '°')})"


def _set_layout(figure: Figure, height: int, **more: Any) -> None:
    margin = {"l": 70, "r": 20, "t": 40, "b": 50} | more.pop("margin", {})
    figure.update_layout(template="plotly_white", height=height, margin=margin, hovermode="closest", font={"size": 12},
                         title_font={"size": 13}, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}, **more)  # fmt: skip
