"""A warm frame of a series with the native engine on one core, in one process: what a worker does, without a cluster around it.

``python tests/benchmarks/bench_warm_frame.py [--phases 1|2|3] [--frames N] [--repeat N]`` prints a Markdown table: milliseconds of a frame, median over frames that start
from their neighbour. Synthetic Li2OHCl about its transition (``xtal.synthetic_series``): cubic and orthorhombic, 15 to 90° in steps of 0.02°, a nickel holder as third
phase where three are asked. Two jobs: ``series`` frees what the heating series frees; ``all`` also displacement, width and microstrain. *Engine* is
`Batch.refine`, from the task to the outcome; *frame* is everything that a worker does: the task, the engine, result and checks, and packing for the
store. Processor milliseconds stand in brackets. One thread; promised: 30 ms for a warm frame of two phases (aim 10). The program ends with 1 where the engine
needs more or a frame didn't converge from its neighbour.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from xtal.diffraction import Background, axis_points, simulate_pattern  # noqa: E402
from xtal.engines.task import engine_task  # noqa: E402
from xtal.io.library import reference_structure  # noqa: E402
from xtal.job import Job, JobPhase, Stage  # noqa: E402
from xtal.job.parameters import adjusted, model_parameters  # noqa: E402
from xtal.native.batch import Batch  # noqa: E402
from xtal.native.kernels import kernel_name  # noqa: E402
from xtal.pattern import Pattern  # noqa: E402
from xtal.series.frame import FrameTask, warm_job  # noqa: E402
from xtal.series.store import Fit  # noqa: E402
from xtal.synthetic import laboratory_instrument  # noqa: E402
from xtal.synthetic_series import PROFILES, REFERENCES, HeatingRun, expanded  # noqa: E402

PROMISED, AIM = 30.0, 10.0
TERMS = 4
RANGE = (15.0, 90.0 - 0.02, 0.02)
TEMPERATURES = (42.0, 46.0)
NAMES = ("cubic", "orthorhombic", "holder")
MORE = (
    "pattern.displacement",
    "pattern.profile.w",
    "pattern.profile.y",
    *(f"phase.{name}.microstrain" for name in NAMES),
)


@dataclass
class Times:
    """Wall-clock and processor milliseconds."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def take(self, run: Callable[[], Any]) -> Any:
        """The answer of a call, timed."""
        wall, processor = time.perf_counter(), time.process_time()
        answer = run()
        self.wall.append(1000 * (time.perf_counter() - wall))
        self.processor.append(1000 * (time.process_time() - processor))
        return answer

    @property
    def median(self) -> float:
        """Milliseconds by the wall clock."""
        return statistics.median(self.wall)

    def __str__(self) -> str:
        return f"{self.median:.1f} ({statistics.median(self.processor):.1f})"


def patterns(names: tuple[str, ...], n_frames: int) -> list[Pattern]:
    """Frames on the way through the transition, where both salts are well seen."""
    run = HeatingRun(holder=0.25 if "holder" in names else 0.0)
    found = []
    for index in range(n_frames):
        temperature = TEMPERATURES[0] + (TEMPERATURES[1] - TEMPERATURES[0]) * index / max(n_frames - 1, 1)
        cubic = run.cubic_share(temperature, True) * (1 - run.holder)
        weights = dict(zip(NAMES, (cubic, 1 - run.holder - cubic, run.holder), strict=True))
        phases = [(expanded(reference_structure(REFERENCES[name]), run.expansion[name], temperature).renamed(name), weights[name], PROFILES[name])
                  for name in names]  # fmt: skip
        found.append(simulate_pattern(phases, laboratory_instrument(), axis_points(*RANGE), counts=10_000.0,
                                      background=Background((150.0, -40.0, 15.0)), seed=index).pattern)  # fmt: skip
    return found


