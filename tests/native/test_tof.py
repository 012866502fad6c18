"""Time of flight in the native engine: derivatives, kernels, the simulated pattern, and GSAS-II's own peak."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from scipy.special import exp1

from xtal.diffraction import PhaseProfile
from xtal.diffraction.back_to_back import back_to_back_exponential
from xtal.diffraction.profiles import FWHM_PER_SIGMA, thompson_cox_hastings
from xtal.engines.gsas2_location import find_gsas2
from xtal.instrument import Instrument, TofBank
from xtal.io.library import reference_structure
from xtal.native import refine_task
from xtal.native.joint_model import model_of
from xtal.native.parameters import Parameters
from xtal.native.tof_model import TofPatternModel
from xtal.radiation import Radiation

from .test_model_derivatives import anisotropic_strain, central_difference, harmonics, tensors, uniaxial_size

TERMS = {"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "beta_q": 0.003, "sig_0": 3.0, "sig_1": 60.0, "sig_2": 4.0,
         "sig_q": 1.5, "x": 1.0, "y": 0.7, "z": 0.4}  # fmt: skip
BANK = TofBank(dif_c=22585.0, dif_a=-2.0, dif_b=1.5, zero=-3.0, two_theta=90.0, profile=TERMS)
SPALLATION = Instrument("spallation", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=BANK)
SPAN = (12000.0, 45000.0, 8.0)
NARROW = (20000.0, 32000.0, 15.0)
FAR = (45000.0, 70000.0, 25.0)
STEPS = dict.fromkeys(["dif_c", "dif_a", "dif_b", "zero", "sig_0", "sig_1", "sig_2", "sig_q"], 1e-3)
STEPS |= dict.fromkeys(["scale", "absorption", "x", "y", "z"], 1e-4)


def model_and_parameters(task):
    parameters = Parameters(task)
    model = model_of(task)
    assert isinstance(model, TofPatternModel)
    model.list_reflections(parameters.values)
    return model, parameters


@pytest.mark.parametrize("phase", ["al2o3", "oblique P -1"])
def test_every_derivative_is_the_central_difference_of_the_pattern(phase, kernel, make_task, structure_named):
    structure = structure_named(phase)
    phase = structure.name
    starts = {
        f"phase.{phase}.crystallite_size_nm": 120.0,
        f"phase.{phase}.microstrain": 8e-4,
        "pattern.absorption": 0.4,
    }
    task = make_task([structure], SPALLATION, span=FAR if phase == "oblique" else NARROW, starts=starts)
    task["phases"][0]["texture_axis"] = [0, 0, 1]
    task["parameters"][f"phase.{phase}.texture.r"] = {"value": 0.8, "min": None, "max": None}
    model, parameters = model_and_parameters(task)
    parameters.values[f"phase.{phase}.scale"] = 3.0
    names = tuple(name for name in parameters.values if name in model.known_names())
    assert len(names) > 25
    model.evaluate(parameters.values)
    found = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    for name, slope in zip(names, found, strict=True):
        kind = name.rsplit(".", 1)[-1]
        step = 1.0 if "background" in name else 1e-6 if ".site." in name else STEPS.get(kind, 1e-6)
        totals = []
        for sign in (1, -1):
            moved = {**parameters.values, name: parameters.values[name] + sign * step}
            totals.append(model.evaluate(moved).total)
        expected = (totals[0] - totals[1]) / (2 * step)
        assert np.abs(expected).max() > 0, name
        np.testing.assert_allclose(slope, expected, atol=3e-5 * np.abs(expected).max(), err_msg=name)


@pytest.mark.parametrize("add", [anisotropic_strain, uniaxial_size, harmonics, tensors])
def test_wider_models_have_their_derivatives_at_time_of_flight(add, make_task, structure_named):
    structure = structure_named("oblique P -1")
    task = make_task([structure], SPALLATION, span=FAR)
    added = add(task, structure, np.random.default_rng(1))
    task["parameters"] |= {name: {"value": value, "min": None, "max": None} for name, value in added.items()}
    model, parameters = model_and_parameters(task)
    parameters.values["phase.oblique.scale"] = 3.0
    names = (*added, *(name for name in parameters.values if ".cell." in name))
    model.evaluate(parameters.values)
    found = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    for name, slope in zip(names, found, strict=True):
        expected = central_difference(model, parameters, name)
        assert np.abs(expected).max() > 0, name
        np.testing.assert_allclose(slope, expected, atol=3e-5 * np.abs(expected).max(), err_msg=name)


def test_pattern_is_the_simulated_one(kernel, make_task):
    structure = reference_structure("al2o3")
    profile = PhaseProfile(size_nm=150.0, microstrain=6e-4)
    starts = {"phase.al2o3.crystallite_size_nm": 150.0, "phase.al2o3.microstrain": 6e-4}
    task = make_task([structure], SPALLATION, span=SPAN, profiles=[profile], starts=starts, seed=None)
    model, parameters = model_and_parameters(task)
    found = np.sum(model.evaluate(parameters.values).phases, axis=0)
    simulated = model.observed - 80.0
    scale = float(found @ simulated / (found @ found))
    assert np.abs(scale * found - simulated).max() < 1e-6 * simulated.max()


def test_kernels_agree(monkeypatch, make_task):
    task = make_task([reference_structure("si")], SPALLATION, span=NARROW, seed=None)
    answers: list[np.ndarray] = []
    for wanted in ("1", "0"):
        monkeypatch.setenv("XTAL_NATIVE_NUMBA", wanted)
        model, parameters = model_and_parameters(task)
        names = tuple(name for name in parameters.values if name in model.known_names())
        found = model.evaluate(parameters.values, *parameters.moving(names))
        answers.append(np.vstack([found.total, found.jacobian]))
    largest = np.abs(answers[1]).max(axis=1, keepdims=True)
    assert (largest > 0).all() and (np.abs(answers[0] - answers[1]) < 1e-6 * largest).all()


def test_cell_strain_and_atoms_of_a_simulated_bank_come_back(make_task):
    profile = PhaseProfile(size_nm=200.0, microstrain=1e-3)
    start = {"phase.al2o3.microstrain": 5e-4, "phase.al2o3.cell.a": 4.7605, "phase.al2o3.crystallite_size_nm": 200.0}
    first = ["phase.al2o3.scale", *(f"pattern.background.c{i}" for i in range(3))]
    second = [*first, "phase.al2o3.cell.a", "phase.al2o3.cell.c", "phase.al2o3.microstrain"]
    third = [*second, "phase.al2o3.site.O1.x", "phase.al2o3.site.Al1.u_iso", "phase.al2o3.site.O1.u_iso"]
    structure = reference_structure("al2o3")
    task = make_task(
        [structure], SPALLATION, span=SPAN, profiles=[profile], starts=start, stages=[first, second, third]
    )
    outcome = refine_task(task, lambda event: None)
    assert outcome["converged"] and 0.9 < outcome["agreement"]["gof"] < 1.1
    truth = {"cell.a": structure.lattice.a, "cell.c": structure.lattice.c, "microstrain": 1e-3}
    truth |= {"site.O1.x": structure.sites[1].xyz[0], "site.Al1.u_iso": structure.sites[0].u_iso}
    for name, value in truth.items():
        row = outcome["parameters"][f"phase.al2o3.{name}"]
        assert abs(row["value"] - value) < 4 * row["esd"], name
    assert set(outcome["profile"]) >= {"tof", "observed", "calculated"}
    line = outcome["reflections"]["al2o3"][0]
    assert line["tof"] >= SPAN[0] and line["fwhm"] > 0


def test_a_gaussian_width_below_nothing_is_held_and_said(make_task):
    starts = {"pattern.profile.sig_0": -300.0}
    task = make_task([reference_structure("si")], SPALLATION, span=SPAN, starts=starts, stages=[["phase.si.scale"]])
    assert any("sig_0" in text for text in refine_task(task, lambda event: None)["warnings"])


GSAS2_PEAKS = """
import json, sys
import numpy as np
from GSASII import GSASIIpwd
rows = []
for alpha, beta, sigma, gamma in json.loads(sys.argv[1]):
    t = np.linspace(-300.0, 600.0, 301)
    rows.append(GSASIIpwd.getEpsVoigt(0.0, alpha, beta, sigma**2, gamma, t)[0].tolist())
