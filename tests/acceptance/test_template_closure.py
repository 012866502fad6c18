"""Every template gives back what was simulated: X-rays and constant-wavelength neutrons, both engines, within three esds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xtal import Instrument, Profile, Radiation
from xtal.builders import potassium_on_cluster_site
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template
from xtal.io.library import reference_structure
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

LAB = laboratory_instrument()
# GSAS-II's integration over a large axial divergence moves peaks (docs/validation.md); a small one leaves that out.
PARALLEL = replace(LAB, name="synthetic-parallel", profile=replace(LAB.profile, axial=0.002))
REACTOR = Instrument(
    "synthetic-reactor",
    Radiation.from_name("neutron:1.594A"),
    "debye-scherrer",
    Profile(u=0.03, v=-0.03, w=0.03, x=0.02, y=0.0, axial=0.002),
    calibrated=True,
)
BEAMS = {"X-rays": (PARALLEL, (12.0, 100.0, 0.02)), "neutrons": (REACTOR, (12.0, 150.0, 0.05))}

TRUE_K_SHARE = 0.08

# Phase in the template: reference structure, weight fraction, size in nm.
MIXTURES = {
    "antiperovskite-perovskite": {
        "cubic": ("li2ohcl-cubic", 0.35, 120.0),
        "orthorhombic": ("li2ohcl-orthorhombic", 0.15, 60.0),
        "llto": ("llto", 0.50, 250.0),
    },
    "k-doped-antiperovskite": {"cubic": ("li2ohcl-cubic-k", 1.0, 100.0)},
    "chlorospinel": {
        "spinel": ("li2in1_3sc1_3cl4-spinel", 0.65, 150.0),
        "c2m": ("li3in2_3sc1_3cl6", 0.25, 80.0),
        "licl": ("licl", 0.10, 120.0),
    },
    "quantitative-phase-analysis": {
        "al2o3": ("al2o3", 0.40, 150.0),
        "zno": ("zno", 0.35, 60.0),
        "caf2": ("caf2", 0.25, 300.0),
    },
}


def structure_of(reference):
    """A reference structure; the K-doped one with more K than the template starts from."""
    if reference == "li2ohcl-cubic-k":
        return potassium_on_cluster_site(reference_structure("li2ohcl-cubic"), TRUE_K_SHARE)
    return reference_structure(reference)


def refined(template, beam, engine, folder):
    instrument, axis = BEAMS[beam]
    mixture = [
        (structure_of(reference).renamed(name), weight, PhaseProfile(size_nm=size))
        for name, (reference, weight, size) in MIXTURES[template].items()
    ]
    made = simulate_pattern(
        mixture, instrument, axis_points(*axis), background=Background((200.0, -40.0, 10.0)), counts=30_000.0, seed=11
    )
    write_pattern(made.pattern, folder / "pattern.xye")
    write_instrument(instrument, folder / "instrument.toml")
    phases = list(MIXTURES[template]) if template == "quantitative-phase-analysis" else []
    job = job_from_template(
        template, folder / "pattern.xye", phases=phases, instrument=str(folder / "instrument.toml"), engine=engine
    )
    return refine(job)


@pytest.mark.parametrize("beam", BEAMS)
@pytest.mark.parametrize("template", MIXTURES)
def test_template_gives_back_what_was_simulated(template, beam, engine, tmp_path):
    result = refined(template, beam, engine, tmp_path)
    assert result.status == "converged", result.message
    for name, (reference, weight, _) in MIXTURES[template].items():
        phase = result.phases[name]
        if phase.weight_fraction.esd is not None:
            assert abs(phase.weight_fraction.value - weight) <= 3 * phase.weight_fraction.esd, name
        for label, true in zip("abc", structure_of(reference).lattice.parameters, strict=False):
            found = getattr(phase.cell, label)
            assert abs(found.value - true) <= 3 * found.esd, f"{name} {label}: {found} for {true}"
    if template == "k-doped-antiperovskite":
        share = result.parameters["phase.cubic.site.K1.occupancy"]
        assert abs(share.value - TRUE_K_SHARE) <= 3 * share.esd
