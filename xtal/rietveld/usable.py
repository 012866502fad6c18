"""What makes a job hopeless before an engine sees it, said in a sentence."""

from __future__ import annotations

import numpy as np

from ..errors import PatternError
from ..job import Job

__all__ = ["refuse_hopeless"]

LEAST_POINTS = 10


def refuse_hopeless(job: Job) -> None:
    """Refuse a pattern that no model can be fitted to.

    Raises
    ------
    PatternError
        Too few points, no intensity at all, or the same intensity everywhere.
    """
    counts = job.pattern.intensity
    where = job.pattern.source or None
    n_free = len(job.free_names)
    if counts.size < LEAST_POINTS:
        raise PatternError(f"{counts.size} points are left to fit;", where=where,
                           remedy=f"a refinement needs at least {LEAST_POINTS}: check the file, the range and the excluded regions.")  # fmt: skip
    if counts.size <= n_free:
        raise PatternError(f"{counts.size} points for {n_free} free parameters;", where=where,
                           remedy="widen the range or free less.")  # fmt: skip
    if not np.any(counts > 0):
        raise PatternError(
            "every intensity is zero or below;", where=where, remedy="check which column holds the counts."
        )
    if np.ptp(counts) == 0:
        raise PatternError(
            f"every intensity is {counts[0]:g};", where=where, remedy="check which column holds the counts."
        )
