"""How well two curves on the same axis agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["best_scale", "correlation", "rw"]


def best_scale(observed: ArrayLike, model: ArrayLike) -> float:
    """Factor of `model` with the least squares to `observed`."""
    y, m = np.asarray(observed, dtype=float), np.asarray(model, dtype=float)
    return float(y @ m / (m @ m))


def rw(observed: ArrayLike, model: ArrayLike) -> float:
    """Rw = sqrt(Σ(y − m)²/Σy²), unit weights, as PDFgui prints it."""
    y, m = np.asarray(observed, dtype=float), np.asarray(model, dtype=float)
    return float(np.sqrt(np.sum((y - m) ** 2) / np.sum(y**2)))


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's correlation coefficient."""
    return float(np.corrcoef(np.asarray(first, dtype=float), np.asarray(second, dtype=float))[0, 1])
