"""A job as other instruments would have it: same phases, ties and start values, another pattern."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError, JobError
from ..instrument import Instrument
from ..job.resolved import Job
from ..job.schema import JobFile, PatternTable, StageTable
from ..pattern import Pattern
from .instruments import write_instrument
from .jobs import read_job_file, resolve_job
from .write_pattern import write_pattern

__all__ = ["jobs_for_instruments"]

SHIFT = "pattern.displacement | pattern.zero"


def jobs_for_instruments(
    path: str | Path, measured: Sequence[tuple[str, Instrument, np.ndarray]]
) -> dict[str, Job | str]:
    """The job of a file for each instrument, with one stage that frees what the job frees of its phases.

    Of the pattern the background and the shift of the lines are free; the instruments count as calibrated. The measured pattern of the job is
    not needed and not read.

    Parameters
    ----------
    path : path
        Job file.
    measured : sequence of (name, Instrument, axis)
        Instruments with the points that they would measure.

    Returns
    -------
    dict
        Name to the job, or to why that instrument can't have it.

    Raises
    ------
    JobError
        The file can't be read, or it names something that doesn't exist.
    """
    job_file, folder = read_job_file(path)
    found: dict[str, Job | str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, instrument, axis) in enumerate(measured):
            files = Path(scratch) / f"{number}.xye", Path(scratch) / f"{number}.toml"
            write_pattern(
                Pattern(axis, np.ones(axis.size), axis="two_theta" if instrument.bank is None else "tof"), files[0]
            )
            write_instrument(instrument, files[1])
            try:
                found[name] = resolve_job(
                    _moved(job_file, *files), folder.resolve(), where=Path(path).name, engine="native", inputs={}
                )
            except InputError as error:
                found[name] = str(error)
    messages = {job for job in found.values() if isinstance(job, str)}
    if len(messages) == 1 and not any(isinstance(job, Job) for job in found.values()):
        raise JobError(messages.pop())
    return found


def _moved(job_file: JobFile, pattern: Path, instrument: Path) -> JobFile:
    """The job file with another pattern, and what it says of its own pattern left out."""
    free = [
        name
        for stage in job_file.stage
        if stage.when != "uncalibrated"
        for name in stage.free
        if name.startswith("phase.")
    ]
    fixed = [name for stage in job_file.stage for name in stage.fix if name.startswith("phase.")]
    stage = StageTable.model_validate(
        {"name": "plan", "free": ["phase.*.scale", *free, "pattern.background", SHIFT], "fix": fixed}
    )
    ties = [tie for tie in job_file.tie if "pattern." not in str(tie.model_dump())]
    return job_file.model_copy(update={
        "pattern": PatternTable.model_validate({"file": str(pattern), "instrument": str(instrument)}),
        "stage": [stage],
        "tie": ties,
        "parameters": {name: item for name, item in job_file.parameters.items() if not name.startswith("pattern.")},
        "variant": [],
    })  # fmt: skip
