"""Microabsorption: Brindley's values, and a synthetic mixture of coarse grains that comes back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.absorption import brindley_factor, linear_absorption
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template
from xtal.io.library import reference_structure
from xtal.io.results import read_result, write_result_files
from xtal.io.write_pattern import write_pattern
from xtal.report.html import report_html
from xtal.rietveld.microabsorption import microabsorption_factors
from xtal.rietveld.run import refine
from xtal.synthetic import laboratory_instrument

TRUE = {"al2o3": 0.3, "zno": 0.7}
GRAINS = {"al2o3": 6.0, "zno": 9.0}


def brindley_table(contrast: float) -> float:
    """Brindley's table for spheres, as MAUD's exponential through it has it: good to 0.004 in τ."""
    return -0.00229 + 2.0754 * math.exp(-(contrast + 0.50356) / 0.69525)


@pytest.mark.parametrize(
    ("contrast", "tolerance"), [(-0.4, 0.035), (-0.2, 0.013), (-0.1, 0.01), (0.1, 0.01), (0.2, 0.013), (0.5, 0.013)]
)
def test_tau_is_that_of_brindleys_table(contrast, tolerance):
    assert brindley_factor(contrast) == pytest.approx(brindley_table(contrast), rel=tolerance)


def test_the_mean_absorption_is_that_of_the_corrected_mixture():
    structures = [reference_structure(name) for name in TRUE]
    weights, sizes = np.array(list(TRUE.values())), list(GRAINS.values())
    mu = np.array([linear_absorption(structure, 1.5405929) for structure in structures])
    volumes = weights / [structure.density for structure in structures]
    expected = brindley_factor((mu - mu @ volumes / volumes.sum()) * np.array(sizes) * 0.5e-4)
    shown = weights * expected / np.sum(weights * expected)
    assert microabsorption_factors(structures, shown, sizes, 1.5405929) == pytest.approx(expected, rel=1e-6)
    assert microabsorption_factors(structures, shown, [0.0, 0.0], 1.5405929) == pytest.approx(1.0)


def test_a_mixture_of_coarse_grains_comes_back_with_their_sizes_and_is_wrong_without(tmp_path):
    device = laboratory_instrument()
    phases = [
        (reference_structure(n).renamed(n), w, PhaseProfile(size_nm=150.0, grain_um=GRAINS[n])) for n, w in TRUE.items()
    ]
    made = simulate_pattern(
        phases, device, axis_points(20.0, 90.0, 0.04), background=Background((150.0,)), counts=20_000.0, seed=4
    )
    write_pattern(made.pattern, tmp_path / "mix.xye")
    write_instrument(device, tmp_path / "i.toml")
    job = job_from_template("quantitative-phase-analysis", tmp_path / "mix.xye", phases=list(TRUE),
                            instrument=str(tmp_path / "i.toml"), engine="native")  # fmt: skip
    assert refine(job).phases["zno"].corrected_fraction is None
    coarse = replace(job, phases=tuple(replace(phase, grain_size_um=GRAINS[phase.name]) for phase in job.phases))
    result = refine(coarse)
    found = result.phases["zno"]
    assert abs(found.weight_fraction.value - TRUE["zno"]) > 5 * found.weight_fraction.esd
    assert found.corrected_fraction.value == pytest.approx(TRUE["zno"], abs=3 * found.corrected_fraction.esd + 0.002)
    write_result_files(result, tmp_path / "out")
    assert read_result(tmp_path / "out").phases["zno"].corrected_fraction == found.corrected_fraction
    assert "corrected for microabsorption" in report_html(result)


def test_a_job_names_grain_sizes(make_job, tmp_path):
    job = make_job()
    assert all(phase.grain_size_um is None for phase in job.phases)
    from xtal.io.jobs import load_job

    text = (
        (tmp_path / "job.toml").read_text().replace('structure = "llto"', 'structure = "llto"\ngrain_size_um = 4.0', 1)
    )
    (tmp_path / "job.toml").write_text(text)
    assert load_job(tmp_path / "job.toml").phase("llto").grain_size_um == 4.0
