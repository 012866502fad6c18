"""Frames of a series for print: patterns above each other, and the strip of their verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..pattern import AXIS_UNITS
from . import style
from .refinement import AXIS_NAMES
from .series import series_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..series.series import Series

__all__ = ["VERDICT_COLOURS", "plot_verdicts", "plot_waterfall"]

VERDICT_COLOURS = {"pass": "#009e73", "review": "#e69f00", "fail": "#d55e00", "waiting": "#d9d9d9"}
MOST_LINES = 40


def plot_waterfall(series: Series) -> Figure:
    """Observed patterns of at most 40 frames, each raised above the one before it.

    Raises
    ------
    ValueError
        No frame has curves.
    """
    known = [(frame, curves) for frame in series.frames if (curves := series.curves(frame.index)) is not None]
    if not known:
        raise ValueError("no frame of the series has a pattern to draw")
    shown = known[:: -(-len(known) // MOST_LINES)]
    span = max(float(np.max(one.observed)) for _, one in shown) - min(float(np.min(one.observed)) for _, one in shown)
    rise = 1.5 * span / max(len(shown), 8)
    figure, axes = series_figure(5.2)
    with style.print_style():
        from matplotlib import colormaps

        for place, (_, curves) in reversed(list(enumerate(shown))):
            colour = colormaps["cividis"](0.8 * place / max(len(shown) - 1, 1))
            axes.plot(curves.x, curves.observed + place * rise, lw=0.6, color=colour)
        first, last = shown[0], shown[-1]
        for place, (frame, curves) in ((0, first), (len(shown) - 1, last)):
            text = f"{frame.value:g} {series.meta['axis']['unit']}".rstrip()
            axes.annotate(
                text, (curves.x[-1], curves.observed[-1] + place * rise), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize="small", annotation_clip=False,
            )  # fmt: skip
        axis = first[1].axis
        axes.set_xlabel(f"{AXIS_NAMES[axis]} ({AXIS_UNITS[axis].replace('degrees 2θ', '°')})")
        axes.set_ylabel("G(r), each frame raised" if axis == "r" else "intensity, each frame raised")
        axes.set_yticks([])
        axes.margins(x=0)
        axes.set_title(str(series.meta["title"]), loc="left", parse_math=False)
    return figure


def plot_verdicts(series: Series) -> Figure:
    """Verdict of every frame as a strip, as the report shows it."""
    verdicts = [series.accepted[f.index].verdict if f.index in series.accepted else "waiting" for f in series.frames]
    figure, axes = series_figure(1.0)
    with style.print_style():
        numbers = [frame.index for frame in series.frames]
        axes.bar(numbers, 1.0, width=0.95, color=[VERDICT_COLOURS[one] for one in verdicts])
        for name in dict.fromkeys(verdicts):
            axes.bar([np.nan], [np.nan], color=VERDICT_COLOURS[name], label=f"{name} ({verdicts.count(name)})")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.0, frameon=False)
        axes.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        axes.set_xlabel("frame")
    return figure
