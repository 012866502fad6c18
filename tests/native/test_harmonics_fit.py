"""Harmonics fitted to a pattern whose texture is a known function of the angle."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction import MarchDollase, PhaseProfile
from xtal.diffraction.harmonics import harmonic_basis, harmonic_terms
from xtal.diffraction.texture import march_dollase
from xtal.io.library import reference_structure
from xtal.native import NativeError, refine_task

BACKGROUND = [f"pattern.background.c{i}" for i in range(3)]


@pytest.fixture
def textured(make_task, laboratory):
    """Zincite with March's r = 0.8 about c, to be fitted with harmonics up to order 8."""
    structure = reference_structure("zno")
    terms = harmonic_terms(structure.space_group, 8)
    names = [f"phase.zno.texture.c{l}_{n}" for l, n in terms]
    profile = PhaseProfile(60.0, texture=MarchDollase((0, 0, 1), 0.8))
    first = ["phase.zno.scale", *BACKGROUND]
    task = make_task([structure], laboratory, profiles=[profile], starts={"phase.zno.crystallite_size_nm": 60.0},
                     stages=[first, [*first, *names]])  # fmt: skip
    task["phases"][0]["harmonics"] = [list(term) for term in terms]
    task["parameters"] |= {name: {"value": 0.0, "min": None, "max": None} for name in names}
    return task


def test_coefficients_are_the_integrals_of_the_texture_over_the_sphere(textured):
    outcome = refine_task(textured, lambda event: None)
    assert outcome["agreement"]["gof"] == pytest.approx(1.0, abs=0.05)
    basis = harmonic_basis(reference_structure("zno").space_group, 8)
    z, weights = np.polynomial.legendre.leggauss(40)
    directions = np.stack([np.sqrt(1 - z**2), np.zeros_like(z), z], axis=1)
    density = march_dollase(z**2, 0.8)
    for (l, n), values in zip(basis.terms, basis.at_directions(directions), strict=True):
        expected = (weights / 2 * density * values).sum() if n == 1 else 0.0
        row = outcome["parameters"][f"phase.zno.texture.c{l}_{n}"]
        assert abs(row["value"] - expected) < max(3.5 * row["esd"], 2e-3), (l, n)


def test_an_axis_and_harmonics_exclude_each_other(textured):
    textured["phases"][0]["texture_axis"] = [0, 0, 1]
    with pytest.raises(NativeError, match="exclude"):
        refine_task(textured, lambda event: None)


def test_harmonics_of_another_laue_class_are_refused(textured):
    textured["phases"][0]["harmonics"] = [[2, 1], [2, 2]]
    with pytest.raises(NativeError, match="Laue class"):
        refine_task(textured, lambda event: None)


def test_harmonics_that_make_reflections_negative_are_said_to(textured):
    textured["stages"] = textured["stages"][:1]
    textured["parameters"]["phase.zno.texture.c2_1"]["value"] = 2.0
    warnings = refine_task(textured, lambda event: None)["warnings"]
    assert any("negative" in text and "harmonics_order" in text for text in warnings)
