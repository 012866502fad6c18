"""The grid of points that GSAS-II is given."""

from __future__ import annotations

import numpy as np


def fill_gaps(two_theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[float]]]:
    """Grid without gaps, for an engine that stops at the first gap under a peak.

    GSAS-II leaves its reflection loop when no point lies inside the window of
    a reflection, so that a gap would drop every later reflection. The gaps are
    filled with points that are excluded from the fit.

    Returns
    -------
    grid : ndarray
        Two-theta with filler points, degrees.
    is_measured : ndarray of bool
        True where the point was given.
    excluded : list of [low, high]
        Regions that hold the filler points only.
    """
    steps = np.diff(two_theta)
    typical = float(np.median(steps))
    pieces, flags, excluded = [], [], []
    start = 0
    for i in map(int, np.flatnonzero(steps > max(10.0 * typical, 0.1))):
        n = max(2, round(steps[i] / max(typical, 0.005)))
        filler = np.linspace(two_theta[i], two_theta[i + 1], n + 1)[1:-1]
        margin = (filler[0] - two_theta[i]) / 2.0
        pieces += [two_theta[start : i + 1], filler]
        flags += [np.ones(i + 1 - start, bool), np.zeros(filler.size, bool)]
        excluded.append([float(two_theta[i] + margin), float(two_theta[i + 1] - margin)])
        start = i + 1
    pieces.append(two_theta[start:])
    flags.append(np.ones(two_theta.size - start, bool))
    return np.concatenate(pieces), np.concatenate(flags), excluded
