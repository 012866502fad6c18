"""The native engine calculates what `simulate_pattern` calculates, with numba and without."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, calculate_structure_factors
from xtal.diffraction.axial_divergence import axial_nodes
from xtal.diffraction.profiles import pseudo_voigt
from xtal.io.library import reference_structure
from xtal.native.parameters import Parameters
from xtal.native.pattern_model import PatternModel
from xtal.native.tails import Tails
from xtal.native.windows import BROAD


@pytest.mark.parametrize("names", [("lab6",), ("al2o3", "zno", "caf2"), ("pbso4",)])
@pytest.mark.parametrize("instrument", ["laboratory", "neutrons"])
def test_pattern_is_the_simulated_one_up_to_the_tails_that_the_simulation_cuts(
    names, instrument, kernel, request, make_task
):
    structures = [reference_structure(name) for name in names]
    profiles = [PhaseProfile(90.0, 1e-3) for _ in names]
    model, parameters = prepared(
        make_task(structures, request.getfixturevalue(instrument), profiles=profiles, seed=None), structures
    )
    total = np.sum(model.evaluate(parameters.values).phases, axis=0)
    simulated = model.observed - 80.0
    scaled = total * (total @ simulated) / (total @ total)
    assert np.abs(scaled - simulated).max() < 5e-4 * simulated.max()
    assert scaled.sum() == pytest.approx(simulated.sum(), rel=1e-3)


def prepared(task, structures):
    """Model and parameters at sizes and strains of 90 nm and 0.001 and equal weights."""
    model, parameters = PatternModel(task), Parameters(task)
    for structure in structures:
        prefix = f"phase.{structure.name}."
        parameters.values[prefix + "scale"] = 1 / len(structures) / (structure.cell_mass * structure.lattice.volume)
        parameters.values[prefix + "crystallite_size_nm"] = 1 / 90.0
        parameters.values[prefix + "microstrain"] = 1e-3
    model.list_reflections(parameters.values)
    return model, parameters


def test_windows_and_common_tails_leave_out_less_than_a_ten_thousandth_of_the_highest_peak(
    kernel, make_task, laboratory
):
    structures = [reference_structure(name) for name in ("al2o3", "zno", "caf2")]
    model, parameters = prepared(make_task(structures, laboratory), structures)
    found, expected = np.sum(model.evaluate(parameters.values).phases, axis=0), np.zeros(len(model.axis))
    for phase in model.phases:
        peaks, _ = phase.peaks(parameters.values, ())
        for centre, area, fwhm, eta in zip(peaks.centre, peaks.area, peaks.fwhm, peaks.eta, strict=True):
            position, weight = axial_nodes(centre, laboratory.profile.axial, 40)
            expected += area * (pseudo_voigt(model.axis[:, None] - position, fwhm, eta) * weight).sum(axis=1)
    assert np.abs(found - expected).max() < 1e-4 * expected.max()


def test_both_kernels_give_the_same_numbers(monkeypatch, make_task, laboratory):
    pytest.importorskip("numba")
    task = make_task([reference_structure("al2o3")], laboratory)
    answers = []
    for choice in ("1", "0"):
        monkeypatch.setenv("XTAL_NATIVE_NUMBA", choice)
        model, parameters = PatternModel(task), Parameters(task)
        model.list_reflections(parameters.values)
        names = tuple(name for name in parameters.values if name in model.known_names())
        answers.append(model.evaluate(parameters.values, *parameters.moving(names)))
    first, second = answers
    np.testing.assert_allclose(first.total, second.total, rtol=1e-7)
    for one, other in zip(first.jacobian, second.jacobian, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6 * np.abs(other).max())


@pytest.mark.parametrize("name", ["pbso4", "llzo-cubic", "oblique P -1", "oblique P 1"])
def test_f_squared_is_that_of_the_structure_factors(name, structure_named, make_task, laboratory):
    structure = structure_named(name)
    task = make_task([structure], laboratory, span=(20.0, 60.0, 0.05))
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    phase = model.phases[0]
    plus, minus = calculate_structure_factors(structure, phase.hkl, laboratory.radiation)
    expected = (np.abs(plus) ** 2 + np.abs(minus) ** 2) / 2
    found = phase.reflected(parameters.values).f_squared
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * expected.max())


@pytest.mark.parametrize("broad", [BROAD, 0.1])
def test_common_tails_are_lorentzians_summed_one_by_one(broad):
    axis = np.arange(20.0, 80.0, 0.03 * broad)
    at, amplitude = np.array([19.4, 31.234, 55.01, 80.3]), np.array([3.0, 1.0, 20.0, 2.0])
    expected = (amplitude / ((axis[:, None] - at) ** 2 + broad**2)).sum(axis=1)
    tails = Tails(axis, broad)
    found = tails.evaluate(tails.deposit(amplitude, at, np.zeros((4, 0)), np.zeros((4, 0))))[0]
    assert np.abs(found - expected).max() < 3e-4 * expected.max()


def test_reflections_that_the_start_cell_puts_outside_are_listed_again_for_each_stage(make_task, laboratory):
    task = make_task([reference_structure("si")], laboratory, span=(25.0, 60.0, 0.04))
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    before = len(model.phases[0].hkl)
    parameters.values["phase.si.cell.a"] *= 1.4
    model.list_reflections(parameters.values)
    assert len(model.phases[0].hkl) > before
