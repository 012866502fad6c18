"""Reciprocal-lattice projections for print: one panel per projection or overlay, indexed, with scale bar and frame.

The first crystal's spots are discs, those of further crystals rings, so that colour isn't the only difference; coincident
spots lie on a yellow ground, systematically absent ones are crosses. The area of a spot grows with |F|.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..reciprocal.overlay import Overlay
from ..reciprocal.spots import Projection
from ..reciprocal.view import FRAME, nearest_zone_axis
from . import style
from .projection_head import COINCIDENT, CRYSTAL_COLOURS, LINE, NOTE, draw_head, head_lines
from .projection_labels import SpotLabel, index_markup, place_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["check_kind", "figure_bytes", "plot_projections", "spot_sizes", "svg_text"]

FloatArray = NDArray[np.float64]
Labels = Literal["all", "paired", "none"]

DISC_RADII = (0.9, 1.8)
"""Smallest and largest radius of the first crystal's spots, points."""

RING_RADII = (1.4, 2.9)
"""The same for further crystals, whose spots are rings."""

HALO = 1.3
"""Width of the ground around a coincident pair, points."""

_LABEL_SIZE = {1: 6.0, 2: 5.0, 3: 4.5}
_SIDE = {1: 4.6, 2: 3.3, 3: 2.2}
_FORMATS = ("svg", "png", "pdf")


def plot_projections(
    items: Sequence[Projection | Overlay],
    *,
    labels: Labels = "all",
    columns: int | None = None,
    label_size: float | None = None,
) -> Figure:
    """Figure with one panel per projection or overlay.

    Parameters
    ----------
    items : sequence of Projection or Overlay
        Panels, lettered when there are several; all have the same scale.
    labels : {"all", "paired", "none"}
        Which spots carry indices, where there is room: simple ones and pairs come first.
    columns : int, optional
        Panels in a row; by default one, two or three.
    label_size : float, optional
        Font size of the indices, points.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.

    Raises
    ------
    InputError
        Nothing to draw, or an unknown choice of labels.
    """
    if not items or labels not in ("all", "paired", "none"):
        raise InputError(f"{len(items)} projections with labels {labels!r};", where="figure",
                         remedy="give at least one projection, and all, paired or none.")  # fmt: skip
    across = columns or (1 if len(items) == 1 else 2 if len(items) <= 4 else 3)
    panels = [item.projections if isinstance(item, Overlay) else (item,) for item in items]
    reach = max(projection.g_max for panel in panels for projection in panel)
    with style.print_style():
        lines = max(map(head_lines, items))
        figure, axes = _sheet(len(items), across, lines, reach)
        for index, (axis, item) in enumerate(zip(axes, items, strict=True)):
            _draw_panel(axis, item, labels, label_size or _LABEL_SIZE[min(across, 3)], reach)
            draw_head(axis, item, chr(ord("a") + index) if len(items) > 1 else "", lines)
        note = f"{FRAME}; plane normals and zone axes point at the reader; |g| = 1/d."
        figure.text(
            0.08 / figure.get_figwidth(), 0.06 / figure.get_figheight(), note, fontsize=6, color=NOTE, va="bottom"
        )
    return figure


