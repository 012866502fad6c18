"""One measured pattern with many models at once: engines that share no code for them find the same numbers."""

from __future__ import annotations

import pytest

from xtal.io.jobs import load_job
from xtal.rietveld.run import refine

JOB = """\
[pattern]
file = "{folder}/FAP.XRA"
instrument = "{folder}/INST_XRY.PRM"
range = [20.0, 62.0]
[[pattern.peak]]
name = "hump"
position = 27.0
area = 60.0
fwhm = 8.0
[background]
terms = 2
[[phase]]
structure = "fluorapatite"
anisotropic_strain = true
anisotropic = ["Ca1"]
[[restraint]]
atoms = ["phase.fluorapatite.site.P3", "phase.fluorapatite.site.O5"]
distance = 1.53
sigma = 0.005
[parameters]
"pattern.transparency" = {{ start = 0.02 }}
"pattern.profile.axial" = {{ start = 0.03 }}
[[stage]]
name = "scale"
free = ["phase.*.scale", "pattern.background"]
[[stage]]
name = "positions"
free = ["phase.*.cell", "pattern.displacement"]
[[stage]]
name = "widths and hump"
free = ["pattern.profile.w", "phase.*.stephens.*", "pattern.peak.hump.area"]
max_cycles = 40
[[stage]]
name = "structure"
free = ["phase.fluorapatite.site.O5.x", "phase.fluorapatite.site.O5.y", "phase.fluorapatite.site.Ca1.u??"]
max_cycles = 40
"""


@pytest.fixture(scope="module")
def results(shared_data, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "job.toml"
    path.write_text(JOB.format(folder=shared_data / "lab_fap"), encoding="utf-8")
    job = load_job(path)
    return job, {engine: refine(job, engine=engine) for engine in ("rietx", "native")}


def test_every_free_parameter_is_the_same_within_half_a_combined_esd(results):
    job, found = results
    names = [name for name in job.free_names if not name.endswith(".scale")]
    assert {"phase.fluorapatite.stephens.s202", "phase.fluorapatite.site.Ca1.u33", "pattern.peak.hump.area"} <= set(
        names
    )
    for name in names:
        one, other = (found[engine].parameters[name] for engine in ("rietx", "native"))
        assert abs(one.value - other.value) < 0.5 * (one.esd**2 + other.esd**2) ** 0.5, name


def test_both_fits_reach_the_same_agreement_and_restrained_distance(results):
    _, found = results
    rietx, native = found["rietx"], found["native"]
    assert native.agreement.rwp == pytest.approx(rietx.agreement.rwp, abs=1e-3)
    (one,), (other,) = rietx.restraints, native.restraints
    assert one.n_bonds == other.n_bonds == 1
    assert one.mean_distance == pytest.approx(other.mean_distance, abs=1e-3)
    assert one.mean_distance == pytest.approx(1.53, abs=0.03)


def test_bonds_of_phosphorus_stay_those_of_a_phosphate(results):
    """P–O in fluorapatite is 1.53–1.54 Å (J. M. Hughes et al., Am. Mineral. 74 (1989) 870)."""
    _, found = results
    assert found["rietx"].restraints[0].mean_distance == pytest.approx(1.535, abs=0.03)
