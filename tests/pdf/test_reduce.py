"""Reduction against PDFgetX3's own output, against the neutron G(r) of other programs, and against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.composition import parse_composition
from xtal.io.read_pattern import read_pattern
from xtal.pattern import Pattern
from xtal.pdf.agreement import best_scale, correlation, rw
from xtal.pdf.conventions import convert_real_space
from xtal.pdf.reduce import Reduction, reduce_pattern
from xtal.pdf.reduction_scan import scan_reduction
from xtal.pdf.reduction_settings import ReductionSettings
from xtal.pdf.scattering import mean_form_factor, mean_square_length_barn

NI_DENSITY = 8.908
"""g/cm³ at room temperature (CRC Handbook)."""


@pytest.fixture(scope="module")
def nickel(shared_data: Path) -> tuple[Pattern, Pattern, Pattern]:
    folder = shared_data / "pdf_reduction_ni"
    return read_pattern(folder / "Ni.chi"), read_pattern(folder / "kapton.chi"), read_pattern(folder / "Ni.gr")


@pytest.fixture(scope="module")
def published() -> ReductionSettings:
    """What the header of PDFgetX3's Ni.gr says."""
    return ReductionSettings(parse_composition("Ni"), q_max=24.0, q_max_inst=31.26, r_poly=0.9, r_max=60.0)


@pytest.fixture(scope="module")
def reduced_nickel(nickel: tuple[Pattern, Pattern, Pattern], published: ReductionSettings) -> Reduction:
    return reduce_pattern(nickel[0], published, nickel[1])


def test_nickel_agrees_with_pdfgetx3_within_one_scale_factor(
    reduced_nickel: Reduction, nickel: tuple[Pattern, Pattern, Pattern]
) -> None:
    theirs = nickel[2]
    assert np.allclose(theirs.x, reduced_nickel.gr.x)
    within = (theirs.x >= 1) & (theirs.x <= 20)
    expected, ours = theirs.intensity[within], reduced_nickel.gr.intensity[within]
    assert rw(expected, best_scale(expected, ours) * ours) < 0.01


def test_the_first_neighbours_of_nickel_are_at_the_distance_of_its_cell(reduced_nickel: Reduction) -> None:
    """a/√2 with a = 3.5241 Å; on an absolute scale the shell would hold 12, and the polynomial method comes near."""
    shell = reduced_nickel.gr.cut(2.2, 2.8)
    assert shell.x[np.argmax(shell.intensity)] == pytest.approx(3.5241 / np.sqrt(2), abs=0.02)


def test_the_scan_finds_the_neighbourhood_of_the_published_settings(
    nickel: tuple[Pattern, Pattern, Pattern], published: ReductionSettings
) -> None:
    """Published: background 1, rpoly 0.9 Å, Qmax 24 Å⁻¹."""
    start = published.changed(number_density=parse_composition("Ni").number_density(NI_DENSITY), r_cut=2.0)
    found = scan_reduction(nickel[0], start, nickel[1], background_scales=[0.0, 0.4, 0.7, 0.9, 1.0, 1.1, 1.3, 1.6],
                           r_polys=[0.7, 0.8, 0.85, 0.9, 1.0, 1.1, 1.3], q_maxima=np.arange(16.0, 31.5, 1.0).tolist())  # fmt: skip
    assert found.best.background_scale == pytest.approx(1.0, abs=0.15)
    assert found.best.r_poly == pytest.approx(0.9, abs=0.1)
    assert found.best.q_max == pytest.approx(24.0, abs=2.0)
    assert found.on_edge == ()


def test_uncertainties_of_nickel_follow_from_those_of_the_files(reduced_nickel: Reduction) -> None:
    """Monte Carlo: noise of the files' sigma on F(Q), transformed 200 times."""
    fq = reduced_nickel.fq.cut(0.0, 24.0)
    draws = np.random.default_rng(3).normal(size=(200, len(fq))) * fq.sigma
    r = np.array([3.0, 10.0, 25.0])
    scattered = 2 / np.pi * np.trapezoid(draws[:, None, :] * np.sin(r[:, None] * fq.x), fq.x, axis=-1)
    expected = np.interp(r, reduced_nickel.gr.x, reduced_nickel.gr.sigma)
    assert np.allclose(scattered.std(axis=0), expected, rtol=0.2)


@pytest.mark.parametrize(
    ("formula", "number_density", "fq_name", "gr_name", "start", "least"),
    [
        ("GaPO4", 18 / (4.900632**2 * 11.048085 * np.sqrt(0.75)), "gapo4_total_scattering/gapo4_600uamps_rmc_35.fq",
         "gapo4_total_scattering/gapo4_600uamps_rmc_35.gr", 0.02, 0.995),
        # The file's G(r) was set to a constant below the S–F bond.
        ("SF6", 14 / 5.887670**3, "tof_sf6_190k_gem/sf6_190k_fq.dat", "tof_sf6_190k_gem/sf6_190k_gr.dat", 1.0, 0.98),
    ],
)  # fmt: skip
def test_neutron_functions_of_other_programs_transform_to_their_own_pdf(
    shared_data: Path, formula: str, number_density: float, fq_name: str, gr_name: str, start: float, least: float
) -> None:
    composition = parse_composition(formula)
    theirs = read_pattern(shared_data / gr_name, axis="r")
    settings = ReductionSettings(composition, radiation="neutron", quantity="FK", r_poly=None, r_min=0.02,
                                 r_max=float(theirs.x[-1]), r_step=0.02, low_q="constant")  # fmt: skip
    made = reduce_pattern(read_pattern(shared_data / fq_name, axis="q"), settings)
    keen = convert_real_space(r=made.gr.x, values=made.gr.intensity, source="G", target="GK",
                              number_density=number_density, mean_square=mean_square_length_barn(composition))  # fmt: skip
    used = theirs.x >= start
    assert correlation(np.interp(theirs.x, made.gr.x, keen)[used], theirs.intensity[used]) > least
    # As G(r) = 4πρ₀r[g − 1], which isn't divided by r, over everything that the file has.
    reduced = convert_real_space(r=theirs.x, values=theirs.intensity, source="GK", target="G",
                                 number_density=number_density, mean_square=mean_square_length_barn(composition))  # fmt: skip
    assert correlation(np.interp(theirs.x, made.gr.x, made.gr.intensity), reduced) > least


