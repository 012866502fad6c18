"""G(r) of garnet against PDFfit2. Prints a Markdown table; exit 1 when a promise isn't kept.

Run on a quiet machine: ``python tests/benchmarks/bench_pdf.py``. One thread. Both sides get the same crystal and the points 0.01–30 Å;
PDFfit2's time is that of ``calc`` alone, ours includes the search for pairs ("first call") or not ("warm", as a slider in a notebook has it).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
from diffpy.pdffit2 import PdfFit, redirect_stdout

from xtal.composition import parse_composition
from xtal.convert import to_diffpy
from xtal.io.library import find_structure
from xtal.notebook_pdf import explore_pdf, explore_reduction
from xtal.pattern import Pattern
from xtal.pdf import pairs
from xtal.pdf.reduction_settings import ReductionSettings
from xtal.pdf.scattering import mean_form_factor
from xtal.pdf.simulate import PdfSettings, r_grid, simulate_pdf

RADIUS, STEP, Q_MAX, Q_DAMP = 30.0, 0.01, 25.0, 0.03
PROMISED = {"first call": 20.0, "warm": 20.0}
SLIDER_SECONDS = 0.05


def best(function, repeats, prepare=lambda: None):
    """Shortest of several runs, seconds."""
    seconds = []
    for _ in range(repeats):
        prepare()
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def forget():
    """Drop every kept table of pairs."""
    pairs._table.cache_clear()
    pairs._translations.cache_clear()


def pdffit2_seconds(structure, probe):
    """PDFfit2's calc."""
    with Path(os.devnull).open("w") as silence:
        redirect_stdout(silence)
        fit = PdfFit(create_intro=False)
        fit.add_structure(to_diffpy(structure))
        fit.alloc("X" if probe == "xray" else "N", Q_MAX, Q_DAMP, STEP, RADIUS, round(RADIUS / STEP))
        return best(fit.calc, 3)


def main():
    """Print the table."""
    r = r_grid(STEP, RADIUS, STEP)
    kept = True
    print("| what | xtal (ms) | pdffit2 calc (ms) | ratio | promised | kept |")
    print("|---|---:|---:|---:|---:|---|")
    for probe in ("xray", "neutron"):
        garnet = find_structure("llzo-cubic")
        theirs = pdffit2_seconds(garnet, probe)
        settings = PdfSettings(probe, Q_MAX, Q_DAMP)
        simulate_pdf(garnet, r, settings)
        for kind, prepare in (("first call", forget), ("warm", lambda: None)):
            ours = best(lambda settings=settings, garnet=garnet: simulate_pdf(garnet, r, settings), 10, prepare)
            fine = theirs / ours >= PROMISED[kind] and (kind != "warm" or ours < SLIDER_SECONDS)
            kept &= fine
            print(f"| G(r) of LLZO to 30 Å, {probe}, {kind} | {ours * 1e3:.1f} | {theirs * 1e3:.0f} | {theirs / ours:.0f} | "
                  f"{PROMISED[kind]:.0f} | {'yes' if fine else 'no'} |")  # fmt: skip
    show_sliders()
    return 0 if kept else 1


def show_sliders():
    """Print what one move of a slider in a notebook costs: calculation and picture."""
    q = np.linspace(0.0, 31.0, 1900)
    intensity = mean_form_factor(parse_composition("Ni"), q) ** 2 * (1.2 + np.sin(2.5 * q) * np.exp(-0.01 * q**2))
    data = Pattern(q, intensity, np.ones_like(q), axis="q", source="synthetic")
    settings = ReductionSettings(
        parse_composition("Ni"), q_max=24.0, r_max=20.0, r_step=0.02, number_density=0.0914, r_cut=2.0
    )
    garnet = find_structure("llzo-cubic")
    sliders = {
        "reduction of 1,900 points, r to 20 Å": (explore_reduction(data, settings), "q_max", 20.0),
        "G(r) of LLZO to 30 Å": (explore_pdf(garnet, PdfSettings("neutron", Q_MAX, Q_DAMP)), "u", 1.0),
    }
    print("\n| slider | calculation (ms) | picture (ms) |\n|---|---:|---:|")
    for name, (explorer, moved, value) in sliders.items():
        explorer.png()
        steps = iter(range(1, 100))
        seconds = best(lambda e=explorer, m=moved, v=value, s=steps: e.set(**{m: v + 0.01 * next(s)}), 10)
        print(f"| {name} | {seconds * 1e3:.0f} | {best(explorer.png, 5) * 1e3:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
