"""Time-of-flight peaks against numerical convolution, and a bank's pattern against its calibration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from xtal import Instrument, Radiation
from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.diffraction.absorption import capillary_transmission
from xtal.diffraction.back_to_back import back_to_back_exponential, back_to_back_slopes
from xtal.diffraction.profiles import pseudo_voigt, thompson_cox_hastings
from xtal.diffraction.time_of_flight import tof_widths
from xtal.errors import InputError
from xtal.instrument import TofBank

from . import cells

TERMS = {"alpha": 1.0, "beta_0": 0.04, "beta_1": 0.02, "sig_1": 60.0, "x": 1.0}
BANK = TofBank(dif_c=22585.0, dif_a=-2.0, zero=-3.0, two_theta=90.0, profile=TERMS)
POWGEN_LIKE = Instrument("tof-like", Radiation("neutron_tof", name="tof"), "debye-scherrer", bank=BANK)


@pytest.mark.parametrize("gamma", [0.0, 5.0, 20.0])
@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.05), (0.08, 0.3)])
def test_back_to_back_exponential_agrees_with_numerical_convolution(alpha, beta, gamma):
    sigma = 8.0
    fwhm, eta = thompson_cox_hastings(np.sqrt(8 * np.log(2)) * sigma, gamma)

    def convolution(t):
        def kernel(u):
            rate = alpha if u < 0 else -beta
            return alpha * beta / (alpha + beta) * np.exp(rate * u) * float(pseudo_voigt(t - u, fwhm, eta))

        return sum(quad(kernel, low, high, limit=400)[0] for low, high in ((-400, -30), (-30, 0), (0, 30), (30, 600)))

    times = np.array([-60.0, -15.0, 0.0, 12.0, 80.0])
    expected = [convolution(t) for t in times]
    found = back_to_back_exponential(times, alpha, beta, sigma, gamma)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 5.0, 60.0])
@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.05), (0.08, 0.3)])
def test_slopes_of_the_peak_are_its_central_differences(alpha, beta, gamma):
    fwhm, eta = thompson_cox_hastings(np.sqrt(8 * np.log(2)) * 8.0, gamma)
    t = np.linspace(-400.0, 900.0, 401)
    start = [t, *(np.full_like(t, value) for value in (alpha, beta, fwhm, eta))]
    found = back_to_back_slopes(*start)
    np.testing.assert_allclose(found[0], back_to_back_exponential(t, alpha, beta, 8.0, gamma), rtol=1e-9, atol=1e-15)
    for index, (step, slope) in enumerate(zip((1e-3, 1e-6, 1e-6, 1e-4, 1e-6), found[1:], strict=True)):
        high, low = (list(start), list(start))
        high[index], low[index] = start[index] + step, start[index] - step
        expected = (back_to_back_slopes(*high)[0] - back_to_back_slopes(*low)[0]) / (2 * step)
        np.testing.assert_allclose(slope, expected, atol=1e-6 * np.abs(expected).max(), rtol=1e-5)


def test_far_tails_neither_overflow_nor_turn_negative():
    times = np.linspace(-20_000, 20_000, 4001)
    values = back_to_back_exponential(times, 0.5, 0.05, 8.0, 5.0)
    assert np.isfinite(values).all()
    assert values.min() >= 0
    assert np.trapezoid(values, times) == pytest.approx(1, abs=5e-3)


def test_absorption_grows_with_the_wavelength_of_each_reflection():
    axis = axis_points(8000.0, 60000.0, 5.0)
    plain, absorbed = (
        simulate_pattern([(cells.silicon(), 1.0, PhaseProfile())], POWGEN_LIKE, axis, mu_r=mu_r).phases[0]
        for mu_r in (0.0, 0.5)
    )
    ratio = absorbed.intensity / plain.intensity
    wavelengths = np.sqrt(2) * plain.reflections.d_spacing
    np.testing.assert_allclose(ratio, capillary_transmission(np.full(len(ratio), 90.0), 0.5 * wavelengths))
    # a cylinder of small μR passes exp(-16 μR/3π), to first order
    assert ratio[-1] == pytest.approx(np.exp(-1.6977 * 0.5 * wavelengths[-1]), rel=0.02)


def test_peaks_arrive_when_the_calibration_says():
    axis = axis_points(8000.0, 60000.0, 5.0)
    simulated = simulate_pattern([(cells.silicon(), 1.0, PhaseProfile())], POWGEN_LIKE, axis)
    d = 5.43123 / np.sqrt(8)
    expected = 22585.0 * d - 2.0 * d * d - 3.0
    phase = simulated.phases[0]
    assert phase.position[phase.reflections.index(2, 2, 0)] == pytest.approx(expected)
    near = np.abs(axis - expected) < 300
    assert axis[near][np.argmax(simulated.calculated[near])] == pytest.approx(expected, abs=60)
    assert simulated.pattern.axis == "tof"


def test_integrated_intensity_of_a_peak_is_multiplicity_f_squared_and_lorentz_factor():
    axis = axis_points(8000.0, 80000.0, 4.0)
    simulated = simulate_pattern([(cells.lab6(), 1.0, PhaseProfile())], POWGEN_LIKE, axis)
    phase = simulated.phases[0]
    row = phase.reflections.index(1, 1, 1)
    near = np.abs(axis - phase.position[row]) < 2000
    scale = phase.structure.cell_mass * phase.structure.lattice.volume
    d = phase.reflections.d_spacing[row]
    by_hand = 8 * phase.reflections.f_squared[row] * d**4 * np.sin(np.radians(45)) / scale
    assert simulated.calculated[near].sum() * 4.0 == pytest.approx(by_hand, rel=0.02)


def test_size_and_strain_broaden_as_defined():
    d = np.array([1.5])
    plain = tof_widths(d, BANK)[3]
    assert tof_widths(d, BANK, size_nm=50.0)[3] - plain == pytest.approx(22585.0 * 1.5**2 / 500)
    assert tof_widths(d, BANK, microstrain=2e-3)[3] - plain == pytest.approx(22585.0 * 1.5 * 1e-3)


def test_bank_without_profile_terms_is_refused():
    with pytest.raises(InputError, match="alpha terms"):
        tof_widths([1.0], TofBank(dif_c=22585.0))


def test_times_that_no_reflection_reaches_are_refused():
    with pytest.raises(InputError, match="no reflection between"):
        simulate_pattern([(cells.silicon(), 1.0, PhaseProfile())], POWGEN_LIKE, axis_points(90000.0, 99000.0, 10.0))
