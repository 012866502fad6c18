"""Simulated patterns against rietx's forward model, closed forms and their own statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal import Instrument, Profile, Radiation, Site
from xtal.diffraction import Background, MarchDollase, PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.lorentz_polarization import instrument_factor, lorentz, polarization
from xtal.errors import CifError, InputError
from xtal.synthetic import PELLET_PROFILES, laboratory_instrument

from . import cells

LAB = laboratory_instrument()
AXIS = axis_points(10, 90, 0.02)
NONE = PhaseProfile()


def one(structure, **options):
    return simulate_pattern(
        [(structure, 1.0, NONE)], options.pop("instrument", LAB), options.pop("axis", AXIS), **options
    )


def pellet_phases():
    weights = {"cubic": 0.455, "orthorhombic": 0.045, "llto": 0.5}
    return [(cells.PELLET[name](), weight, PELLET_PROFILES[name]) for name, weight in weights.items()]


def test_pellet_agrees_with_rietx_point_by_point():
    from .rietx_peer import rietx_pattern

    ours = simulate_pattern(pellet_phases(), LAB, AXIS).calculated
    theirs = rietx_pattern(pellet_phases(), LAB, AXIS) / 1.5  # rietx gives Kα1 the weight 1, not 2/3
    # other form factors (Waasmaier and Kirfel), windows cut in the tails, other axial quadrature
    assert np.abs(ours - theirs).max() < 3e-3 * theirs.max()
    assert ours.sum() == pytest.approx(theirs.sum(), rel=2e-3)


@pytest.mark.parametrize("name", [*cells.STANDARDS, *cells.PELLET])
def test_integrated_intensities_agree_with_rietx_on_the_same_form_factors(name, monkeypatch):
    from rietx.crystallography.scattering import f0

    from .rietx_peer import rietx_pattern

    def waasmaier_kirfel(element, charge, s_squared):
        return f0(Site(element, element, (0, 0, 0), charge=charge).ion, np.sqrt(s_squared))

    monkeypatch.setattr("xtal.diffraction.structure_factors.xray_form_factor", waasmaier_kirfel)

    structure = {**cells.STANDARDS, **cells.PELLET}[name]()
    sharp = replace(LAB, radiation=Radiation.from_name("CuKa1"), profile=Profile(w=1e-4, axial=0.0))
    axis = axis_points(10, 120, 0.005)
    ours = one(structure, instrument=sharp, axis=axis)
    theirs = rietx_pattern([(structure, 1.0, NONE)], sharp, axis)
    for position, share in well_separated(ours):
        near = np.abs(axis - position) < 0.15
        # rietx cuts the tails where 0.2 % or less of a peak is left outside
        assert ours.calculated[near].sum() == pytest.approx(theirs[near].sum(), rel=0.003), (position, share)


def well_separated(simulation):
    rows = simulation.peaks()
    places = np.array([row["two_theta"] for row in rows])
    strengths = np.array([row["intensity"] for row in rows])
    return [(p, s / strengths.max()) for p, s in zip(places, strengths, strict=True)
            if s > 0.02 * strengths.max() and np.sort(np.abs(places - p))[1:2].sum() > 0.35]  # fmt: skip


@pytest.mark.parametrize("name", ["lab6", "al2o3", "cubic"])
def test_neutron_pattern_agrees_with_rietx(name):
    from .rietx_peer import rietx_pattern

    structure = {**cells.STANDARDS, **cells.PELLET}[name]()
    beam = Instrument(
        "reactor", Radiation.from_name("neutron:1.594A"), "debye-scherrer", Profile(u=0.02, v=-0.02, w=0.02, axial=0)
    )
    axis = axis_points(10, 150, 0.05)
    ours = one(structure, instrument=beam, axis=axis).calculated
    theirs = rietx_pattern([(structure, 1.0, NONE)], beam, axis, neutron=True)
    ratio = ours.sum() / theirs.sum()  # fm² here, other units and Lorentz constants there
    assert np.abs(ours / ratio - theirs).max() < 2e-3 * theirs.max()


def test_intensities_differ_from_pymatgens_by_its_form_factors_and_missing_physics(monkeypatch):
    """XRDCalculator has no f′, f″, displacement or doublet, and form factors from an older electron-scattering fit."""
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS, XRDCalculator

    from .test_reflections import pymatgen_structure

    bare = cells.lab6().with_sites([replace(site, u_iso=None) for site in cells.lab6().sites])
    line = replace(LAB, radiation=Radiation.from_name("CuKa1"))
    peer = XRDCalculator(1.5405929).get_pattern(pymatgen_structure(bare), two_theta_range=(20, 90), scaled=False)

    def largest_difference(structure, **options):
        rows = one(structure, instrument=line, axis=axis_points(20, 90, 0.02), **options).peaks()
        ours = [sum(row["intensity"] for row in rows if abs(row["two_theta"] - place) < 1e-3) for place in peer.x]
        value = np.array(ours) / peer.y
        return np.ptp(value) / value.mean()

    def pymatgens(element, charge, s_squared):
        from gemmi import Element

        fit = sum(a * np.exp(-b * s_squared) for a, b in ATOMIC_SCATTERING_PARAMS[element])
        return Element(element).atomic_number - 41.78214 * s_squared * fit

    assert largest_difference(cells.lab6()) > 0.05
    assert largest_difference(bare, use_dispersion=False) < 0.05
    monkeypatch.setattr("xtal.diffraction.structure_factors.xray_form_factor", pymatgens)
    assert largest_difference(bare, use_dispersion=False) < 1e-4


def test_graphite_monochromator_changes_polarisation_as_azaroff_says():
    two_theta = np.array([30.0, 90.0, 120.0])
    a = np.cos(np.radians(26.6)) ** 2
    with_graphite = replace(LAB, monochromator_two_theta=26.6)
    expected = lorentz(two_theta) * (1 + a * np.cos(np.radians(two_theta)) ** 2) / (1 + a)
    assert instrument_factor(two_theta, with_graphite) == pytest.approx(expected)
    assert polarization(90.0) == pytest.approx(0.5)
    assert polarization(90.0, 0.95) == pytest.approx(0.95)
    neutrons = replace(LAB, radiation=Radiation.from_name("neutron:1.5A"))
    assert instrument_factor(two_theta, neutrons) == pytest.approx(lorentz(two_theta))


def test_equal_weights_scale_with_mass_and_volume_of_the_cell():
    phases = [(cells.silicon(), 0.5, NONE), (cells.lab6(), 0.5, NONE)]
    si, lab6 = simulate_pattern(phases, LAB, AXIS).phases
    alone = one(cells.silicon()).phases[0]
    assert si.intensity == pytest.approx(0.5 * alone.intensity)
    row = lab6.reflections.index(1, 1, 0)
    by_hand = 0.5 / (lab6.structure.cell_mass * lab6.structure.lattice.volume) * 12 * lab6.reflections.f_squared[row]
    weights = [2 / 3, 1 / 3]
    factors = [instrument_factor(lab6.reflections.two_theta(w), LAB)[row] for w, _ in LAB.radiation.lines]
    assert lab6.intensity[row] == pytest.approx(by_hand * np.dot(weights, factors))


def test_doublet_shows_two_lines_with_weights_two_to_one():
    sharp = replace(LAB, profile=Profile(w=1e-5, axial=0))
    axis = axis_points(86, 90, 0.002)
    pattern = one(cells.silicon(), instrument=sharp, axis=axis).calculated
    second = 2 * np.degrees(np.arcsin(1.5444274 * np.sqrt(24) / 5.43123 / 2))
    first = 2 * np.degrees(np.arcsin(1.5405929 * np.sqrt(24) / 5.43123 / 2))
    areas = [pattern[np.abs(axis - place) < 0.1].sum() for place in (first, second)]
    assert areas[1] / areas[0] == pytest.approx(0.5, rel=0.01)


def test_zero_and_displacement_move_the_peaks():
    moved = one(cells.lab6(), instrument=replace(LAB, zero=0.05), displacement=0.1).phases[0]
    still = one(cells.lab6()).phases[0]
    cosine = np.cos(np.radians(still.position / 2))
    assert moved.position - still.position == pytest.approx(0.05 - np.degrees(2 * 0.1 / 240) * cosine)


def test_displacement_without_a_radius_is_refused():
    with pytest.raises(InputError, match="needs the goniometer radius"):
        one(cells.lab6(), instrument=replace(LAB, goniometer_radius=None), displacement=0.1)


def test_march_dollase_averages_to_one_over_the_sphere_and_favours_its_axis():
    from xtal.diffraction.texture import march_dollase_factor

    cosine = np.linspace(0, 1, 20001)
    r = 0.7
    assert np.trapezoid((r * r * cosine**2 + (1 - cosine**2) / r) ** -1.5, cosine) == pytest.approx(1, abs=1e-6)
    factors = march_dollase_factor(cells.corundum(), [[0, 0, 6], [1, 1, 0]], MarchDollase((0, 0, 1), 0.7))
    assert factors == pytest.approx([0.7**-3, 0.7**1.5])


def test_poisson_noise_has_the_variance_of_its_mean():
    simulated = one(cells.lab6(), background=Background.flat(400.0), counts=5000, seed=11)
    reduced = (simulated.pattern.intensity - simulated.calculated) / np.sqrt(simulated.calculated)
    assert reduced.mean() == pytest.approx(0, abs=4 / np.sqrt(len(reduced)))
    assert reduced.var() == pytest.approx(1, abs=4 * np.sqrt(2 / len(reduced)))


def test_parts_add_up_to_the_noise_free_pattern():
    simulated = simulate_pattern(pellet_phases(), LAB, AXIS, background=Background.flat(50.0), counts=1000)
    assert simulated.pattern.intensity == pytest.approx(sum(simulated.components.values()) + 50)
    assert (simulated.calculated - simulated.background).max() == pytest.approx(1000)
    assert "noise-free" in simulated.pattern.source


def test_strong_absorbers_lose_intensity_by_microabsorption():
    grains = PhaseProfile(grain_um=5.0)
    mixed = simulate_pattern([(cells.lab6(), 0.5, grains), (cells.silicon(), 0.5, grains)], LAB, AXIS)
    plain = simulate_pattern([(cells.lab6(), 0.5, NONE), (cells.silicon(), 0.5, NONE)], LAB, AXIS)
    assert mixed.components["lab6"].sum() < 0.8 * plain.components["lab6"].sum()
    assert mixed.components["si"].sum() > plain.components["si"].sum()


def test_weights_that_do_not_sum_to_one_are_refused_with_their_sum():
    with pytest.raises(InputError, match=r"lab6 0\.5, si 0\.4 sum to 0\.9"):
        simulate_pattern([(cells.lab6(), 0.5, NONE), (cells.silicon(), 0.4, NONE)], LAB, AXIS)


def test_two_phases_of_one_name_are_refused():
    with pytest.raises(InputError, match="each under its own name"):
        simulate_pattern([(cells.lab6(), 0.5, NONE), (cells.lab6(), 0.5, NONE)], LAB, AXIS)


def test_range_without_reflections_is_refused_by_name():
    with pytest.raises(InputError, match=r"lab6: no reflection"):
        one(cells.lab6(), axis=axis_points(5, 15, 0.02))


def test_ion_without_form_factor_is_refused_unless_atoms_are_neutral():
    odd = cells.lab6().with_sites([Site("La", "La", (0, 0, 0), charge=2)])
    with pytest.raises(CifError, match=r"La2\+"):
        one(odd)
    assert one(odd, neutral_atoms=True).calculated.max() > 0


def test_background_below_zero_is_refused():
    with pytest.raises(InputError, match="the background is"):
        one(cells.lab6(), background=Background((10.0, 20.0)))


def test_impossible_axis_is_refused():
    with pytest.raises(InputError, match="smaller step"):
        axis_points(10, 20, 30)


def test_negative_crystallite_size_is_refused():
    with pytest.raises(InputError, match="size must be positive"):
        PhaseProfile(size_nm=-5)
