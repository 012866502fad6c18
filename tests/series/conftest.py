"""A light series (nickel, 400 points a frame), and a heating run that was refined once for all tests."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.io.instruments import write_instrument
from xtal.io.library import reference_structure
from xtal.io.series_files import read_series_file
from xtal.io.write_pattern import write_pattern
from xtal.lattice import Lattice
from xtal.series.run import RunOptions, run_series
from xtal.synthetic import laboratory_instrument
from xtal.synthetic_series import HeatingRun, write_heating

JOB = """
[pattern]
instrument = "instrument.toml"
[background]
terms = 2
[[phase]]
structure = "ni"
[[stage]]
name = "scale"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "cell"
free = ["phase.*.cell"]
"""
SERIES = """
schema = "xtal-series/1"
title = "synthetic composition series"
job = "job.toml"
[patterns]
glob = "frames/*.xye"
[axis]
name = "composition"
from = "name"
pattern = '_x([0-9.]+)\\.xye'
[run]
spacing = 4
"""
SLOPE = -0.02
"""Change of a with composition, Å."""


def make_light_series(folder: Path, n_frames: int = 12) -> Path:
    """Frames of an alloy whose lattice parameter follows Vegard's law; returns the series file."""
    nickel, frames = reference_structure("ni"), folder / "frames"
    frames.mkdir(parents=True)
    for index in range(n_frames):
        x = index / (n_frames - 1)
        a = nickel.lattice.a + SLOPE * x
        simulation = simulate_pattern(
            [(replace(nickel, lattice=Lattice(a, a, a)), 1.0, PhaseProfile())], laboratory_instrument(),
            axis_points(42.0, 54.0, 0.03), background=Background((100.0,)), counts=3000.0, seed=index,
        )  # fmt: skip
        write_pattern(simulation.pattern, frames / f"frame_{index}_x{x:.3f}.xye")
    write_instrument(laboratory_instrument(), folder / "instrument.toml")
    (folder / "job.toml").write_text(JOB, encoding="utf-8")
    (folder / "series.toml").write_text(SERIES, encoding="utf-8")
    return folder / "series.toml"


@pytest.fixture(scope="session")
def light_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the light series; copied, never changed."""
    return make_light_series(tmp_path_factory.mktemp("light") / "series").parent


@pytest.fixture
def light_series(light_frames: Path, tmp_path: Path) -> Path:
    """Series file of twelve light frames in a folder of its own."""
    return Path(shutil.copytree(light_frames, tmp_path / "light")) / "series.toml"


@pytest.fixture(scope="session")
def heating(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """Folder of a refined heating run with 18 short frames, and its truths."""
    os.environ["OMP_NUM_THREADS"] = "1"
    folder = tmp_path_factory.mktemp("heating")
    run = HeatingRun(low=36.0, high=52.0)
    truths = write_heating(folder, 18, run=run, two_theta=(20.0, 48.0, 0.04), max_counts=6000.0)
    summary = run_series(read_series_file(folder / "series.toml"), folder / "out", RunOptions(workers=2))
    assert summary.is_complete
    return folder / "out", truths
