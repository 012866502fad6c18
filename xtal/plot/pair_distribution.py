"""Pictures of pair distribution functions: simulated ones with their partials, fits with difference and partial stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..pattern import Pattern
from . import style
from .series import with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pdf.result import PdfCurves, PdfResult, PdfWindow
    from ..pdf.rivals import PdfRivals
    from ..pdf.simulate import SimulatedPdf

__all__ = ["plot_comparison", "plot_fit", "plot_simulated", "plot_windows"]

FloatArray = NDArray[np.float64]

G_LABEL = "G(r) / Å⁻²"
STACK_INCHES = 0.55


def plot_simulated(
    made: Sequence[tuple[str, SimulatedPdf]],
    partials: Mapping[str, Sequence[str]],
    measured: Pattern | None = None,
) -> Figure:
    """G(r) of each model, shifted up one above the other, each with its wanted partials below it.

    Parameters
    ----------
    made : sequence of (name, SimulatedPdf)
        What was simulated.
    partials : mapping
        Names of partials to draw, by name of the model.
    measured : Pattern, optional
        Drawn as points with every model, which is scaled to it by least squares.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_partials = sum(len(partials.get(name, ())) for name, _ in made)
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 1.6 + 1.4 * len(made) + STACK_INCHES * n_partials), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        alone = len(made) + n_partials == 1
        shift = 0.0
        colours = style.phase_colours(tuple(name for name, _ in made))
        for name, simulated in made:
            shift = _draw_model(
                axes, name, simulated, partials.get(name, ()), measured, None if alone else shift, colours[name]
            )
        axes.set_xlabel("r / Å")
        axes.set_ylabel(G_LABEL + (", shifted" if len(made) + n_partials > 1 else ""))
        axes.set_xlim(made[0][1].r[0], made[0][1].r[-1])
        axes.margins(y=0.03)
        probe = {"xray": "X-rays", "neutron": "neutrons"}[made[0][1].settings.probe]
        axes.set_title(f"Simulated PDF, {probe}", loc="left")
    return figure


def _draw_model(
    axes: Axes,
    name: str,
    simulated: SimulatedPdf,
    partials: Sequence[str],
    measured: Pattern | None,
    shift: float | None,
    colour: str,
) -> float:
    """Draw a model with its partials above `shift`, or at zero; return where the next one may start."""
    factor = 1.0
    if measured is not None:
        at_points = np.interp(measured.x, simulated.r, simulated.g)
        factor = float(at_points @ measured.intensity / (at_points @ at_points))
    curves = [(f"{name} {pair}", factor * simulated.partials[pair], 0.6) for pair in reversed(partials)]
    curves.append((name if factor == 1.0 else f"{name} × {factor:.3g}", factor * simulated.g, 1.0))
    for label, curve, width in curves:
        low = min(float(curve.min()), float(measured.intensity.min()) if measured is not None and width == 1.0 else 0.0)
        base = 0.0 if shift is None else shift - low
        if measured is not None and width == 1.0:
            axes.plot(measured.x, measured.intensity + base, ".", ms=2.5, mew=0, color=style.OBSERVED, rasterized=True)
        axes.axhline(base, color=style.BACKGROUND, lw=0.4)
        axes.plot(simulated.r, curve + base, color=colour, lw=width)
        axes.annotate(label, (1.0, base), xycoords=("axes fraction", "data"), xytext=(5, 0),
                      textcoords="offset points", ha="left", va="center", parse_math=False, annotation_clip=False)  # fmt: skip
        shift = base + max(float(curve.max()), 0.0) + 0.12 * float(np.ptp(curves[-1][1]))
    return shift or 0.0


