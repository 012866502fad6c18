"""The peer of bench_refine: the same refinements as a GSASIIscriptable script, nothing of xtal.

``INTERPRETER direct_gsas2.py CASE PATTERN CIF_FOLDER``, where INTERPRETER can import GSAS-II, refines the stages one after the
other and prints one line of JSON: Rwp, parameters that were free at the end, version.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

COPPER = ((1.5405929, 1.0), (1.5444274, 0.5))
NO_SIZE = 10.0
ORTHORHOMBIC = ((3.77, 3.89), (3.81, 3.93), (7.88, 8.12))


@dataclass
class Case:
    """What a user would type, in GSAS-II's units (centidegrees squared, µm, 10⁻⁶ of strain)."""

    phases: tuple
    lines: tuple
    radius: float
    profile: dict
    terms: int
    stages: tuple
    polarization: float = 0.5
    limits: tuple | None = None
    reader: str = "xye"
    sizes_um: tuple = ()
    equal_u: tuple = ()
    bounds: dict = field(default_factory=dict)


CASES = {
    "pellet": Case(
        phases=("li2ohcl-cubic", "li2ohcl-orthorhombic", "llto"),
        lines=COPPER,
        radius=240.0,
        profile={"U": 6.0, "V": -3.0, "W": 7.0, "X": 1.2, "Y": 1.2, "SH/L": 0.03},
        terms=8,
        limits=(15.0, 90.0),
        sizes_um=(0.2, 0.06, 0.2),
        bounds={
            **{f"{phase}:0:Size;i": (0.005, 5.0) for phase in range(3)},
            **{f"{phase}:0:Mustrain;i": (0.0, 20000.0) for phase in (0, 2)},
            **{f"1::A{axis}": (1 / high**2, 1 / low**2) for axis, (low, high) in enumerate(ORTHORHOMBIC)},
        },
        equal_u=(((0, "Cl1"), (0, "O1"), (1, "Cl1"), (1, "O1")), ((2, "La1"), (2, "La2"), (2, "Ti"))),
        stages=(
            ({"scales": True}, 20),
            ({"cells": (0, 2), "shift": True}, 20),
            ({"sizes": (0, 1, 2)}, 20),
            ({"cells": (1,)}, 20),
            ({"strains": (0, 2), "equal_u": True}, 40),
        ),
    ),
    "cpd-1g": Case(
        phases=("al2o3", "zno", "caf2"),
        lines=COPPER,
        radius=217.5,
        profile={"U": 2.0, "V": -2.0, "W": 5.0, "X": 2.0, "Y": 0.0, "SH/L": 0.03},
        terms=9,
        polarization=1.0 / (1.0 + math.cos(math.radians(26.6)) ** 2),
        stages=(
            ({"scales": True}, 20),
            ({"cells": (0, 1, 2), "shift": True}, 20),
            ({"profile": ("U", "V", "W", "X")}, 30),
            ({"strains": (0, 1, 2)}, 40),
        ),
    ),
    "fluorapatite": Case(
        phases=("fluorapatite",),
        lines=((1.5405, 1.0), (1.5443, 0.5)),
        radius=200.0,
        profile={"U": 2.1, "V": -2.0, "W": 5.1, "X": 0.0, "Y": 0.0, "SH/L": 0.02},
        terms=8,
        polarization=0.7,
        limits=(15.0, 130.0),
        reader="GSAS powder",
        stages=(
            ({"scales": True}, 20),
            ({"cells": (0,), "shift": True}, 20),
            ({"profile": ("U", "V", "W", "X", "Y")}, 40),
            ({"atoms": "XU"}, 40),
        ),
    ),
}


