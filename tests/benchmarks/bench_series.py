"""`xtal series run` on two cores against the sequential refinement of another program on one: neutron patterns of Co2SiO4.

``python tests/benchmarks/bench_series.py [--engine rietx|native] [--peer rietx|gsas2] [--frames N] [--copies N] [--repeat N]`` prints a
Markdown table; GSAS-II is looked for in XTAL_GSAS2_PYTHON. Whole processes, wall clock; the sides take turns; each number is the median of
the runs. Both read the same files and free the same parameters in the same stages; that they do the same work is seen in the median Rwp
(within 2 %) and the number of free parameters. Starting and ending a cluster takes some seconds whatever the length: --copies 10 makes
460 frames of the 46. What is promised is the rate of a long series. Below the table: what a frame's time consists of, and the size of the
store. Measured data are looked for as the tests do (XTAL_TEST_DATA). Run it on a quiet machine: the load is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tools.series_runs import write_olivine  # noqa: E402
from xtal.series.series import Series  # noqa: E402

PROMISED = {("rietx", "rietx"): 1.7, ("native", "rietx"): 20.0, ("native", "gsas2"): 5.0}
PEERS = {"rietx": ("direct_rietx_series.py", "rietx {} refine_sequential"),
         "gsas2": ("direct_gsas2_series.py", "GSAS-II {} sequential")}  # fmt: skip
SAME_RWP = 0.02
WORKERS = 2


def shared_data() -> Path | None:
    """Folder of measured data, or None."""
    named = os.environ.get("XTAL_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "seq_co2sio4_d20").is_dir() else None


def timed(command: list[str]) -> tuple[float, str]:
    """Seconds of a program and what it printed."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RIETX_TELEMETRY": "0"}
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - start, done.stdout


def peer_command(name: str, folder: Path) -> list[str]:
    """Command line of a peer's script; ends the program where the peer isn't there."""
    python = sys.executable if name == "rietx" else os.environ.get("XTAL_GSAS2_PYTHON", "")
    if not python:
        sys.exit("bench_series: XTAL_GSAS2_PYTHON names no interpreter with GSAS-II")
    return [python, str(HERE / PEERS[name][0]), str(folder)]


def run_xtal(folder: Path, out: Path, engine: str) -> float:
    """Seconds of a whole `xtal series run` with its report."""
    command = [
        sys.executable,
        "-m",
        "xtal",
        "series",
        "run",
        str(folder / "series.toml"),
        "-o",
        str(out),
        "--workers",
        str(WORKERS),
        "--engine",
        engine,
        "-q",
    ]
    return timed(command)[0]


def facts(out: Path) -> dict[str, float]:
    """Median Rwp, free parameters, bytes and seconds per frame of a finished run."""
    with Series(out) as series:
        fits = list(series.accepted.values())
        seconds = {name: statistics.median(fit.timing[name] for fit in fits) for name in ("fit", "engine", "pack")}
        free = len(series._store.parameters(fits[-1].frame, fits[-1].route))
        rwp = statistics.median(fit.rwp or float("nan") for fit in fits)
        return {"rwp": rwp, "n_free": free, "kb": series._store.n_bytes() / len(series) / 1000, **seconds}


def main() -> int:
    """Run, print, and say whether the promise is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=46)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--engine", choices=("rietx", "native"), default="rietx")
    parser.add_argument("--peer", choices=sorted(PEERS), default="rietx")
    parser.add_argument("--copies", type=int, default=1, help="Repeat every pattern, for a longer series.")
    options = parser.parse_args()
    data = shared_data()
    if data is None:
        print("bench_series: measured data are absent: set XTAL_TEST_DATA to their folder")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_olivine(folder, data)
        for extra in sorted((folder / "frames").glob("*.dat"))[options.frames :]:
            extra.unlink()
        for file in sorted((folder / "frames").glob("*.dat")):
            for copy in range(1, options.copies):
                shutil.copy(file, file.with_name(f"{file.stem}_{copy}.dat"))
        ours, theirs, peer = [], [], {}
        for turn in range(options.repeat):
            ours.append(run_xtal(folder, folder / f"out{turn}", options.engine))
            seconds, text = timed(peer_command(options.peer, folder))
            theirs.append(seconds)
            peer = json.loads(text.splitlines()[-1])
        return report(options.engine, options.peer, ours, theirs, peer, facts(folder / "out0"))


def report(
    engine: str, rival: str, ours: list[float], theirs: list[float], peer: dict[str, float], own: dict[str, float]
) -> int:
    """Print the table; 1 when the sides did not do the same, or the promise is not kept."""
    mine, other, n_frames = statistics.median(ours), statistics.median(theirs), peer["frames"]
    promised = PROMISED.get((engine, rival))
    print(f"| program | cores | frames | s | frames/s | median Rwp | free |\n|---|---|---|---|---|---|---|\n"
          f"| xtal series run, {engine} | {WORKERS} | {n_frames} | {mine:.1f} | {n_frames / mine:.2f} | {100 * own['rwp']:.3f} % | {own['n_free']:.0f} |\n"
          f"| {PEERS[rival][1].format(peer['version'])} | 1 | {n_frames} | {other:.1f} | {n_frames / other:.2f} | "
          f"{100 * peer['rwp']:.3f} % | {peer['n_free']} |\n")  # fmt: skip
    wanted = "nothing promised" if promised is None else f"promised: {promised:g}"
    print(f"{other / mine:.2f} times as many frames per second ({wanted}). Runs: {ours} against {theirs} s.")
    print(
        f"A frame: fit {own['fit']:.3f} s, of which engine {own['engine']:.3f} s; packing {own['pack']:.3f} s. Store {own['kb']:.1f} kB per frame."
    )
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    same = abs(own["rwp"] / peer["rwp"] - 1) <= SAME_RWP and own["n_free"] == peer["n_free"]
    return 0 if same and (promised is None or other / mine >= promised) else 1


if __name__ == "__main__":
    sys.exit(main())
