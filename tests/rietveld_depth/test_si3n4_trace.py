"""α-Si3N4 with a contamination of β, laboratory data of the GSAS exercise: the trace is found, bounded and called a trace."""

from __future__ import annotations

import pytest

from xtal.io.jobs import load_job
from xtal.rietveld.defence import defend
from xtal.rietveld.run import refine

CIF = """data_{name}
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {c}
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_space_group_name_H-M_alt '{group}'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
{sites}
"""
# Coordinates of the exercise's .EXP files (those of β are its start values). The trace's cell is held at GSAS's: refined on so weak lines
# it wanders by 800 ppm.
ALPHA = """Si1 Si 0.081689 0.511482 0.205036 0.004
Si2 Si 0.253013 0.167424 -0.001523 0.004
N3 N 0.653870 0.611162 -0.016692 0.005
N4 N 0.313768 0.319219 0.253658 0.005
N5 N 0.3333333 0.6666667 0.145365 0.005
N6 N 0 0 0.5 0.005"""
BETA = """Si1 Si 0.770 0.175 0.25 0.005
N2 N 0.030 0.330 0.25 0.005
N3 N 0.6666667 0.3333333 0.25 0.005"""
JOB = """
schema = "xtal-job/1"
title = "alpha-Si3N4 with beta"
[pattern]
file = "{folder}/A_SI3N4.XRA"
range = [15.0, 118.0]
[pattern.instrument]
base = "{folder}/INST_XRY.PRM"
polarization = 0.5
[background]
terms = 9
[[phase]]
name = "alpha"
structure = "alpha.cif"
[[phase]]
name = "beta"
structure = "beta.cif"
[[stage]]
name = "scales and background"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "zero and cell of the main phase"
free = ["pattern.zero", "phase.alpha.cell"]
[[stage]]
name = "widths"
free = ["pattern.profile.w", "pattern.profile.x", "pattern.profile.y"]
[[stage]]
name = "sites of the main phase"
free = ["phase.alpha.site.*.x", "phase.alpha.site.*.y", "phase.alpha.site.Si1.z", "phase.alpha.site.Si2.z", "phase.alpha.site.N3.z", "phase.alpha.site.N4.z", "phase.alpha.site.N5.z"]
max_cycles = 40
"""


@pytest.fixture(scope="module")
def defended(shared_data, tmp_path_factory):
    """Defended refinement of the exercise."""
    folder = tmp_path_factory.mktemp("si3n4")
    phases = {"alpha": (7.753888, 5.620424, "P 31 c", ALPHA), "beta": (7.601730, 2.906304, "P 63/m", BETA)}
    for name, (a, c, group, sites) in phases.items():
        text = CIF.format(name=name, a=a, c=c, group=group, sites=sites)
        (folder / f"{name}.cif").write_text(text)
    (folder / "job.toml").write_text(JOB.format(folder=shared_data / "si3n4_ab_lab"))
    job = load_job(folder / "job.toml")
    return defend(job, refine(job))


@pytest.mark.slow
def test_the_beta_phase_is_a_trace_with_a_fraction_and_an_interval(defended):
    beta = defended.phases["beta"]
    assert beta.defence.verdict == "trace"
    # GSAS's own fraction of beta, 1.0 wt%, was found with a width that was never refined: it is no answer to be held to.
    assert 0.005 < beta.weight_fraction.value < 0.05
    assert beta.defence.weight_interval.high < 0.06
    assert beta.defence.without.delta_bic > 0
    assert beta.defence.weight_interval.low > 0


@pytest.mark.slow
def test_the_fit_is_no_worse_than_that_of_gsas(defended):
    assert defended.agreement.rwp < 0.1420
    assert defended.phases["alpha"].cell.a.value == pytest.approx(7.753888, rel=300e-6)
