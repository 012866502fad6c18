"""Time of 200 views of cubic LLZO (gmax 2 Å⁻¹) with intensities, against a loop over pymatgen.

Usage: ``python tests/benchmarks/bench_project.py [REPEATS]``; prints a Markdown table. No test: the numbers depend on the machine.

The peer does for each view what a script with pymatgen does: the points of the reciprocal lattice in the sphere
(``Lattice.get_points_in_sphere``), those of the zone, and their structure factors with pymatgen's form-factor table, vectorized over
atoms and reflections. The same peer with the points of the sphere found only once is listed too. Both sides give the same spots.
The structures are built beforehand; our own time includes the structure factors of the whole sphere, computed anew in every repeat.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import product
from math import gcd
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pymatgen.analysis.diffraction.xrd as pymatgen_xrd

from xtal.convert.pymatgen_structure import to_pymatgen
from xtal.io.library import reference_structure
from xtal.reciprocal import Probe, View, project_views
from xtal.reciprocal.lattice_points import _calculate

G_MAX, N_VIEWS, N_PEER = 2.0, 200, 5


def zones() -> list[tuple[int, int, int]]:
    """Coprime zone axes, the simplest first."""
    grid = [zone for zone in product(range(-4, 5), repeat=3) if gcd(*zone) == 1]
    return sorted(grid, key=lambda zone: (sum(value * value for value in zone), zone))[:N_VIEWS]


class Peer:
    """pymatgen's lattice and form factors, numpy for the sums."""

    def __init__(self, structure) -> None:
        self.lattice = structure.lattice.reciprocal_lattice_crystallographic
        table = json.loads((Path(pymatgen_xrd.__file__).parent / "atomic_scattering_params.json").read_text())
        atoms = [
            (site.frac_coords, specie, occupancy) for site in structure for specie, occupancy in site.species.items()
        ]
        self.xyz = np.array([xyz for xyz, _, _ in atoms])
        self.occupancy = np.array([occupancy for _, _, occupancy in atoms])
        self.charge = np.array([specie.Z for _, specie, _ in atoms])
        self.coefficients = np.array([table[specie.symbol] for _, specie, _ in atoms])

    def sphere(self) -> np.ndarray:
        """Indices of the points in the sphere."""
        found = self.lattice.get_points_in_sphere([[0, 0, 0]], [0, 0, 0], G_MAX, zip_results=False)
        return np.rint(found[0]).astype(int)

    def view(self, zone, sphere: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices and |F|² of a view."""
        hkl = sphere[(sphere @ np.array(zone) == 0) & sphere.any(axis=1)]
        s2 = (np.linalg.norm(self.lattice.get_cartesian_coords(hkl), axis=1) / 2) ** 2
        a, b = self.coefficients[:, :, 0], self.coefficients[:, :, 1]
        kinds, member = np.unique(self.charge, return_inverse=True)
        first = [int(np.argmax(member == kind)) for kind in range(len(kinds))]
        form = np.array(
            [kinds[n] - 41.78214 * s2 * (a[i] * np.exp(-b[i] * s2[:, None])).sum(axis=1) for n, i in enumerate(first)]
        )
        phase = np.exp(2j * np.pi * hkl @ self.xyz.T)
        return hkl, np.abs((phase * self.occupancy * form[member].T).sum(axis=1)) ** 2


def seconds(call, repeats: int) -> float:
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def main(repeats: int) -> None:
    """Measure and print."""
    structure = reference_structure("llzo-cubic")
    views = [View.along_zone(*zone) for zone in zones()]
    probe = Probe.from_text("xray")

    def ours():
        _calculate.cache_clear()
        return project_views(structure, views, g_max=G_MAX, probe=probe)

    peer = Peer(to_pymatgen(structure))
    drawn = ours()
    sphere = peer.sphere()
    for one, zone in zip(drawn[:: N_VIEWS // N_PEER], zones()[:: N_VIEWS // N_PEER], strict=True):
        hkl, squared = peer.view(zone, sphere)
        allowed = squared > 1e-6 * squared.max()
        ours_allowed = one.f_squared > 1e-6 * one.f_squared.max()
        assert {tuple(h) for h in hkl[allowed].tolist()} >= {tuple(h) for h in one.hkl[ours_allowed].tolist()}, zone
    mine = seconds(ours, repeats)
    some, more = zones()[:: N_VIEWS // N_PEER], zones()[:: N_VIEWS // (8 * N_PEER)]
    each = seconds(lambda: [peer.view(zone, peer.sphere()) for zone in some], 1) / len(some)
    once = seconds(lambda: [peer.view(zone, sphere) for zone in more], 1) / len(more)
    spots = sum(len(one) for one in drawn)
    print(
        f"{N_VIEWS} views of LLZO, gmax {G_MAX:g} Å⁻¹, X-ray |F|², {spots} spots, {os.cpu_count()} cores, median of {repeats}:\n"
    )
    print("| | s for 200 views | ms per view | ratio |\n| --- | ---: | ---: | ---: |")
    print(f"| xtal `project_views` | {mine:.3f} | {1e3 * mine / N_VIEWS:.2f} | 1 |")
    print(
        f"| pymatgen loop, sphere for each view ({len(some)} of the views) | {each * N_VIEWS:.1f} | {1e3 * each:.0f} | {each * N_VIEWS / mine:.0f} |"
    )
    print(
        f"| pymatgen loop, sphere found once ({len(more)} of the views) | {once * N_VIEWS:.1f} | {1e3 * once:.1f} | {once * N_VIEWS / mine:.1f} |"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
