"""March–Dollase factor of reflections with its derivatives by r and by the reciprocal metric tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..diffraction.texture import march_dollase, squared_axis_cosines

__all__ = ["cosine_slopes", "texture_slopes"]

FloatArray = NDArray[np.float64]


def texture_slopes(
    images: FloatArray, metric: FloatArray, axis: Sequence[float], r: float, metric_slopes: Sequence[FloatArray]
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Factor of reflections, its slope by r, and its slopes by the parameters that change the metric.

    Parameters
    ----------
    images : ndarray, shape (n, m, 3)
        Equivalents of each reflection.
    metric : ndarray, shape (3, 3)
        Reciprocal metric tensor.
    axis : sequence of 3 float
        h, k, l of the texture axis.
    r : float
        March's coefficient.
    metric_slopes : sequence of ndarray, shape (3, 3)
        Derivatives of the metric by each parameter.
    """
    cosines, moved = cosine_slopes(images, metric, np.asarray(axis, dtype=float), metric_slopes)
    density = march_dollase(cosines, r)
    inner = -1.5 * density ** (5 / 3)
    by_r = (inner * (2 * r * cosines - (1 - cosines) / r**2)).mean(axis=1)
    by_cosine = inner * (r * r - 1 / r)
    return density.mean(axis=1), by_r, [(by_cosine * shift).mean(axis=1) for shift in moved]


def cosine_slopes(
    images: FloatArray, metric: FloatArray, axis: FloatArray, metric_slopes: Sequence[FloatArray]
) -> tuple[FloatArray, list[FloatArray]]:
    """cos²α between reflections (n, m, 3) and an axis (h, k, l), (n, m), and its slopes by what changes the metric."""
    cosines = squared_axis_cosines(images, metric, axis)
    dot, lengths = images @ metric @ axis, np.einsum("nmi,ij,nmj->nm", images, metric, images)
    axis_length = float(axis @ metric @ axis)
    moved = []
    for slope in metric_slopes:
        shift = 2 * dot * (images @ slope @ axis) / (lengths * axis_length)
        shift -= cosines * np.einsum("nmi,ij,nmj->nm", images, slope, images) / lengths
        moved.append(shift - cosines * float(axis @ slope @ axis) / axis_length)
    return cosines, moved
