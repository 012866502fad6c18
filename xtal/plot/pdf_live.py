"""Pictures of a reduction and of a simulated G(r) that are drawn once and then follow their numbers, for sliders in a notebook."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..pdf.agreement import best_scale
from ..pdf.conventions import slope_line
from . import style

if TYPE_CHECKING:
    from ..pattern import Pattern
    from ..pdf.reduce import Reduction
    from ..pdf.simulate import SimulatedPdf

__all__ = ["LivePicture", "LiveReduction", "LiveSimulation"]

FloatArray = NDArray[np.float64]

SCREEN_DPI = 100
SHOWN_R = 12.0


class LivePicture:
    """A figure whose lines get new values; what doesn't change is laid out once."""

    def __init__(self, rows: int, height: float) -> None:
        from matplotlib.figure import Figure

        with style.print_style():
            self.figure = Figure(figsize=(style.WIDTH, height), layout="constrained")
            self.axes = np.atleast_1d(self.figure.subplots(rows, 1))
        self._laid_out = False

    def png(self) -> bytes:
        """The figure as it is now."""
        stream = io.BytesIO()
        with style.print_style():
            self.figure.savefig(stream, format="png", dpi=SCREEN_DPI)
        if not self._laid_out:
            # Margins stay as they are: finding them costs more than drawing.
            self.figure.set_layout_engine("none")
            self._laid_out = True
        return stream.getvalue()

    def _fit_height(self, row: int, *curves: FloatArray) -> None:
        low, high = min(float(c.min()) for c in curves), max(float(c.max()) for c in curves)
        margin = 0.05 * (high - low) or 1.0
        self.axes[row].set_ylim(low - margin, high + margin)


class LiveReduction(LivePicture):
    """F(Q), and G(r) up to 12 Å over the line −4πρ₀r that it should follow below the first pair."""

    def __init__(self, made: Reduction) -> None:
        super().__init__(2, 4.2)
        upper, lower = self.axes
        (self._fq,) = upper.plot([], [], color=style.OBSERVED)
        (self._gr,) = lower.plot([], [], color=style.OBSERVED)
        (self._line,) = lower.plot([], [], color=style.CALCULATED, label="−4πρ₀r")
        upper.set(xlabel=r"Q (Å$^{-1}$)", ylabel=r"F(Q) (Å$^{-1}$)", xlim=(0, made.fq.x[-1]))
        lower.set(xlabel="r (Å)", ylabel=r"G(r) (Å$^{-2}$)", xlim=(0, min(SHOWN_R, made.gr.x[-1])))
        lower.legend(loc="lower right", bbox_to_anchor=(1, 1))
        upper.set_title(f"{made.gr.source}, {made.settings.composition}", loc="left", parse_math=False)
        self.update(made)

    def update(self, made: Reduction) -> None:
        """Show another reduction of the same data."""
        settings = made.settings
        used = (made.fq.x >= settings.q_min) & (made.fq.x <= (settings.q_max or made.fq.x[-1]))
        near = made.gr.x <= SHOWN_R
        low = made.gr.x[made.gr.x <= made.low_r.cut]
        self._fq.set_data(made.fq.x[used], made.fq.intensity[used])
        self._gr.set_data(made.gr.x[near], made.gr.intensity[near])
        self._line.set_data(low, -slope_line(low, settings.number_density or made.low_r.number_density))
        self._fit_height(0, made.fq.intensity[used & (made.fq.x > 0.05 * made.fq.x[-1])])
        self._fit_height(1, made.gr.intensity[near])


class LiveSimulation(LivePicture):
    """A simulated G(r), scaled to a measured one with the difference below where there is one."""

    def __init__(self, made: SimulatedPdf, title: str, measured: Pattern | None = None) -> None:
        super().__init__(1, 3.0)
        (axes,) = self.axes
        self._measured = measured
        if measured is not None:
            axes.plot(measured.x, measured.intensity, ".", ms=2.5, mew=0, color=style.OBSERVED, label="measured")
            (self._difference,) = axes.plot([], [], color=style.DIFFERENCE, lw=0.6, label="difference, shifted")
        (self._model,) = axes.plot([], [], color=style.CALCULATED, label="simulated")
        axes.set(xlabel="r (Å)", ylabel=r"G(r) (Å$^{-2}$)", xlim=(made.r[0], made.r[-1]))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
        axes.set_title(title, loc="left", parse_math=False)
        self.update(made)

    def update(self, made: SimulatedPdf) -> None:
        """Show another model at the same points."""
        scale = 1.0 if self._measured is None else best_scale(self._measured.intensity, made.g)
        curves = [scale * made.g]
        self._model.set_data(made.r, curves[0])
        if self._measured is not None:
            difference = self._measured.intensity - curves[0]
            shifted = difference + min(self._measured.intensity.min(), curves[0].min()) - difference.max()
            self._difference.set_data(made.r, shifted)
            curves += [self._measured.intensity, shifted]
        self._fit_height(0, *curves)
