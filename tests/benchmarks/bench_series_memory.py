"""Memory of the driver of `xtal series run`, and size of its store, for a short and a long series of the same frames.

``python tests/benchmarks/bench_series_memory.py [--short 50] [--long 1000]`` prints a Markdown table. The frames are synthetic: nickel
with 400 points, native engine, two workers. The driver is a process of its own; its peak resident memory is read from the kernel when the
last frame is stored, and once more when the report is written. It ends with 1 where the long series took more than a tenth more than the
short one, or a frame more than 50 kB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

GROWTH = 1.1
KB_PER_FRAME = 50.0


def peak_mb() -> float:
    """Largest resident memory of this process so far, MB (Linux counts kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def drive(file: Path, out: Path) -> dict[str, float]:
    """Run a series in this process and say what it took."""
    from xtal.io.series_files import read_series_file
    from xtal.report.series_html import write_series_report
    from xtal.series.run import RunOptions, run_series
    from xtal.series.series import Series

    summary = run_series(read_series_file(file), out, RunOptions(workers=2, engine="native"))
    driver = peak_mb()
    report = write_series_report(out)
    with Series(out) as series:
        kb = series._store.n_bytes() / len(series) / 1000
    return {"frames": summary.done, "failed": summary.failed, "seconds": summary.seconds, "driver_mb": driver,
            "with_report_mb": peak_mb(), "kb_per_frame": kb, "report_mb": report.stat().st_size / 1e6}  # fmt: skip


def measured(folder: Path, n_frames: int) -> dict[str, float]:
    """One series in a driver of its own."""
    from tests.series.conftest import make_light_series

    file = make_light_series(folder / "made", 50)
    frames = sorted((folder / "made" / "frames").glob("*.xye"))
    for number in range(50, n_frames):
        shutil.copy(frames[number % 50], folder / "made" / "frames" / f"frame_{number}_x{1 + number / 1000:.3f}.xye")
    command = [sys.executable, __file__, "--drive", str(file), str(folder / "out")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure both, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=50)
    parser.add_argument("--long", type=int, default=1000)
    parser.add_argument("--drive", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drive:
        print(json.dumps(drive(*options.drive)))
        return 0
    rows = []
    for n_frames in (options.short, options.long):
        with tempfile.TemporaryDirectory() as scratch:
            rows.append(measured(Path(scratch), n_frames))
    print(
        "| frames | failed | s | driver, MB | with the report, MB | store, kB per frame | report, MB |\n"
        + "|---" * 7
        + "|"
    )
    for row in rows:
        print("| " + " | ".join(f"{value:.1f}".removesuffix(".0") for value in row.values()) + " |")
    grows = rows[1]["driver_mb"] / rows[0]["driver_mb"]
    print(f"{grows:.2f} times the memory for {options.long / options.short:g} times the frames (allowed: {GROWTH}).")
    return 0 if grows <= GROWTH and rows[1]["kb_per_frame"] <= KB_PER_FRAME else 1


if __name__ == "__main__":
    sys.exit(main())
