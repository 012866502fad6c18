"""Slopes of GSAS-II variables that are multiples of others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from gsas2_tasks import needs_gsas2

from xtal import Instrument, Profile, Radiation
from xtal.diffraction import Background, PhaseProfile, axis_points, simulate_pattern
from xtal.engines.gsas2.corrections import correct_cell_slopes, correct_equivalence_slopes
from xtal.engines.gsas2.measured import Measured
from xtal.io.instruments import write_instrument
from xtal.io.jobs import load_job
from xtal.io.library import reference_structure
from xtal.io.write_pattern import write_pattern
from xtal.rietveld.run import refine


def test_a_multiple_of_a_variable_adds_that_multiple_of_its_slope():
    """b = c/2, and p, q in an equation with the new variable n: p = 3 n, q = -n."""
    maps = SimpleNamespace(
        dependentParmList=[["b"], ["p", "q"]], indParmList=[["c"], ["n"]], arrayList=[None, np.eye(2)],
        invarrayList=[np.array([(0.5,)]), np.array([[3.0], [-1.0]])],
    )  # fmt: skip
    correct_equivalence_slopes(SimpleNamespace(mapvars=maps))
    slopes = np.array([[1.0, 10.0], [0.0, 0.0]])
    by_name = {"b": np.array([4.0, 6.0]), "p": np.array([1.0, 2.0]), "q": np.array([5.0, 5.0])}
    maps.Dict2Deriv(["c", "n"], by_name, slopes)
    np.testing.assert_allclose(slopes, [[3.0, 13.0], [-2.0, 1.0]])
    maps.Dict2Deriv(["another"], by_name, slopes)
    np.testing.assert_allclose(slopes, [[3.0, 13.0], [-2.0, 1.0]])


def test_microstrain_of_gsas2_is_halved_at_time_of_flight():
    shares = [Measured(0, "pattern", {"pattern": {axis: []}}).strain_share for axis in ("two_theta", "tof")]
    assert shares == [1.0, 0.5]


# Laue class, and how 1/d² depends on the first term of the reciprocal metric and all that equal it.
LAUE = {
    "m3m": lambda h, k, l: h * h + k * k + l * l,
    "4/mmm": lambda h, k, l: h * h + k * k,
    "6/mmm": lambda h, k, l: h * h + k * k + h * k,
    "mmm": lambda h, k, l: h * h,
}


@pytest.mark.parametrize("laue", LAUE)
def test_a_cell_has_the_slopes_of_all_its_equal_axes(laue):
    def by_terms(refl, im, wave, terms, pfx, *others):
        h, k, l = refl[:3]
        return np.array([h * h, k * k, l * l, h * k, h * l, k * l]), "rest"

    math = SimpleNamespace(GetReflPosDerv=by_terms)
    for _ in range(2):  # a worker refines several tasks
        correct_cell_slopes(SimpleNamespace(math=math), {"0::": laue, "1::": "-1"})
    found, rest = math.GetReflPosDerv([3, 1, 2], 0, 1.5, None, "0::", ":0:", "0:0:", {}, {})
    assert rest == "rest"
    assert found[0] == LAUE[laue](3, 1, 2)
    assert math.GetReflPosDerv([3, 1, 2], 0, 1.5, None, "1::", ":0:", "1:0:", {}, {})[0][0] == 9


CELLS_AND_ZERO = """
title = "cubic, tetragonal, hexagonal"
[pattern]
file = "p.xye"
instrument = "beam.toml"
[background]
terms = 1
[[phase]]
structure = "si"
[[phase]]
structure = "rutile"
[[phase]]
structure = "zno"
[[stage]]
name = "cells"
free = ["phase.*.scale", "pattern.background", "phase.*.cell", "pattern.zero"]
"""


@pytest.mark.gsas2
@needs_gsas2
def test_cells_of_equal_axes_come_back_with_the_esds_of_another_engine(tmp_path):
    beam = Instrument("beam", Radiation.from_name("neutron:1.2A"), "debye-scherrer",
                      Profile(u=0.01, v=-0.01, w=0.008, x=0.02, axial=0.002), calibrated=True)  # fmt: skip
    phases = [(reference_structure(name), 1 / 3, PhaseProfile()) for name in ("si", "rutile", "zno")]
    made = simulate_pattern(phases, beam, axis_points(15.0, 90.0, 0.05), background=Background((100.0,)), counts=20_000.0, seed=4)  # fmt: skip
    write_pattern(made.pattern, tmp_path / "p.xye")
    write_instrument(beam, tmp_path / "beam.toml")
    (tmp_path / "job.toml").write_text(CELLS_AND_ZERO)
    ours, theirs = (refine(load_job(tmp_path / "job.toml"), engine=engine) for engine in ("native", "gsas2"))
    for structure, _, _ in phases:
        for axis in ("a", "c") if structure.name != "si" else ("a",):
            name = f"phase.{structure.name}.cell.{axis}"
            found = theirs.parameters[name]
            assert found.esd == pytest.approx(ours.parameters[name].esd, rel=0.03), name
            assert abs(found.value - getattr(structure.lattice, axis)) < 4 * found.esd, name
            assert abs(found.value - ours.parameters[name].value) < 0.5 * found.esd, name
