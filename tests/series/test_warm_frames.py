"""Warm frames take short cuts; their answers are those of the long way."""

from __future__ import annotations

import pytest

from xtal.io.series_files import base_job, list_frames, read_frame, read_series_file
from xtal.rietveld.run import refine
from xtal.series.frame import FrameTask, refine_frame, warm_job
from xtal.series.frame_job import frame_job


@pytest.fixture
def pair(light_series):
    """Maker of the jobs of two neighbouring frames with an engine."""
    given = read_series_file(light_series)
    frames = list_frames(given)

    def jobs(engine: str):
        base = base_job(given, frames, engine)
        return [frame_job(base, read_frame(frame.path, base, [])[0], frame.index, given) for frame in frames[:2]]

    return jobs


def values(result):
    return {name: (item.value, item.esd) for name, item in result.parameters.items() if item.free}


@pytest.mark.parametrize("engine", ["rietx", "native"])
def test_warm_fit_ends_where_the_cold_one_does(pair, engine):
    first, second = pair(engine)
    warm = warm_job(second, {name: value for name, (value, _) in values(refine(first)).items()})
    cold = values(refine(second))
    for name, (value, esd) in values(refine(warm, is_near=True, in_process=True)).items():
        assert abs(value - cold[name][0]) < 0.05 * cold[name][1], name
        assert esd == pytest.approx(cold[name][1], rel=0.02), name


def test_only_engines_that_fit_in_this_process_start_at_the_neighbours_scale(pair):
    for engine, start in (("rietx", 1.0), ("native", 7.0)):
        job = pair(engine)[1]
        warm = warm_job(job, {"phase.ni.scale": 7.0, "phase.ni.cell.a": 3.52})
        assert warm.parameters["phase.ni.scale"].start == start
        assert warm.parameters["phase.ni.cell.a"].start == 3.52
        assert warm.stages == job.stages[-1:]


def test_native_frame_that_runs_out_of_time_says_so(pair, monkeypatch):
    monkeypatch.setattr("xtal.series.frame._left", lambda deadline: 0.0)
    job = pair("native")[0]
    fit = refine_frame(FrameTask(0, "main", job, None, (), None, None, False, 0.0, "digest"))
    assert fit.status == "timeout"
    assert "time limit" in fit.message
