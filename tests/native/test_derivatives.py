"""Every derivative of the native engine's pattern against central differences of the pattern itself."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.io.library import reference_structure
from xtal.job.resolved import Tie
from xtal.native.parameters import Parameters
from xtal.native.pattern_model import PatternModel
from xtal.native.refusals import NativeError

STEPS = {"u": 1e-7, "v": 1e-7, "w": 1e-7, "crystallite_size_nm": 1e-6, "scale": 1e-4, "c0": 1.0, "c1": 1.0, "c2": 1.0}
STEP = 1e-6


def widths(name: str) -> dict[str, float]:
    return {f"phase.{name}.crystallite_size_nm": 120.0, f"phase.{name}.microstrain": 8e-4}


CASES = {
    "rutile": ("laboratory", {"rutile": (1, 1, 0)}, {"phase.rutile.texture.r": 0.8, "pattern.displacement": 0.04}),
    "al2o3": ("laboratory", {"al2o3": (0, 0, 1)}, {"phase.al2o3.texture.r": 1.2, "pattern.zero": 0.02}),
    "pbso4": ("neutrons", {}, {"pattern.zero": 0.02}),
    "oblique P -1": ("laboratory", {"oblique": (1, 0, 2)}, {"phase.oblique.texture.r": 0.7}),
}


def numerical_slope(model: PatternModel, parameters: Parameters, name: str) -> np.ndarray:
    """Central difference of the whole pattern."""
    start, step = dict(parameters.values), STEPS.get(name.rsplit(".", 1)[-1], STEP)
    patterns = []
    for sign in (1, -1):
        parameters.values.update(start)
        parameters.values[name] += sign * step
        parameters.follow()
        patterns.append(model.evaluate(parameters.values).total)
    parameters.values.update(start)
    return (patterns[0] - patterns[1]) / (2 * step)


@pytest.mark.parametrize("phase", CASES)
def test_every_derivative_is_the_central_difference_of_the_pattern(phase, kernel, request, make_task, structure_named):
    instrument, axes, starts = CASES[phase]
    structure = structure_named(phase)
    phase = structure.name
    task = make_task(
        [structure],
        request.getfixturevalue(instrument),
        axes=axes,
        starts={**widths(phase), **starts},
        span=(20, 90, 0.04),
    )
    model, parameters = PatternModel(task), Parameters(task)
    parameters.values[f"phase.{phase}.scale"] = 3.0
    model.list_reflections(parameters.values)
    names = tuple(name for name in parameters.values if name in model.known_names())
    assert len(names) > 15
    model.evaluate(parameters.values)
    analytical = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    for name, slope in zip(names, analytical, strict=True):
        expected = numerical_slope(model, parameters, name)
        assert np.abs(expected).max() > 0, name
        assert np.abs(slope - expected).max() < 3e-5 * np.abs(expected).max(), name


def test_derivatives_by_leaders_of_ties_include_their_followers(kernel, make_task, laboratory):
    structure = reference_structure("rutile")
    ties = [Tie("phase.rutile.site.O1.u_iso", ((1.5, "phase.rutile.site.Ti1.u_iso"),), 0.001),
            Tie("phase.rutile.site.O1.occupancy", ((-0.5, "phase.rutile.site.Ti1.occupancy"),), 1.5)]  # fmt: skip
    task = make_task([structure], laboratory, ties=ties)
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    names = ("phase.rutile.site.Ti1.u_iso", "phase.rutile.site.Ti1.occupancy")
    assert parameters.values["phase.rutile.site.O1.u_iso"] == pytest.approx(
        1.5 * parameters.values["phase.rutile.site.Ti1.u_iso"] + 0.001
    )
    analytical = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    for name, slope in zip(names, analytical, strict=True):
        expected = numerical_slope(model, parameters, name)
        np.testing.assert_allclose(slope, expected, atol=3e-5 * np.abs(expected).max())


def test_a_width_that_is_negative_everywhere_is_no_place_to_search(make_task, laboratory):
    task = make_task([reference_structure("si")], laboratory)
    model, values = PatternModel(task), Parameters(task).values
    model.list_reflections(values)
    with pytest.raises(NativeError, match="negative in the whole range"):
        model.evaluate({**values, "pattern.profile.w": 0.0, "pattern.profile.v": -0.002, "pattern.profile.u": 0.0})


@pytest.mark.parametrize("held", ["w", "v"])
def test_a_width_below_the_floor_has_no_slope(held, make_task, laboratory):
    task = make_task(
        [reference_structure("si")], laboratory, starts={"pattern.profile.u": -0.01, "pattern.profile.v": 0.0}
    )
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    slope = model.evaluate(parameters.values, *parameters.moving((f"pattern.profile.{held}",))).jacobian[0]
    backscattered = model.axis > 110
    assert np.abs(slope[backscattered]).max() < 1e-6 * max(np.abs(slope).max(), 1.0)
    assert model.has_negative_width(parameters.values)
