"""Miller indices beside spots, placed so that none covers another label or a spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SpotLabel", "index_markup", "place_labels"]

FloatArray = NDArray[np.float64]

GAP = 0.6
"""Free points between a label and what is beside it."""

_CLEARLY = 1.0
"""Points by which the own spot is nearer than any that looks alike."""

_ABOVE = ((0, 1), (1, 1), (-1, 1), (1, 0), (-1, 0), (0, -1), (1, -1), (-1, -1))
_BELOW = ((0, -1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (1, 1), (-1, 1))


@dataclass(frozen=True)
class SpotLabel:
    """A wish for a label.

    Parameters
    ----------
    text : str
        Matplotlib markup.
    xy : tuple of float
        Spot in data coordinates.
    radius : float
        Of the spot's marker, points.
    colour : str
        Of the text.
    above : bool
        Try above the spot first, else below.
    group : int
        Spots of one group look alike: no other spot of the group may be nearer to the label than its own.
    """

    text: str
    xy: tuple[float, float]
    radius: float
    colour: str
    above: bool = True
    group: int = 0


def index_markup(indices: Sequence[int]) -> str:
    """Indices with bars over negative ones, in matplotlib's markup; thin spaces where an index has two digits."""
    wide = any(abs(int(index)) > 9 for index in indices)
    return "$" + (r"\," if wide else "").join(_one(int(index)) for index in indices) + "$"


def _one(index: int) -> str:
    if index >= 0:
        return str(index)
    return rf"\bar{{{-index}}}" if index > -10 else rf"\overline{{{-index}}}"


def place_labels(axes: Axes, labels: Sequence[SpotLabel], spots: FloatArray, *, size: float) -> int:
    """Write labels in the order given, each at the first free place around its spot; those without one are left out.

    Parameters
    ----------
    axes : Axes
        With final limits and position.
    labels : sequence of SpotLabel
        The more important first.
    spots : ndarray, shape (n, 4)
        Every marker that may not be covered: x, y in data coordinates, radius in points, group.
    size : float
        Font size, points.

    Returns
    -------
    int
        Number of labels written.
    """
    to_points = 72 / axes.figure.dpi
    centres = axes.transData.transform(spots[:, :2]) * to_points if len(spots) else np.empty((0, 2))
    taken = _Taken(len(spots) + len(labels))
    for centre, radius in zip(centres, spots[:, 2] if len(spots) else (), strict=True):
        taken.add(centre, np.array([radius, radius]))
    alike = {group: _edges(centres, spots, group) for group in {label.group for label in labels}}
    sizes = _text_sizes(axes, {label.text for label in labels}, size)
    written = 0
    for label in labels:
        spot = axes.transData.transform(label.xy) * to_points
        width, height, descent = sizes[label.text]
        offset = _free_offset(taken, spot, np.array([width, height]) / 2, label, alike[label.group])
        if offset is not None:
            axes.annotate(label.text, label.xy, xytext=(offset[0], offset[1] - height / 2 + descent), textcoords="offset points", fontsize=size,
                          color=label.colour, ha="center", va="baseline", zorder=6, annotation_clip=False)  # fmt: skip
            written += 1
    return written


class _Taken:
    """Rectangles on the paper, in points."""

    def __init__(self, room: int) -> None:
        self._centres, self._halves, self._n = np.zeros((room, 2)), np.zeros((room, 2)), 0

    def add(self, centre: FloatArray, half: FloatArray) -> None:
        self._centres[self._n], self._halves[self._n] = centre, half
        self._n += 1

    def is_free(self, centre: FloatArray, half: FloatArray) -> bool:
        apart = np.abs(self._centres[: self._n] - centre) >= self._halves[: self._n] + half
        return bool(apart.any(axis=1).all())


def _free_offset(
    taken: _Taken, spot: FloatArray, half: FloatArray, label: SpotLabel, alike: FloatArray
) -> FloatArray | None:
    for right, up in _ABOVE if label.above else _BELOW:
        reach = label.radius + GAP if not (right and up) else 0.75 * label.radius + GAP
        offset = np.array([right, up]) * (half + reach)
        if taken.is_free(spot + offset, half + GAP / 2) and _belongs(spot + offset, half, spot, alike):
            taken.add(spot + offset, half + GAP / 2)
            return offset
    return None


def _belongs(centre: FloatArray, half: FloatArray, spot: FloatArray, alike: FloatArray) -> bool:
    """Whether a reader takes the label for that of its own spot: no spot that looks alike is nearly as near."""
    gaps = np.linalg.norm(np.maximum(np.abs(alike[:, :2] - centre) - half, 0), axis=1) - alike[:, 2]
    is_own = np.abs(alike[:, :2] - spot).max(axis=1) < 1e-6
    return bool(is_own.all() or gaps[is_own].min(initial=np.inf) + _CLEARLY < gaps[~is_own].min())


def _edges(centres: FloatArray, spots: FloatArray, group: int) -> FloatArray:
    """Centres and radii in points of the spots of a group, (n, 3)."""
    members = spots[:, 3] == group
    return np.column_stack([centres[members], spots[members, 2]])


def _text_sizes(axes: Axes, texts: set[str], size: float) -> dict[str, FloatArray]:
    """Width, height and descent of the ink of each text, points."""
    from matplotlib.font_manager import FontProperties

    figure: Any = axes.figure
    renderer = figure.canvas.get_renderer()
    font = FontProperties(size=size)
    to_points = 72 / figure.dpi
    return {
        text: np.array(renderer.get_text_width_height_descent(text, font, ismath=True)) * to_points for text in texts
    }