def job_of(pattern: Pattern, names: tuple[str, ...], frees_all: bool) -> Job:
    """The job of a frame, cold: its stages free what they free in the heating series, and more where all is asked."""
    instrument = laboratory_instrument()
    phases = tuple(JobPhase(name, reference_structure(REFERENCES[name]).renamed(name)) for name in names)
    parameters = model_parameters(phases, instrument, TERMS)
    starts = {f"phase.{name}.{key}": value for name in names
              for key, value in (("microstrain", PROFILES[name].microstrain),
                                 ("crystallite_size_nm", PROFILES[name].size_nm if name == "holder" else 100.0))}  # fmt: skip
    parameters = adjusted(parameters, starts, {}, "bench_warm_frame")
    first = tuple(name for name in parameters if name.endswith(".scale") or ".background." in name)
    cells = tuple(name for name in parameters if ".cell." in name)
    sizes = tuple(f"phase.{name}.crystallite_size_nm" for name in names if name != "holder")
    wanted = tuple(name for name in parameters if name in MORE) if frees_all else ()
    free = (first, first + cells, first + cells + sizes + wanted)
    stages = tuple(Stage(str(number), "", names_of, 40) for number, names_of in enumerate(free))
    return Job(title="warm frame", engine="native", pattern=pattern, instrument=instrument, dispersion=True, background_terms=TERMS,
               background_range=(RANGE[0], RANGE[1]), phases=phases, parameters=parameters, ties=(), stages=stages)  # fmt: skip


def frame_task(job: Job, index: int, before: Fit | None) -> FrameTask:
    """What a worker gets: the job, and the answer of the frame before."""
    starts = None if before is None else {name: value for name, value, _ in before.parameters}
    return FrameTask(index, "main", job, starts, () if before is None else before.weak, None if before is None else index - 1,
                     None if before is None else before.gof, False, 60.0, "")  # fmt: skip


def silent(event: dict[str, Any]) -> None:
    """Nobody listens."""


def measure(names: tuple[str, ...], frees_all: bool, n_frames: int, repeat: int) -> dict[str, Any]:
    """A chain of frames, each from the one before; the first, which starts cold, isn't counted."""
    jobs = [job_of(pattern, names, frees_all) for pattern in patterns(names, n_frames)]
    engine, frame, cycles, is_warm = Times(), Times(), [], True
    for _ in range(repeat):
        batch, before = Batch(), frame_task(jobs[0], 0, None).refine()
        for index, job in enumerate(jobs[1:], start=1):
            task = frame_task(job, index, before)
            assert task.starts is not None
            described = engine_task(warm_job(job, task.starts), "")
            outcome = (engine if index > 1 else Times()).take(partial(batch.refine, described, silent))
            before = (frame if index > 1 else Times()).take(task.refine)
            cycles.append(int("".join(filter(str.isdigit, outcome["message"].split("evaluations")[0]))))
            is_warm = is_warm and before.status == "converged" and before.started_from == index - 1
    n_free = outcome["agreement"]["n_free"]
    return {"engine": engine, "frame": frame, "cycles": statistics.mean(cycles), "n_free": n_free, "is_warm": is_warm,
            "n_points": outcome["agreement"]["n_points"], "gof": outcome["agreement"]["gof"]}  # fmt: skip


def main() -> int:
    """Print the table, and say whether the promise is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", type=int, choices=(1, 2, 3), default=2)
    parser.add_argument("--frames", type=int, default=22)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    kept, names = True, NAMES[: options.phases]
    print(f"Warm frames of {options.phases} phases, {kernel_name()} kernel, milliseconds (processor); promised {PROMISED:g}, aim {AIM:g}\n\n"
          "| job | points | free | evaluations | engine | frame | GOF | all converged from the neighbour |\n|---|---:|---:|---:|---:|---:|---:|---|")  # fmt: skip
    for title, frees_all in (("series", False), ("all", True)):
        found = measure(names, frees_all, options.frames, options.repeat)
        print(f"| {title} | {found['n_points']} | {found['n_free']} | {found['cycles']:.1f} | {found['engine']} | {found['frame']} | {found['gof']:.3f} "
              f"| {'yes' if found['is_warm'] else 'NO'} |", flush=True)  # fmt: skip
        kept = kept and found["is_warm"] and found["engine"].median <= PROMISED
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
