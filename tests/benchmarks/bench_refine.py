"""`xtal refine` against scripts that call the engines directly: whole process against whole process, wall clock.

``python tests/benchmarks/bench_refine.py`` prints Markdown tables. The sides take turns, each number is the median of the runs.
Both sides read the same pattern and CIFs and free the same parameters in the same stages; that they do the same work is seen
in Rwp (within 2 % of each other) and in the number of free parameters, and the program ends with 1 where they differ or where
a ratio exceeds what is promised. The processor seconds beside the wall clock hold every child; they change less with the load
of the machine. Measured data are looked for as the tests do (XTAL_TEST_DATA); GSAS-II where XTAL_GSAS2_PYTHON,
or a usual folder, has it. Run it on a quiet machine: the load is printed below the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tools.validation_cases import MEASURED  # noqa: E402
from xtal.engines.gsas2_location import find_gsas2, gsas2_command, gsas2_version  # noqa: E402

SAME_RWP = 0.02
PROMISED = 1.3
CIFS = ROOT / "reference_cifs"
DIRECT = {"rietx": "direct_rietx.py", "gsas2": "direct_gsas2.py"}
PEER = {"rietx": "rietx script", "gsas2": "GSASIIscriptable script"}


@dataclass(frozen=True)
class Case:
    """One job: what `xtal refine` is given, and the name and pattern that the direct scripts are given."""

    name: str
    about: str
    pattern: Path
    arguments: tuple[str, ...]


@dataclass
class Side:
    """A program, with the seconds and the answer of its runs."""

    command: list[str]
    folder: Path | None = None
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    rwp: float = float("nan")
    n_free: int = -1

    def run(self) -> None:
        """Run once and keep time and answer; raise with what the program said when it failed."""
        used, start = processor_time(), time.perf_counter()
        done = subprocess.run(self.command, capture_output=True, text=True, cwd=tempfile.gettempdir(), check=False,
                              env={**os.environ, "RIETX_TELEMETRY": "0"})  # fmt: skip
        self.seconds.append(time.perf_counter() - start)
        self.processor_seconds.append(processor_time() - used)
        if done.returncode not in ((0, 1) if self.folder else (0,)):
            raise SystemExit(f"{' '.join(self.command[:4])} failed:\n{done.stderr[-2000:]}")
        self.rwp, self.n_free = self._answer(done.stdout)

    def _answer(self, printed: str) -> tuple[float, int]:
        if self.folder is None:
            answer = json.loads(printed.splitlines()[-1])
        else:
            answer = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))["agreement"]
        return answer["rwp"], answer["n_free"]

    @property
    def median(self) -> float:
        """Median wall-clock time, seconds."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.1f} ({statistics.median(self.processor_seconds):.1f})"


