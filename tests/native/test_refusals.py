"""What the native engine can't do ends in a plain sentence, in its process as well."""

from __future__ import annotations

import pytest

from xtal.engines import engine_named
from xtal.engines.process import run_task
from xtal.io.library import reference_structure
from xtal.job.resolved import Tie
from xtal.native import NativeError, refine_task


def refused(task):
    """Kind and text of the refusal."""
    with pytest.raises(NativeError) as caught:
        refine_task(task, lambda event: None)
    return caught.value.kind, str(caught.value)


@pytest.fixture
def task(make_task, laboratory):
    """Silicon, its scale free."""
    return make_task([reference_structure("si")], laboratory, stages=[["phase.si.scale"]], span=(25.0, 60.0, 0.05))


def test_flight_times_without_a_bank_are_refused(task):
    task["instrument"]["radiation"]["kind"] = "neutron_tof"
    assert refused(task)[0] == "bad_input"
    task["pattern"]["tof"] = task["pattern"].pop("two_theta")
    kind, text = refused(task)
    assert kind == "bad_input" and "two_theta" in text


def test_unknown_radiation_is_refused(task):
    task["instrument"]["radiation"]["kind"] = "electrons"
    assert refused(task)[0] == "unsupported"


def test_two_patterns_of_one_name_are_refused(task):
    entry = {"name": "A", **{key: task[key] for key in ("pattern", "instrument", "background")}}
    kind, text = refused({**task, "patterns": [entry, entry]})
    assert kind == "bad_input" and "own name" in text


def test_names_of_another_pattern_are_refused(task):
    entry = {"name": "A", **{key: task[key] for key in ("pattern", "instrument", "background")}}
    task["parameters"] = {name.replace("pattern.", "pattern.A."): spec for name, spec in task["parameters"].items()}
    task["parameters"]["pattern.B.zero"] = {"value": 0.1, "min": None, "max": None}
    kind, text = refused({**task, "patterns": [entry]})
    assert kind == "unsupported" and "pattern.B.zero" in text


@pytest.mark.parametrize(
    "name", ["phase.si.stephens.s400", "phase.si.texture.c4_1", "pattern.absorption", "phase.si.site.Si1.u11"]
)
def test_unknown_parameters_are_refused_by_name(task, name):
    task["parameters"][name] = {"value": 0.3, "min": None, "max": None}
    kind, text = refused(task)
    assert kind == "unsupported" and name in text


def test_unknown_parameter_at_its_neutral_value_changes_nothing(task):
    task["parameters"]["pattern.absorption"] = {"value": 0.0, "min": None, "max": None}
    assert refine_task(task, lambda event: None)["converged"]


def test_displacement_without_flat_plate_or_radius_is_refused(task):
    task["parameters"]["pattern.displacement"]["value"] = 0.1
    task["instrument"]["goniometer_radius_mm"] = None
    assert refused(task)[0] == "bad_input"
    task["instrument"]["geometry"] = "debye-scherrer"
    assert refused(task)[0] == "unsupported"


def test_start_outside_the_bounds_is_said_with_its_bounds(task):
    task["parameters"]["phase.si.scale"] |= {"value": 5.0, "max": 2.0}
    kind, text = refused(task)
    assert kind == "bad_input" and "phase.si.scale" in text and "outside" in text


def test_ties_in_a_circle_are_refused(make_task, laboratory):
    a, b = "phase.si.scale", "phase.si.microstrain"
    task = make_task([reference_structure("si")], laboratory)
    task["ties"] = [
        {"target": a, "terms": [[1.0, b]], "constant": 0.0},
        {"target": b, "terms": [[1.0, a]], "constant": 0.0},
    ]
    assert refused(task)[0] == "bad_input"


def test_size_tied_to_a_sum_is_refused(make_task, laboratory):
    size = "phase.si.crystallite_size_nm"
    task = make_task([reference_structure("si")], laboratory, ties=[Tie(size, ((1.0, "phase.si.scale"),), 3.0)],
                     starts={size: 50.0})  # fmt: skip
    assert refused(task)[0] == "unsupported"


def test_pattern_without_a_reflection_is_refused(task):
    task["pattern"] = {key: values[:20] for key, values in task["pattern"].items()}
    task["parameters"]["phase.si.cell.a"]["value"] = 2.0
    kind, text = refused(task)
    assert kind == "bad_input" and "no reflection" in text


def test_worker_answers_refusals_and_fits_and_stays_alive(task):
    command = engine_named("native").worker_command()
    run = run_task(command, {**task, "mode": "structureless"}, timeout=120)
    assert run.status == "unsupported" and "structureless" in run.message
    events = []
    run = run_task(command, task, timeout=120, on_event=lambda event: events.append(event["event"]))
    assert run.status == "done" and run.outcome["converged"]
    assert events[-2:] == ["stage", "done"]