def instrument_file(case, folder):
    """An .instprm file of the case."""
    (first, _), (second, weight) = case.lines
    values = {"Type": "PXC", "Bank": 1.0, "Lam1": first, "Lam2": second, "I(L2)/I(L1)": weight, "Zero": 0.0,
              "Polariz.": case.polarization, "Azimuth": 0.0, "Z": 0.0, **case.profile}  # fmt: skip
    path = Path(folder) / "instrument.instprm"
    lines = ["#GSAS-II instrument parameter file", *(f"{name}:{value}" for name, value in values.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def make_project(g2, case, file, cifs, folder):
    """A project with its histogram, its phases and their start widths."""
    project = g2.G2Project(newgpx=str(Path(folder) / "fit.gpx"))
    histogram = project.add_powder_histogram(file, instrument_file(case, folder), fmthint=case.reader)
    for limit, value in zip(("lower", "upper"), case.limits or (), strict=False):
        histogram.Limits(limit, value)
    sample = histogram.data["Sample Parameters"]
    sample["Type"], sample["Gonio. radius"] = "Bragg-Brentano", case.radius
    histogram.set_refinements({"Background": {"type": "chebyschev-1", "no. coeffs": case.terms, "refine": False}})
    sizes = case.sizes_um or (NO_SIZE,) * len(case.phases)
    for name, size in zip(case.phases, sizes, strict=True):
        phase = project.add_phase(
            str(Path(cifs) / f"{name}.cif"), phasename=name, histograms=[histogram], fmthint="CIF"
        )
        # a strain of zero can't be set with set_HAP_refinements
        widths = phase.data["Histograms"][histogram.name]
        widths["Size"][1][0], widths["Mustrain"][1][0] = size, 0.0
    for variable, (low, high) in case.bounds.items():
        project.set_Controls("parmMin", low, variable)
        project.set_Controls("parmMax", high, variable)
    project.data["Controls"]["data"]["min dM/M"] = 1e-5
    return project, histogram


def start_scale(project, histogram):
    """Bring the calculated pattern to the height of the measured one, as one does by hand."""
    histogram.data["Sample Parameters"]["Scale"] = [1.0, False]
    run(project, 0)
    observed, calculated = histogram.getdata("yobs"), histogram.getdata("ycalc")
    ratio = float((observed - observed.min()).sum() / calculated.sum())
    histogram.data["Sample Parameters"]["Scale"] = [ratio, False]


def run(project, cycles):
    """Refine what is free."""
    project.data["Controls"]["data"]["max cyc"] = cycles
    project.refine()


def free(project, histogram, case, wishes):
    """Free what a stage adds."""
    phases = project.phases()
    if wishes.get("scales"):
        histogram.set_refinements({"Background": {"refine": True}})
        for phase in phases:
            phase.set_HAP_refinements({"Scale": True})
    if wishes.get("shift"):
        histogram.set_refinements({"Sample Parameters": ["Shift"]})
    for index in wishes.get("cells", ()):
        phases[index].set_refinements({"Cell": True})
    for index in wishes.get("sizes", ()):
        phases[index].set_HAP_refinements({"Size": {"refine": True}})
    for index in wishes.get("strains", ()):
        phases[index].set_HAP_refinements({"Mustrain": {"refine": True}})
    if "profile" in wishes:
        histogram.set_refinements({"Instrument Parameters": list(wishes["profile"])})
    if "atoms" in wishes:
        for phase in phases:
            phase.set_refinements({"Atoms": {"all": wishes["atoms"]}})
    if wishes.get("equal_u"):
        for group in case.equal_u:
            free_together(project, phases, group)


def free_together(project, phases, group):
    """Free the displacement parameters of some atoms as one."""
    names = []
    for index, label in group:
        phases[index].atom(label).refinement_flags = "U"
        names.append(f"{phases[index].id}::AUiso:{atom_number(phases[index], label)}")
    project.add_EquivConstr(names)


def atom_number(phase, label):
    """Place of an atom in its phase's list."""
    return [atom.label for atom in phase.atoms()].index(label)


def refine(name, file, cifs, folder):
    """Everything; what to print."""
    from GSASII import GSASIIscriptable as g2  # noqa: N813

    g2.SetPrintLevel("error")
    case = CASES[name]
    project, histogram = make_project(g2, case, file, cifs, folder)
    start_scale(project, histogram)
    for wishes, cycles in case.stages:
        free(project, histogram, case, wishes)
        run(project, cycles)
    covariance = project.data["Covariance"]["data"]
    return {"rwp": histogram.get_wR() / 100, "n_free": len(covariance["varyList"]), "version": version(g2)}


def version(g2):
    """GSAS-II's version, however it is installed."""
    from GSASII import GSASIIpath

    return str(GSASIIpath.GetVersionNumber())


def main(name, *paths):
    """Refine in a scratch folder with everything that GSAS-II prints sent to standard error."""
    paths = [str(Path(path).resolve()) for path in paths]
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        result = refine(name, *paths, folder)
    sys.stdout.flush()
    os.write(answer, (json.dumps(result) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
