"""Scattering tables and absorption against tables that were not ours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from xtal.diffraction import (
    brindley_factor,
    dispersion,
    electron_form_factor,
    known_ions,
    linear_absorption,
    neutron_length,
    xray_form_factor,
)
from xtal.diffraction.absorption import capillary_transmission
from xtal.errors import CifError

from . import cells


@pytest.mark.parametrize(
    ("ion", "charge", "electrons"),
    [("Cl", -1, 18), ("Li", 1, 2), ("O", -2, 10), ("La", 3, 54), ("Zr", 4, 36), ("Ti", 0, 22)],
)
def test_form_factor_at_zero_is_the_number_of_electrons(ion, charge, electrons):
    assert xray_form_factor(ion, charge, 0.0) == pytest.approx(electrons, abs=0.03)


def test_form_factors_follow_the_other_fit_of_waasmaier_and_kirfel():
    xraydb = pytest.importorskip("xraydb")
    s = np.linspace(0, 1.2, 25)
    for element in ("Li", "O", "Cl", "Ti", "La", "Zr", "In"):
        assert xray_form_factor(element, 0, s**2) == pytest.approx(xraydb.f0(element, s), abs=0.15)


@pytest.mark.parametrize("wavelength", [0.5594, 0.7093, 1.5406, 2.2897])
def test_dispersion_follows_chantlers_tables_away_from_edges(wavelength):
    xraydb = pytest.importorskip("xraydb")
    energy = 12398.419843 / wavelength
    for element in ("O", "Cl", "Ti", "La"):
        if any(abs(edge.energy - energy) < 400 for edge in xraydb.xray_edges(element).values()):
            continue
        peer = complex(xraydb.f1_chantler(element, energy), xraydb.f2_chantler(element, energy))
        assert abs(dispersion(element, wavelength) - peer) < 0.12 + 0.05 * abs(peer)


def test_hydrogen_has_no_dispersion():
    assert dispersion("H", 1.54) == 0


def test_neutron_lengths_are_those_of_sears():
    assert neutron_length("Li") == pytest.approx(-1.90)
    assert neutron_length("D") == neutron_length("H", 2) == pytest.approx(6.671)
    assert neutron_length("Li", 6).imag == pytest.approx(-0.261)


def test_electron_form_factor_obeys_the_mott_bethe_relation():
    # f_e = (m e² / 8π ε0 h²) (Z − f_x)/s² with 0.023934 Å⁻¹
    s2 = 0.25
    expected = 0.023934 * (14 - xray_form_factor("Si", 0, s2)) / s2
    assert electron_form_factor("Si", s2) == pytest.approx(expected, rel=0.01)


def test_known_ions_of_chlorine_are_atom_and_anion():
    assert known_ions("Cl") == ["Cl", "Cl1-"]


def test_element_beyond_the_tables_is_refused():
    with pytest.raises(CifError):
        xray_form_factor("Xx", 0, 0.0)


def test_linear_absorption_is_close_to_tabulated_attenuation():
    xraydb = pytest.importorskip("xraydb")
    for make, formula in ((cells.silicon, "Si"), (cells.lab6, "LaB6"), (cells.corundum, "Al2O3")):
        structure = make()
        peer = xraydb.material_mu(formula, 8047.8, density=structure.density)
        # the tabulated value holds scattering as well
        assert linear_absorption(structure, 1.5405929) == pytest.approx(peer, rel=0.05)


@pytest.mark.parametrize("contrast", [-0.5, -0.004, 0.004, 0.1, 1.5])
def test_brindley_factor_is_the_mean_transmission_of_a_sphere(contrast):
    def slab(b):
        chord = 2 * np.sqrt(1 - b * b)
        return 2 * np.pi * b * chord * np.exp(-contrast * chord)

    assert brindley_factor(contrast) == pytest.approx(quad(slab, 0, 1)[0] / (4 * np.pi / 3), rel=1e-5)


def test_capillary_transmission_is_one_without_absorption_and_falls_with_it():
    assert capillary_transmission([20.0, 90.0], 0.0) == pytest.approx(1)
    assert capillary_transmission(0.0, 0.5) == pytest.approx(0.4354, abs=0.003)
