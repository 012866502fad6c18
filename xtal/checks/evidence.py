"""What the checks look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..job import Job, JobPattern
from ..result import Agreement, Correlation, ParameterResult, PatternResult, PhaseResult, ProfileCurves, ReflectionRow

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fit as far as the checks need it.

    Parameters
    ----------
    job, agreement, phases, parameters, correlations, curves, reflections
        As in `xtal.result.Result`.
    max_shift_over_esd : float or None
        Largest |shift/esd| of the last cycle; None when the engine doesn't say.
    has_covariance : bool
        Whether the engine gave a usable covariance.
    engine_warnings : tuple of str
        What the engine itself complained about.
    patterns : dict of PatternResult
        Of several patterns; `curves` and `reflections` are those of the first.
    """

    job: Job
    agreement: Agreement
    phases: Mapping[str, PhaseResult]
    parameters: Mapping[str, ParameterResult]
    correlations: tuple[Correlation, ...]
    curves: ProfileCurves
    reflections: Mapping[str, tuple[ReflectionRow, ...]]
    max_shift_over_esd: float | None
    has_covariance: bool
    engine_warnings: tuple[str, ...] = ()
    patterns: Mapping[str, PatternResult] = field(default_factory=dict)

    def measured(self) -> Iterator[tuple[JobPattern, ProfileCurves, Mapping[str, tuple[ReflectionRow, ...]]]]:
        """Every pattern of the job with its curves and reflections."""
        if not self.patterns:
            yield self.job.all_patterns[0], self.curves, self.reflections
        for one, found in zip(self.job.patterns, self.patterns.values(), strict=True):
            assert found.profile is not None
            yield one, found.profile, found.reflections
