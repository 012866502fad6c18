"""Peak shapes against closed forms, scipy's Voigt function and direct numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import voigt_profile

from xtal import Profile
from xtal.diffraction.axial_divergence import axial_nodes
from xtal.diffraction.peak_sums import sum_of_peaks
from xtal.diffraction.profiles import gaussian_fwhm, lorentzian_fwhm, pseudo_voigt, thompson_cox_hastings
from xtal.errors import InputError

SIGMA = 1 / np.sqrt(8 * np.log(2))


@pytest.mark.parametrize("gamma", [0.0, 0.1, 0.5, 1.0, 3.0])
def test_thompson_cox_hastings_has_the_width_and_shape_of_a_voigt(gamma):
    fwhm, eta = thompson_cox_hastings(1.0, gamma)
    x = np.linspace(-6, 6, 4001)
    voigt = voigt_profile(x, SIGMA, gamma / 2)
    half = brentq(lambda at: voigt_profile(at, SIGMA, gamma / 2) - voigt.max() / 2, 0, 6)
    # the authors fitted the whole shape, not its width: 0.5 % of the width at most
    assert fwhm == pytest.approx(2 * half, rel=5e-3)
    # the approximation is known to follow a Voigt within about 1 % of its height
    assert np.abs(pseudo_voigt(x, fwhm, eta) - voigt).max() < 0.013 * voigt.max()


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_pseudo_voigt_has_unit_area(eta):
    area = quad(lambda x: float(pseudo_voigt(x, 0.1, eta)), -np.inf, np.inf, points=None)[0]
    assert area == pytest.approx(1.0, abs=1e-6)


def test_size_broadening_follows_scherrer_and_strain_follows_its_tangent():
    none = Profile(w=0, axial=0)
    angle = 60.0
    assert lorentzian_fwhm(angle, none, 1.54, size_nm=10.0) == pytest.approx(
        np.degrees(1.54 / 100 / np.cos(np.radians(30)))
    )
    assert lorentzian_fwhm(angle, none, 1.54, microstrain=0.01) == pytest.approx(
        np.degrees(0.01 * np.tan(np.radians(30)))
    )


def test_gaussian_width_is_that_of_the_variance():
    assert gaussian_fwhm(90.0, Profile(u=2e-3, v=-1e-3, w=1e-3)) == pytest.approx(np.sqrt(2e-3 * 8 * np.log(2)))


def test_negative_variance_is_refused():
    with pytest.raises(InputError, match="negative peak width"):
        gaussian_fwhm([20, 60], Profile(u=0, v=-0.01, w=1e-4))


def fcj_by_integration(x, two_theta, axial, fwhm, eta):
    """Convolution with the kernel as Finger, Cox and Jephcoat print it, S/L = H/L = axial/2, by adaptive quadrature."""
    s = h = axial / 2
    cos2 = np.cos(np.radians(two_theta)) ** 2
    start = np.degrees(np.arccos(np.cos(np.radians(two_theta)) * np.sqrt((h + s) ** 2 + 1)))

    def kernel(root):
        # two_phi = two_theta - root² removes the singularity at two_theta
        two_phi = two_theta - root * root
        cosine = np.cos(np.radians(two_phi))
        height = np.sqrt(max(cosine**2 / cos2 - 1, 1e-30))
        return 2 * root * (h + s - height) / (2 * h * height * cosine)

    end = np.sqrt(two_theta - start)
    top = quad(
        lambda r: kernel(r) * float(pseudo_voigt(x - two_theta + r * r, fwhm, eta)), 0, end, limit=400, epsabs=1e-10
    )[0]
    return top / quad(kernel, 0, end, limit=400, epsabs=1e-12)[0]


@pytest.mark.parametrize("two_theta", [8.0, 21.36, 60.0])
def test_axial_asymmetry_agrees_with_direct_integration(two_theta):
    axial, fwhm, eta = 0.05, 0.07, 0.3
    axis = two_theta + np.linspace(-1.0, 0.4, 281)
    found = sum_of_peaks(axis, [two_theta], [1.0], [fwhm], [eta], axial)
    chosen = slice(0, None, 7)
    expected = [fcj_by_integration(x, two_theta, axial, fwhm, eta) for x in axis[chosen]]
    assert np.abs(found[chosen] - expected).max() < 2e-3 * max(expected)


@pytest.mark.parametrize("two_theta", [22.7, 60.0, 130.0])
def test_axial_divergence_shifts_the_centroid_by_its_closed_form(two_theta):
    # mean of t² is 1/6 for the weight 1 − t, hence −a²/12 · cot 2θ to second order in a
    axial = 0.02
    positions, weights = axial_nodes(np.array([two_theta]), axial, 8)
    expected = -np.degrees(axial**2 / 12 / np.tan(np.radians(two_theta)))
    assert (positions * weights).sum() - two_theta == pytest.approx(expected, rel=2e-3)


def test_axial_divergence_moves_peaks_down_below_90_degrees_and_up_above():
    positions, weights = axial_nodes(np.array([20.0, 90.0, 150.0]), 0.04, 12)
    shift = (positions * weights).sum(axis=1) - [20.0, 90.0, 150.0]
    assert shift[0] < 0
    assert shift[1] == pytest.approx(0, abs=1e-9)
    assert shift[2] > 0


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_area_of_a_peak_is_kept_but_for_the_tails_beyond_the_axis(eta):
    axis = np.arange(0, 120, 0.005)
    area = sum_of_peaks(axis, [60.0], [100.0], [0.1], [eta]).sum() * 0.005
    inside = 1 - eta * (1 - 2 / np.pi * np.arctan(60 / 0.05))
    assert area == pytest.approx(100.0 * inside, rel=6e-4)


def test_windowed_sum_agrees_with_every_peak_at_every_point():
    rng = np.random.default_rng(3)
    axis = np.arange(10, 90, 0.02)
    centres, areas = rng.uniform(10, 90, 60), rng.uniform(0.1, 10, 60)
    fwhm, eta = rng.uniform(0.06, 0.4, 60), rng.uniform(0, 1, 60)
    full = (areas * pseudo_voigt(axis[:, None] - centres, fwhm, eta)).sum(axis=1)
    assert np.abs(sum_of_peaks(axis, centres, areas, fwhm, eta) - full).max() < 5e-4 * full.max()


def test_peaks_outside_the_axis_add_their_tails():
    axis = np.arange(20, 21, 0.01)
    tail = sum_of_peaks(axis, [18.0], [1.0], [0.1], [0.5])
    assert tail == pytest.approx(pseudo_voigt(axis - 18.0, 0.1, 0.5), rel=0.02)


def test_no_peak_gives_a_flat_line():
    assert not sum_of_peaks(np.arange(10, 20, 0.1), [], [], [], []).any()
