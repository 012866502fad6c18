"""Figures of interfaces: two lattices with their coincidence cell, the strain–area front, mismatch against composition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..interface.fillers import FillerRank
    from ..interface.match import Match
    from ..interface.series import CompositionSeries

__all__ = ["plot_coincidence", "plot_composition_series", "plot_filler_fronts", "plot_strain_area_front"]

FloatArray = NDArray[np.float64]

# Film first, as in the overlays of reciprocal lattices.
FILM, SUBSTRATE, CELL = style.BLUE, style.VERMILION, style.BLACK
_MARKERS = "osD^vP*X<>"
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def plot_coincidence(match: Match) -> Figure:
    """The two planar lattices, unstrained, at the angle of the match, with the coincidence cell.

    Parameters
    ----------
    match : Match
        What is drawn: filled circles the film, open ones the substrate, outlines the primitive cells and the common cell.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    with style.print_style():
        figure, axes = _figure(4.6, 5.0)
        film = match.film.planar_basis @ match.rotation_matrix
        outline = _CORNERS @ match.substrate_cell
        bases = np.vstack([match.substrate.planar_basis, film])
        window = _window(outline, 1.2 * float(np.linalg.norm(bases, axis=1).max()))
        _draw_lattice(axes, match.substrate.planar_basis, window, SUBSTRATE, f"{match.substrate}", filled=False)
        _draw_lattice(axes, film, window, FILM, f"{match.film}", filled=True)
        axes.fill(outline[:, 0], outline[:, 1], facecolor=style.GREY, alpha=0.18, zorder=1)
        axes.plot(
            outline[:, 0], outline[:, 1], color=CELL, linewidth=1.3, label=f"coincidence cell, {match.area:.1f} Å²"
        )
        free = _CORNERS @ match.film_cell @ match.rotation_matrix
        axes.plot(free[:, 0], free[:, 1], color=FILM, linestyle=(0, (4, 3)), label="the same cell, film unstrained")
        _finish_lattices(axes, match, window)
    return figure


def _draw_lattice(
    axes: Axes, basis: FloatArray, window: tuple[float, float, float, float], colour: str, name: str, *, filled: bool
) -> None:
    """Lattice points, small and filled or large and open, and one primitive cell at the origin."""
    points = _lattice_points(basis, window)
    size, face = (3.5, colour) if filled else (7.0, "none")
    axes.plot(
        points[:, 0],
        points[:, 1],
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=colour,
        label=name,
        zorder=3,
    )
    cell = _CORNERS @ basis
    axes.plot(cell[:, 0], cell[:, 1], color=colour, linewidth=1.2 if filled else 2.4, zorder=2)


def _window(outline: FloatArray, margin: float) -> tuple[float, float, float, float]:
    (left, bottom), (right, top) = outline.min(axis=0) - margin, outline.max(axis=0) + margin
    widest = max(right - left, top - bottom)
    middle_x, middle_y = (left + right) / 2, (bottom + top) / 2
    return middle_x - widest / 2, middle_x + widest / 2, middle_y - widest / 2, middle_y + widest / 2


def _lattice_points(basis: FloatArray, window: tuple[float, float, float, float]) -> FloatArray:
    left, right, bottom, top = window
    corners = np.array([[left, bottom], [left, top], [right, bottom], [right, top]]) @ np.linalg.inv(basis)
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    grid = np.stack(np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True))), -1).reshape(-1, 2)
    points = grid @ basis
    inside = (points >= (left, bottom)).all(axis=1) & (points <= (right, top)).all(axis=1)
    return np.asarray(points[inside])


def _finish_lattices(axes: Axes, match: Match, window: tuple[float, float, float, float]) -> None:
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[2], window[3])
    axes.set_aspect("equal")
    axes.set_xlabel(f"x ∥ substrate [{_first_direction(match)}] (Å)")
    axes.set_ylabel("y (Å)")
    low, high = match.principal_misfits
    turn = ", film turned over" if match.flipped else ""
    axes.set_title(
        f"{match.orientation}\nstrain of the film {100 * low:+.2f} and {100 * high:+.2f} %, rotation {match.rotation:.2f}°{turn}".replace(
            "-", "−"
        ),
        loc="left",
        parse_math=False,
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, handletextpad=0.4, columnspacing=1.2)


def _first_direction(match: Match) -> str:
    from ..interface.surface import format_direction

    return format_direction(match.substrate.basis_uvw[0])


def plot_strain_area_front(matches: Sequence[Match], *, title: str = "") -> Figure:
    """Strain against area of all matches, with the front of those that none beats.

    Raises
    ------
    GeometryError
        No matches.
    """
    from ..interface.match import pareto_front

    if not matches:
        raise GeometryError("no matches to draw;", remedy="raise the limits of area or strain.")
    with style.print_style():
        figure, axes = _figure(5.2, 3.6)
        front = pareto_front(matches)
        points = _area_and_strain(matches)
        axes.plot(
            points[:, 0],
            points[:, 1],
            ".",
            markersize=3.5,
            color=style.GREY,
            alpha=0.6,
            label=f"all {len(matches)} matches",
        )
        _draw_front(axes, front, matches, FILM, "o", "front: smallest strain up to this area")
        for match in front[:6]:
            axes.annotate(
                _plane_pair(match),
                (match.area, 100 * match.strain),
                xytext=(3, 4),
                textcoords="offset points",
                fontsize=7,
            )
        _finish_front(axes, matches)
        axes.set_title(
            title or f"{matches[0].film.structure.name} on {matches[0].substrate.structure.name}",
            loc="left",
            parse_math=False,
        )
    return figure


