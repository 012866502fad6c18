"""What stands behind a fraction: intervals, refits without the phase, verdicts, scattered starts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xtal.defence import Interval, Removal
from xtal.engines.gsas2_location import find_gsas2
from xtal.io.results import read_result, write_result_files
from xtal.job import Tie
from xtal.report.html import report_html
from xtal.result import Agreement, Value
from xtal.rietveld.defence import defend, scattered_starts
from xtal.rietveld.defence.continued import continued, without_phase
from xtal.rietveld.defence.figures import bic, chi_square
from xtal.rietveld.defence.interval import LEVEL, fraction_tie, profile_interval
from xtal.rietveld.defence.verdict import verdict
from xtal.rietveld.run import refine

LIF = '[[phase]]\nname = "lif"\nstructure = "lif"\n'
GHOST = LIF + '[phase.bounds]\n"site.*.u_iso" = [0.0, 4.0]\n[phase.start]\n"site.*.u_iso" = 0.3\n'
FREE_GHOST = '[[stage]]\nname = "ghost"\nfree = ["phase.lif.site.*.u_iso"]\nmax_cycles = 60\n'


@pytest.fixture(scope="module")
def pellet(tmp_path_factory):
    """Job, result and defended result of a pellet with two phases and a third that isn't there."""
    from .conftest import pellet_job

    job = pellet_job(tmp_path_factory.mktemp("pellet"), phases=LIF, llto=0.6, step=0.06)
    result = refine(job)
    return job, result, defend(job, result)


def test_interval_of_a_parabola_is_196_sigma():
    found = profile_interval(0.4, 0.02, lambda w: ((w - 0.4) / 0.02) ** 2)
    assert found.low == pytest.approx(0.4 - LEVEL * 0.02, abs=2e-4)
    assert found.high == pytest.approx(0.4 + LEVEL * 0.02, abs=2e-4)
    assert found.reason is None


def test_interval_follows_a_lopsided_likelihood_and_a_wrong_esd():
    def rise(w: float) -> float:
        return ((w - 0.1) / (0.01 if w < 0.1 else 0.03)) ** 2

    found = profile_interval(0.1, 0.004, rise)
    assert found.low == pytest.approx(0.1 - LEVEL * 0.01, abs=1e-3)
    assert found.high == pytest.approx(0.1 + LEVEL * 0.03, abs=3e-3)


def test_interval_reaches_zero_when_the_fit_without_the_phase_is_as_good():
    found = profile_interval(0.01, 0.008, lambda w: ((w - 0.01) / 0.008) ** 2, at_zero=(1.6, 1))
    assert found.low == 0.0
    assert "absence" in found.reason


def test_absence_of_a_phase_with_many_parameters_takes_a_larger_rise_to_exclude():
    def rise(w: float) -> float:
        return ((w - 0.01) / 0.004) ** 2

    assert profile_interval(0.01, 0.004, rise, at_zero=(6.25, 1)).low > 0
    assert profile_interval(0.01, 0.004, rise, at_zero=(6.25, 4)).low == 0.0


def test_a_failed_refit_is_named_and_the_end_comes_from_nearer_points():
    found = profile_interval(0.4, 0.02, lambda w: None if abs(w - 0.4) > 0.03 else ((w - 0.4) / 0.02) ** 2)
    assert found.high == pytest.approx(0.4 + LEVEL * 0.02, abs=2e-3)
    assert "failed" in found.reason


def test_a_likelihood_that_hardly_rises_is_called_so_and_no_limit_is_made_up():
    found = profile_interval(0.3, 0.01, lambda w: 0.3 * abs(w - 0.3))
    assert "extrapolated" in found.reason
    assert found.high <= 1.0 and found.low >= 0.0


def test_a_refit_below_the_fit_is_told():
    found = profile_interval(0.3, 0.01, lambda w: ((w - 0.3) / 0.01) ** 2 - (5.0 if w > 0.3 else 0.0))
    assert "not at its minimum" in found.reason


def test_when_every_refit_fails_the_esd_stands_in_and_says_so():
    found = profile_interval(0.4, 0.02, lambda w: None)
    assert found.low == pytest.approx(0.4 - LEVEL * 0.02)
    assert "follows from the esd" in found.reason


@pytest.mark.gsas2
def test_gsas2_refits_at_a_fixed_fraction_of_either_phase(make_job):
    if find_gsas2() is None:
        pytest.skip("GSAS-II is not installed")
    job = make_job(step=0.06)
    result = refine(job, engine="gsas2")
    for name in ("cubic", "llto"):
        fraction = result.phases[name].weight_fraction.value + 0.01
        refit = refine(
            continued(job, result, ties=[fraction_tie(result, name, ("cubic", "llto"), fraction)]), engine="gsas2"
        )
        assert refit.phases[name].weight_fraction.value == pytest.approx(fraction, abs=1e-4)


