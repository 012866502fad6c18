"""Bond restraints: which bonds, their derivatives, and what they do to a fit."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.io.library import reference_structure
from xtal.native import NativeError, refine_task
from xtal.native.parameters import Parameters
from xtal.native.pattern_model import PatternModel
from xtal.native.restraints import Restraints

FREE = ["phase.rutile.scale", *(f"pattern.background.c{i}" for i in range(3)), "phase.rutile.site.O1.x"]


def restraint(distance, sigma, phase="rutile", site_a="Ti1", site_b="O1", weight=1.0):
    return {"phase": phase, "site_a": site_a, "site_b": site_b, "distance": distance, "sigma": sigma, "weight": weight}


def silent(event):
    """Nobody listens."""


def test_bonds_of_titanium_in_rutile_are_its_octahedron(make_task, laboratory):
    # four short and two long bonds: International Tables' rutile, 1.949 and 1.980 Å with x = 0.3048 (Burdett et al., JACS 109 (1987) 3639)
    task = make_task([reference_structure("rutile")], laboratory)
    task["restraints"] = [restraint(1.95, 0.01)]
    model, parameters = PatternModel(task), Parameters(task)
    lengths = np.sort(Restraints.of(task, model.phases).members[0].distances(parameters.values))
    np.testing.assert_allclose(lengths, [1.949] * 4 + [1.980] * 2, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "pair"), [("rutile", ("Ti1", "O1")), ("oblique P -1", ("Fe1", "O1")), ("al2o3", ("O1", "O1"))]
)
def test_derivatives_of_bonds_are_central_differences(name, pair, make_task, laboratory, structure_named):
    structure = structure_named(name)
    task = make_task([structure], laboratory)
    task["restraints"] = [restraint(2.0, 0.05, structure.name, *pair, weight=3.0)]
    model, parameters = PatternModel(task), Parameters(task)
    restraints, values = Restraints.of(task, model.phases), parameters.values
    names = tuple(name for name in values if ".cell." in name or name.endswith((".x", ".y", ".z")))
    jacobian = restraints.rows(values, names, np.eye(len(names)))[1]
    for name, row in zip(names, jacobian, strict=True):
        ends = [
            restraints.rows({**values, name: values[name] + step}, (), np.zeros((0, 0)))[0] for step in (1e-6, -1e-6)
        ]
        np.testing.assert_allclose(row, (ends[1] - ends[0]) / 2e-6, atol=1e-6 * np.abs(jacobian).max())


def test_tight_restraint_holds_the_bond_that_the_pattern_would_move(make_task, laboratory):
    structure = reference_structure("rutile")
    free = refine_task(make_task([structure], laboratory, stages=[FREE]), silent)
    task = make_task([structure], laboratory, stages=[FREE])
    task["restraints"] = [restraint(1.90, 1e-5)]
    held = refine_task(task, silent)
    row = held["restraints"][0]
    assert row["n_bonds"] == 6
    assert row["chi2"] > 0
    assert held["agreement"]["rwp"] > 1.003 * free["agreement"]["rwp"]
    # four bonds b = a√(2(1/2−x)² + (c/2a)²) and two a√2 x of equal weight cannot both be 1.90 Å: their squares are least there
    a, c = structure.lattice.a, structure.lattice.c
    x = np.linspace(0.25, 0.35, 100_001)
    cost = 4 * (np.sqrt(2 * (a * (0.5 - x)) ** 2 + c**2 / 4) - 1.9) ** 2 + 2 * (a * np.sqrt(2) * x - 1.9) ** 2
    assert held["parameters"]["phase.rutile.site.O1.x"]["value"] == pytest.approx(x[np.argmin(cost)], abs=1e-5)


def test_loose_restraint_leaves_the_fit_alone(make_task, laboratory):
    structure = reference_structure("rutile")
    task = make_task([structure], laboratory, stages=[FREE])
    free = refine_task(task, silent)
    held = refine_task({**task, "restraints": [restraint(1.9, 10.0)]}, silent)
    row = held["parameters"]["phase.rutile.site.O1.x"]
    assert abs(row["value"] - free["parameters"]["phase.rutile.site.O1.x"]["value"]) < 0.01 * row["esd"]
    assert held["agreement"]["rwp"] == pytest.approx(free["agreement"]["rwp"], rel=1e-6)


def test_restraint_on_an_unknown_site_is_refused(make_task, laboratory):
    task = make_task([reference_structure("rutile")], laboratory, stages=[FREE])
    task["restraints"] = [restraint(1.9, 0.1, site_b="X1")]
    with pytest.raises(NativeError, match="X1"):
        refine_task(task, silent)
