r"""How far two models differ in their patterns, and how many counts would tell them apart.

The rival is brought to the same integrated intensity (the maximum-likelihood scale of Poisson counts without background). The distance of the
two noise-free patterns, :math:`\Delta\chi^2 = \sum_i (y_i - k z_i)^2 / (\tfrac12(y_i + k z_i) + b_i)` with the mean of their Poisson variances,
grows in proportion to the counts, so that there is an exposure at which :math:`\Delta\chi^2 = n^2`: it tells them apart at n σ when nothing
but the scale is refined. Cells, widths and coordinates that are refined too take part of the difference up: the number is a lower limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .simulate import Simulation

__all__ = ["ModelDifference", "RegionDifference", "compare_models", "scale_to_measured"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RegionDifference:
    """Reflections that lie close together, in two models.

    Parameters
    ----------
    low, high : float
        Ends of the region on the axis of the patterns.
    reflections : tuple of str
        Reflections of the first model, ``"cubic 110"``.
    first, second : float
        Integrated Bragg intensities on a common scale (largest region of the first model = 100).
    significance : float
        Share of the region in Δχ².
    """

    low: float
    high: float
    reflections: tuple[str, ...]
    first: float
    second: float
    significance: float


@dataclass(frozen=True)
class ModelDifference:
    """Difference of two simulated models.

    Parameters
    ----------
    scale : float
        Factor on the second model.
    delta_chi2 : float
        Of the two patterns as simulated.
    counts : float
        Height of the first model's highest point at which they differ by `n_sigma`; infinite for equal patterns.
    n_sigma : float
        Wanted significance.
    regions : tuple of RegionDifference
        By position.
    """

    scale: float
    delta_chi2: float
    counts: float
    n_sigma: float
    regions: tuple[RegionDifference, ...]


def compare_models(
    first: Simulation, second: Simulation, *, low: float | None = None, high: float | None = None, n_sigma: float = 3.0
) -> ModelDifference:
    """Where and by how much two models differ between `low` and `high`, and the counts that would tell them apart.

    Raises
    ------
    InputError
        Patterns on different axes, or a range without points.
    """
    x = first.pattern.x
    if not np.array_equal(x, second.pattern.x):
        raise InputError("the two simulations have different axes;", remedy="simulate both on the same points.")
    inside = (x >= (x[0] if low is None else low)) & (x <= (x[-1] if high is None else high))
    if not inside.any():
        raise InputError(f"no point between {low} and {high};", where="comparison", remedy="widen the range.")
    y, z = (simulation.calculated - simulation.background for simulation in (first, second))
    scale = float(y[inside].sum() / z[inside].sum())
    variance = np.maximum((y + scale * z) / 2 + first.background, 1e-12 * y.max())
    terms = inside * (y - scale * z) ** 2 / variance
    total = float(terms.sum())
    counts = float(y.max() * n_sigma**2 / total) if total > 0 else np.inf
    return ModelDifference(scale, total, counts, n_sigma, _regions(first, y, scale * z, terms, inside))


def _regions(
    first: Simulation, y: FloatArray, z: FloatArray, terms: FloatArray, inside: NDArray[np.bool_]
) -> tuple[RegionDifference, ...]:
    """Cut the range where the patterns of both models are low, and integrate between the cuts."""
    x = first.pattern.x
    both = np.where(inside, y + z, 0.0)
    edges = np.flatnonzero(np.diff((both > 5e-3 * both.max()).astype(int)))
    starts, stops = edges[::2] + 1, edges[1::2] + 1
    step = np.gradient(x)
    areas = np.array([((y * step)[a:b].sum(), (z * step)[a:b].sum()) for a, b in zip(starts, stops, strict=False)])
    if not areas.size:
        return ()
    areas *= 100 / areas[:, 0].max()
    names = [_names(first, x[a], x[b - 1]) for a, b in zip(starts, stops, strict=False)]
    return tuple(
        RegionDifference(float(x[a]), float(x[b - 1]), name, float(area[0]), float(area[1]), float(terms[a:b].sum() / max(terms.sum(), 1e-300)))
        for a, b, name, area in zip(starts, stops, names, areas, strict=False)
    )  # fmt: skip


def _names(simulation: Simulation, low: float, high: float) -> tuple[str, ...]:
    rows = [row for row in simulation.peaks() if low <= float(row[simulation.pattern.axis] or 0) <= high]
    return tuple(f"{row['phase']} {row['h']} {row['k']} {row['l']}" for row in rows if row["intensity"])


def scale_to_measured(calculated: FloatArray, measured: FloatArray) -> tuple[float, float]:
    """Factor and constant that bring a simulated pattern onto a measured one by least squares; both of shape (n,)."""
    design = np.column_stack([calculated, np.ones_like(calculated)])
    factor, constant = np.linalg.lstsq(design, measured, rcond=None)[0]
    return float(factor), float(constant)
