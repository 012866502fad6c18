"""Whole refinements against weighed mixtures, certified cells, other programs' results and simulated truth."""

from __future__ import annotations

import pytest
from validation_cases import MEASURED, SYNTHETIC, build_job

from xtal.rietveld.run import refine


def fitted(case, engine, data, tmp_path):
    result = refine(build_job(case, engine, data, tmp_path))
    assert result.status == "converged", result.message
    return result


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: case.name)
def test_measured_data_give_the_known_answer(case, engine, shared_data, tmp_path):
    result = fitted(case, engine, shared_data, tmp_path)
    for known in case.known:
        assert known.holds(result), f"{known.label}: {known.error(result):+.3g} {known.unit} off {known.answer}"


@pytest.mark.parametrize("case", SYNTHETIC, ids=lambda case: case.name)
def test_synthetic_pellet_gives_back_its_cubic_share(case, engine, tmp_path):
    result = fitted(case, engine, None, tmp_path)
    for known in case.known:
        assert known.holds(result), f"{known.label}: {known.error(result):+.3g} {known.unit} off {known.answer}"
    share = result.phases["cubic"].group_share
    if share.esd is not None:
        assert abs(share.value - case.known[0].answer) <= 3 * share.esd


def test_pellet_without_orthorhombic_phase_reports_none(engine, tmp_path):
    result = fitted(SYNTHETIC[-1], engine, None, tmp_path)
    share = result.phases["orthorhombic"].group_share
    assert share.value <= max(3 * (share.esd or 0.0), 1e-6)
    assert any(check.code == "phase-not-shown" and check.phase == "orthorhombic" for check in result.checks)
    assert result.verdict == "review"
