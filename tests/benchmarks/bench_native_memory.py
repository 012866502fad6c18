"""Peak memory of the native engine's worker on measured synchrotron data.

``python tests/benchmarks/bench_native_memory.py`` prints a Markdown table: NAC + CaF2 on 11-BM alone (59,487 points), and with two time-of-flight banks of
POWGEN. Every fit runs in a process of its own, whose largest child is the worker. Measured data are looked for as the tests do (XTAL_TEST_DATA).
It ends with 1 where the pattern of 11-BM alone takes 300 MB or more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

if TYPE_CHECKING:
    from xtal.job.resolved import Job

LIMIT_MB = 300.0
JOBS = {"11-BM": ("X",), "11-BM and two banks of POWGEN": ("X", "T1", "T2")}


def shared_data() -> Path:
    """Folder of the measured data."""
    named = os.environ.get("XTAL_TEST_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def _keep_only(name: str, job: dict[str, Any]) -> None:
    """One pattern of the job: its parameters lose the name, and what shares between patterns goes."""
    (job["pattern"],) = [pattern for pattern in job["pattern"] if pattern.pop("name") == name]
    others = re.compile(rf"pattern\.(?!{name}\.|\*\.background)")
    for stage in job["stage"]:
        stage["free"] = [
            re.sub(r"^pattern\.[^.]+", "pattern", free) for free in stage["free"] if not others.match(free)
        ]


def job_of(patterns: Sequence[str]) -> Job:
    """The joint job of the validation, or one pattern of it."""
    from validation_joint import NAC_JOB

    from xtal.io.jobs import resolve_job
    from xtal.job.schema import JobFile

    folder = shared_data() / "nac_11bm_powgen"
    job = tomllib.loads(NAC_JOB.replace("{data}", str(folder)))
    if len(patterns) == 1:
        _keep_only(patterns[0], job)
    return resolve_job(JobFile.model_validate(job), folder, where="NAC", engine="native", inputs={})


def fit(patterns: Sequence[str]) -> dict[str, float | str]:
    """Fit in a worker, as `xtal refine` does, and say what its peak was."""
    from xtal.engines.process import stop_workers
    from xtal.rietveld.run import refine

    result = refine(job_of(patterns))
    stop_workers()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    return {"status": result.status, "rwp": 100 * result.agreement.rwp, "mb": peak}


def measured(patterns: Sequence[str]) -> dict[str, float | str]:
    """One job in a process of its own."""
    command = [sys.executable, __file__, "--fit", *patterns]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure both, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        print(json.dumps(fit(options.fit)))
        return 0
    if not (shared_data() / "nac_11bm_powgen").is_dir():
        print("bench_native_memory: measured data are absent: set XTAL_TEST_DATA to their folder")
        return 0
    rows = {name: measured(patterns) for name, patterns in JOBS.items()}
    print("| data | status | Rwp, % | worker's peak, MB |\n|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['status']} | {row['rwp']:.2f} | {row['mb']:.0f} |")
    return 0 if float(rows["11-BM"]["mb"]) < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
