"""`simulate_pattern` and the native engine mean the same by the wider models, parameter by parameter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.harmonics import harmonic_terms
from xtal.errors import InputError
from xtal.io.library import reference_structure
from xtal.native.parameters import Parameters
from xtal.native.pattern_model import PatternModel
from xtal.stephens import isotropic_stephens

AXIS = axis_points(15.0, 100.0, 0.04)
ZNO = reference_structure("zno")
STRAIN = {name: value * factor for (name, value), factor in
          zip(isotropic_stephens(ZNO.space_group, ZNO.lattice, 3e-3).items(), (1.2, 0.6, 0.9), strict=True)}  # fmt: skip
HARMONICS = dict(zip(harmonic_terms(ZNO.space_group, 6), (0.2, -0.1, 0.05, 0.03), strict=True))

# profile, further arguments of the simulation, entries of the phase in the task, parameters of the task, geometry
MODELS = {
    "strain": (
        PhaseProfile(stephens=STRAIN), {}, {"stephens": list(STRAIN)},
        {f"phase.zno.stephens.{name}": value for name, value in STRAIN.items()}, "laboratory",
    ),
    "size": (
        PhaseProfile(80.0, axial_size_nm=25.0, size_axis=(0, 0, 1)), {}, {"size_axis": [0, 0, 1]},
        {"phase.zno.crystallite_size_nm": 80.0, "phase.zno.crystallite_size_axial_nm": 25.0}, "laboratory",
    ),
    "harmonics": (
        PhaseProfile(harmonics=HARMONICS), {}, {"harmonics": [list(term) for term in HARMONICS]},
        {f"phase.zno.texture.c{l}_{n}": value for (l, n), value in HARMONICS.items()}, "laboratory",
    ),
    "plate": (
        PhaseProfile(), {"transparency": 0.2, "plate_mu_t": 0.3, "displacement": 0.05}, {},
        {"pattern.transparency": 0.2, "pattern.plate_mu_t": 0.3, "pattern.displacement": 0.05}, "laboratory",
    ),
    "capillary": (PhaseProfile(), {"mu_r": 2.2}, {}, {"pattern.absorption": 2.2}, "neutrons"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_native_pattern_is_the_simulated_one(name, make_task, request):
    profile, conditions, entries, values, device = MODELS[name]
    instrument = request.getfixturevalue(device)
    simulated = simulate_pattern([(ZNO, 1.0, profile)], instrument, AXIS, **conditions).calculated
    task = make_task([ZNO], instrument, span=(15.0, 100.0, 0.04))
    task["phases"][0] |= entries
    task["parameters"] |= {key: {"value": value, "min": None, "max": None} for key, value in values.items()}
    model, parameters = PatternModel(task), Parameters(task)
    parameters.values["phase.zno.scale"] = 1 / (ZNO.cell_mass * ZNO.lattice.volume)
    model.list_reflections(parameters.values)
    native = np.sum(model.evaluate(parameters.values).phases, axis=0)
    plain = simulate_pattern([(ZNO, 1.0, PhaseProfile())], instrument, AXIS).calculated
    assert np.abs(native - simulated).max() < 5e-4 * simulated.max()
    assert np.abs(plain - simulated).max() > 5e-3 * simulated.max()


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"axial_size_nm": 20.0}, "axis"),
        ({"size_axis": (0, 0, 1), "axial_size_nm": -1.0}, "positive"),
    ],
)
def test_impossible_profiles_are_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        PhaseProfile(**wrong)


@pytest.mark.parametrize(
    ("profile", "match"),
    [
        (PhaseProfile(stephens={"s400": 1.0}), "Laue class"),
        (PhaseProfile(harmonics={(2, 7): 0.1}), "Laue class"),
        (PhaseProfile(harmonics={(2, 1): 3.0}), "negative"),
    ],
)
def test_terms_that_the_symmetry_does_not_have_are_refused(profile, match, laboratory):
    with pytest.raises(InputError, match=match):
        simulate_pattern([(ZNO, 1.0, profile)], laboratory, AXIS)


def test_transparency_needs_a_radius(laboratory):
    with pytest.raises(InputError, match="radius"):
        simulate_pattern(
            [(ZNO, 1.0, PhaseProfile())], replace(laboratory, goniometer_radius=None), AXIS, transparency=0.1
        )


@pytest.mark.parametrize(
    ("device", "sample", "match"),
    [
        ("laboratory", {"mu_r": 1.0}, "flat-plate"),
        ("neutrons", {"plate_mu_t": 1.0}, "bragg-brentano"),
        ("neutrons", {"mu_r": 11.0}, "between 0 and 10"),
    ],
)
def test_samples_that_the_geometry_does_not_have_are_refused(device, sample, match, request):
    with pytest.raises(InputError, match=match):
        simulate_pattern([(ZNO, 1.0, PhaseProfile())], request.getfixturevalue(device), AXIS, **sample)


def test_isotope_sets_the_length_and_the_mass(make_task, neutrons):
    # natural lithium −1.90 fm, 7Li −2.22 fm, Cl 9.577 fm: Sears, Neutron News 3 (1992) 26; 7Li 7.016, Cl 35.45 u
    natural = reference_structure("licl")
    sites = [
        replace(site, isotope=7 if site.element == "Li" else None, u_iso=0.0, u_aniso=None) for site in natural.sites
    ]
    structure = replace(natural, sites=tuple(sites))
    task = make_task([structure], neutrons, span=(20.0, 120.0, 0.05))
    model, parameters = PatternModel(task), Parameters(task)
    model.list_reflections(parameters.values)
    phase = model.phases[0]
    odd = (phase.hkl % 2 == 1).all(axis=1)
    expected = np.where(odd, 16 * (9.577 + 2.22) ** 2, 16 * (9.577 - 2.22) ** 2)
    np.testing.assert_allclose(phase.reflected(parameters.values).f_squared, expected, rtol=2e-3)
    mass = 4 * (7.016 + 35.45)
    assert phase.mass_factor(parameters.values) == pytest.approx(mass * structure.lattice.volume, rel=1e-4)
