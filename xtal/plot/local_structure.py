"""Pictures of local analysis: T(r) with its shells, G(r) with crystalline and amorphous part, resemblance against r."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pdf.crystalline_fraction import CrystallineFraction
    from ..pdf.local import ShellFit
    from ..pdf.local_data import LocalData
    from ..pdf.order import OrderWindow

__all__ = ["plot_local"]

PANEL_INCHES = 2.3


def plot_local(
    data: LocalData,
    fit: ShellFit | None,
    share: CrystallineFraction | None,
    windows: tuple[OrderWindow, ...],
    *,
    note: str = "",
) -> Figure:
    """One panel for each thing that was found; G(r) alone when nothing was asked for. `note` goes behind the title."""
    from matplotlib.figure import Figure

    panels = [draw for draw, wanted in ((_draw_shells, fit is not None), (_draw_fraction, share is not None),
                                        (_draw_windows, bool(windows)), (_draw_gr, fit is None and share is None)) if wanted]  # fmt: skip
    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, PANEL_INCHES * len(panels)), layout="constrained")
        for axes, draw in zip(figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
            draw(axes, data, fit, share, windows)
        figure.axes[0].set_title(f"{data.source}, {data.band.composition}{note}", loc="left")
    return figure


def _draw_shells(axes: Axes, data: LocalData, fit: ShellFit | None, *_: object) -> None:
    assert fit is not None
    near = (data.r > fit.r[0] - 0.4) & (data.r < fit.r[-1] + 0.6)
    axes.plot(data.r[near], data.total()[near], ".", markersize=2, color=style.OBSERVED, label="observed")
    axes.plot(fit.r, fit.model, color=style.CALCULATED, label=f"model, Rw {fit.rw:.3f}")
    for item, colour in zip(fit.shells, _colours(len(fit.shells)), strict=True):
        axes.plot(
            fit.r, item.total, "--", color=colour, label=f"{item.shell.pair}: {item.distance} Å, CN {item.coordination}"
        )
    low = float(min(np.min(data.total()[near]), 0.0))
    offset = low - 1.1 * float(np.max(np.abs(fit.observed - fit.model)))
    axes.plot(fit.r, fit.observed - fit.model + offset, color=style.DIFFERENCE, label="difference")
    axes.axhline(offset, color=style.GREY, linewidth=0.4)
    axes.set(xlabel="r (Å)", ylabel=r"T(r) (Å$^{-2}$)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_fraction(axes: Axes, data: LocalData, fit: object, share: CrystallineFraction | None, *_: object) -> None:
    assert share is not None
    axes.plot(share.r, share.observed, color=style.OBSERVED, label="observed")
    axes.plot(share.r, share.best.model, color=style.CALCULATED, linewidth=0.7,
              label=f"{share.stacking}: {100 * (share.total.value or 0):.1f} % crystalline")  # fmt: skip
    drop = 0.7 * float(np.ptp(share.observed))
    axes.plot(share.r, share.observed - share.best.model - drop, color=style.DIFFERENCE, label="difference")
    axes.axhline(-drop, color=style.GREY, linewidth=0.4)
    axes.set(xlabel="r (Å)", ylabel=r"G(r) (Å$^{-2}$)", xlim=(share.r[0], share.r[-1]))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_windows(axes: Axes, data: LocalData, fit: object, share: object, windows: tuple[OrderWindow, ...]) -> None:
    middle = [(item.low + item.high) / 2 for item in windows]
    for name, colour, marker in zip(
        windows[0].rw, _colours(len(windows[0].rw)), "osD^v" * len(windows[0].rw), strict=False
    ):
        axes.plot(
            middle, [item.correlation[name] for item in windows], marker=marker, markersize=4, color=colour, label=name
        )
    axes.axhline(0, color=style.GREY, linewidth=0.4)
    axes.set(xlabel="r (Å), middle of the window", ylabel="correlation", ylim=(-1, 1.05))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _draw_gr(axes: Axes, data: LocalData, *_: object) -> None:
    axes.plot(data.r, data.gr, color=style.OBSERVED)
    axes.axhline(0, color=style.GREY, linewidth=0.4)
    axes.set(xlabel="r (Å)", ylabel=r"G(r) (Å$^{-2}$)")


def _colours(count: int) -> list[str]:
    return [style.PHASES[index % len(style.PHASES)] for index in range(count)]