def _sheet(n_panels: int, across: int, head_lines: int, reach: float) -> tuple[Figure, list[Axes]]:
    """Figure with square axes at fixed places, so that labels can be fitted before it is drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    side, rows = _SIDE[min(across, 3)], -(-n_panels // across)
    head = LINE * head_lines + 0.05
    width, height = across * (side + 0.12) + 0.12, rows * (side + head + 0.1) + 0.25
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = []
    for index in range(n_panels):
        row, column = divmod(index, across)
        left, bottom = 0.12 + column * (side + 0.12), height - (row + 1) * (side + head + 0.1) + 0.1
        axis = figure.add_axes((left / width, bottom / height, side / width, side / height))
        axis.set(xlim=(-1.07 * reach, 1.07 * reach), ylim=(-1.07 * reach, 1.07 * reach), aspect="equal")
        axis.set_axis_off()
        axes.append(axis)
    return figure, axes


def _draw_panel(axis: Axes, item: Projection | Overlay, labels: Labels, label_size: float, reach: float) -> None:
    from matplotlib.patches import Circle

    projections = item.projections if isinstance(item, Overlay) else (item,)
    radius = max(projection.g_max for projection in projections)
    axis.add_patch(Circle((0, 0), radius, fill=False, edgecolor="#CCCCCC", linewidth=0.5, zorder=0))
    axis.scatter([0], [0], marker="+", s=22, color=style.BLACK, linewidths=0.8, zorder=4)
    radii = [spot_sizes(projection, ring=index > 0) for index, projection in enumerate(projections)]
    if isinstance(item, Overlay):
        _draw_coincidence(axis, item, radii)
    for index, projection in enumerate(projections):
        _draw_spots(axis, projection, radii[index], index)
    obstacles = [
        np.column_stack([p.xy, r, np.full(len(p), n)]) for n, (p, r) in enumerate(zip(projections, radii, strict=True))
    ]
    obstacles.append(np.array([[0.0, 0.0, 2.5, -1.0]]))
    _draw_scale_bar(axis, reach)
    _draw_directions(axis, projections, reach)
    if labels != "none":
        reaches = _label_radii(axis, item, radii)
        place_labels(axis, _wishes(item, projections, reaches, labels), np.concatenate(obstacles), size=label_size)


def _label_radii(axis: Axes, item: Projection | Overlay, radii: list[FloatArray]) -> list[FloatArray]:
    """Radius around each spot that its label keeps off, points; in a pair that of the ground, seen from the spot."""
    if not isinstance(item, Overlay):
        return radii
    reaches = [radius.copy() for radius in radii]
    (left, _), (right, _) = axis.transData.transform([(0, 0), (1, 0)])
    points = float(right - left) * 72 / axis.figure.dpi
    for number, pairs in enumerate(item.pairs, start=1):
        ground = np.maximum(radii[0][pairs.rows_1], radii[number][pairs.rows_2]) + HALO + points * pairs.distance / 2
        reaches[0][pairs.rows_1] = np.maximum(reaches[0][pairs.rows_1], ground)
        reaches[number][pairs.rows_2] = ground
    return reaches


def spot_sizes(projection: Projection, *, ring: bool = False) -> FloatArray:
    """Radii of markers in points, the area growing with |F|; equal without intensities."""
    low, high = RING_RADII if ring else DISC_RADII
    if projection.f_squared is None or not projection.f_squared.max() > 0:
        return np.full(len(projection), 0.7 * high)
    amplitude = np.sqrt(projection.f_squared / projection.f_squared.max())
    return np.asarray(np.sqrt(low**2 + (high**2 - low**2) * amplitude))


def _draw_coincidence(axis: Axes, item: Overlay, radii: list[FloatArray]) -> None:
    for number, pairs in enumerate(item.pairs, start=1):
        middle = (pairs.first.xy[pairs.rows_1] + pairs.second.xy[pairs.rows_2]) / 2
        radius = np.maximum(radii[0][pairs.rows_1], radii[number][pairs.rows_2]) + HALO
        axis.scatter(middle[:, 0], middle[:, 1], s=(2 * radius) ** 2, color=COINCIDENT, linewidths=0, zorder=1)


def _draw_spots(axis: Axes, projection: Projection, radii: FloatArray, index: int) -> None:
    colour, allowed = CRYSTAL_COLOURS[index % len(CRYSTAL_COLOURS)], ~projection.forbidden
    x, y = projection.xy.T
    faces: dict[str, Any] = (
        {"facecolors": "none", "edgecolors": colour, "linewidths": 0.8} if index else {"color": colour, "linewidths": 0}
    )
    axis.scatter(x[allowed], y[allowed], s=(2 * radii[allowed]) ** 2, zorder=3 + (index == 0), **faces)
    axis.scatter(x[~allowed], y[~allowed], s=5, marker="x", color=colour, linewidths=0.5, zorder=2)


def _draw_scale_bar(axis: Axes, reach: float) -> None:
    length = max(step for step in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if step <= 0.3 * reach or step == 0.02)
    left, y = -1.04 * reach, -1.02 * reach
    axis.plot([left, left + length], [y, y], color=style.BLACK, linewidth=1.4, solid_capstyle="butt")
    axis.text(left, y + 0.02 * reach, f"{length:g} Å⁻¹", fontsize=7, ha="left", va="bottom")


def _draw_directions(axis: Axes, projections: Sequence[Projection], reach: float) -> None:
    """Which direct-lattice direction of each crystal points right and which up, in the lower right corner."""
    lines = []
    for index, projection in enumerate(projections):
        right, up = (_direction_name(projection, projection.orientation[row]) for row in (0, 1))
        text = ", ".join(f"{arrow} {name}" for arrow, name in (("→", right), ("↑", up)) if name)
        lines.append((text, CRYSTAL_COLOURS[index % len(CRYSTAL_COLOURS)]))
    for row, (text, colour) in enumerate(reversed(lines)):
        axis.annotate(text, (1.05 * reach, -1.06 * reach), xytext=(0, 8 * row), textcoords="offset points", fontsize=6,
                      color=colour, ha="right", va="bottom", annotation_clip=False)  # fmt: skip


def _direction_name(projection: Projection, vector: FloatArray) -> str:
    found = nearest_zone_axis(projection.lattice, vector, tolerance=0.05)
    return f"[{index_markup(found[0])}]" if found else ""


def _wishes(
    item: Projection | Overlay, projections: Sequence[Projection], reaches: list[FloatArray], labels: Labels
) -> list[SpotLabel]:
    """Labels in order of importance: pairs by rising |g|, then the other spots by rising |g|, the first crystal's first."""
    paired: list[set[int]] = [set() for _ in projections]
    if isinstance(item, Overlay):
        for number, pairs in enumerate(item.pairs, start=1):
            paired[0].update(pairs.rows_1.tolist())
            paired[number].update(pairs.rows_2.tolist())
    order = [
        (
            row not in paired[index],
            bool(projection.forbidden[row]),
            round(float(projection.g_length[row]), 6),
            index,
            row,
        )
        for index, projection in enumerate(projections)
        for row in range(len(projection))
        if labels == "all" or row in paired[index]
    ]
    return [
        SpotLabel(index_markup(projections[index].hkl[row].tolist()), (float(projections[index].xy[row, 0]), float(projections[index].xy[row, 1])),
                  float(reaches[index][row]), CRYSTAL_COLOURS[index % len(CRYSTAL_COLOURS)], index == 0, index)
        for *_, index, row in sorted(order)
    ]  # fmt: skip


def figure_bytes(figure: Figure, kind: str, *, dpi: float = 300) -> bytes:
    """A figure as a file's content; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        Any.
    kind : str
        ``svg``, ``png`` or ``pdf``.
    dpi : float
        Of a PNG.

    Raises
    ------
    InputError
        Another kind.
    """
    from matplotlib import rc_context

    check_kind(kind)
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    stream = BytesIO()
    settings: Any = {"svg.hashsalt": "xtal", "mathtext.default": "regular"}
    with rc_context(settings):
        figure.savefig(stream, format=kind, dpi=dpi, metadata=metadata)
    return stream.getvalue()


def check_kind(kind: str) -> None:
    """Raise `InputError` for a kind of file that isn't svg, png or pdf."""
    if kind not in _FORMATS:
        raise InputError(
            f"figures can't be written as {kind or 'a file without ending'!r};",
            remedy="end the name in .svg, .png or .pdf.",
        )


def svg_text(figure: Figure) -> str:
    """A figure as SVG."""
    return figure_bytes(figure, "svg").decode()
