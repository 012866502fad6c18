"""Overlap score against rotation, for print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reciprocal.rotation_scan import RotationScan
from ..reciprocal.view import FRAME
from . import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_rotation_scan"]


def plot_rotation_scan(scan: RotationScan) -> Figure:
    """Figure of a scan: the score, its mean over the angles, and the best rotation.

    Parameters
    ----------
    scan : RotationScan
        From `xtal.reciprocal.scan_rotation`.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 2.8), layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.add_subplot()
        axis.plot(scan.angles, scan.scores, color=style.BLUE)
        axis.axhline(scan.typical_score, color=style.GREY, linewidth=0.7, linestyle="--", label="mean over all angles")
        axis.plot([scan.best_angle], [scan.best_score], "o", color=style.VERMILION, markersize=5, clip_on=False,
                  label=f"best: {scan.best_score:.3f} at {scan.best_angle:.2f}°")  # fmt: skip
        axis.set(
            xlabel="rotation of the second crystal (°, counterclockwise)",
            ylabel="overlap score",
            ylim=(0, 1.1 * max(scan.best_score, 1e-3)),
        )
        axis.set_xlim(scan.angles[0], scan.angles[-1] if len(scan.angles) > 1 else scan.angles[0] + 1)
        axis.set_title(
            f"{scan.names[1]} on {scan.names[0]}, pairs within {100 * scan.tolerance:g} % of |g|",
            loc="left",
            parse_math=False,
        )
        axis.legend(loc="upper center", ncols=2)
        figure.supxlabel(FRAME, fontsize=6, color="#555555", x=0.01, ha="left")
    return figure