def _area_and_strain(matches: Sequence[Match]) -> FloatArray:
    return np.array([(match.area, 100 * match.strain) for match in matches])


def _plane_pair(match: Match) -> str:
    from ..interface.surface import format_plane

    return f"{format_plane(match.film.hkl)} ∥ {format_plane(match.substrate.hkl)}"


def _draw_front(
    axes: Axes, front: Sequence[Match], matches: Sequence[Match], colour: str, marker: str, label: str
) -> None:
    points = _area_and_strain(front)
    widest = max([match.area for match in matches] + [points[-1, 0]])
    closed = np.vstack([points, [widest, points[-1, 1]]])
    axes.step(closed[:, 0], closed[:, 1], where="post", color=colour, linewidth=1.0)
    axes.plot(
        points[:, 0], points[:, 1], linestyle="none", marker=marker, markersize=5, color=colour, label=label, zorder=3
    )


def _finish_front(axes: Axes, matches: Sequence[Match]) -> None:
    axes.set_xlabel("area of the coincidence cell (Å²)")
    axes.set_ylabel("largest principal strain (%)")
    axes.set_xlim(0, max(match.area for match in matches) * 1.12)
    highest = 100 * max(match.strain for match in matches)
    axes.set_ylim(bottom=-0.03 * highest, top=1.18 * highest)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)


def plot_filler_fronts(ranks: Sequence[FillerRank], *, fit_strain: float = 0.02) -> Figure:
    """Strain–area fronts of one film on many substrates, best substrate first; the dashed line is what counts as a fit.

    Raises
    ------
    GeometryError
        No substrate has a match.
    """
    drawn = [rank for rank in ranks if rank.front]
    if not drawn:
        raise GeometryError("no substrate has a match to draw;", remedy="raise the limits of area or strain.")
    everything = [match for rank in drawn for match in rank.front]
    colours = (FILM, SUBSTRATE, *style.PHASES)
    with style.print_style():
        figure, axes = _figure(style.WIDTH * 0.8, 4.0)
        for number, rank in enumerate(drawn):
            name = f"{number + 1}. {rank.substrate.name}" + ("" if rank.best else " (no fit)")
            _draw_front(
                axes, rank.front, everything, colours[number % len(colours)], _MARKERS[number % len(_MARKERS)], name
            )
        axes.axhline(100 * fit_strain, color=style.GREY, linestyle="--", linewidth=0.8)
        _finish_front(axes, everything)
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        axes.set_title(
            f"fillers for {everything[0].film.structure.name}, ranked by the smallest cell within {100 * fit_strain:g} %",
            loc="left",
            parse_math=False,
        )
    return figure


def plot_composition_series(series: CompositionSeries, *, name: str = "film", substrate: str = "substrate") -> Figure:
    """Mismatch against composition with error bars, the Vegard line, and where it vanishes.

    Parameters
    ----------
    series : CompositionSeries
        From `fit_composition_series`.
    name, substrate : str
        For labels.
    """
    from ..interface.mismatch import DEFINITIONS

    with style.print_style():
        figure, axes = _figure(5.0, 3.6)
        _draw_points(axes, series, name)
        _draw_vegard_line(axes, series)
        axes.axhline(0, color=style.GREY, linewidth=0.7)
        _draw_matching_composition(axes, series)
        axes.set_xlabel("composition x")
        axes.set_ylabel(f"mismatch to {substrate} (%)\n{DEFINITIONS[series.definition]}")
        axes.legend(loc="best")
    return figure


def _draw_points(axes: Axes, series: CompositionSeries, name: str) -> None:
    """Measured points, with error bars where every one has an esd."""
    values = [100 * float(point.value or 0) for point in series.mismatch]
    esds = [100 * point.esd for point in series.mismatch if point.esd is not None]
    bars = esds if len(esds) == len(values) else None
    label = f"{name} ({'bars: 1 esd' if bars else 'no esds'})"
    axes.errorbar(
        series.composition, values, yerr=bars, fmt="o", color=FILM, markersize=4.5, capsize=2.5, label=label, zorder=3
    )


def _draw_vegard_line(axes: Axes, series: CompositionSeries) -> None:
    """The fitted line, dotted outside the measured range, as far as the composition without mismatch."""
    from ..interface.mismatch import linear_mismatch

    root = series.matching_composition.value
    ends = [*series.composition, *([] if root is None else [root])]
    x = np.linspace(min(ends), max(ends), 200)
    line = 100 * linear_mismatch(series.line(x), float(series.substrate.value or 0), series.definition)
    inside = (x >= series.composition.min()) & (x <= series.composition.max())
    axes.plot(x, line, color=SUBSTRATE, linestyle=":", linewidth=1.0)
    axes.plot(x[inside], line[inside], color=SUBSTRATE, label="Vegard line (dotted: extrapolated)")


def _draw_matching_composition(axes: Axes, series: CompositionSeries) -> None:
    from ..result import format_value

    root = series.matching_composition
    if root.value is None:
        return
    text = f"no mismatch at x = {format_value(root.value, root.esd, 3)}" + (
        ", extrapolated" if series.extrapolated else ""
    )
    bar = None if root.esd is None else [root.esd]
    axes.errorbar([root.value], [0], xerr=bar, fmt="s", color=CELL, markersize=4.5, capsize=2.5, label=text, zorder=4)
