"""From an engine's outcome to a result, also when the fit went wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from xtal.job import Tie
from xtal.result import Result
from xtal.rietveld.assemble import assemble_result


@pytest.fixture
def assembled(job, run):
    def make(ended=None, of=job) -> Result:
        return assemble_result(of, ended or run(), "rietx", {"seed": 1}, {"engine.lst": b"kept"})

    return make


def test_finished_fit_is_converged_with_everything_in_place(assembled, job):
    result = assembled()
    assert (result.status, result.engine["name"]) == ("converged", "made up")
    assert set(result.phases) == set(result.structures) == set(result.reflections) == {"rutile", "si"}
    assert set(result.parameters) == set(job.parameters)
    assert result.profile.x.shape == result.profile.phases["si"].shape == (len(job.pattern),)
    assert set(result.files) == {"engine.lst", "covariance.json"}
    assert result.files["engine.lst"] == b"kept"
    assert "what the engine printed" in result.log


def test_structures_hold_the_refined_cell(assembled):
    assert assembled().structures["rutile"].lattice.parameters == pytest.approx((4.60, 4.60, 2.96, 90, 90, 90))


def test_parameters_know_where_they_started_and_when_they_were_free(assembled, job):
    a, zero = (assembled().parameters[name] for name in ("phase.rutile.cell.a", "pattern.zero"))
    assert (a.value, a.esd, a.free, a.stages) == (4.60, pytest.approx(1e-4), True, ("cells",))
    assert (a.start, a.min, a.max) == (
        job.parameters["phase.rutile.cell.a"].start,
        job.parameters["phase.rutile.cell.a"].min,
        job.parameters["phase.rutile.cell.a"].max,
    )
    assert (zero.esd, zero.free, zero.stages, zero.reason) == (None, False, (), "held")


def test_follower_of_a_tie_has_the_esd_of_its_leader(assembled, job, run, outcome):
    tied = replace(job, ties=(Tie("phase.si.scale", ((1.5, "phase.rutile.scale"),)),))
    outcome["covariance"]["names"].remove("phase.si.scale")
    outcome["covariance"]["matrix"] = [[4e-4, 0, 0], [0, 1e-8, 0], [0, 0, 4e-8]]
    outcome["parameters"]["phase.si.scale"]["free"] = False
    assert assembled(run(), tied).parameters["phase.si.scale"].esd == pytest.approx(0.03)


def test_follower_of_held_parameters_says_so(assembled, job):
    tied = replace(job, ties=(Tie("phase.si.site.Si1.u_iso", ((1.0, "phase.rutile.site.Ti1.u_iso"),)),))
    parameter = assembled(of=tied).parameters["phase.si.site.Si1.u_iso"]
    assert (parameter.esd, parameter.reason) == (None, "follows a tie to parameters that were held")


def test_fit_that_did_not_converge_says_so_and_wants_a_review(assembled, outcome, run):
    outcome["converged"] = False
    result = assembled(run())
    assert (result.status, result.verdict) == ("not_converged", "review")
    assert result.message.startswith("The fit has not converged; it stands at Rwp 8.00 %")


@pytest.mark.parametrize(("status", "expected"), [("timeout", "timeout"), ("died", "failed"), ("error", "failed")])
def test_fit_that_ended_early_keeps_its_last_stage(status, expected, assembled, outcome, run):
    outcome["stages"].pop()
    outcome["converged"] = True
    result = assembled(run(status, "the reason"))
    assert (result.status, result.verdict) == (expected, "fail")
    assert "the reason" in result.message
    assert "last finished stage is kept" in result.message
    assert [stage.name for stage in result.stages] == ["scales"]
    assert result.parameters["phase.rutile.cell.a"].stages == ()
    assert result.phases["si"].weight_fraction.value == pytest.approx(21 / 31)


@pytest.mark.parametrize(("status", "expected"), [("timeout", "timeout"), ("died", "failed"), ("error", "failed")])
def test_fit_without_a_finished_stage_has_no_numbers(status, expected, assembled, run):
    result = assembled(run(status, "killed by SIGKILL", None))
    assert (result.status, result.verdict, result.agreement) == (expected, "fail", None)
    assert result.message == "No stage was finished: killed by SIGKILL."
    assert (result.phases, result.parameters, result.stages, result.profile) == ({}, {}, (), None)
    assert result.engine["name"] == "rietx"
    assert "what the engine printed" in result.log


@pytest.mark.parametrize("lost", ["rwp", "gof", "phase.rutile.scale"])
def test_number_that_the_engine_lost_makes_the_fit_failed_not_the_program(lost, assembled, outcome, run):
    """Workers write NaN as null."""
    if lost in outcome["agreement"]:
        outcome["agreement"][lost] = None
    else:
        outcome["parameters"][lost]["value"] = None
    result = assembled(run())
    assert (result.status, result.verdict, result.agreement) == ("failed", "fail", None)
    assert "diverged" in result.message


def test_fit_without_covariance_prints_no_esd_anywhere(assembled, outcome, run):
    outcome["covariance"] = None
    result = assembled(run())
    assert all(item.esd is None and item.reason for item in result.parameters.values())
    for phase in result.phases.values():
        values = [phase.weight_fraction, phase.volume, phase.density, *vars(phase.cell).values()]
        assert all(value.esd is None and value.reason for value in values)
    assert any(check.code == "no-covariance" for check in result.checks)
    assert result.verdict == "review"


def test_correlations_above_nine_tenths_are_reported(assembled, outcome, run):
    outcome["covariance"]["matrix"][2][3] = outcome["covariance"]["matrix"][3][2] = -0.93 * 1e-4 * 2e-4
    (pair,) = assembled(run()).correlations
    assert {pair.first, pair.second} == {"phase.rutile.cell.a", "phase.rutile.cell.c"}
    assert pair.r == pytest.approx(-0.93)


def test_warnings_of_the_engine_become_checks(assembled, outcome, run):
    outcome["warnings"] = ["the engine worries"]
    assert ("engine-warning", "the engine worries") in {(c.code, c.sentence) for c in assembled(run()).checks}


def test_stages_carry_the_reasons_of_the_job(assembled):
    assert [(stage.name, stage.why) for stage in assembled().stages] == [
        ("scales", "linear first"),
        ("cells", "then positions"),
    ]


def test_synthetic_pattern_is_called_synthetic(assembled):
    assert assembled().pattern["synthetic"] is True


def test_result_survives_json(assembled):
    result = assembled()
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert Result.from_dict(content).to_dict() == content