def processor_time() -> float:
    """Processor seconds of every process that this one has waited for, and of those that they waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def shared_data() -> Path | None:
    """The folder of measured data, where there is one."""
    named = os.environ.get("XTAL_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def cases(scratch: Path) -> list[Case]:
    """The shipped pellet, and the measured patterns where they are."""
    pellet = ROOT / "xtal" / "examples" / "pellet"
    found = [Case("pellet", "synthetic pellet, three phases", pellet / "pellet.xye", (str(pellet / "job.toml"),))]
    data = shared_data()
    if data is None:
        print("No measured data found (XTAL_TEST_DATA): only the shipped pellet is measured.", file=sys.stderr)
        return found
    known = {case.name: case for case in MEASURED}
    mixture, apatite = known["CPD 1g"], known["fluorapatite"]
    phases = tuple(word for phase in mixture.phases for word in ("--phase", phase))
    file = data / mixture.data
    arguments = ("--template", mixture.template, str(file), *phases, "--instrument", str(mixture.instrument))
    found.append(Case("cpd-1g", mixture.about, file, arguments))
    file, job = data / apatite.data, scratch / "fluorapatite.toml"
    job.write_text(apatite.job.replace("{data}", str(file)).replace("{folder}", str(file.parent)), encoding="utf-8")
    return [*found, Case("fluorapatite", apatite.about, file, (str(job),))]


def sides(case: Case, engine: str, scratch: Path) -> tuple[Side, Side]:
    """`xtal refine` and the direct script of an engine."""
    folder = scratch / f"{case.name}-{engine}"
    ours = [sys.executable, "-m", "xtal", "refine", *case.arguments, "--engine", engine, "-o", str(folder), "--force", "--timeout", "3600",
            "--quiet"]  # fmt: skip
    direct = [*interpreter(engine, HERE / DIRECT[engine]), case.name, str(case.pattern), str(CIFS)]
    return Side(ours, folder), Side(direct)


def interpreter(engine: str, script: Path) -> list[str]:
    """Command line that runs a direct script."""
    if engine == "rietx":
        return [sys.executable, str(script)]
    found = find_gsas2()
    assert found is not None
    return list(gsas2_command(found, script))


def measure(case: Case, engine: str, scratch: Path, repeats: int) -> tuple[Side, Side]:
    """Both sides, each as often, in turns."""
    pair = sides(case, engine, scratch)
    for turn in range(repeats):
        for side in pair if turn % 2 == 0 else reversed(pair):
            side.run()
    return pair


def row(case: Case, engine: str, ours: Side, direct: Side) -> tuple[str, bool]:
    """A line of the table, and whether it is as promised and the comparison fair."""
    ratio = ours.median / direct.median
    same = abs(ours.rwp / direct.rwp - 1) <= SAME_RWP and ours.n_free == direct.n_free
    kept = engine != "rietx" or ratio <= PROMISED
    promised = f"{PROMISED:g}" if engine == "rietx" else "–"
    text = (
        f"| {case.name} ({case.about}) | {ours} | {PEER[engine]} | {direct} | {ratio:.2f} | {promised} "
        f"| {100 * ours.rwp:.2f} / {100 * direct.rwp:.2f} | {ours.n_free} / {direct.n_free} | {'yes' if same else 'NO'} |"
    )
    return text, kept and same


def versions() -> str:
    """Machine and programs, without names that belong to the machine."""
    from importlib.metadata import version

    found = find_gsas2()
    gsas2 = "not installed" if found is None else gsas2_version(found)
    return (f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, rietx {version('rietx')}, "
            f"numpy {version('numpy')}, GSAS-II {gsas2}; load at the start {os.getloadavg()[0]:.1f}")  # fmt: skip


def main() -> int:
    """Print the tables; 1 when something isn't as promised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--repeats", type=int, default=3, help="runs of each side (default 3)")
    parser.add_argument("--engine", choices=("rietx", "gsas2"), action="append", help="only this engine")
    parser.add_argument("--case", action="append", help="only this case: pellet, cpd-1g, fluorapatite")
    wishes = parser.parse_args()
    engines = wishes.engine or ["rietx", *(["gsas2"] if find_gsas2() else [])]
    machine, fine = versions(), True
    print(
        "| job | xtal refine, s (CPU) | peer | peer, s (CPU) | ratio | at most | Rwp xtal / peer (%) | free parameters | same fit |"
    )
    print("|---|---:|---|---:|---:|---:|---:|---:|---|")
    best: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            if wishes.case and case.name not in wishes.case:
                continue
            for engine in engines:
                ours, direct = measure(case, engine, Path(folder), wishes.repeats)
                text, good = row(case, engine, ours, direct)
                print(text, flush=True)
                fine &= good
                best.setdefault(case.name, {}).update({f"xtal {engine}": ours.median, engine: direct.median})
    for name, seconds in best.items():
        if "xtal rietx" in seconds and "gsas2" in seconds:
            print(
                f"\n{name}: `xtal refine` (rietx) takes {seconds['xtal rietx'] / seconds['gsas2']:.2f} times a GSAS-II script."
            )
    print(
        f"\nMedian of {wishes.repeats} runs of each side in turns, whole processes. {machine}, {os.getloadavg()[0]:.1f} at the end."
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
