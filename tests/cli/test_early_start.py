"""The engine's process is started before the job is read, and the command itself stays light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from xtal.cli import running

HEAVY = ("rietx", "pymatgen", "pandas", "matplotlib.pyplot", "plotly")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr("xtal.engines.process.start_worker", calls.append)
    return calls


@pytest.mark.parametrize("text", ['title = "x"', 'engine = "rietx"'])
def test_a_job_for_the_default_engine_starts_it(started: list[tuple[str, ...]], tmp_path: Path, text: str) -> None:
    job = tmp_path / "job.toml"
    job.write_text(text, encoding="utf-8")
    running.start_engine(None, job)
    assert [command[-1] for command in started] == ["xtal.engines.rietx_worker"]


@pytest.mark.parametrize(
    ("engine", "text"), [("gsas2", 'engine = "rietx"'), (None, 'engine = "gsas2"'), (None, "= no TOML")]
)
def test_another_engine_or_an_unreadable_job_starts_nothing(
    started: list[tuple[str, ...]], tmp_path: Path, engine: str | None, text: str
) -> None:
    job = tmp_path / "job.toml"
    job.write_text(text, encoding="utf-8")
    running.start_engine(engine, job)
    assert started == []


def test_a_missing_job_starts_nothing(started: list[tuple[str, ...]], tmp_path: Path) -> None:
    running.start_engine(None, tmp_path / "absent.toml")
    assert started == []


def test_a_template_starts_its_engine(started: list[tuple[str, ...]]) -> None:
    running.start_engine(None)
    assert len(started) == 1


def test_a_refinement_loads_no_heavy_library_beside_the_engine(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom xtal.cli import main\n"
        "try:\n    main(['demo', '--quiet', '-o', 'out'])\n"
        f"finally:\n    print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300
    )
    assert done.stdout.strip() == "[]", done.stderr
    assert (tmp_path / "out" / "result.json").is_file()
