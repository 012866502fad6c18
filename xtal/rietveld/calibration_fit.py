"""Run a calibration: once with all profile terms, and again without U and V where they make no width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..instrument import Instrument
from ..pattern import Pattern
from ..result import Result
from ..structure import Structure
from .calibrate import Calibration, calibrated_instrument, calibration_job
from .run import refine

__all__ = ["calibrate"]

MISFIT_RWP, MISFIT_GOF = 0.30, 2.0
"""Beyond both the pattern isn't that of the standard, and the widths found are nobody's."""


def calibrate(
    pattern: Pattern,
    standards: Sequence[Structure],
    instrument: Instrument,
    *,
    name: str,
    engine: str = "rietx",
    timeout: float = 600.0,
    on_event: Any = None,
    command: Sequence[str] = (),
    **options: Any,
) -> Calibration:
    """Refine the profile of an instrument on a standard.

    Parameters
    ----------
    pattern, standards, instrument
        As in `calibration_job`, which takes further `options`.
    name : str
        Name of the calibrated instrument.

    Raises
    ------
    InputError
        The fit did not converge to a profile, or the pattern isn't that of the standard.
    """

    def attempt(gaussian: bool) -> Calibration:
        job = calibration_job(pattern, standards, instrument, free_gaussian_terms=gaussian, **options)
        result = refine(job, engine=engine, timeout=timeout, on_event=on_event, command=command)
        _refuse_misfit(result, name)
        return Calibration(calibrated_instrument(instrument, result, name), result, job.notes)

    try:
        return attempt(True)
    except InputError:
        return attempt(False)


def _refuse_misfit(result: Result, name: str) -> None:
    """A converged fit that misses the peaks leaves the widths where they started: no calibration."""
    fit = result.agreement
    known = [letter for letter in "wxy" if result.parameters[f"pattern.profile.{letter}"].esd is not None]
    if result.status != "converged" or fit is None or (known and (fit.rwp <= MISFIT_RWP or fit.gof <= MISFIT_GOF)):
        return
    severe = next((check.sentence for check in result.checks if check.severity == "severe"), "")
    raise InputError(
        f"the fit says nothing of the instrument's widths: Rwp {100 * fit.rwp:.1f} %, {fit.gof:.1f} times what counting allows. {severe}".strip(),
        where=name,
        remedy=f"Is this the pattern of {', '.join(result.phases)}, with that radiation and cell?",
    )
