"""Input that can't be reduced, and the sentence that says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.composition import parse_composition
from xtal.errors import InputError, PatternError
from xtal.io.read_pattern import read_pattern
from xtal.pattern import Pattern
from xtal.pdf.reduce import reduce_pattern
from xtal.pdf.reduction_scan import scan_reduction
from xtal.pdf.reduction_settings import ReductionSettings
from xtal.pdf.scattering import mean_form_factor

NI = parse_composition("Ni")
SETTINGS = ReductionSettings(NI, r_max=10.0)


def measured(q: np.ndarray | None = None, source: str = "data.chi") -> Pattern:
    """A plausible intensity: a shell at 2.8 Å in Ni atoms, on a constant."""
    at = np.linspace(0.5, 25, 1226) if q is None else q
    structure = 1 + 4 * np.exp(-0.5 * (0.08 * at) ** 2) * np.sinc(2.8 * at / np.pi)
    return Pattern(at, 10 + mean_form_factor(NI, at) ** 2 * structure, axis="q", source=source)


def sentence(data: Pattern, settings: ReductionSettings = SETTINGS, background: Pattern | None = None) -> str:
    with pytest.raises(InputError) as caught:
        reduce_pattern(data, settings, background)
    return str(caught.value)


@pytest.mark.parametrize("name", ["pdf_reduction_ni/Ni.chi", "pdf_amorphous_glassure/Argon_1GPa.chi",
                                  "pdf_amorphous_glassure/Mg2SiO4_ambient.xy"])  # fmt: skip
def test_q_in_nanometres_is_detected_and_q_in_angstroms_is_not_suspected(shared_data: Path, name: str) -> None:
    good = read_pattern(shared_data / name)
    wrong = Pattern(good.x * 10, good.intensity, axis="q", source=good.source)
    assert "nm⁻¹" in sentence(wrong)
    reduce_pattern(good, ReductionSettings(parse_composition("Mg2SiO4"), r_max=10.0))


def test_nanometres_are_detected_by_the_first_peak_even_where_q_ends_low(shared_data: Path) -> None:
    good = read_pattern(shared_data / "pdf_reduction_ni" / "Ni.chi").cut(0.0, 9.0)
    said = sentence(Pattern(good.x * 10, good.intensity, axis="q", source="Ni.chi"))
    assert "first strong peak" in said and "nm⁻¹" in said


def test_nanometres_are_detected_in_a_neutron_structure_factor(shared_data: Path) -> None:
    good = read_pattern(shared_data / "gapo4_total_scattering" / "gapo4_600uamps_rmc_35.fq").cut(0.0, 9.0)
    wrong = Pattern(good.x * 10, good.intensity, axis="q", source="gapo4.fq")
    settings = ReductionSettings(parse_composition("GaPO4"), radiation="neutron", quantity="FK", r_poly=None)
    assert "nm⁻¹" in sentence(wrong, settings)


def test_a_noisy_structure_factor_in_angstroms_is_not_suspected() -> None:
    q = np.arange(0.5, 35, 0.02)
    noise = 0.02 * q * np.random.default_rng(5).normal(size=q.size)
    data = Pattern(q, 1 + 0.6 * np.exp(-(((q - 2) / 0.3) ** 2)) + noise, axis="q", source="glass.sq")
    reduce_pattern(data, ReductionSettings(NI, radiation="neutron", quantity="S", r_poly=None, r_max=10.0))


@pytest.mark.parametrize(("given", "is_said"), [("F", "S"), ("FK", "S"), ("S", "F")])
def test_a_structure_factor_given_as_another_function_is_detected(shared_data: Path, given: str, is_said: str) -> None:
    keen = read_pattern(shared_data / "gapo4_total_scattering" / "gapo4_600uamps_rmc_35.fq")
    values = keen.intensity / 0.3526 + 1 if is_said == "S" else keen.x * keen.intensity / 0.3526
    settings = ReductionSettings(parse_composition("GaPO4"), radiation="neutron", quantity=given, r_poly=None)  # type: ignore[arg-type]
    said = sentence(Pattern(keen.x, values, axis="q", source="gapo4.sq"), settings)
    assert f"seems to be {is_said}(Q)" in said and "--quantity" in said


def test_a_background_shorter_than_the_data_names_both_ranges() -> None:
    said = sentence(measured(), background=measured(np.linspace(0.5, 20, 900), "kapton.chi"))
    assert "kapton.chi" in said and "0.5–20" in said and "25" in said and "--qmax" in said


def test_a_background_that_starts_late_is_refused() -> None:
    said = sentence(measured(), background=measured(np.linspace(2.0, 25, 900), "kapton.chi"))
    assert "2–25" in said and "--qmin" in said


def test_a_longer_background_is_refused_with_the_limit_that_would_do() -> None:
    said = sentence(measured(), background=measured(np.linspace(0.5, 30, 1476), "kapton.chi"))
    assert "kapton.chi" in said and "beyond the data" in said and "--qmaxinst 25" in said


def test_a_longer_background_is_used_up_to_the_limit_that_the_user_gives() -> None:
    longer = measured(np.linspace(0.5, 30, 1476), "kapton.chi")
    settings = SETTINGS.changed(background_scale=0.1, q_max_inst=25.0)
    made = reduce_pattern(measured(), settings, longer)
    assert any("beyond the data" in note and "30" in note for note in made.notes)
    same = reduce_pattern(measured(), settings, longer.cut(0.0, 25.0))
    assert np.allclose(made.gr.intensity, same.gr.intensity)


def test_a_background_several_times_as_long_has_other_units() -> None:
    long = measured(np.linspace(0.5, 25, 1226), "kapton.chi")
    said = sentence(measured(), background=Pattern(long.x * 10, long.intensity, axis="q", source="kapton.chi"))
    assert "10 times as far" in said and "units" in said


def test_a_background_on_another_axis_is_refused() -> None:
    other = Pattern(np.linspace(1, 20, 50), np.ones(50), axis="two_theta", source="kapton.xy")
    assert "wavelength" in sentence(measured(), background=other)


@pytest.mark.parametrize("key", ["q_max", "q_max_inst"])
def test_limits_beyond_the_data_say_where_the_data_end(key: str) -> None:
    said = sentence(measured(), SETTINGS.changed(**{key: 40.0}))
    assert "40" in said and "25" in said and key in said


def test_qmax_beyond_qmaxinst_is_refused() -> None:
    assert "q_max_inst" in sentence(measured(), SETTINGS.changed(q_max=24.0, q_max_inst=20.0))


def test_negative_intensities_are_counted_and_located() -> None:
    good = measured()
    bad = good.intensity.copy()
    bad[100:110] = -5
    said = sentence(Pattern(good.x, bad, axis="q", source="data.chi"))
    assert "10 of 1226" in said and "2.5" in said and "negative" in said


def test_a_background_scaled_too_high_is_named_as_the_cause() -> None:
    said = sentence(measured(), SETTINGS.changed(background_scale=3.0), measured(source="kapton.chi"))
    assert "negative" in said and "--background-scale" in said


def test_a_structure_factor_has_no_background() -> None:
    settings = ReductionSettings(NI, radiation="neutron", quantity="S", r_poly=None)
    assert "background" in sentence(measured(), settings, measured())


def test_two_theta_without_a_wavelength_asks_for_it() -> None:
    data = Pattern(np.linspace(2, 120, 500), np.full(500, 10.0), axis="two_theta", source="ag.xy")
    assert "--wavelength" in sentence(data)


def test_q_beyond_what_the_wavelength_reaches_is_refused() -> None:
    assert "4π" in sentence(measured(), SETTINGS.changed(wavelength=1.5406)) or "ends at" in sentence(
        measured(), SETTINGS.changed(wavelength=1.5406)
    )


@pytest.mark.parametrize(
    "values",
    [
        {"background_scale": -1.0},
        {"q_max": 0.0},
        {"q_min": 5.0, "q_max": 4.0},
        {"r_step": -0.1},
        {"radiation": "neutron"},
    ],
)
def test_settings_without_meaning_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InputError):
        SETTINGS.changed(**values)


def test_a_polynomial_of_degree_below_one_or_absurdly_high_is_refused() -> None:
    assert "degree" in sentence(measured(), SETTINGS.changed(r_poly=0.05))
    assert "degree" in sentence(measured(), SETTINGS.changed(r_poly=30.0))


def test_a_scan_needs_a_density_to_compare_with() -> None:
    with pytest.raises(InputError, match="number density"):
        scan_reduction(measured(), SETTINGS, background_scales=[0.9, 1.0])


def test_errors_of_reduction_are_errors_of_patterns_or_input() -> None:
    assert issubclass(PatternError, InputError)
