"""Share of the information on a parameter that others can't take over: closed forms, and a fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xtal.io.library import reference_structure
from xtal.io.results import read_result, write_result_files
from xtal.report.html import report_html
from xtal.rietveld.covariance import Covariance
from xtal.rietveld.information import information_of, parameter_information
from xtal.rietveld.run import refine

SITES = '[[stage]]\nname = "lithium"\nfree = ["phase.cubic.site.Li1.u_iso", "phase.llto.site.La1.occupancy"]\n'


def test_two_parameters_share_the_square_of_their_correlation():
    covariance = Covariance(("a", "b"), np.array([[4.0, 2.4], [2.4, 9.0]]))
    found = parameter_information(covariance, ["a", "b"])
    r = 2.4 / 6.0
    for name, esd, partner in (("a", 2.0, "b"), ("b", 3.0, "a")):
        assert found[name].independent == pytest.approx(1 - r**2)
        assert found[name].shared == pytest.approx(r**2)
        assert found[name].most_shared_with == partner
        assert found[name].esd_held == pytest.approx(esd * np.sqrt(1 - r**2))


def test_information_is_the_ratio_of_held_to_refined_variance_of_a_least_squares_problem():
    jacobian = np.random.default_rng(3).normal(size=(60, 5))
    jacobian[:, 4] = jacobian[:, 0] + 0.3 * jacobian[:, 1] + 0.1 * jacobian[:, 4]
    normal = jacobian.T @ jacobian
    covariance = np.linalg.inv(normal)
    names = tuple("vwxyz")
    found = parameter_information(Covariance(names, 7.0 * covariance), list(names))
    for i, name in enumerate(names):
        assert found[name].independent == pytest.approx(1 / normal[i, i] / covariance[i, i], rel=1e-9)
        assert found[name].esd_held == pytest.approx(np.sqrt(7.0 / normal[i, i]), rel=1e-9)
    assert found["z"].independent < 0.05


def test_a_parameter_that_another_imitates_exactly_has_nothing_of_its_own():
    found = parameter_information(
        Covariance(("a", "b", "c"), np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1.0]])), ["a", "c"]
    )
    assert found["a"].independent == 0
    assert found["c"].independent == pytest.approx(1)
    assert parameter_information(Covariance(("a",), np.array([[2.0]])), ["a"])["a"].most_shared_with is None


def test_only_occupancies_and_light_atoms_are_asked_for():
    names = ("phase.c.scale", "phase.c.site.Cl1.u_iso", "phase.c.site.Li1.u_iso", "phase.c.site.Cl1.occupancy")
    found = information_of({"c": reference_structure("li2ohcl-cubic")}, Covariance(names, np.eye(4)))
    assert set(found) == {"phase.c.site.Li1.u_iso", "phase.c.site.Cl1.occupancy"}
    assert information_of({}, None) == {}


def test_a_result_tells_it_and_warns_that_x_rays_hardly_see_lithium(make_job, tmp_path):
    result = refine(make_job(rest=SITES, step=0.06), engine="native")
    assert set(result.information) == {"phase.cubic.site.Li1.u_iso", "phase.llto.site.La1.occupancy"}
    assert all(0 < item.independent < 1 for item in result.information.values())
    lithium = next(check for check in result.checks if check.code == "light-atoms-by-x-rays")
    assert "xtal plan" in lithium.sentence and "Li1.u_iso" in lithium.sentence
    write_result_files(result, tmp_path)
    assert read_result(tmp_path).information == result.information
    assert set(json.loads((tmp_path / "result.json").read_text())["information"]) == set(result.information)
    assert "Information on occupancies and light atoms" in report_html(result)
