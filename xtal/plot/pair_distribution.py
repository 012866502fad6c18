"""Pictures of pair distribution functions: simulated ones with their partials, fits with difference and partial stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..pattern import Pattern
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pdf.simulate import SimulatedPdf

__all__ = ["plot_simulated"]

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
