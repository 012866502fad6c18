"""Bookkeeping of the study of intervals on weighed mixtures, and one mixture of it."""

from __future__ import annotations

import pytest
from interval_study import ROBIN, UNTOUCHED, Row, mixtures, run, table


def row(weighed: float, profile, model, verdict: str, group: str = ROBIN) -> Row:
    return Row("m", group, "p", weighed, weighed + 0.5, 0.1, profile, model, verdict, 1.0)


def test_coverage_is_counted_by_set():
    rows = [row(3.0, (3.1, 3.9), (2.5, 4.0), "trace"), row(40.0, (39.0, 41.0), (38.0, 42.0), "present"),
            row(4.0, None, None, "present", UNTOUCHED)]  # fmt: skip
    assert [item.profile_covers for item in rows] == [False, True, False]
    assert [item.verdict_is_right for item in rows] == [True, True, False]
    lines = table(rows).splitlines()
    assert f"| {ROBIN} | 2 | 1 | 2 | 2 |" in lines
    assert f"| {UNTOUCHED} | 1 | 0 | 0 | 0 |" in lines


def test_masses_are_read_from_the_names_of_files(tmp_path):
    (tmp_path / "V2O5_0p3005-NiO_0p4020-TiO2_0p3020--8min.xrdml").touch()
    (tmp_path / "V2O5_0p2013-La(OH)3_0p5000-ZrO2_0p3001--8min.xrdml").touch()
    found = mixtures(tmp_path)[-1]
    assert found.weights == {"v2o5": 0.3005, "nio": 0.4020, "anatase": 0.3020}
    assert found.group == UNTOUCHED
    assert not any("la" in mixture.weights for mixture in mixtures(tmp_path))


@pytest.mark.slow
def test_the_model_interval_holds_a_weighed_precursor_mixture_and_the_profile_interval_does_not(shared_data):
    mixture = next(one for one in mixtures() if one.name == "anatase/zno, 8min")
    for found in run(mixture, shared_data, "native"):
        assert found.model_covers and not found.profile_covers
        assert found.verdict_is_right


@pytest.mark.slow
def test_traces_of_the_round_robin_are_called_traces(shared_data):
    mixture = next(one for one in mixtures() if one.name == "CPD 1a")
    rows = {found.phase: found for found in run(mixture, shared_data, "native")}
    assert {name: found.verdict for name, found in rows.items()} == {
        "al2o3": "trace",
        "zno": "trace",
        "caf2": "present",
    }
    assert rows["al2o3"].model_covers and rows["caf2"].model_covers
