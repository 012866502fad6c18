"""Sums of peaks in windows against the same peaks summed one by one without windows."""

from __future__ import annotations

import numpy as np

from xtal.diffraction.peak_sums import sum_of_peaks
from xtal.diffraction.profiles import pseudo_voigt


def test_peaks_with_different_windows_and_node_counts_add_up_as_one_by_one():
    axis = np.arange(15.0, 130.0, 0.04)
    centres = np.array([21.36, 30.39, 37.44, 43.51, 63.22, 90.0, 117.4])
    areas, fwhm, eta = np.full(7, 100.0), np.linspace(0.16, 0.3, 7), np.full(7, 0.9)
    expected = (areas * pseudo_voigt(axis[:, None] - centres, fwhm, eta)).sum(axis=1)
    found = sum_of_peaks(axis, centres, areas, fwhm, eta)
    assert np.abs(found - expected).max() < 8e-4 * expected.max()
    with_axial = sum_of_peaks(axis, centres, areas, fwhm, eta, 0.035)
    far = np.min(np.abs(axis[:, None] - centres), axis=1) > 1.0
    np.testing.assert_allclose(with_axial[far], expected[far], rtol=0.15)
