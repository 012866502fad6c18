"""Synthetic patterns with a known answer, written as a user's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from xtal.io.instruments import write_instrument
from xtal.io.jobs import load_job
from xtal.io.write_pattern import write_pattern
from xtal.job import Job
from xtal.synthetic import laboratory_instrument, synthetic_pellet

TWO_PHASES = """
schema = "xtal-job/1"
title = "synthetic pellet"
[pattern]
file = "pellet.xye"
instrument = "instrument.toml"
[background]
terms = 6
[[phase]]
name = "cubic"
structure = "li2ohcl-cubic"
[[phase]]
name = "llto"
structure = "llto"
{phases}
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cells and sample height"
free = ["phase.cubic.cell", "phase.llto.cell", "pattern.displacement"]
[[stage]]
name = "widths"
free = ["phase.cubic.crystallite_size_nm", "phase.llto.crystallite_size_nm"]
{rest}
"""


def pellet_job(folder: Path, *, phases: str = "", rest: str = "", share: float = 1.0, llto: float = 0.5,
               counts: float = 4000.0, seed: int = 7, step: float = 0.04) -> Job:  # fmt: skip
    """Job on a quick synthetic pellet."""
    pattern, _ = synthetic_pellet(share, llto, seed=seed, max_counts=counts, two_theta=(15.0, 80.0, step))
    write_pattern(pattern, folder / "pellet.xye")
    write_instrument(laboratory_instrument(), folder / "instrument.toml")
    path = folder / "job.toml"
    path.write_text(TWO_PHASES.format(phases=phases, rest=rest), encoding="utf-8")
    return load_job(path)


@pytest.fixture
def make_job(tmp_path):
    """`pellet_job` in the test's folder."""
    return lambda **options: pellet_job(tmp_path, **options)


@pytest.fixture(scope="session")
def quick_job(tmp_path_factory):
    """Job of the quick pellet, made once."""
    return pellet_job(tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="session")
def quick_result(quick_job):
    """Its result."""
    from xtal.rietveld.run import refine

    return refine(quick_job)
