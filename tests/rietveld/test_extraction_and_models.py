"""Results of extracted intensities, restraints, tensors and extra peaks: what stands in them and in their files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xtal.displacement_freedom import free_tensors
from xtal.errors import InputError, JobError
from xtal.io.library import reference_structure
from xtal.io.results import pattern_csv, read_result, reflections_csv, write_result_files
from xtal.job import Job
from xtal.job.extraction import without_structures
from xtal.result import Result
from xtal.rietveld.assemble import assemble_result
from xtal.rietveld.defence import defend
from xtal.rietveld.masses import mass_in_beam
from xtal.rietveld.refined_structure import refined_structure

RESTRAINT = {"phase": "rutile", "site_a": "Ti1", "site_b": "O1", "distance": 1.96, "sigma": 0.02, "weight": 1.0,
             "n_bonds": 6, "mean_distance": 1.957, "chi2": 3.5}  # fmt: skip


@pytest.fixture
def extracted(job, run):
    """The job as a Pawley fit, and a result of it."""
    parameters, ties, stages = without_structures(job.parameters, job.ties, job.stages, "job.toml")
    pawley: Job = replace(job, mode="pawley", parameters=parameters, ties=ties, stages=stages)
    fit = run()
    outcome = json.loads(json.dumps(fit.outcome))
    outcome["parameters"] = {name: outcome["parameters"][name] for name in parameters}
    outcome |= {"mass_factor": {}, "engine_weight_fractions": None, "covariance": None}
    outcome["stages"] = [stage for stage in outcome["stages"] if stage["name"] in {one.name for one in stages}]
    for rows in outcome["reflections"].values():
        for row in rows:
            row["esd_f_squared"] = 0.5
    outcome["profile"]["extra_peaks"] = [1.0] * len(job.pattern)
    return pawley, assemble_result(pawley, replace(fit, outcome=outcome), "made up", {"seconds": 1.0}, {})


def test_without_structures_no_phase_has_a_fraction_and_each_says_why(extracted):
    _, result = extracted
    for phase in result.phases.values():
        for value in (phase.weight_fraction, phase.group_share):
            assert value.value is None
        assert phase.weight_fraction.reason.startswith("Pawley: intensities were refined")
        assert phase.mass_factor is None
    assert "there are no fractions" in result.message


def test_mode_and_restraints_are_in_the_json_and_come_back(extracted, job, run):
    _, result = extracted
    assert result.to_dict()["mode"] == "pawley"
    assert Result.from_dict(result.to_dict()).mode == "pawley"
    fit = run()
    plain = assemble_result(job, replace(fit, outcome={**fit.outcome, "restraints": [RESTRAINT]}), "made up", {}, {})
    assert "mode" not in plain.to_dict()
    assert plain.to_dict()["restraints"] == [RESTRAINT]
    assert Result.from_dict(plain.to_dict()).restraints == plain.restraints


def test_esds_of_intensities_and_extra_peaks_survive_the_files(extracted, tmp_path):
    _, result = extracted
    write_result_files(result, tmp_path)
    again = read_result(tmp_path)
    assert all(row.esd_f_squared == 0.5 for rows in again.reflections.values() for row in rows)
    assert again.profile.extra_peaks == pytest.approx(np.ones(len(result.profile.x)))
    assert set(again.profile.phases) == set(result.profile.phases)


def test_files_of_a_plain_fit_have_no_such_columns(job, run):
    result = assemble_result(job, run(), "made up", {}, {})
    assert "extra" not in pattern_csv(result.profile).split("\n")[0]
    assert "esd" not in reflections_csv(result.reflections).split("\n")[0]


def test_amounts_and_defended_fractions_of_an_extraction_are_refused(extracted):
    job, result = extracted
    with pytest.raises(InputError, match="mode 'pawley' gives no amounts"):
        mass_in_beam(result)
    with pytest.raises(JobError, match="mode 'pawley' gives no fractions to defend"):
        defend(job, result)


def test_notes_of_stages_reach_the_result(job, run):
    noted = replace(job, stages=(replace(job.stages[0], notes=("zno: Zn1.z is held.",)), job.stages[1]))
    result = assemble_result(noted, run(), "made up", {}, {})
    assert result.stages[0].notes == ("zno: Zn1.z is held.",)
    assert Result.from_dict(result.to_dict()).stages[0].notes == result.stages[0].notes


def test_a_refined_tensor_keeps_the_symmetry_of_its_site():
    start = reference_structure("rutile")
    oxygen = replace(start.site("O1"), u_iso=None, u_aniso=(0.005, 0.005, 0.004, 0.0, 0.0, 0.0))
    structure = start.with_sites(oxygen if site.label == "O1" else site for site in start.sites)
    assert set(free_tensors(structure, oxygen)) == {"u11", "u33", "u12"}
    refined = refined_structure(structure, {"site.O1.u11": 0.007, "site.O1.u12": -0.002, "site.O1.u33": 0.004})
    assert refined.site("O1").u_aniso == pytest.approx((0.007, 0.007, 0.004, -0.002, 0.0, 0.0))
