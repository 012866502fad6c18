"""The native engine against another: whole fits from the same start, same stages, same free parameters, both workers warm.

``python tests/benchmarks/bench_native.py [--peer rietx|gsas2]`` prints a Markdown table. Both engines get the same task in their own worker process; the first fit of
each isn't counted (imports, compilation). The sides take turns; each number is the median of the runs. Workers run with one thread
each unless ``--threads`` says otherwise. The processor seconds change less with the load of the machine than the wall clock. That both did the same
is seen in Rwp (within 0.002) and in the number of free parameters; the program ends with 1 where they differ or a ratio is below what is promised.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tools.validation_cases import MEASURED, SYNTHETIC, build_job  # noqa: E402
from xtal.engines import engine_named, process  # noqa: E402
from xtal.engines.task import engine_task  # noqa: E402

PROMISED = {"rietx": 5.0, "gsas2": 10.0}
SAME_RWP = 0.002
NAMES = ("synthetic pellet, share 0.59", "synthetic pellet, share 0.91", "CPD 1g", "CPD 1a", "fluorapatite", "SRM 660c")


@dataclass
class Side:
    """An engine with the wall-clock and processor seconds of its fits, and its last answer."""

    engine: str
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)

    def run(self, task: dict[str, Any], environment: dict[str, str]) -> None:
        """One fit in the warm worker."""
        command = engine_named(self.engine).worker_command()
        process.start_worker(command, environment)
        used, start = processor_time(command, environment), time.perf_counter()
        run = process.run_task(command, task, timeout=1800, environment=environment)
        self.seconds.append(time.perf_counter() - start)
        self.processor_seconds.append(processor_time(command, environment) - used)
        if run.status != "done" or run.outcome is None:
            raise SystemExit(f"{self.engine}: {run.message}")
        self.answer = run.outcome

    def forget_first(self) -> None:
        """Leave out the run that imported and compiled."""
        del self.seconds[0], self.processor_seconds[0]


def processor_time(command: Any, environment: dict[str, str]) -> float:
    """Processor seconds of the worker so far (Linux; zero elsewhere)."""
    worker = process._WARM[process._key(command, environment)]
    stat = Path(f"/proc/{worker.process.pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shared_data() -> Path | None:
    """The folder of measured data, where there is one."""
    named = os.environ.get("XTAL_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def measure(task: dict[str, Any], peer: str, repeats: int, environment: dict[str, str]) -> tuple[Side, Side]:
    """Both engines, in turns, after one fit each that isn't counted."""
    pair = Side("native"), Side(peer)
    for turn in range(repeats + 1):
        for side in pair if turn % 2 == 0 else reversed(pair):
            side.run(task, environment)
    for side in pair:
        side.forget_first()
    return pair


def row(name: str, native: Side, peer: Side) -> tuple[str, bool]:
    """A line of the table, and whether it is as promised and the comparison fair."""
    wall = [statistics.median(side.seconds) for side in (native, peer)]
    cpu = [statistics.median(side.processor_seconds) for side in (native, peer)]
    rwp = [side.answer["agreement"]["rwp"] for side in (native, peer)]
    free = [side.answer["agreement"]["n_free"] for side in (native, peer)]
    fair = abs(rwp[0] - rwp[1]) <= SAME_RWP and free[0] == free[1]
    ratio = wall[1] / wall[0]
    text = (
        f"| {name} | {native.answer['agreement']['n_points']} | {free[0]} | {wall[0]:.3f} ({cpu[0]:.2f}) | {wall[1]:.3f} ({cpu[1]:.2f}) "
        f"| {ratio:.1f} | {PROMISED[peer.engine]:g} | {100 * rwp[0]:.3f} / {100 * rwp[1]:.3f} | {'yes' if fair else 'NO'} |"
    )
    return text, fair and ratio >= PROMISED[peer.engine]


def main() -> int:
    """Print the table; 1 when something isn't as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--repeats", type=int, default=5, help="counted fits of each side (default 5)")
    parser.add_argument("--peer", choices=sorted(PROMISED), default="rietx")
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker (default 1)")
    parser.add_argument("--case", action="append", choices=NAMES, help="only this case")
    parser.add_argument("--numpy", action="store_true", help="the native engine without numba")
    wishes = parser.parse_args()
    threads = str(wishes.threads)
    environment = {"RIETX_TELEMETRY": "0", "OMP_NUM_THREADS": threads, "RIETX_COMPILED_THREADS": threads,
                   "XTAL_NATIVE_NUMBA": "0" if wishes.numpy else "1"}  # fmt: skip
    data, fine, load = shared_data(), True, os.getloadavg()[0]
    known = {case.name: case for case in (*MEASURED, *SYNTHETIC)}
    print(
        f"| pattern | points | free | native, s (CPU) | {wishes.peer}, s (CPU) | {wishes.peer} / native | at least "
        f"| Rwp native / {wishes.peer} (%) | same fit |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---|---|")
    for name in wishes.case or NAMES:
        if data is None and not name.startswith("synthetic"):
            print(f"{name}: no measured data (XTAL_TEST_DATA)", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            task = engine_task(build_job(known[name], "rietx", data, Path(folder)), folder)
            text, good = row(name, *measure(task, wishes.peer, wishes.repeats, environment))
        print(text, flush=True)
        fine &= good
    print(f"\nMedian of {wishes.repeats} fits of each side in turns, workers warm, {threads} thread(s) each; {os.cpu_count()} cores "
          f"({platform.machine()}), Python {platform.python_version()}; load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end.")  # fmt: skip
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
