"""Slopes of GSAS-II variables that are multiples of others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from xtal.engines.gsas2.corrections import correct_equivalence_slopes
from xtal.engines.gsas2.measured import Measured


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
