"""Every derivative by the parameters of the wider models against central differences of the pattern itself."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction.harmonics import harmonic_terms
from xtal.displacement_freedom import free_tensors
from xtal.instrument import Instrument, TofBank
from xtal.native.joint_model import model_of
from xtal.native.parameters import Parameters
from xtal.radiation import Radiation
from xtal.stephens import isotropic_stephens

STEPS = {"crystallite_size_nm": 1e-6, "crystallite_size_axial_nm": 1e-6, "scale": 1e-4, "position": 1e-5}
STEP = 1e-6
BANK = TofBank(22585.0, two_theta=90.0, profile={"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0})
SPALLATION = Instrument("spallation", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=BANK)


def anisotropic_strain(task, structure, rng):
    """Stephens terms around an isotropic strain of 3e-3."""
    start = isotropic_stephens(structure.space_group, structure.lattice, 3e-3)
    task["phases"][0]["stephens"] = list(start)
    small = 0.01 * max(map(abs, start.values()))
    return {
        f"phase.{structure.name}.stephens.{name}": value * rng.uniform(0.8, 1.3) + small
        for name, value in start.items()
    }


def harmonics(task, structure, rng):
    """Harmonics up to order 6."""
    terms = harmonic_terms(structure.space_group, 6)
    task["phases"][0]["harmonics"] = [list(term) for term in terms]
    return {f"phase.{structure.name}.texture.c{l}_{n}": rng.uniform(-0.1, 0.1) for l, n in terms}


def uniaxial_size(task, structure, rng):
    """Plates."""
    task["phases"][0]["size_axis"] = [1, 0, 2]
    prefix = f"phase.{structure.name}.crystallite_size"
    return {f"{prefix}_axial_nm": 15.0, f"{prefix}_nm": 60.0}


def extra_peaks(task, structure, rng):
    """A peak and a hump."""
    task["peaks"] = ["holder", "glass"]
    peaks = {"holder": (44.7, 300.0, 0.2, 0.4), "glass": (24.0, 4000.0, 9.0, 0.2)}
    return {
        f"pattern.peak.{name}.{kind}": value
        for name, values in peaks.items()
        for kind, value in zip(("position", "area", "fwhm", "eta"), values, strict=True)
    }


def tof_peak(task, structure, rng):
    """A peak in a time-of-flight pattern."""
    task["peaks"] = ["holder"]
    peak = {"position": 26000.0, "area": 30000.0, "fwhm": 150.0, "eta": 0.4}
    return {f"pattern.peak.holder.{kind}": value for kind, value in peak.items()}


def tensors(task, structure, rng):
    """Displacement tensors of all anisotropic sites."""
    return {
        f"phase.{structure.name}.site.{site.label}.{name}": site.u_aniso[
            ("u11", "u22", "u33", "u12", "u13", "u23").index(name)
        ]
        for site in structure.sites
        if site.u_aniso is not None
        for name in free_tensors(structure, site)
    }


def flat_plate(task, structure, rng):
    """A thin transparent plate."""
    return {"pattern.transparency": 0.3, "pattern.plate_mu_t": 0.4, "pattern.displacement": 0.05}


def capillary(task, structure, rng):
    """An absorbing cylinder."""
    return {"pattern.absorption": 1.7}


def thick_capillary(task, structure, rng):
    """A cylinder that lets next to nothing through."""
    return {"pattern.absorption": 4.0}


MODELS = [
    (anisotropic_strain, "rutile", "laboratory"),
    (anisotropic_strain, "oblique P -1", "laboratory"),
    (harmonics, "al2o3", "laboratory"),
    (harmonics, "oblique P -1", "laboratory"),
    (harmonics, "llzo-cubic", "laboratory"),
    (uniaxial_size, "zno", "laboratory"),
    (uniaxial_size, "oblique P -1", "neutrons"),
    (extra_peaks, "si", "laboratory"),
    (tensors, "oblique P -1", "laboratory"),
    (tensors, "oblique P 1", "neutrons"),
    (flat_plate, "rutile", "laboratory"),
    (capillary, "al2o3", "neutrons"),
    (thick_capillary, "al2o3", "neutrons"),
    (anisotropic_strain, "al2o3", "spallation"),
    (uniaxial_size, "al2o3", "spallation"),
    (harmonics, "al2o3", "spallation"),
    (tof_peak, "al2o3", "spallation"),
]
SPANS = {"spallation": (20000.0, 32000.0, 15.0)}


@pytest.mark.parametrize(("add", "phase", "instrument"), MODELS)
def test_every_derivative_is_the_central_difference_of_the_pattern(
    add, phase, instrument, request, make_task, structure_named
):
    structure = structure_named(phase)
    device = SPALLATION if instrument == "spallation" else request.getfixturevalue(instrument)
    task = make_task([structure], device, span=SPANS.get(instrument, (20.0, 90.0, 0.04)))
    added = add(task, structure, np.random.default_rng(1))
    task["parameters"] |= {name: {"value": value, "min": None, "max": None} for name, value in added.items()}
    model, parameters = model_of(task), Parameters(task)
    parameters.values[f"phase.{structure.name}.scale"] = 3.0
    model.list_reflections(parameters.values)
    cell = [name for name in parameters.values if ".cell." in name]
    names = (*added, *cell, f"phase.{structure.name}.scale")
    model.evaluate(parameters.values)
    analytical = model.evaluate(parameters.values, *parameters.moving(names)).jacobian
    for name, slope in zip(names, analytical, strict=True):
        expected = central_difference(model, parameters, name)
        assert np.abs(expected).max() > 0, name
        assert np.abs(slope - expected).max() < 3e-5 * np.abs(expected).max(), name


def central_difference(model, parameters, name):
    """Derivative of the whole pattern."""
    start, step = dict(parameters.values), STEPS.get(name.rsplit(".", 1)[-1], STEP)
    if ".stephens." in name or name.endswith((".area", ".fwhm")):
        step = 1e-4 * abs(start[name])
    elif start[name] > 1e3:
        step = 1e-6 * start[name]
    patterns = []
    for sign in (1, -1):
        parameters.values[name] = start[name] + sign * step
        patterns.append(model.evaluate(parameters.values).total)
    parameters.values.update(start)
    return (patterns[0] - patterns[1]) / (2 * step)