sys.__stdout__.write(json.dumps(rows))
"""


def with_both_exponentials_late(t, alpha, beta, sigma, gamma):
    """Our peak with the rise turned round in its Lorentzian part."""
    fwhm, eta = thompson_cox_hastings(FWHM_PER_SIGMA * sigma, gamma)
    norm = alpha * beta / (2 * (alpha + beta))
    early, late = (np.exp(z) * exp1(z) for z in (alpha * (t + 0.5j * fwhm), alpha * (0.5j * fwhm - t)))
    return back_to_back_exponential(t, alpha, beta, sigma, gamma) - eta * norm * 2 / np.pi * (late - early).imag


@pytest.mark.gsas2
@pytest.mark.skipif(find_gsas2() is None, reason="GSAS-II is absent: set XTAL_GSAS2_PYTHON")
def test_peak_is_that_of_gsas2():
    """In its Lorentzian part both of GSAS-II's exponentials decay (epsvoigt.for, RXA = -ALP*DT); without one they agree."""
    shapes = [(0.5, 0.05, 8.0, 1e-5), (0.5, 0.05, 8.0, 5.0), (0.08, 0.3, 8.0, 20.0), (1.0, 0.04, 15.0, 3.0)]
    answer = subprocess.run(
        [str(find_gsas2()), "-c", GSAS2_PEAKS, json.dumps(shapes)], capture_output=True, text=True, check=True
    )
    t = np.linspace(-300.0, 600.0, 301)
    for shape, theirs in zip(shapes, json.loads(answer.stdout[answer.stdout.index("[[") :]), strict=True):
        ours = with_both_exponentials_late(t, *shape)
        np.testing.assert_allclose(theirs, ours, atol=2e-4 * ours.max())
