"""How the cost of the native engine grows with points and with reflections: one evaluation of pattern and derivatives.

``python tests/benchmarks/bench_native_scaling.py`` prints a Markdown table and the exponents of the fitted power laws, and draws
``docs/images/native-scaling.png``. Patterns are synthetic, of one phase: for the points the step shrinks at a fixed list of reflections; for the
reflections the cell grows at a fixed number of points. Each time is the least of several evaluations, what is compiled and cached beforehand left
out. The program ends with 1 where an exponent is above 1.1.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from xtal.diffraction import Background, PhaseProfile, simulate_pattern  # noqa: E402
from xtal.engines.task import engine_task  # noqa: E402
from xtal.instrument import Instrument, Profile, TofBank  # noqa: E402
from xtal.io.library import reference_structure  # noqa: E402
from xtal.job import Job, JobPhase  # noqa: E402
from xtal.job.parameters import model_parameters  # noqa: E402
from xtal.job.resolved import Stage  # noqa: E402
from xtal.lattice import Lattice  # noqa: E402
from xtal.native.joint_model import model_of  # noqa: E402
from xtal.native.kernels import kernel_name  # noqa: E402
from xtal.native.parameters import Parameters  # noqa: E402
from xtal.radiation import Radiation  # noqa: E402
from xtal.structure import Structure  # noqa: E402

LINEAR = 1.1
BANK = TofBank(
    22585.0, -2.0, 0.0, -3.0, 90.0, 63.2, {"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0}
)
BEAMS = {
    "X-rays": (Instrument("beamline", Radiation.from_name("0.7A"), "debye-scherrer",
                          Profile(u=1e-4, v=-1e-4, w=2e-4, x=0.01, axial=0.002), polarization=0.99), (5.0, 55.0)),
    "time of flight": (Instrument("bank", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=BANK), (12000.0, 60000.0)),
}  # fmt: skip
POINTS = (2000, 4000, 8000, 16000, 32000, 64000)
EDGES = (1.0, 1.26, 1.59, 2.0, 2.52)


@dataclass(frozen=True)
class Measured:
    """Seconds of one evaluation."""

    n_points: int
    n_reflections: int
    seconds: float


def larger(structure: Structure, factor: float) -> Structure:
    """The structure with longer axes: more reflections of the same intensities' spread."""
    a, b, c, *angles = structure.lattice.parameters
    return replace(structure, lattice=Lattice(a * factor, b * factor, c * factor, *angles))


def task_of(structure: Structure, beam: str, n_points: int) -> dict[str, Any]:
    """Every parameter of profile, cell and structure free."""
    instrument, (low, high) = BEAMS[beam]
    pattern = simulate_pattern([(structure, 1.0, PhaseProfile())], instrument, np.linspace(low, high, n_points),
                               background=Background.flat(100.0), counts=10_000.0, seed=1).pattern  # fmt: skip
    phases = (JobPhase(structure.name, structure),)
    parameters = model_parameters(phases, instrument, 6)
    kept = ("pattern.displacement", "pattern.transparency", "pattern.plate_mu_t", "crystallite_size_nm")
    free = tuple(name for name in parameters if not name.endswith(kept))
    return engine_task(
        Job(title="", engine="native", pattern=pattern, instrument=instrument, dispersion=True, background_terms=6,
            background_range=(low, high), phases=phases, parameters=parameters, ties=(),
            stages=(Stage("all", "", free, 20),)),
        "",
    )  # fmt: skip


def measure(structure: Structure, beam: str, n_points: int, repeats: int) -> Measured:
    """The least time of several evaluations with all derivatives; the structure moves each time, so that nothing is cached."""
    task = task_of(structure, beam, n_points)
    model, parameters = model_of(task), Parameters(task)
    model.list_reflections(parameters.values)
    moving = parameters.moving(tuple(task["stages"][0]["free"]))
    name = next(name for name in parameters.values if name.endswith(".x") and ".site." in name)
    times = []
    for turn in range(repeats + 1):
        values = {**parameters.values, name: parameters.values[name] + 1e-6 * turn}
        start = time.perf_counter()
        model.evaluate(values, *moving)
        times.append(time.perf_counter() - start)
    return Measured(n_points, sum(len(phase.hkl) for phase in model.phases), min(times[1:]))


def exponent(x: list[int], seconds: list[float]) -> float:
    """Slope of the upper half of a log–log line, where the constant part no longer counts."""
    half = len(x) // 2
    return float(np.polyfit(np.log(x[half:]), np.log(seconds[half:]), 1)[0])


def draw(found: dict[str, tuple[list[Measured], list[Measured]]], path: Path) -> None:
    """Both series of every beam."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots(1, 2)
    for beam, (points, reflections) in found.items():
        axes[0].loglog([m.n_points for m in points], [1000 * m.seconds for m in points], "o-", label=beam)
        axes[1].loglog(
            [m.n_reflections for m in reflections], [1000 * m.seconds for m in reflections], "o-", label=beam
        )
    for axis, label in zip(axes, ("points", "reflections"), strict=True):
        axis.set(xlabel=label, ylabel="one evaluation with derivatives (ms)")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.3, which="both")
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> int:
    """Print the table and draw; 1 where the cost grows faster than linearly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--repeats", type=int, default=5, help="evaluations of each size (default 5)")
    parser.add_argument("--no-figure", action="store_true", help="only print")
    wishes = parser.parse_args()
    structure, load = reference_structure("al2o3"), os.getloadavg()[0]
    found, fine = {}, True
    print("| beam | points | reflections | ms |\n|---|---:|---:|---:|")
    for beam in BEAMS:
        points = [measure(structure, beam, n, wishes.repeats) for n in POINTS]
        reflections = [measure(larger(structure, factor), beam, 8000, wishes.repeats) for factor in EDGES]
        found[beam] = points, reflections
        for one in (*points, *reflections):
            print(f"| {beam} | {one.n_points} | {one.n_reflections} | {1000 * one.seconds:.1f} |", flush=True)
    for beam, (points, reflections) in found.items():
        by_points = exponent([m.n_points for m in points], [m.seconds for m in points])
        by_reflections = exponent([m.n_reflections for m in reflections], [m.seconds for m in reflections])
        print(f"\n{beam}: time ~ points^{by_points:.2f}, ~ reflections^{by_reflections:.2f}")
        fine &= max(by_points, by_reflections) <= LINEAR
    print(f"\n{kernel_name()} kernel, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}; load {load:.1f} at the "
          f"start, {os.getloadavg()[0]:.1f} at the end.")  # fmt: skip
    if not wishes.no_figure:
        draw(found, ROOT / "docs" / "images" / "native-scaling.png")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
