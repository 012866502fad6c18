"""The shipped example: a synthetic pellet with a known answer, as a job file with its pattern and instrument."""

from __future__ import annotations

from importlib.resources import as_file, files

from ..io.jobs import load_job
from ..job import Job

__all__ = ["TRUE_CUBIC_SHARE", "example_job"]

TRUE_CUBIC_SHARE = 0.91
"""Share of the cubic phase in the Li2OHCl of the example, by weight, as it was simulated."""


def example_job(*, engine: str | None = None) -> Job:
    """Job of the example pellet; tools/make_example.py simulated its pattern with a recorded seed."""
    with as_file(files("xtal") / "examples" / "pellet") as folder:
        return load_job(folder / "job.toml", engine=engine)
