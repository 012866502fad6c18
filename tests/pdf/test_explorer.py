"""Sliders for PDFs in a notebook, without a notebook."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.composition import parse_composition
from xtal.errors import InputError
from xtal.io.library import find_structure
from xtal.notebook_pdf import explore_pdf, explore_reduction
from xtal.pattern import Pattern
from xtal.pdf.reduce import reduce_pattern
from xtal.pdf.reduction_scan import scan_reduction
from xtal.pdf.reduction_settings import ReductionSettings
from xtal.pdf.scattering import mean_form_factor
from xtal.pdf.simulate import PdfPhase, PdfSettings, simulate_pdf

NICKEL = parse_composition("Ni")


def shell_and_background():
    """Synthetic intensity of a shell at 2.8 Å over a background, and the background."""
    q = np.linspace(0.5, 25, 1226)
    square = mean_form_factor(NICKEL, q) ** 2
    background = 400.0 + 100.0 * np.cos(0.3 * q)
    intensity = 3.0 * square * (1 + 4 * np.exp(-0.5 * (0.08 * q) ** 2) * np.sin(2.8 * q) / (2.8 * q)) + background
    return Pattern(q, intensity, np.ones_like(q), axis="q", source="synthetic"), Pattern(
        q, background, np.ones_like(q), axis="q"
    )


@pytest.fixture
def explorer():
    data, background = shell_and_background()
    settings = ReductionSettings(NICKEL, q_max=20.0, r_poly=1.0, r_max=10.0, number_density=0.09, r_cut=2.0)
    return explore_reduction(data, settings, background)


def test_sliders_of_a_reduction_give_what_reduce_and_scan_give(explorer):
    data, background = shell_and_background()
    explorer.set(background_scale=0.8, q_max=18.0, r_poly=0.9)
    settings = explorer.made.settings
    assert (settings.background_scale, settings.q_max, settings.r_poly) == (0.8, 18.0, 0.9)
    alone = reduce_pattern(data, settings, background)
    assert np.array_equal(alone.gr.intensity, explorer.made.gr.intensity)
    point = scan_reduction(data, settings, background).points[0]
    assert f"slow misfit {point.slow_misfit:.3f}, full misfit {point.full_misfit:.3f}" in explorer.text()


def test_the_picture_follows_and_shows_itself_without_widgets(explorer):
    before = explorer.png()
    assert before.startswith(b"\x89PNG")
    assert explorer.set(background_scale=0.5).png() != before
    assert "background_scale 0.5" in repr(explorer)
    assert "data:image/png;base64," in explorer._repr_html_()


def test_moving_a_slider_moves_text_and_picture(explorer):
    pytest.importorskip("ipywidgets")
    box = explorer.widget()
    *sliders, line, image = box.children
    assert [slider.description for slider in sliders] == ["background", "rpoly (Å)", "Qmax (1/Å)"]
    before = image.value
    sliders[0].value = 0.7
    assert explorer.values["background_scale"] == 0.7
    assert image.value != before
    assert "background_scale 0.7" in line.value


def test_what_cannot_be_reduced_is_said_and_the_last_picture_stays(explorer):
    pytest.importorskip("ipywidgets")
    data, background = shell_and_background()
    strong = explore_reduction(data, explorer.made.settings, background, background_scale=(0.0, 9.0))
    *sliders, line, image = strong.widget().children
    before = image.value
    sliders[0].value = 9.0
    assert image.value == before
    assert strong.values["background_scale"] == 1.0
    assert "negative" in line.value
    sliders[0].value = 0.9
    assert strong.message == ""


def test_without_density_or_background_the_sliders_are_fewer():
    data, _ = shell_and_background()
    made = explore_reduction(data, ReductionSettings(NICKEL, q_max=20.0, r_poly=None, r_max=10.0))
    assert list(made.sliders) == ["q_max"]
    assert "give a density" in made.text()
    with pytest.raises(InputError, match="there are q_max"):
        made.set(r_poly=1.0)


def test_sliders_of_a_model_give_what_simulate_gives_and_rw_to_data():
    nickel = find_structure("ni").with_sites(replace(s, u_iso=0.006) for s in find_structure("ni").sites)
    settings = PdfSettings("xray", 20.0, 0.03)
    r = np.arange(1.0, 15.0, 0.02)
    measured = Pattern(r, 0.5 * simulate_pdf(nickel, r, settings).g, np.ones_like(r), axis="r", source="synthetic")
    made = explore_pdf(PdfPhase(nickel), settings, measured=measured)
    assert "Rw 0.0000 with scale 0.5000" in made.text()
    made.set(cell=1.01, u=2.0, diameter=20.0)
    moved = made.made
    assert moved.g[-1] != pytest.approx(2 * measured.intensity[-1])
    strained = replace(nickel, lattice=type(nickel.lattice).cubic(nickel.lattice.a * 1.01),
                       sites=tuple(replace(s, u_iso=0.012) for s in nickel.sites))  # fmt: skip
    expected = simulate_pdf(PdfPhase(strained, diameter=20.0), measured.x, settings).g
    assert np.allclose(moved.g, expected)
    assert made.png().startswith(b"\x89PNG")
    assert "highest" in explore_pdf(nickel, r=(1.0, 8.0)).text()
