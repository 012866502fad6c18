"""The peer of bench_refine: the same refinements as a script that calls rietx alone, nothing of xtal.

``python direct_rietx.py CASE PATTERN CIF_FOLDER`` reads the pattern with rietx's own reader and the crystals from CIFs, refines
with `rietx.Refinement.fit` and prints one line of JSON: Rwp, parameters that were free at the end, version.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass

# rietx would keep a log of the run beside the script
os.environ.setdefault("RIETX_TELEMETRY", "0")

import numpy as np
import rietx as rx
from rietx.model.forward import seed_phase_scales

DEGREES = 180.0 / math.pi
FWHM_SQUARED = 8.0 * math.log(2.0)
SCALES = ["phases.*.scale", "instrument.background.*"]
HEIGHT = "instrument.geometry.sample_displacement"


@dataclass
class Case:
    """What a user would type: instrument in rietx's units, phases, stages."""

    phases: tuple[str, ...]
    lines: tuple[tuple[float, float], ...]
    radius: float
    profile: dict[str, float]
    axial: float
    terms: int
    stages: tuple[tuple[str, list[str], int], ...]
    range: tuple[float, float] | None = None
    polarization: float = 0.5
    sizes_nm: tuple[float, ...] = ()
    equal_b: tuple[tuple[tuple[int, str], tuple[int, str]], ...] = ()
    free_b: tuple[tuple[int, str], ...] = ()


CHOSEN_B = "the displacement parameters in free_b"
COPPER = ((1.5405929, 1.0), (1.5444274, 0.5))

CASES = {
    "pellet": Case(
        phases=("li2ohcl-cubic", "li2ohcl-orthorhombic", "llto"),
        lines=COPPER,
        radius=240.0,
        profile={"u": 0.0006 * FWHM_SQUARED, "v": -0.0003 * FWHM_SQUARED, "w": 0.0007 * FWHM_SQUARED, "x": 0.012, "y": 0.012},
        axial=0.015,
        terms=8,
        range=(15.0, 90.0),
        sizes_nm=(200.0, 60.0, 200.0),
        equal_b=(((0, "O1"), (0, "Cl1")), ((1, "Cl1"), (0, "Cl1")), ((1, "O1"), (0, "Cl1")),
                 ((2, "La2"), (2, "La1")), ((2, "Ti"), (2, "La1"))),
        free_b=((0, "Cl1"), (2, "La1")),
        stages=(
            ("scales and background", SCALES, 20),
            ("cells and sample height", ["phases.0.cell.*", "phases.2.cell.*", HEIGHT], 20),
            ("sizes", ["phases.*.lor_size"], 20),
            ("orthorhombic cell", ["phases.1.cell.*"], 20),
            ("strain and displacement parameters", ["phases.0.lor_strain", "phases.2.lor_strain", CHOSEN_B], 40),
        ),
    ),
    "cpd-1g": Case(
        phases=("al2o3", "zno", "caf2"),
        lines=COPPER,
        radius=217.5,
        profile={"u": 0.0002 * FWHM_SQUARED, "v": -0.0002 * FWHM_SQUARED, "w": 0.0005 * FWHM_SQUARED, "x": 0.02, "y": 0.0},
        axial=0.015,
        terms=9,
        polarization=1.0 / (1.0 + math.cos(math.radians(26.6)) ** 2),
        stages=(
            ("scales and background", SCALES, 20),
            ("sample height and cells", ["phases.*.cell.*", HEIGHT], 20),
            ("instrument profile", [f"instrument.profile.{term}" for term in "uvwx"], 30),
            ("widths of the phases", ["phases.*.lor_strain"], 40),
        ),
    ),
    "fluorapatite": Case(
        phases=("fluorapatite",),
        lines=((1.5405, 1.0), (1.5443, 0.5)),
        radius=200.0,
        profile={"u": 0.00021 * FWHM_SQUARED, "v": -0.0002 * FWHM_SQUARED, "w": 0.00051 * FWHM_SQUARED, "x": 0.0, "y": 0.0},
        axial=0.01,
        terms=8,
        range=(15.0, 130.0),
        polarization=0.7,
        stages=(
            ("scale and background", SCALES, 20),
            ("cell and sample height", ["phases.*.cell.*", HEIGHT], 20),
            ("profile", ["instrument.profile.*"], 40),
            ("structure", ["phases.*.atoms.*.dof.*", "phases.*.atoms.*.biso"], 40),
        ),
    ),
}  # fmt: skip


def number(value, **bounds):
    """A rietx parameter."""
    return rx.Parameter(value=value, **bounds)


def read_phases(case, folder):
    """The crystals of a case, with their start widths."""
    phases = [rx.Structure.from_cif(f"{folder}/{name}.cif").phases[0] for name in case.phases]
    for phase, size in zip(phases, case.sizes_nm, strict=False):
        phase.lor_size.value = DEGREES * case.lines[0][0] / (10.0 * size)
    return rx.Structure(phases=phases)


def make_instrument(case, pattern):
    """The diffractometer; the background starts flat at the pattern's floor."""
    flat = [float(np.percentile(pattern.intensity, 5)), *[0.0] * (case.terms - 1)]
    return rx.Instrument(
        source=rx.Source(
            lines=[rx.EmissionLine(wavelength=number(length), weight=number(weight)) for length, weight in case.lines],
            polarization=number(case.polarization),
            dispersion=rx.Dispersion(),
        ),
        geometry=rx.Geometry(
            kind="bragg_brentano",
            goniometer_radius_mm=case.radius,
            sample_displacement=number(0.0, min=-1.0, max=1.0),
            axial_sl=number(case.axial, min=0.0, max=0.1),
            axial_hl=number(case.axial, min=0.0, max=0.1),
        ),
        profile=rx.ProfileTCHZ(**{name: number(value) for name, value in case.profile.items()}),
        background=rx.BackgroundChebyshev(coefficients=[number(value) for value in flat]),
    )


def b_path(structure, phase, label):
    """rietx's name of an atom's displacement parameter."""
    labels = [atom.label for atom in structure.phases[phase].atoms]
    return f"phases.{phase}.atoms.{labels.index(label)}.biso"


def make_plan(case, structure):
    """The stages; nothing is held that they free."""
    free_b = [b_path(structure, *atom) for atom in case.free_b]
    stages = []
    for name, names, cycles in case.stages:
        turn_on = [name for name in names if name != CHOSEN_B] + (free_b if CHOSEN_B in names else [])
        stages.append(rx.StageSpec(name=name, turn_on=turn_on, max_iter=cycles))
    return rx.PlanSpec(stages=stages, phase_support_sigma=None)


def main(name, file, folder):
    """Refine and print."""
    case = CASES[name]
    pattern = rx.read_pattern(file)
    structure = read_phases(case, folder)
    instrument = make_instrument(case, pattern)
    seed_phase_scales(structure, instrument, pattern)
    refinement = rx.Refinement(structure, instrument)
    refinement.tie("instrument.geometry.axial_hl", "instrument.geometry.axial_sl")
    for follower, leader in case.equal_b:
        refinement.tie(b_path(structure, *follower), b_path(structure, *leader))
    result = refinement.fit(pattern, plan=make_plan(case, structure), two_theta_limits=case.range)
    print(
        json.dumps(
            {
                "rwp": float(result.statistics.rwp),
                "n_free": int(result.statistics.n_free_parameters),
                "version": rx.__version__,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
