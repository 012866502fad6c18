"""Coincidence search against pymatgen's SubstrateAnalyzer: seconds, ratio, and what each list holds. Prints a Markdown table.

Run on a quiet machine: ``python tests/benchmarks/bench_mismatch.py``. One thread (OMP_NUM_THREADS=1) unless it is set otherwise.
Both get c-Li2OHCl on LLTO and 400 Å²; pymatgen runs with its defaults (3 % in length, 1 % in angle, relative). The rows "within 5 %
strain" search the wider limit that holds every match of pymatgen; a row with pymatgen's own limits in length and angle follows. Both
times hold everything from the crystals to the finished list: our rows start with empty caches. pymatgen gets the film without its
split H and Li sites, which don't touch the lattice and would slow its slabs down.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from xtal.interface.coincidence import Limits, search_planes
from xtal.interface.sublattices import near_reduced_bases, sublattices_up_to
from xtal.io.library import reference_path, reference_structure

FILM, SUBSTRATE = "li2ohcl-cubic", "llto"
MAX_AREA = 400.0
ONE_PAIR = [((1, 0, 0), (0, 0, 1))]
CASES = (("(100)/(001)", ONE_PAIR), ("all planes up to index 1", None))
LIMITS = (
    ("within 5 % strain, smallest cells", Limits(MAX_AREA, 0.05)),
    ("within 5 % strain, every cell", Limits(MAX_AREA, 0.05, multiples=True)),
    ("pymatgen's limits, every cell", Limits(MAX_AREA, 0.05, 0.03, 0.9, multiples=True)),
)


def seconds_of_ours(limits, planes, repeats=7):
    """Shortest run from the crystals to the list, sublattices not kept from the run before, and the number of matches."""
    film, substrate = reference_structure(FILM), reference_structure(SUBSTRATE)
    shortest, count = float("inf"), 0
    for _ in range(repeats):
        sublattices_up_to.cache_clear()
        near_reduced_bases.cache_clear()
        start = time.perf_counter()
        count = len(search_planes(film, substrate, limits, planes=planes))
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, count


def seconds_of_pymatgen(planes, repeats=3):
    """Shortest run of SubstrateAnalyzer with its defaults, and the number of matches, equivalent ones counted apart."""
    from pymatgen.analysis.interfaces.substrate_analyzer import SubstrateAnalyzer
    from pymatgen.core import Structure

    film, substrate = (Structure.from_file(reference_path(name)) for name in (FILM, SUBSTRATE))
    film.remove_sites([number for number, site in enumerate(film) if not site.is_ordered])
    asked = {"film_millers": [planes[0][0]], "substrate_millers": [planes[0][1]]} if planes else {}
    shortest, count = float("inf"), 0
    for _ in range(repeats):
        start = time.perf_counter()
        count = len(list(SubstrateAnalyzer(max_area=MAX_AREA).calculate(film, substrate, **asked)))
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, count


def main():
    warnings.simplefilter("ignore")
    print(f"c-Li2OHCl on LLTO, up to {MAX_AREA:g} Å²\n")
    print("| planes | search | matches | seconds | pymatgen / xtal |")
    print("| --- | --- | ---: | ---: | ---: |")
    for name, planes in CASES:
        theirs, their_count = seconds_of_pymatgen(planes)
        print(f"| {name} | pymatgen SubstrateAnalyzer, equivalent ones not merged | {their_count} | {theirs:.2f} | 1 |")
        for label, limits in LIMITS:
            ours, count = seconds_of_ours(limits, planes)
            print(f"| {name} | xtal, {label}, inequivalent | {count} | {ours:.4f} | {theirs / ours:.0f} |")


if __name__ == "__main__":
    main()
