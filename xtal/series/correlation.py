"""Correlation of a refined quantity with a property that was measured elsewhere, such as conductivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..errors import InputError

__all__ = ["PropertyCorrelation", "correlate"]


@dataclass(frozen=True)
class PropertyCorrelation:
    """How two columns go together.

    Parameters
    ----------
    pearson : float
        Linear correlation coefficient.
    pearson_p : float
        Probability of one as large when there is none.
    spearman : float
        Rank correlation, which an outlier or a curve doesn't spoil.
    spearman_p : float
        Likewise.
    n_points : int
        Frames that have both.
    """

    pearson: float
    pearson_p: float
    spearman: float
    spearman_p: float
    n_points: int


def correlate(first: ArrayLike, second: ArrayLike) -> PropertyCorrelation:
    """Correlation of two columns; rows in which either is missing are left out.

    Raises
    ------
    InputError
        Fewer than three rows, or a column that doesn't vary.
    """
    from scipy.stats import pearsonr, spearmanr

    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise InputError(f"{len(x)} frames with both values, or one that doesn't vary;", where="correlation",
                         remedy="a correlation needs three different points.")  # fmt: skip
    linear, ranks = pearsonr(x, y), spearmanr(x, y)
    return PropertyCorrelation(
        float(linear.statistic), float(linear.pvalue), float(ranks.statistic), float(ranks.pvalue), len(x)
    )
