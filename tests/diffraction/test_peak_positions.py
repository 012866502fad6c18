"""Where the goniometer puts a line, against rays traced through the goniometer."""

import numpy as np
import pytest

from xtal.diffraction.peak_positions import displacement_shift


def scattering_angle(theta: float, radius: float, depth: float) -> float:
    """Angle by which a ray turns from the source to the detector, both at `theta`, over a surface `depth` below the axis, degrees."""
    cosine, sine = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    source, detector = radius * np.array([-cosine, sine]), radius * np.array([cosine, sine])
    surface = np.array([0.0, -depth])
    incoming, outgoing = surface - source, detector - surface
    turn = incoming @ outgoing / (np.linalg.norm(incoming) * np.linalg.norm(outgoing))
    return float(np.degrees(np.arccos(turn)))


@pytest.mark.parametrize("theta", [10.0, 30.0, 60.0])
def test_a_surface_below_the_axis_lowers_the_observed_angle_by_what_traced_rays_give(theta):
    radius, depth = 200.0, 0.05
    bragg = scattering_angle(theta, radius, depth)
    assert bragg > 2 * theta
    assert displacement_shift(bragg, depth, radius) == pytest.approx(2 * theta - bragg, rel=1e-3)
