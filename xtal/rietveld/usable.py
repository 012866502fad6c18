"""What makes a job hopeless before an engine sees it, said in a sentence."""

from __future__ import annotations

import numpy as np

from ..errors import PatternError
from ..job import Job, JobPattern

__all__ = ["refuse_hopeless"]

LEAST_POINTS = 10


def refuse_hopeless(job: Job) -> None:
    """Refuse patterns that no model can be fitted to.

    Raises
    ------
    PatternError
        Too few points, no intensity at all, or the same intensity everywhere.
    """
    for one in job.all_patterns:
        _refuse_without_points(one)
    n_points, n_free = sum(len(one.pattern) for one in job.all_patterns), len(job.free_names)
    if n_points <= n_free:
        raise PatternError(f"{n_points} points for {n_free} free parameters;", where=_where(job.all_patterns[0]),
                           remedy="widen the range or free less.")  # fmt: skip
    for one in job.all_patterns:
        _refuse_without_intensity(one)


def _where(one: JobPattern) -> str | None:
    return one.pattern.source or one.name or None


def _refuse_without_points(one: JobPattern) -> None:
    n_points = len(one.pattern)
    if n_points < LEAST_POINTS:
        raise PatternError(f"{n_points} points are left to fit;", where=_where(one),
                           remedy=f"a refinement needs at least {LEAST_POINTS}: check the file, the range and the excluded regions.")  # fmt: skip


def _refuse_without_intensity(one: JobPattern) -> None:
    counts = one.pattern.intensity
    if not np.any(counts > 0):
        raise PatternError("every intensity is zero or below;", where=_where(one),
                           remedy="check which column holds the counts.")  # fmt: skip
    if np.ptp(counts) == 0:
        raise PatternError(f"every intensity is {counts[0]:g};", where=_where(one),
                           remedy="check which column holds the counts.")  # fmt: skip
