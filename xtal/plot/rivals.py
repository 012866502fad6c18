"""Aligned difference curves of rival models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..result import ProfileCurves
from .style import CALCULATED, DIFFERENCE, OBSERVED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..rietveld.rivals import RivalModels

__all__ = ["plot_rivals"]


def plot_rivals(models: RivalModels) -> Figure:
    """The pattern with the best model, and below it each model's weighted difference on one axis and one scale."""
    from matplotlib.figure import Figure

    shown = [rival for rival in models.rivals if rival.result.profile is not None]
    figure = Figure(figsize=(9.0, 2.4 + 1.1 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown) + 1, 1, sharex=True, height_ratios=[2.4, *[1.0] * len(shown)], squeeze=False)[
        :, 0
    ]
    best = shown[0].result.profile
    assert best is not None
    axes[0].plot(best.x, best.observed, ".", ms=2, color=OBSERVED, label="observed")
    axes[0].plot(best.x, best.calculated, lw=0.8, color=CALCULATED, label=f"calculated, {shown[0].name}")
    axes[0].legend(loc="upper right", frameon=False, fontsize=8)
    axes[0].set_ylabel("counts")
    residuals = [_weighted(rival.result.profile) for rival in shown]
    limit = max(4.0, float(np.percentile(np.abs(np.concatenate(residuals)), 99.8)))
    for axis, rival, residual in zip(axes[1:], shown, residuals, strict=True):
        axis.plot(best.x, residual, lw=0.6, color=DIFFERENCE)
        axis.axhline(0.0, lw=0.5, color="0.5")
        axis.set_ylim(-limit, limit)
        axis.set_ylabel("Δ/σ")
        axis.set_title(f"{rival.name}: Rwp {100 * (rival.rwp or 0.0):.2f} %", loc="left", fontsize=8, pad=2)
    axes[-1].set_xlabel("2θ / °" if best.axis == "two_theta" else best.axis)
    return figure


def _weighted(profile: ProfileCurves | None) -> NDArray[np.float64]:
    assert profile is not None
    return np.asarray(profile.difference / np.where(profile.sigma > 0, profile.sigma, 1.0))
