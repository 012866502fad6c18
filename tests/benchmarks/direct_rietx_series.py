"""The peer of bench_series: the olivine series as a script that calls `rietx.refine_sequential` alone, nothing of xtal.

``python direct_rietx_series.py FOLDER`` reads FOLDER/frames/*.dat and FOLDER/co2sio4.cif, refines the frames in the order of their
temperature on one core and prints one line of JSON: frames, seconds, median Rwp, cell of the first and the last frame.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from pathlib import Path

os.environ.setdefault("RIETX_TELEMETRY", "0")
os.environ.setdefault("RIETX_COMPILED_THREADS", "1")

import numpy as np
import rietx as rx

FWHM_SQUARED = 8.0 * math.log(2.0)
LOW, HIGH = 8.0, 150.0
TERMS = 6
PROFILE = {"u": 0.02 * FWHM_SQUARED, "v": -0.04 * FWHM_SQUARED, "w": 0.04 * FWHM_SQUARED, "x": 0.0, "y": 0.02}
AXIAL = 0.01
STAGES = (
    ("scale and background", ["phases.*.scale", "instrument.background.*"], 20),
    ("cell and zero", ["phases.*.cell.*", "instrument.zero_shift"], 20),
    ("profile", [f"instrument.profile.{term}" for term in "uvwy"], 40),
    ("structure", ["phases.*.atoms.*.dof.*", "phases.*.atoms.*.biso"], 40),
)


def number(value, **bounds):
    """A rietx parameter."""
    return rx.Parameter(value=value, **bounds)


def read_frames(folder):
    """Temperatures and patterns in their order; the third number of the TEMP line is that of the sample."""
    frames = []
    for path in Path(folder).glob("frames/*.dat"):
        text = path.read_text(encoding="latin-1")
        temperature = float(re.search(r"TEMP\s+\S+\s+\S+\s+(\S+)", text).group(1))
        lines = [line.split() for line in text.splitlines()[6:]]
        x, y, sigma = np.array([line for line in lines if len(line) == 3], dtype=float).T
        keep = (x >= LOW) & (x <= HIGH)
        data = rx.PatternData(two_theta=x[keep].tolist(), intensity=y[keep].tolist(), sigma=sigma[keep].tolist())
        frames.append((temperature, data))
    return sorted(frames, key=lambda frame: frame[0])


def make_instrument(pattern):
    """D20: one wavelength; the background starts flat at the pattern's floor."""
    flat = [float(np.percentile(pattern.intensity, 5)), *[0.0] * (TERMS - 1)]
    return rx.Instrument(
        source=rx.NeutronSource(wavelength=number(1.87)),
        geometry=rx.Geometry(kind="debye_scherrer", axial_sl=number(AXIAL), axial_hl=number(AXIAL)),
        profile=rx.ProfileTCHZ(**{name: number(value) for name, value in PROFILE.items()}),
        background=rx.BackgroundChebyshev(coefficients=[number(value) for value in flat]),
    )


def main(folder):
    """Refine and print."""
    start = time.perf_counter()
    frames = read_frames(folder)
    patterns = [pattern for _, pattern in frames]
    structure = rx.Structure.from_cif(f"{folder}/co2sio4.cif")
    plan = rx.PlanSpec(
        stages=[rx.StageSpec(name=name, turn_on=names, max_iter=cycles) for name, names, cycles in STAGES],
        phase_support_sigma=None,
    )
    series = rx.refine_sequential(
        patterns, structure, make_instrument(patterns[0]), x=[value for value, _ in frames], plan=plan
    )
    done = [entry for entry in series.entries if entry.statistics is not None]
    rwp = [float(entry.statistics.rwp) for entry in done]
    print(json.dumps({"frames": len(frames), "refined": len(rwp), "seconds": time.perf_counter() - start,
                      "rwp": float(np.median(rwp)), "n_free": int(done[-1].statistics.n_free_parameters),
                      "version": rx.__version__}))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
