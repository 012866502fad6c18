"""Run a calibration: once with all profile terms, and again without U and V where they make no width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..instrument import Instrument
from ..pattern import Pattern
from ..structure import Structure
from .calibrate import Calibration, calibrated_instrument, calibration_job
from .run import refine

__all__ = ["calibrate"]


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
        The fit did not converge to a profile.
    """

    def attempt(gaussian: bool) -> Calibration:
        job = calibration_job(pattern, standards, instrument, free_gaussian_terms=gaussian, **options)
        result = refine(job, engine=engine, timeout=timeout, on_event=on_event, command=command)
        return Calibration(calibrated_instrument(instrument, result, name), result, job.notes)

    try:
        return attempt(True)
    except InputError:
        return attempt(False)
