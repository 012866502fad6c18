"""The figure of a refinement: observed, calculated, background, reflection positions and difference."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..pattern import AXIS_UNITS
from ..result import ProfileCurves, Result
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["AXIS_NAMES", "figure_title", "intensity_unit", "plot_refinement", "starts_after_gaps"]

AXIS_NAMES = {"two_theta": "2θ", "tof": "time of flight", "q": "Q", "d": "d", "r": "r"}
TICK_ROW_INCHES = 0.16
TITLE_LENGTH = 66

FloatArray = NDArray[np.float64]


def plot_refinement(result: Result, *, sqrt_intensity: bool = False) -> Figure:
    """Figure of a refinement, ready for print.

    Parameters
    ----------
    result : Result
        With its profile; reflections, where there are any, become ticks with the phase's name.
    sqrt_intensity : bool
        Draw intensities on a square-root axis, on which every point has the same Poisson uncertainty.

    Returns
    -------
    matplotlib.figure.Figure
        With an Agg canvas; independent of pyplot.

    Raises
    ------
    ValueError
        The result has no profile.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if result.profile is None:
        raise ValueError("a result without a profile has nothing to draw")
    ticks = {name: rows for name, rows in result.reflections.items() if rows}
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 4.2 + TICK_ROW_INCHES * len(ticks)), layout="constrained")
        FigureCanvasAgg(figure)
        main, strip, lower = _three_axes(figure, len(ticks))
        _draw_curves(main, result.profile, sqrt_intensity)
        main.set_ylabel(_intensity_label(result, sqrt_intensity))
        _draw_ticks(strip, ticks, result)
        _draw_difference(lower, result.profile, sqrt_intensity)
        figure.align_ylabels([main, lower])
        main.set_title(figure_title(result), loc="left", parse_math=False)
        main.legend(loc="upper right", ncols=3, markerscale=3, title=_agreement_text(result), alignment="right")
    return figure


def figure_title(result: Result) -> str:
    """Title of the result; synthetic data are called so."""
    title = shorten(result.title, TITLE_LENGTH, placeholder="…")
    says_so = "synthetic" in title.lower() or not style.is_synthetic(result.pattern)
    return title if says_so else f"{title} (synthetic data)"


def intensity_unit(result: Result) -> str:
    """Counts when the uncertainties are those of counts, else arbitrary units."""
    return "counts" if result.pattern.get("sigma_origin") == "poisson" else "a.u."


def starts_after_gaps(x: FloatArray) -> NDArray[np.intp]:
    """Indices of points before which a region was left out: there the step is four times both its neighbours."""
    steps = np.diff(x)
    if steps.size < 3:
        return np.empty(0, dtype=np.intp)
    neighbours = np.maximum(np.append(steps[1:], 0.0), np.insert(steps[:-1], 0, 0.0))
    return np.flatnonzero(steps > 4 * neighbours) + 1


def _three_axes(figure: Figure, n_rows: int) -> tuple[Axes, Axes, Axes]:
    heights = [3.0, max(TICK_ROW_INCHES * n_rows, 0.05), 0.8]
    main, strip, lower = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    for axes in (main, strip):
        axes.tick_params(axis="x", bottom=False, labelbottom=False)
        axes.spines["bottom"].set_visible(False)
    strip.spines["left"].set_visible(False)
    strip.set_yticks([])
    return main, strip, lower


def _draw_curves(axes: Axes, profile: ProfileCurves, sqrt_intensity: bool) -> None:
    scale = _square_root if sqrt_intensity else np.asarray
    x = profile.x
    axes.plot(x, scale(profile.observed), ".", ms=3.0, mew=0, color=style.OBSERVED, label="observed", rasterized=True)
    gaps = starts_after_gaps(x)
    line = np.insert(x, gaps, np.nan)
    axes.plot(line, _broken(scale(profile.calculated), gaps), color=style.CALCULATED, lw=0.7, label="calculated")
    axes.plot(
        line, _broken(scale(profile.background), gaps), color=style.BACKGROUND, ls="--", lw=0.8, label="background"
    )
    axes.set_xlim(x[0], x[-1])
    axes.margins(y=0.08)


def _draw_ticks(axes: Axes, ticks: dict[str, Any], result: Result) -> None:
    axes.set_ylim(len(ticks) - 0.5 if ticks else 1, -0.5)
    colours = style.phase_colours(tuple(result.phases) or tuple(ticks))
    for row, (name, reflections) in enumerate(ticks.items()):
        colour = colours.get(name, style.OBSERVED)
        axes.vlines([r.two_theta for r in reflections], row - 0.36, row + 0.36, color=colour, lw=0.8)
        axes.annotate(name, (1.0, row), xycoords=("axes fraction", "data"), xytext=(4, 0),
                      textcoords="offset points", va="center",
            parse_math=False, fontsize=8, annotation_clip=False)  # fmt: skip


def _draw_difference(axes: Axes, profile: ProfileCurves, sqrt_intensity: bool) -> None:
    if sqrt_intensity:
        difference = _square_root(profile.observed) - _square_root(profile.calculated)
    else:
        difference = profile.difference
    axes.axhline(0, color=style.BACKGROUND, lw=0.5)
    gaps = starts_after_gaps(profile.x)
    axes.plot(np.insert(profile.x, gaps, np.nan), _broken(difference, gaps), color=style.DIFFERENCE, lw=0.7)
    axes.set_ylabel("obs − calc")
    unit = AXIS_UNITS[profile.axis].replace("degrees 2θ", "°")
    axes.set_xlabel(f"{AXIS_NAMES[profile.axis]} / {unit}")


def _square_root(values: FloatArray) -> FloatArray:
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


def _broken(values: FloatArray, gaps: NDArray[np.intp]) -> FloatArray:
    return np.insert(values, gaps, np.nan)


def _intensity_label(result: Result, sqrt_intensity: bool) -> str:
    unit = intensity_unit(result)
    return f"√(intensity / {unit})" if sqrt_intensity else f"intensity / {unit}"


def _agreement_text(result: Result) -> str:
    agreement = result.agreement
    if agreement is None:
        return result.status.replace("_", " ")
    return f"$R_{{wp}}$ {100 * agreement.rwp:.2f} %   GOF {agreement.gof:.2f}"
