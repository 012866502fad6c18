"""Rival models: ranking, Hamilton's test, and whether the data can tell at all."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from xtal.cli import main
from xtal.errors import JobError
from xtal.io.variants import load_rivals
from xtal.result import Agreement, ProfileCurves
from xtal.rietveld.rivals import compare_rivals, effective_points, hamilton

VARIANT = """
[[variant]]
name = "no-salt"
about = "the filler alone"
[[variant.phase]]
name = "llto"
structure = "llto"
[[variant.stage]]
name = "all"
free = ["phase.*.scale", "pattern.background", "phase.llto.cell", "phase.llto.crystallite_size_nm"]
[[variant]]
name = "held-size"
[variant.parameters]
"phase.llto.cell.a" = { start = 3.869 }
"""


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_hamilton_ratio_of_the_paper():
    # Hamilton (1965), table 1: b = 1, n - m = 120, alpha = 0.01 gives 1.028.
    smaller, larger = Agreement(0.105, 0.1, 0.1, 1.0, 130, 9), Agreement(0.1, 0.1, 0.1, 1.0, 130, 10)
    test = hamilton(smaller, larger)
    assert test.critical == pytest.approx(1.028, abs=5e-4)
    assert test.rejected
    assert hamilton(larger, smaller) is None


def test_white_residual_counts_every_point_and_a_smooth_one_few():
    x, random = np.arange(4000.0), np.random.default_rng(3)
    white, flat = random.standard_normal(4000), np.zeros(4000)
    smooth = np.convolve(random.standard_normal(4019), np.ones(20) / math.sqrt(20), "valid")

    def points(residual):
        return effective_points(ProfileCurves(x, 100 + residual, np.ones(4000), 100 + flat, flat))

    assert points(white) > 3000
    # A running mean over 20 points has the correlation length 20.
    assert points(smooth) == pytest.approx(200, rel=0.35)


def test_variants_of_a_job_share_its_data_and_replace_its_tables(make_job, tmp_path):
    make_job(rest=VARIANT)
    jobs = load_rivals([tmp_path / "job.toml"])
    assert list(jobs) == ["base", "no-salt", "held-size"]
    assert [phase.name for phase in jobs["no-salt"].phases] == ["llto"]
    assert jobs["held-size"].parameters["phase.llto.cell.a"].start == 3.869
    assert len(jobs["held-size"].phases) == 2


def test_one_job_without_variants_is_refused(make_job, tmp_path):
    make_job()
    with pytest.raises(JobError, match="only one model"):
        load_rivals([tmp_path / "job.toml"])


def test_rivals_on_other_points_are_refused(make_job, tmp_path):
    make_job()
    text = (tmp_path / "job.toml").read_text()
    (tmp_path / "other.toml").write_text(text.replace("[background]", "range = [20.0, 70.0]\n[background]", 1))
    with pytest.raises(JobError, match="same pattern, range"):
        load_rivals([tmp_path / "job.toml", tmp_path / "other.toml"])


def test_the_data_reject_a_model_without_half_of_the_sample(make_job, tmp_path):
    make_job(rest=VARIANT)
    folder = tmp_path / "models"
    assert command("compare-models", str(tmp_path / "job.toml"), "-o", str(folder), "-q") == 0
    content = json.loads((folder / "rivals.json").read_text())
    models = {model["name"]: model for model in content["models"]}
    assert models["no-salt"]["delta_bic_effective"] > 100
    assert models["no-salt"]["hamilton"]["rejected"]
    assert "no-salt" in content["sentence"]
    # The third model is the first from another start: the data can't tell it, and more counts won't help much.
    assert abs(models["held-size"]["delta_bic_effective"]) < 1 and "can't tell" in content["sentence"]
    assert (folder / "differences.png").stat().st_size > 10_000
    assert (folder / "no-salt" / "report.html").is_file()
    assert 'img src="data:image/png' in (folder / "rivals.html").read_text()


def test_counts_that_would_tell_two_models_apart(quick_result):
    curves = quick_result.profile
    close = replace(quick_result, profile=replace(curves, calculated=curves.calculated + 0.01 * curves.sigma))
    models = compare_rivals("t", {"one": quick_result, "two": close})
    pair = models.pairs[0]
    assert pair.distance == pytest.approx(1e-4 * curves.x.size)
    assert pair.counts_factor == pytest.approx(9 / pair.distance)
    assert "times the counts" in models.sentence


def test_a_model_that_could_not_be_fitted_stays_in_the_table(quick_result):
    failed = replace(quick_result, agreement=None, profile=None, status="failed", message="It diverged.", checks=())
    models = compare_rivals("t", {"good": quick_result, "bad": failed})
    assert [rival.name for rival in models.rivals] == ["good", "bad"]
    assert "No fit came of bad" in models.sentence


def test_a_model_whose_fit_ended_early_says_so_beside_its_rank(quick_result):
    found = compare_rivals("t", {"a": quick_result, "b": replace(quick_result, status="not_converged")})
    assert next(rival.unphysical[:1] for rival in found.rivals if rival.name == "b")[0].startswith("Its fit has not")
    assert not any(
        "has not converged" in text for rival in found.rivals if rival.name == "a" for text in rival.unphysical
    )
