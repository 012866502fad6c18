"""Physical corrections: closed forms, tables of others, and the density of argon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.composition import parse_composition
from xtal.diffraction.compton import compton_scattering, recoil_factor
from xtal.errors import InputError
from xtal.io.read_pattern import read_pattern
from xtal.pattern import Pattern
from xtal.pdf.absorption import transmission
from xtal.pdf.density import density_from_low_r
from xtal.pdf.physical import angular_correction, physical_scattering
from xtal.pdf.reduce import reduce_pattern
from xtal.pdf.reduction_settings import Corrections, ReductionSettings
from xtal.pdf.scattering import form_factor, laue_scattering, mean_neutron_length

HAJDU = {"O": (8, 0.3933, 1.2843, 32.6826), "Mg": (12, 0.5189, 1.2756, 15.3134), "Si": (14, 0.5254, 1.1646, 14.3259),
         "Ar": (18, 0.5302, 1.0091, 19.3321), "Ni": (28, 0.6738, 0.9568, 9.1335)}  # fmt: skip
"""Z, M, K, L of F. Hajdu, Acta Cryst. A28 (1972) 250: another parametrisation of Compton scattering."""


@pytest.mark.parametrize("element", list(HAJDU))
def test_compton_scattering_agrees_with_hajdus_formula(element: str) -> None:
    number, m, k, l = HAJDU[element]
    s = np.linspace(0.15, 1.5, 20)
    hajdu = (number - form_factor(element, 4 * np.pi * s) ** 2 / number) * (1 - m * (np.exp(-k * s) - np.exp(-l * s)))
    assert np.allclose(compton_scattering(element, s), hajdu, rtol=0.04)


def test_compton_scattering_starts_at_zero_and_ends_at_the_number_of_electrons() -> None:
    assert compton_scattering("Cl", 0.0) == 0
    assert compton_scattering("Cl", 8.0) == pytest.approx(17, rel=0.02)


def test_recoil_is_comptons_shift() -> None:
    """At 2θ = 180° the wavelength grows by 2h/mc = 0.0485 Å."""
    wavelength = 0.5
    assert recoil_factor(4 * np.pi / wavelength, wavelength) == pytest.approx((0.5 / 0.5485262) ** 2)


def test_an_element_without_a_table_is_refused() -> None:
    with pytest.raises(InputError, match="Compton"):
        compton_scattering("Es", 1.0)


def test_form_factors_start_at_the_number_of_electrons() -> None:
    assert form_factor("Zr", 0.0) == pytest.approx(40, rel=1e-3)


def test_one_element_has_no_laue_scattering_and_two_have_what_their_electrons_say() -> None:
    assert laue_scattering(parse_composition("Ni"), 0.0) == pytest.approx(0)
    mean, square = (3 + 17) / 2, (9 + 289) / 2
    assert laue_scattering(parse_composition("LiCl"), 0.0) == pytest.approx((square - mean**2) / mean**2, rel=2e-3)


def test_the_null_scattering_alloy_of_titanium_and_zirconium_scatters_nothing() -> None:
    """Ti 67.5 %, Zr 32.5 %: the alloy of neutron cans; b of Sears (1992)."""
    assert mean_neutron_length(parse_composition("Ti0.676Zr0.324")) == pytest.approx(0, abs=0.05)


def test_a_plate_across_the_beam_absorbs_the_mean_over_depth() -> None:
    angle, mu_t = 50.0, 1.3
    depth = np.linspace(0, 1, 4001)
    path = np.exp(-mu_t * (depth + (1 - depth) / np.cos(np.radians(angle))))
    expected = np.trapezoid(path, depth) / np.exp(-mu_t)
    assert transmission(np.array([angle]), "plate", mu_t)[0] == pytest.approx(expected, rel=1e-6)


def test_a_turned_plate_sees_a_longer_path_and_more_sample() -> None:
    expected = np.exp(-0.8 * (1 / np.cos(np.radians(30)) - 1)) / np.cos(np.radians(30))
    assert transmission(np.array([60.0]), "symmetric_plate", 0.8)[0] == pytest.approx(expected)


@pytest.mark.parametrize("geometry", ["none", "capillary", "plate", "symmetric_plate"])
def test_transmission_is_relative_to_the_straight_beam(geometry: str) -> None:
    assert transmission(np.array([0.0]), geometry, 0.5)[0] == pytest.approx(1.0)


def test_a_thick_sample_in_reflection_absorbs_the_same_at_every_angle() -> None:
    assert np.allclose(transmission(np.array([10.0, 90.0, 150.0]), "reflection", 50.0), 1.0)


@pytest.mark.parametrize(
    ("geometry", "absorption", "angle"), [("capillary", 1.5, 10.0), ("plate", 0.5, 95.0), ("sphere", 1.0, 10.0)]
)
def test_absorption_beyond_what_the_formulas_hold_for_is_refused(
    geometry: str, absorption: float, angle: float
) -> None:
    with pytest.raises(InputError):
        transmission(np.array([angle]), geometry, absorption)


def test_polarisation_needs_the_wavelength() -> None:
    settings = ReductionSettings(parse_composition("Ni"), mode="physical", corrections=Corrections(polarization=0.5))
    with pytest.raises(InputError, match="wavelength"):
        angular_correction(np.array([1.0]), settings)


def liquid(number_density: float, scale: float) -> tuple[Pattern, Pattern, ReductionSettings]:
    """Synthetic scattering of argon with a hole of 3 Å and one shell, on a sloping background; polarised and absorbed."""
    settings = ReductionSettings(parse_composition("Ar"), mode="physical", r_poly=None, wavelength=0.4, q_max=18.0,
                                 number_density=number_density, low_q="zero",
                                 corrections=Corrections(polarization=0.5, geometry="capillary", absorption=0.3))  # fmt: skip
    q = np.linspace(0.1, 18, 1791)
    r = np.linspace(0.005, 60, 12000)
    g = 0.5 * (1 + np.tanh((r - 3.1) / 0.15)) + 0.8 * np.exp(-0.5 * ((r - 3.6) / 0.3) ** 2)
    hole = 4 * np.pi * number_density * r * (g - 1)
    sq = 1 + np.array([np.trapezoid(hole * np.sin(k * r), r) for k in q]) / q
    expected = physical_scattering(q, settings)
    under = 200 + 30 * q
    sample = scale * expected.mean_squared * expected.angular * (sq + expected.extra) + 0.7 * under
    return (Pattern(q, sample, axis="q", source="synthetic liquid"), Pattern(q, under, axis="q", source="synthetic cell"),
            settings.changed(background_scale=0.7))  # fmt: skip


def test_the_physical_mode_undoes_what_was_done_to_a_synthetic_liquid() -> None:
    data, under, settings = liquid(0.015, 5.0)
    made = reduce_pattern(data, settings, under)
    assert made.low_r.number_density == pytest.approx(0.015, rel=0.03)
    assert made.sq.intensity[made.sq.x > 12].mean() == pytest.approx(1.0, abs=0.005)


def test_density_and_background_of_a_synthetic_liquid_come_back() -> None:
    data, under, settings = liquid(0.015, 5.0)
    found = density_from_low_r(data, under, settings.changed(number_density=0.04, background_scale=0.3), [2.7])
    assert found.number_density == pytest.approx(0.015, rel=0.03)
    assert found.background_scale == pytest.approx(0.7, abs=0.01)


def test_argon_at_1_gpa_has_its_density(shared_data: Path) -> None:
    """0.025–0.026 atoms/Å³ with a background scale of 0.54–0.56 (the data's SOURCE.txt)."""
    folder = shared_data / "pdf_amorphous_glassure"
    settings = ReductionSettings(parse_composition("Ar"), mode="physical", q_min=0.3, q_max=9.0, r_poly=None,
                                 number_density=0.03, background_scale=0.5)  # fmt: skip
    found = density_from_low_r(read_pattern(folder / "Argon_1GPa.chi"), read_pattern(folder / "Argon_1GPa_bkg.chi"), settings,
                               np.arange(2.0, 2.61, 0.05).tolist())  # fmt: skip
    assert 0.025 <= found.number_density <= 0.026
    assert 0.54 <= found.background_scale <= 0.56
    assert found.number_density_esd is not None and 0 < found.number_density_esd < 0.002


def test_a_low_r_correction_that_diverges_is_refused(shared_data: Path) -> None:
    """A crystal's Bragg peaks make the multiplicative correction grow."""
    folder = shared_data / "pdf_reduction_ni"
    settings = ReductionSettings(parse_composition("Ni"), mode="physical", r_poly=None, q_min=0.8, q_max=20.0, r_cut=2.0, low_q="zero",
                                 number_density=0.0914, corrections=Corrections(low_r_iterations=12))  # fmt: skip
    with pytest.raises(InputError, match="diverges"):
        reduce_pattern(read_pattern(folder / "Ni.chi"), settings, read_pattern(folder / "kapton.chi"))
