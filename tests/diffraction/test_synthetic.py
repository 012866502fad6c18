"""The synthetic pellet: what it says of itself, what is in it, and that it can be made again."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.errors import InputError
from xtal.synthetic import laboratory_instrument, synthetic_pellet, synthetic_standard

from . import cells

STRUCTURES = {name: make() for name, make in cells.PELLET.items()}


def pellet(share=0.91, **options):
    return synthetic_pellet(share, structures=STRUCTURES, **options)


def test_pellet_calls_itself_synthetic_and_records_its_seed():
    pattern, truth = pellet(seed=7)
    assert pattern.source.startswith("synthetic")
    assert "seed 7" in pattern.source
    assert pattern.metadata["seed"] == truth["seed"] == 7


def test_same_seed_gives_the_same_counts_and_another_seed_others():
    first, again, other = pellet(seed=1)[0], pellet(seed=1)[0], pellet(seed=2)[0]
    assert np.array_equal(first.intensity, again.intensity)
    assert not np.array_equal(first.intensity, other.intensity)


@pytest.mark.parametrize("share", [0.59, 0.91, 0.95])
def test_weight_fractions_follow_the_shares(share):
    _, truth = pellet(share)
    weights = truth["weight_fractions"]
    assert weights["llto"] == 0.5
    assert weights["cubic"] / (weights["cubic"] + weights["orthorhombic"]) == pytest.approx(share)
    assert sum(weights.values()) == pytest.approx(1)


def test_purely_cubic_pellet_holds_no_orthorhombic_phase():
    pattern, truth = pellet(1.0)
    assert "orthorhombic" not in truth["cells"]
    assert "orthorhombic" not in pattern.source


def test_counts_are_whole_and_as_high_as_asked():
    pattern, _ = pellet(max_counts=10_000)
    assert np.array_equal(pattern.intensity, np.round(pattern.intensity))
    assert pattern.intensity.max() == pytest.approx(10_150, rel=0.05)
    assert pattern.x[[0, -1]].tolist() == [10, 90]
    assert pattern.step == pytest.approx(0.02)


def test_laboratory_instrument_is_as_sharp_as_real_ones():
    from xtal.diffraction.profiles import gaussian_fwhm, lorentzian_fwhm, thompson_cox_hastings

    device = laboratory_instrument()
    angles = np.linspace(10, 90, 50)
    fwhm, _ = thompson_cox_hastings(
        gaussian_fwhm(angles, device.profile), lorentzian_fwhm(angles, device.profile, 1.54)
    )
    assert fwhm.min() > 0.06
    assert fwhm.max() < 0.10


def test_standard_has_its_peaks_where_its_cell_puts_them():
    pattern, truth = synthetic_standard(structure=cells.lab6())
    near = (pattern.x > 43) & (pattern.x < 44)
    # the maximum lies a little below Bragg's angle because of axial divergence
    assert pattern.x[near][np.argmax(pattern.intensity[near])] == pytest.approx(43.507, abs=0.02)
    assert truth["cells"]["lab6"][0] == 4.156826


def test_reference_structures_serve_when_none_are_given():
    pattern, truth = synthetic_pellet()
    assert set(truth["cells"]) == {"cubic", "orthorhombic", "llto"}
    assert len(pattern) == 4001


@pytest.mark.parametrize(("name", "value"), [("cubic_share", 1.2), ("llto_weight", -0.1)])
def test_shares_outside_zero_to_one_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        synthetic_pellet(**{name: value}, structures=STRUCTURES)
