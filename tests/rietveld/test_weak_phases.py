"""Which phases are refitted with only their scale, and what that leaves free."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xtal.job import Stage
from xtal.result import Value
from xtal.rietveld.assemble import assemble_result
from xtal.rietveld.weak_phases import WEAK_BELOW, weak_phases, with_held_phases


@pytest.fixture
def marked(job):
    """The job with rutile marked `hold_when_weak`."""
    rutile, silicon = job.phases
    return replace(job, phases=(replace(rutile, hold_when_weak=True), silicon))


@pytest.fixture
def result_with(marked, run):
    """A result whose rutile has a given weight fraction and status."""

    def make(value, esd, status="converged"):
        result = assemble_result(marked, run(), "made up", {}, {})
        rutile = replace(result.phases["rutile"], weight_fraction=Value(value, esd))
        return replace(result, phases={**result.phases, "rutile": rutile}, status=status)

    return make


@pytest.mark.parametrize(
    ("value", "esd", "weak"),
    [
        (0.040, 0.010, ("rutile",)),
        (0.060, 0.010, ()),
        (0.0, 0.010, ("rutile",)),
        (0.050, None, ("rutile",)),
        (None, None, ("rutile",)),
    ],
)
def test_phase_is_weak_below_five_esds_of_its_fraction_or_without_esd(value, esd, weak, marked, result_with):
    assert WEAK_BELOW == 5.0
    assert weak_phases(marked, result_with(value, esd)) == weak


def test_phase_that_is_not_marked_is_never_weak(job, result_with):
    assert weak_phases(job, result_with(0.001, 0.01)) == ()


def test_failed_fit_makes_a_phase_weak_below_twenty_esds(marked, result_with):
    assert weak_phases(marked, result_with(0.15, 0.01, status="failed")) == ("rutile",)
    assert weak_phases(marked, result_with(0.15, 0.01, status="converged")) == ()
    assert weak_phases(marked, result_with(0.25, 0.01, status="failed")) == ()


@pytest.mark.parametrize(
    ("value", "esd", "lost"),
    [(0.15, 0.01, ("rutile",)), (0.25, 0.01, ()), (1e-12, None, ("rutile",)), (0.3, None, ()), (None, None, ())],
)
def test_failed_fit_is_tried_again_without_the_cell_of_any_phase_that_it_lost(value, esd, lost, job, result_with):
    assert weak_phases(job, result_with(value, esd, status="failed")) == lost


def test_phase_with_only_its_scale_free_is_not_refitted_again(marked, result_with):
    only_scales = replace(marked, stages=(Stage("scales", "", ("phase.rutile.scale", "phase.si.scale")),))
    assert weak_phases(only_scales, result_with(0.001, 0.01)) == ()


def test_result_without_phases_has_no_weak_phase(marked, result_with):
    assert weak_phases(marked, replace(result_with(0.001, 0.01), phases={})) == ()


def test_held_phase_keeps_only_its_scale_free(marked):
    held = with_held_phases(marked, ["rutile"])
    assert [stage.free for stage in held.stages] == [("phase.rutile.scale", "phase.si.scale")] * 2
    assert held.parameters == marked.parameters


def test_stage_that_frees_nothing_any_more_is_dropped(marked):
    stages = (Stage("cell", "", ("phase.rutile.cell.a",)), Stage("scale", "", ("phase.rutile.scale",)))
    assert [stage.name for stage in with_held_phases(replace(marked, stages=stages), ["rutile"]).stages] == ["scale"]


def test_each_held_phase_gets_a_note_of_its_own(marked):
    notes = with_held_phases(marked, ["rutile", "si"]).notes
    assert [note.split(":")[0] for note in notes] == ["rutile", "si"]


def test_refit_lasts_only_as_long_as_the_limit_leaves(marked, run, monkeypatch, result_with):
    """The whole command keeps its time limit: the second fit gets what the first has left."""
    from xtal.rietveld import run as run_module

    limits = []

    def fit(job, engine, timeout, *more, **how):
        limits.append((timeout, job.free_names))
        return result_with(0.001, 0.01)

    monkeypatch.setattr(run_module, "_fit", fit)
    found = run_module.refine(marked, timeout=50.0)
    assert len(limits) == 2
    assert found.provenance["seconds"] == pytest.approx(2 * result_with(0.001, 0.01).provenance["seconds"])
    assert limits[1][0] < limits[0][0] <= 50.0
    assert "phase.rutile.cell.a" in limits[0][1]
    assert "phase.rutile.cell.a" not in limits[1][1]