def test_bic_pays_ln_n_per_parameter():
    fewer, more = (Agreement(0.1, 0.1, 0.1, 1.0, 1000, n) for n in (10, 11))
    same_chi = replace(more, gof=np.sqrt(chi_square(fewer) / 989))
    assert bic(same_chi) - bic(fewer) == pytest.approx(np.log(1000))


def test_true_fractions_lie_in_the_profile_intervals(pellet):
    _, _, defended = pellet
    truth = {"cubic": 0.4, "llto": 0.6}
    for name, weight in truth.items():
        interval = defended.phases[name].defence.weight_interval
        # 99.7 % instead of 95 %: one seed may lie outside 95.
        middle, half = (interval.low + interval.high) / 2, (interval.high - interval.low) / 2
        assert abs(weight - middle) < 1.55 * half


def test_profile_interval_agrees_with_the_esd_where_the_likelihood_is_straight(pellet):
    _, result, defended = pellet
    weight = result.phases["llto"].weight_fraction
    interval = defended.phases["llto"].defence.weight_interval
    assert interval.high - interval.low == pytest.approx(2 * LEVEL * weight.esd, rel=0.25)


def test_phases_that_are_there_are_present_and_the_other_is_not_shown(pellet):
    _, _, defended = pellet
    words = {name: phase.defence.verdict for name, phase in defended.phases.items()}
    assert words == {"cubic": "present", "llto": "present", "lif": "not shown"}
    assert defended.phases["llto"].defence.without.delta_bic > 100
    assert "Not shown by these data" in defended.phases["lif"].defence.sentence


def test_detection_limit_is_about_three_esds_of_an_absent_phase(pellet):
    _, result, defended = pellet
    lif = result.phases["lif"].weight_fraction
    limit = defended.phases["lif"].defence.detection_limit
    if lif.esd is not None and limit is not None:
        assert limit == pytest.approx(3.29 * lif.esd, rel=0.3)


def test_defence_survives_the_result_folder_and_shows_in_the_report(pellet, tmp_path):
    _, _, defended = pellet
    write_result_files(defended, tmp_path)
    again = read_result(tmp_path)
    assert again.phases["llto"].defence == defended.phases["llto"].defence
    assert "Defence of the fractions" in report_html(defended)
    assert json.loads((tmp_path / "result.json").read_text())["schema"] == "xtal-result/1"


def test_a_plain_result_has_no_key_defence(pellet):
    _, result, _ = pellet
    assert all("defence" not in phase for phase in result.to_dict()["phases"].values())


def test_a_phase_that_collects_weight_without_intensity_is_caught(make_job):
    job = make_job(phases=GHOST, rest=FREE_GHOST, step=0.06)
    result = refine(job)
    defence = defend(job, result).phases["lif"].defence
    assert defence.verdict == "not shown"
    assert defence.attenuation < 1 / 3 or "three esds" in defence.sentence


@pytest.mark.parametrize(
    ("attenuation", "fraction", "word"), [(0.02, Value(0.35, 0.01), "not shown"), (0.95, Value(0.35, 0.01), "present"),
                                          (1.0, Value(0.02, 0.001), "trace"), (1.0, Value(0.02, 0.01), "not shown")],
)  # fmt: skip
def test_verdict_in_words(attenuation, fraction, word):
    without = Removal(0.2, 0.1, 5000.0, 4000.0, 4)
    found, sentence = verdict(fraction, Interval(0.3, 0.4), without, 0.001, attenuation, Interval(0.25, 0.45))
    assert found == word
    assert "(95 % by counting alone: 30.00 to 40.00; with the models tried: 25.00 to 45.00)" in sentence
    assert sentence.endswith("The detection limit of this fit is 0.1 wt%.")
    if attenuation < 0.1:
        assert "weight without intensity" in sentence


def test_removing_a_phase_that_leads_a_tie_promotes_its_first_follower(make_job):
    job = make_job()
    names = ["phase.cubic.site.Cl1.u_iso", "phase.llto.site.La1.u_iso", "phase.llto.site.Ti.u_iso"]
    ties = tuple(Tie(name, ((1.0, names[0]),)) for name in names[1:])
    stage = replace(job.stages[-1], free=(*job.stages[-1].free, names[0]))
    fewer = without_phase(replace(job, ties=ties, stages=(stage,)), "cubic")
    assert fewer.ties == (Tie(names[2], ((1.0, names[1]),)),)
    assert names[1] in fewer.stages[-1].free
    assert not any(name.startswith("phase.cubic") for name in fewer.stages[-1].free)


def test_the_only_phase_has_nothing_to_be_removed_from(make_job):
    job = without_phase(make_job(), "llto")
    assert without_phase(job, "cubic") is None


def test_scattered_starts_end_in_the_same_fraction_and_repeat_with_their_seed(make_job):
    job = make_job(step=0.06)
    result = refine(job)
    first, second = (scattered_starts(job, result, 3, seed=5).phases["llto"].defence.starts for _ in range(2))
    assert first == second
    assert first.n == 3
    assert first.n_failed == 0
    assert first.spread is None or first.spread < result.phases["llto"].weight_fraction.esd