def plot_fit(title: str, curves: Mapping[str, PdfCurves], *, partials: bool = True) -> Figure:
    """Each data set with its fit, the difference below it and, below that, the partials of the model.

    Parameters
    ----------
    title : str
        Of the figure.
    curves : mapping of PdfCurves
        By name of the data set, at least one.
    partials : bool
        Draw the partials.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [len(item.partials) if partials and len(item.partials) > 1 else 0 for item in curves.values()]
    heights = [3.0 + STACK_INCHES * count for count in rows]
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 0.4 + sum(heights)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = np.atleast_1d(figure.subplots(len(curves), 1, height_ratios=heights))
        for axes, (name, item), count in zip(panels, curves.items(), rows, strict=True):
            _draw_fit(axes, name, item, bool(count))
        panels[0].set_title(title, loc="left", parse_math=False)
        panels[-1].set_xlabel("r / Å")
    return figure


def _draw_fit(axes: Axes, name: str, item: PdfCurves, with_partials: bool) -> None:
    gap = 0.08 * float(np.ptp(item.observed))
    axes.plot(item.r, item.observed, ".", ms=3.0, mew=0, color=style.OBSERVED, label="observed", rasterized=True)
    axes.plot(item.r, item.calculated, color=style.CALCULATED, lw=0.8, label="calculated")
    bottom = float(min(item.observed.min(), item.calculated.min()))
    difference = item.difference
    base = bottom - gap - float(difference.max())
    axes.axhline(base, color=style.BACKGROUND, lw=0.4)
    axes.plot(item.r, difference + base, color=style.DIFFERENCE, lw=0.7, label="difference")
    bottom = base + float(difference.min())
    if with_partials:
        colours = style.phase_colours(tuple(item.partials))
        for pair, curve in item.partials.items():
            base = bottom - gap - max(float(curve.max()), 0.0)
            axes.axhline(base, color=style.BACKGROUND, lw=0.4)
            axes.plot(item.r, curve + base, color=colours[pair], lw=0.7)
            axes.annotate(pair, (1.0, base), xycoords=("axes fraction", "data"), xytext=(5, 0),
                          textcoords="offset points", va="center", annotation_clip=False)  # fmt: skip
            bottom = base + min(float(curve.min()), 0.0)
    probe = {"xray": "X-rays", "neutron": "neutrons"}[item.probe]
    axes.legend(
        loc="upper right", ncols=3, markerscale=3, title=f"{name} ({probe})   $R_w$ {item.rw:.4f}", alignment="right"
    )
    axes.set_xlim(item.r[0], item.r[-1])
    axes.set_ylim(bottom - gap, float(item.observed.max()) + 4 * gap)
    axes.set_ylabel(G_LABEL + (", shifted below" if with_partials else ""))


def plot_windows(windows: Sequence[PdfWindow], names: Sequence[str]) -> Figure:
    """Rw and parameters of a box-car series against the middle of its windows; bars are esds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 0.5 + 1.25 * (len(names) + 1)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(names) + 1, 1, sharex=True)
        done = [window for window in windows if window.rw is not None]
        middle = [(window.low + window.high) / 2 for window in done]
        panels[0].plot(middle, [window.rw for window in done], "o-", color=style.OBSERVED, ms=3)
        panels[0].set_ylabel("$R_w$")
        for axes, name in zip(panels[1:], names, strict=True):
            values = [window.values[name] for window in done]
            axes.errorbar(middle, [value.value for value in values], yerr=[value.esd or 0.0 for value in values],
                          fmt="o-", ms=3, lw=0.7, color=style.CALCULATED)  # fmt: skip
            owner, _, quantity = name.removeprefix("phase.").removeprefix("data.").partition(".")
            axes.set_ylabel(f"{owner}\n{quantity}{with_unit(name)}", fontsize=7, parse_math=False)
        panels[-1].set_xlabel("middle of the window / Å")
    return figure


def plot_comparison(comparison: PdfRivals, results: Mapping[str, PdfResult]) -> Figure:
    """Differences of rival models on one scale, and Rw of each in windows along r; the first data set that all have."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [rival.name for rival in comparison.rivals if results[rival.name].curves]
    key = next(iter(results[names[0]].curves))
    colours = style.phase_colours(tuple(names))
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 2.6 + 0.8 * len(names)), layout="constrained")
        FigureCanvasAgg(figure)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[0.8 * len(names) + 0.8, 1.4])
        gap = 1.2 * max(float(np.ptp(results[name].curves[key].difference)) for name in names)
        for place, name in enumerate(names):
            curves = results[name].curves[key]
            upper.axhline(-place * gap, color=style.BACKGROUND, lw=0.4)
            upper.plot(curves.r, curves.difference - place * gap, color=colours[name], lw=0.7)
            upper.annotate(name, (1.0, -place * gap), xycoords=("axes fraction", "data"), xytext=(5, 0),
                           textcoords="offset points", va="center", parse_math=False, annotation_clip=False)  # fmt: skip
        upper.set_ylabel("obs − calc / Å⁻², shifted")
        upper.set_title(comparison.sentence, loc="left", fontsize=7, wrap=True, parse_math=False)
        windows = [window for window in comparison.windows if window.data == key]
        for place, name in enumerate(names):
            marker = "os^Dv"[place % 5]
            lower.plot([(w.low + w.high) / 2 for w in windows], [w.rw[name] for w in windows], marker + "-",
                       ms=3.5, color=colours[name], label=name)  # fmt: skip
            anew = [(one.low + one.high) / 2 for one in comparison.refits if one.rw[name] is not None]
            lower.plot(anew, [one.rw[name] for one in comparison.refits if one.rw[name] is not None], marker + "--",
                       ms=3.5, mfc="white", lw=0.7, color=colours[name], label=f"{name}, fitted anew" if anew else None)  # fmt: skip
        # Room for the legend above the points.
        lower.set_ylim(0, 1.5 * lower.get_ylim()[1])
        lower.set_ylabel("$R_w$ of window")
        lower.set_xlabel("r / Å")
        lower.legend(ncols=2, loc="upper right")
    return figure
