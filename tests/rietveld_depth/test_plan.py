"""`xtal plan`: esds before a measurement, against closed forms and against what fits of simulated measurements find."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xtal.cli import main
from xtal.errors import JobError
from xtal.io.plan_jobs import jobs_for_instruments
from xtal.pattern import Pattern
from xtal.rietveld.plan import CANDIDATES, plan_measurement
from xtal.rietveld.plan.fisher import expected_covariance
from xtal.rietveld.plan.forecast import with_targets
from xtal.rietveld.run import refine

JOB = """
schema = "xtal-job/1"
[pattern]
instrument = "lab-cuka"
[background]
terms = 2
[[phase]]
name = "licl"
structure = "licl"
start = { microstrain = 1e-3 }
[[stage]]
name = "cell and widths"
free = ["phase.*.cell", "phase.*.microstrain"]
"""
OCCUPANCY, U = "phase.licl.site.Li1.occupancy", "phase.licl.site.Li1.u_iso"


@pytest.fixture(scope="module")
def job_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "job.toml"
    path.write_text(JOB, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def jobs(job_file):
    return jobs_for_instruments(job_file, [(one.name, one.instrument, one.axis) for one in CANDIDATES])


@pytest.fixture(scope="module")
def plan(jobs):
    return plan_measurement(jobs, CANDIDATES, title="LiCl", counts=10_000.0)


def outlook(plan, candidate: str, name: str):
    forecast = next(one for one in plan.forecasts if one.candidate.name == candidate)
    return next(item for item in forecast.outlooks if item.name == name)


def measured(job, one, counts: float, seed: int | None):
    """The job with the pattern that the candidate would measure, with noise when there is a seed."""
    from xtal.rietveld.plan.forecast import _pattern, _starts
    from xtal.rietveld.refined_structure import refined_structure

    structures = {phase.name: refined_structure(phase.structure, _starts(job, phase.name)) for phase in job.phases}
    pattern, _ = _pattern(job, one, counts, structures, None)
    if seed is not None:
        noisy = np.random.default_rng(seed).poisson(pattern.intensity).astype(float)
        pattern = Pattern(pattern.x, noisy, np.sqrt(np.maximum(noisy, 1.0)), axis=pattern.axis, source="synthetic")
    return replace(job, pattern=pattern)


def test_the_esd_of_a_scale_over_a_constant_background_is_that_of_its_counts(jobs):
    """With c the Bragg counts and b a constant background the information matrix of both is written by hand."""
    one = CANDIDATES[1]
    job, _ = with_targets(jobs[one.name], [U])
    stage = replace(job.stages[0], free=("phase.licl.scale", "pattern.background.c0"))
    job = measured(replace(job, stages=(stage,)), one, 5000.0, None)
    covariance = expected_covariance(job)
    total, level = job.pattern.intensity, one.background * 5000.0
    bragg = total - level
    information = np.array(
        [[np.sum(bragg**2 / total), np.sum(bragg / total)], [np.sum(bragg / total), np.sum(1 / total)]]
    )
    expected = np.sqrt(np.linalg.inv(information)[0, 0])
    scale = refine(job, engine="native").parameters["phase.licl.scale"].value
    assert covariance.esd("phase.licl.scale") / scale == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_expected_esd_is_that_of_a_fit_of_a_simulated_measurement(jobs, plan, number):
    one = CANDIDATES[number]
    job, _ = with_targets(jobs[one.name], ())
    result = refine(measured(job, one, 10_000.0, seed=number), engine="native")
    assert result.status == "converged"
    for name in (OCCUPANCY, U):
        expected = outlook(plan, one.name, name).esd
        found = result.parameters[name]
        assert found.esd / result.agreement.gof == pytest.approx(expected, rel=0.1)
        assert abs(found.value - outlook(plan, one.name, name).value) < 4 * expected


def test_four_times_the_counts_halve_the_esd_and_the_counts_needed_stay(jobs, plan):
    more = plan_measurement(jobs, CANDIDATES[:1], title="LiCl", counts=40_000.0)
    once, four = (outlook(found, "lab-x-ray", OCCUPANCY) for found in (plan, more))
    assert four.esd == pytest.approx(once.esd / 2, rel=1e-6)
    assert four.counts_needed == pytest.approx(once.counts_needed, rel=1e-6)
    assert once.counts_needed == pytest.approx(10_000 * (once.esd / 0.02) ** 2)


def test_neutrons_see_lithium_beside_chlorine_better_than_x_rays(plan):
    x_rays, neutrons = (outlook(plan, name, U) for name in ("lab-x-ray", "cw-neutron"))
    assert neutrons.esd < 0.5 * x_rays.esd
    assert x_rays.by_counts_only and not neutrons.by_counts_only
    assert any("cw-neutron" in sentence for sentence in plan.sentences())


def test_an_occupancy_that_the_scale_imitates_is_called_not_determined(jobs):
    """With both occupancies and the scale free, one of the three is not determined."""
    one = CANDIDATES[1]
    wanted = ["phase.licl.site.*.occupancy"]
    found = plan_measurement(jobs, [one], title="LiCl", counts=10_000.0, wanted=wanted)
    assert {item.verdict for item in found.forecasts[0].outlooks} == {"not determined"}
    assert all(item.esd is None for item in found.forecasts[0].outlooks)


def test_the_command_writes_json_and_prints_words(job_file, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plan", str(job_file), "-o", str(tmp_path / "plan.json"), "--target", f"{U}=0.01"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "tof-neutron" in text and "determined by" in text
    content = json.loads((tmp_path / "plan.json").read_text())
    assert content["schema"] == "xtal-plan/1"
    assert [one["name"] for one in content["instruments"]] == ["lab-x-ray", "cw-neutron", "tof-neutron"]
    first = content["instruments"][0]["parameters"][0]
    assert {"name", "esd", "target", "counts_needed", "verdict", "information"} <= set(first)


def test_names_that_match_nothing_and_parameters_without_a_target_are_refused(job_file, jobs, capsys):
    for words in (
        ["--parameter", "phase.licl.site.Na1.occupancy"],
        ["--parameter", "phase.licl.cell.a"],
        ["--target", "x=y"],
    ):
        with pytest.raises(SystemExit) as ended:
            main(["plan", str(job_file), *words])
        assert ended.value.code == 2
    assert "--target" in capsys.readouterr().err
    with pytest.raises(JobError, match=r"no parameter of this plan is called 'phase\.licl\.site\.Li9\.occupancy'"):
        plan_measurement(jobs, CANDIDATES[:1], title="x", counts=1e4, targets={"phase.licl.site.Li9.occupancy": 0.1})
    with pytest.raises(JobError, match="weights of"):
        plan_measurement(jobs, CANDIDATES[:1], title="x", counts=1e4, weights={"kcl": 1.0})
