"""Pictures of a reduction: S(Q), F(Q) and G(r) under one another, with the density line that G(r) should follow at low r."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..pdf.conventions import slope_line
from ..pdf.reduce import Reduction
from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pattern import Pattern

__all__ = ["plot_reduction"]

PANEL_INCHES = 1.8
SHOWN_R = 20.0


def plot_reduction(made: Reduction, *, title: str | None = None) -> Figure:
    """S(Q), F(Q) and G(r) up to 20 Å; bands of two standard uncertainties where there are any.

    Parameters
    ----------
    made : Reduction
        What to draw.
    title : str, optional
        The data's name without it.
    """
    from matplotlib.figure import Figure

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 3 * PANEL_INCHES), layout="constrained")
        upper, middle, lower = figure.subplots(3, 1)
        _draw_reciprocal(upper, made.sq, made, "S(Q)", 1.0)
        _draw_reciprocal(middle, made.fq, made, r"F(Q) (Å$^{-1}$)", 0.0)
        _draw_real(lower, made)
        upper.set_title(title or f"{made.gr.source}, {made.settings.composition}", loc="left")
    return figure


def _draw_reciprocal(axes: Axes, curve: Pattern, made: Reduction, label: str, level: float) -> None:
    settings = made.settings
    used = (curve.x >= settings.q_min) & (curve.x <= (settings.q_max or curve.x[-1]))
    axes.axhline(level, color=style.GREY, linewidth=0.5)
    axes.plot(curve.x[~used], curve.intensity[~used], ".", markersize=1, color=style.GREY)
    axes.plot(curve.x[used], curve.intensity[used], color=style.OBSERVED)
    # Points behind a beam stop would squeeze the rest.
    shown = curve.intensity[used & (curve.x > 0.05 * curve.x[-1])]
    if shown.size:
        margin = 0.05 * np.ptp(shown)
        axes.set_ylim(shown.min() - margin, shown.max() + margin)
    axes.set(xlabel=r"Q (Å$^{-1}$)", ylabel=label, xlim=(0, curve.x[-1]))


def _draw_real(axes: Axes, made: Reduction) -> None:
    curve = made.gr.cut(None, max(SHOWN_R, made.gr.x[0] + 1)) if made.gr.x[-1] > SHOWN_R else made.gr
    density = made.settings.number_density or made.low_r.number_density
    if np.isfinite(density) and density > 0:
        line = curve.x[curve.x <= made.low_r.cut]
        known = "given" if made.settings.number_density else "from the slope"
        axes.plot(
            line, -slope_line(line, density), color=style.CALCULATED, label=f"−4πρ₀r, ρ₀ = {density:.4f} Å⁻³ {known}"
        )
        axes.legend(loc="upper right")
    if made.has_esds:
        axes.fill_between(curve.x, curve.intensity - 2 * curve.sigma, curve.intensity + 2 * curve.sigma, alpha=0.3,
                          color=style.DIFFERENCE, linewidth=0)  # fmt: skip
    axes.plot(curve.x, curve.intensity, color=style.OBSERVED)
    axes.set(xlabel="r (Å)", ylabel=r"G(r) (Å$^{-2}$)", xlim=(curve.x[0], curve.x[-1]))
