"""What the checks look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..job import Job
from ..result import Agreement, Correlation, ParameterResult, PhaseResult, ProfileCurves, ReflectionRow

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
