"""A small job on disk: LiF on a flat pattern; tests change one thing and read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xtal.io.jobs import load_job
from xtal.job import Job

GOOD_JOB = """\
schema = "xtal-job/1"
title = "lithium fluoride"
[pattern]
file = "flat.xy"
[background]
terms = 3
[[phase]]
structure = "lif"
[[stage]]
name = "scale"
free = ["phase.*.scale", "pattern.background"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder with a flat pattern from 20° to 50°."""
    (tmp_path / "flat.xy").write_text("".join(f"{20 + 0.1 * i:.2f} {100 + i % 7}\n" for i in range(301)))
    return tmp_path


@pytest.fixture
def read_job(folder: Path) -> Callable[..., Job]:
    """Read the good job with pieces of its text replaced and text added at its end."""

    def read(*replacements: tuple[str, str], added: str = "") -> Job:
        text = GOOD_JOB
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = folder / "job.toml"
        path.write_text(text + added, encoding="utf-8")
        return load_job(path)

    return read
