"""Fits of several patterns, of neutrons and of time of flight, with an answer that did not come from this toolkit.

Used by tests/acceptance/test_joint.py and by tools/validate.py. Start structures stand here as text where the data have no CIF.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from validation_cases import Case, Known, cell, rwp_not_above, weight

from xtal.io.jobs import load_job
from xtal.job import Job
from xtal.result import Value

__all__ = ["MULTI", "JointCase", "build_joint_job"]


@dataclass(frozen=True)
class JointCase(Case):
    """A case with the engines that can do it and files that its job names."""

    engines: tuple[str, ...] = ("rietx", "gsas2", "native")
    files: Mapping[str, str] = field(default_factory=dict)


def build_joint_job(case: JointCase, engine: str, data: Path, scratch: Path) -> Job:
    """The job of a case; ``{data}`` in it is the folder of measured data, ``{here}`` that of the files of the case."""
    for name, text in case.files.items():
        (scratch / name).write_text(text, encoding="utf-8")
    path = scratch / "job.toml"
    path.write_text(case.job.replace("{data}", str(data / case.data)), encoding="utf-8")
    return load_job(path, engine=engine)


def pattern_rwp(name: str, answer: float) -> Known:
    """An Rwp on one of several patterns that another program reached, percent."""
    return Known(f"Rwp {name}", answer, "Rwp", 0.0, lambda result: Value(result.patterns[name].agreement.rwp))


def _site(label: str, symbol: str, xyz: tuple[float, float, float], u: float, occupancy: float = 1.0) -> str:
    return f"{label} {symbol} {xyz[0]} {xyz[1]} {xyz[2]} {occupancy} {u}"


def _cif(name: str, group: str, cell_edges: tuple[float, float, float], gamma: float, sites: list[str]) -> str:
    a, b, c = cell_edges
    head = [
        f"data_{name}", f"_cell_length_a {a}", f"_cell_length_b {b}", f"_cell_length_c {c}", "_cell_angle_alpha 90",
        "_cell_angle_beta 90", f"_cell_angle_gamma {gamma}", f"_space_group_name_H-M_alt '{group}'", "loop_",
        "_atom_site_label", "_atom_site_type_symbol", "_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z",
        "_atom_site_occupancy", "_atom_site_U_iso_or_equiv",
    ]  # fmt: skip
    return "\n".join([*head, *sites, ""])


GARNET = _cif("garnet", "I a -3 d", (12.19, 12.19, 12.19), 90, [
    _site("Y1", "Y", (0.125, 0, 0.25), 0.006), _site("Fe2", "Fe", (0, 0, 0), 0.006, 0.6), _site("Al3", "Al", (0, 0, 0), 0.006, 0.4),
    _site("Al4", "Al", (0.375, 0, 0.25), 0.006, 0.65), _site("Fe5", "Fe", (0.375, 0, 0.25), 0.006, 0.35),
    _site("O6", "O", (-0.029, 0.053, 0.15), 0.006),
])  # fmt: skip

ALPHA_SI3N4 = _cif("alpha", "P 3 1 c", (7.754, 7.754, 5.62), 120, [
    _site("Si1", "Si", (0.0817, 0.5115, 0.205), 0.004), _site("Si2", "Si", (0.253, 0.1674, 0), 0.004),
    _site("N1", "N", (0.654, 0.611, -0.017), 0.005), _site("N2", "N", (0.314, 0.319, 0.254), 0.005),
    _site("N3", "N", (0.333333, 0.666667, 0.145), 0.005), _site("N4", "N", (0, 0, 0.5), 0.005),
])  # fmt: skip

BETA_SI3N4 = _cif("beta", "P 63/m", (7.602, 7.602, 2.907), 120, [
    _site("Si1", "Si", (0.77, 0.175, 0.25), 0.005), _site("N1", "N", (0.03, 0.33, 0.25), 0.005),
    _site("N2", "N", (0.666667, 0.333333, 0.25), 0.005),
])  # fmt: skip

PBSO4_JOB = """
schema = "xtal-job/1"
title = "PbSO4, X-rays and neutrons"
[[pattern]]
name = "X"
file = "{data}/PBSO4.XRA"
instrument = "{data}/INST_XRY.PRM"
[[pattern]]
name = "N"
file = "{data}/PBSO4.CWN"
instrument = "{data}/inst_d1a.prm"
range = [10.0, 153.46]
[background]
terms = 6
[[phase]]
name = "anglesite"
structure = "{data}/PbSO4-Wyckoff.cif"
start = { microstrain = 0.001 }
[parameters]
"pattern.X.profile.axial" = { start = 0.002 }
"pattern.N.profile.axial" = { start = 0.1 }
[[stage]]
name = "scales and backgrounds"
free = ["phase.*.scale", "pattern.*.scale", "pattern.*.background"]
[[stage]]
name = "positions"
why = "The neutron pattern was measured at a lower temperature: each axis has its own strain there."
free = ["phase.*.cell", "pattern.X.displacement", "pattern.N.zero", "pattern.N.strain"]
[[stage]]
name = "widths"
free = ["phase.*.crystallite_size_nm", "phase.*.microstrain", "pattern.N.profile.u", "pattern.N.profile.v", "pattern.N.profile.w"]
max_cycles = 40
[[stage]]
name = "structure"
free = ["phase.*.site.*.x", "phase.*.site.*.y", "phase.*.site.*.z", "phase.*.site.*.u_iso"]
max_cycles = 40
[[stage]]
name = "Gaussian widths of the X-ray pattern"
free = ["pattern.X.profile.u", "pattern.X.profile.v", "pattern.X.profile.w"]
max_cycles = 40
"""

GARNET_JOB = """
schema = "xtal-job/1"
title = "Y3(Fe,Al)5O12, D1A"
[pattern]
file = "{data}/garnet.raw"
instrument = "{data}/inst_d1a.prm"
range = [24.0, 157.6]
[background]
terms = 6
[[phase]]
name = "garnet"
structure = "garnet.cif"
[[tie]]
sum = ["phase.garnet.site.Fe2.occupancy", "phase.garnet.site.Al3.occupancy"]
[[tie]]
sum = ["phase.garnet.site.Al4.occupancy", "phase.garnet.site.Fe5.occupancy"]
[[tie]]
equal = ["phase.garnet.site.Fe2.u_iso", "phase.garnet.site.Al3.u_iso"]
[[tie]]
equal = ["phase.garnet.site.Al4.u_iso", "phase.garnet.site.Fe5.u_iso"]
[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "positions"
free = ["pattern.zero", "phase.*.cell"]
[[stage]]
name = "widths"
free = ["pattern.profile.u", "pattern.profile.v", "pattern.profile.w"]
max_cycles = 30
[[stage]]
name = "atoms"
free = ["phase.*.site.O6.x", "phase.*.site.O6.y", "phase.*.site.O6.z", "phase.*.site.*.u_iso"]
max_cycles = 30
[[stage]]
name = "occupancies"
free = ["phase.garnet.site.Fe2.occupancy", "phase.garnet.site.Al4.occupancy"]
max_cycles = 30
[[stage]]
name = "axial divergence"
free = ["pattern.profile.axial"]
max_cycles = 40
"""

SI3N4_JOB = """
schema = "xtal-job/1"
title = "alpha-Si3N4 with a trace of beta"
[pattern]
file = "{data}/A_SI3N4.XRA"
instrument = "{data}/INST_XRY.PRM"
range = [10.0, 119.96]
[background]
terms = 6
[[phase]]
name = "alpha"
structure = "alpha.cif"
start = { microstrain = 0.001 }
[[phase]]
name = "beta"
structure = "beta.cif"
start = { microstrain = 0.001 }
[parameters]
"pattern.profile.axial" = { start = 0.002 }
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "positions"
free = ["pattern.displacement", "phase.alpha.cell"]
[[stage]]
name = "widths"
free = ["pattern.profile.w", "phase.alpha.crystallite_size_nm", "phase.alpha.microstrain"]
max_cycles = 30
[[stage]]
name = "beta"
free = ["phase.beta.cell"]
max_cycles = 30
"""

LAB6_TOF_JOB = """
schema = "xtal-job/1"
title = "LaB6, POWGEN"
[pattern]
file = "{data}/tof_lab6_powgen/PG3_17541.gsa"
instrument = "{data}/nac_11bm_powgen/POWGEN_1066.instprm"
[background]
terms = 8
[[phase]]
name = "lab6"
structure = "lab6"
isotopes = { B = 11 }
start = { "cell.a" = 4.15689 }
[[stage]]
name = "scale and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "positions"
why = "The cell of the standard is held: the flight path is what is calibrated."
free = ["pattern.dif_c", "pattern.zero", "phase.*.site.*.u_iso", "phase.*.site.*.x"]
[[stage]]
name = "Gaussian widths"
free = ["pattern.dif_a", "pattern.profile.sig_0", "pattern.profile.sig_1", "pattern.profile.sig_2"]
max_cycles = 30
[[stage]]
name = "exponentials"
free = ["pattern.profile.alpha", "pattern.profile.beta_0", "pattern.profile.beta_1", "pattern.dif_b"]
max_cycles = 30
[[stage]]
name = "rest of the profile"
free = ["pattern.profile.beta_q", "pattern.profile.sig_q", "pattern.absorption"]
max_cycles = 20
[[stage]]
name = "Lorentzian widths"
free = ["pattern.profile.x", "pattern.profile.y"]
max_cycles = 20
"""


NAC_JOB = """
schema = "xtal-job/1"
title = "NAC + CaF2, 11-BM and two POWGEN banks"
[[pattern]]
name = "X"
file = "{data}/11BM_NAC.fxye"
instrument = "{data}/11bm_gsas.prm"
range = [2.0, 50.0]
[[pattern]]
name = "T1"
file = "{data}/PG3_22048.gsa"
instrument = "{data}/POWGEN_1066.instprm"
[[pattern]]
name = "T2"
file = "{data}/PG3_22049.gsa"
instrument = "{data}/POWGEN_2665.instprm"
[background]
terms = 10
[[phase]]
name = "NAC"
structure = "{data}/NAC.cif"
[[phase]]
name = "CaF2"
structure = "{data}/CaF2.cif"
[[stage]]
name = "scales and backgrounds"
free = ["phase.*.scale", "pattern.*.scale", "pattern.*.share", "pattern.*.background"]
max_cycles = 4
[[stage]]
name = "positions"
free = ["phase.*.cell", "pattern.X.zero", "pattern.T1.dif_c", "pattern.T2.dif_c", "pattern.T1.zero", "pattern.T2.zero"]
max_cycles = 4
[[stage]]
name = "widths"
free = ["pattern.X.profile.u", "pattern.X.profile.w", "pattern.X.profile.x", "pattern.X.profile.y",
        "pattern.T1.profile.sig_1", "pattern.T2.profile.sig_1", "pattern.T1.profile.y", "pattern.T2.profile.y"]
max_cycles = 6
[[stage]]
name = "structure"
free = ["phase.NAC.site.*.x", "phase.NAC.site.*.y", "phase.NAC.site.*.z"]
max_cycles = 4
"""


def octahedral_iron() -> Known:
    """Share of iron on 16a of the garnet."""
    return Known(
        "Fe on 16a",
        0.577,
        "share",
        0.03,
        lambda result: Value(result.parameters["phase.garnet.site.Fe2.occupancy"].value),
    )


MULTI: tuple[JointCase, ...] = (
    JointCase(
        name="PbSO4, X + N",
        about="round-robin laboratory X-ray and D1A neutron patterns of PbSO4, refined together",
        data="pbso4_rrrr",
        known=(
            pattern_rwp("X", 11.1), pattern_rwp("N", 4.6),
            cell("anglesite", "a", 8.480297, 60.0), cell("anglesite", "b", 5.398574, 60.0), cell("anglesite", "c", 6.960012, 60.0),
        ),
        job=PBSO4_JOB,
        source="GSAS-II tutorial on the same data: displacement and strains of the neutron pattern, no axial divergence of the X-rays",
    ),
    JointCase(
        name="garnet, D1A",
        about="neutron powder pattern of Y3(Fe,Al)5O12",
        data="cwn_garnet_d1a",
        known=(octahedral_iron(), rwp_not_above(5.4)),
        job=GARNET_JOB,
        files={"garnet.cif": GARNET},
        source="GSAS-II tutorial (0.577(9), Rwp 5.18 %) and GSAS refinement (Rwp 5.49 %) of the same data",
    ),
    JointCase(
        name="α-Si3N4 with β",
        about="laboratory X-ray pattern of α-Si3N4 with a trace of β",
        data="si3n4_ab_lab",
        known=(cell("alpha", "a", 7.753888, 200.0), cell("alpha", "c", 5.620424, 200.0), weight("beta", 0.98, 1.0)),
        job=SI3N4_JOB,
        files={"alpha.cif": ALPHA_SI3N4, "beta.cif": BETA_SI3N4},
        source="GSAS refinement of the same data (0.98 wt% by its scales)",
    ),
    JointCase(
        name="NAC + CaF2, 11-BM and POWGEN",
        about="Na2Ca3Al2F14 with CaF2: synchrotron pattern and two time-of-flight banks, refined together",
        data="nac_11bm_powgen",
        known=(
            pattern_rwp("X", 11.97 * 1.1), pattern_rwp("T1", 4.66 * 1.1), pattern_rwp("T2", 7.29 * 1.1),
            cell("NAC", "a", 10.251218, 60.0), cell("CaF2", "a", 5.464617, 60.0),
        ),
        job=NAC_JOB,
        engines=("gsas2", "native"),
        source="GSAS joint refinement of the same data, Rwp 11.97, 4.66 and 7.29 %, times 1.1",
    ),
    JointCase(
        name="LaB6, POWGEN",
        about="time-of-flight pattern of SRM 660b on POWGEN, cell held at 4.15689 Å",
        data=".",
        known=(rwp_not_above(3.24 * 1.1),),
        job=LAB6_TOF_JOB,
        engines=("gsas2", "native"),
        source="GSAS-II tutorial on the same data, Rwp 3.24 % of a list of peaks with free places and intensities, times 1.1",
    ),
)  # fmt: skip