@pytest.mark.parametrize(("quantity", "doubts"), [("FK", 0), ("F", 1)])
def test_keens_function_that_is_given_as_the_reduced_one_is_doubted_by_its_slope(
    shared_data: Path, quantity: str, doubts: int
) -> None:
    settings = ReductionSettings(parse_composition("SF6"), radiation="neutron", quantity=quantity, r_poly=None,  # type: ignore[arg-type]
                                 low_q="constant", number_density=14 / 5.887670**3)  # fmt: skip
    made = reduce_pattern(read_pattern(shared_data / "tof_sf6_190k_gem" / "sf6_190k_fq.dat", axis="q"), settings)
    assert sum("check --quantity" in note for note in made.notes) == doubts


def test_the_slope_of_gapo4_is_the_density_of_its_cell(shared_data: Path) -> None:
    settings = ReductionSettings(
        parse_composition("GaPO4"), radiation="neutron", quantity="FK", r_poly=None, low_q="constant"
    )
    data = read_pattern(shared_data / "gapo4_total_scattering" / "gapo4_600uamps_rmc_35.fq")
    found = reduce_pattern(data, settings).low_r
    assert found.number_density == pytest.approx(18 / (4.900632**2 * 11.048085 * np.sqrt(0.75)), rel=0.03)


def synthetic_intensity(*, noise: float = 0.0, slow: float = 0.0) -> tuple[Pattern, np.ndarray]:
    """Intensity of one shell of 4 at 2.8 Å in Ni atoms, with a slowly varying error; and its F(Q)."""
    q = np.linspace(0.5, 25, 1226)
    fq = 4 * np.exp(-0.5 * (0.08 * q) ** 2) * np.sin(2.8 * q) / 2.8
    square = mean_form_factor(parse_composition("Ni"), q) ** 2
    intensity = 3.0 * square * (1 + fq / q + slow * np.sin(0.2 * q) + slow)
    error = noise * np.random.default_rng(1).normal(size=q.size) * intensity
    return Pattern(q, intensity + error, np.maximum(noise, 1e-3) * intensity, axis="q", source="synthetic shell"), fq


def test_a_shell_comes_back_through_a_slow_error_that_the_polynomial_removes() -> None:
    data, fq = synthetic_intensity(slow=0.2)
    made = reduce_pattern(data, ReductionSettings(parse_composition("Ni"), r_poly=1.0, r_max=10.0))
    ideal = 2 / np.pi * np.trapezoid(fq * np.sin(made.gr.x[:, None] * data.x), data.x, axis=-1)
    used = made.gr.x > 2
    scale = best_scale(ideal[used], made.gr.intensity[used])
    assert rw(ideal[used], scale * made.gr.intensity[used]) < 0.01


def test_a_nyquist_grid_has_the_step_pi_over_qmax() -> None:
    data, _ = synthetic_intensity()
    made = reduce_pattern(data, ReductionSettings(parse_composition("Ni"), q_max=20.0, r_step=None))
    assert made.gr.step == pytest.approx(np.pi / 20, rel=0.01)


def test_lorchs_window_takes_the_ripples_away_and_broadens_the_peak() -> None:
    data, _ = synthetic_intensity()
    plain = reduce_pattern(data, ReductionSettings(parse_composition("Ni"), q_max=12.0, r_max=10.0)).gr
    windowed = reduce_pattern(
        data, ReductionSettings(parse_composition("Ni"), q_max=12.0, r_max=10.0, window="lorch")
    ).gr
    ripples = (plain.x > 3.6) & (plain.x < 6)
    assert np.std(windowed.intensity[ripples]) < 0.3 * np.std(plain.intensity[ripples])
    assert windowed.intensity.max() < plain.intensity.max()


def test_two_theta_and_q_give_the_same() -> None:
    data, _ = synthetic_intensity()
    wavelength = 0.2
    angle = np.degrees(2 * np.arcsin(data.x * wavelength / (4 * np.pi)))
    turned = Pattern(angle, data.intensity, data.sigma, axis="two_theta", source="synthetic shell")
    settings = ReductionSettings(parse_composition("Ni"), wavelength=wavelength)
    assert np.allclose(
        reduce_pattern(turned, settings).gr.intensity, reduce_pattern(data, settings).gr.intensity, atol=1e-9
    )


def test_data_without_sigma_get_no_uncertainty_and_say_so() -> None:
    data, _ = synthetic_intensity()
    bare = Pattern(data.x, data.intensity, axis="q")
    made = reduce_pattern(bare, ReductionSettings(parse_composition("Ni")))
    assert not made.has_esds
    assert any("no uncertainties" in note for note in made.notes)
