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

from diffpy.pdffit2 import PdfFit, redirect_stdout

from xtal.convert import to_diffpy
from xtal.io.library import find_structure
from xtal.pdf import pairs
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
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
