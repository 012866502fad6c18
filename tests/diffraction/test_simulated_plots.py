"""Pictures of simulated patterns: labels that don't collide, ticks per phase, an offline page."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.diffraction import PhaseProfile, axis_points, simulate_pattern
from xtal.plot.simulated import (
    chosen_labels,
    hkl_text,
    interactive_patterns,
    plot_difference,
    plot_patterns,
    plot_waterfall,
)
from xtal.synthetic import PELLET_PROFILES, laboratory_instrument

from . import cells

AXIS = axis_points(10, 90, 0.02)
LAB = laboratory_instrument()


def one(structure):
    return structure.name, simulate_pattern([(structure, 1.0, PhaseProfile())], LAB, AXIS, counts=1000.0)


def pellet():
    weights = {"cubic": 0.455, "orthorhombic": 0.045, "llto": 0.5}
    phases = [(cells.PELLET[name](), weight, PELLET_PROFILES[name]) for name, weight in weights.items()]
    return "pellet", simulate_pattern(phases, LAB, AXIS, counts=1000.0)


def label_boxes(figure):
    renderer = figure.canvas.get_renderer()
    figure.canvas.draw()
    for frame in figure.axes:
        yield [text.get_window_extent(renderer) for text in frame.texts]


@pytest.mark.parametrize("shown", [[pellet()], [one(cells.li2ohcl_cubic()), one(cells.li2ohcl_orthorhombic())]])
def test_labels_do_not_collide(shown):
    figure = plot_patterns(shown)
    frames = [boxes for boxes in label_boxes(figure) if boxes]
    assert frames
    for boxes in frames:
        assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[index + 1 :])


def test_every_phase_has_its_row_of_ticks_with_its_name():
    rows = plot_patterns([pellet()]).axes[-1]
    assert [label.get_text() for label in rows.get_yticklabels()] == ["cubic", "orthorhombic", "llto"]
    assert len(rows.lines) == 3


def test_strongest_reflection_is_labelled_and_families_of_one_place_share_a_label():
    texts = {text: place for place, text, _ in chosen_labels(one(cells.silicon())[1], 0.5)}
    assert texts["111"] == pytest.approx(28.44, abs=0.01)
    axis = axis_points(80, 110, 0.02)
    wide = simulate_pattern([(cells.silicon(), 1.0, PhaseProfile())], LAB, axis)
    assert any(set(text.split(", ")) == {"511", "333"} for _, text, _ in chosen_labels(wide, 0.5))


def test_miller_indices_are_written_as_in_print():
    assert hkl_text((1, -1, 0)) == "11̅0"
    assert hkl_text((1, 0, 12)) == "1 0 12"


def test_measured_pattern_is_drawn_with_the_simulation_scaled_onto_it():
    name, simulation = pellet()
    measured = simulation.pattern.with_intensity(2 * simulation.calculated + 50, source="made")
    frame = plot_patterns([(name, simulation)], measured=measured).axes[0]
    assert np.allclose(frame.lines[0].get_ydata(), frame.lines[1].get_ydata())


def test_overlay_brings_every_pattern_to_the_same_height():
    frame = plot_patterns([one(cells.lab6()), one(cells.silicon())], overlaid=True).axes[0]
    assert [line.get_ydata().max() for line in frame.lines] == pytest.approx([1, 1])


def test_difference_says_how_many_counts_tell_the_models_apart():
    figure = plot_difference(one(cells.lab6()), one(cells.silicon()))
    assert "3σ at" in figure.axes[0].get_title(loc="left")


def test_waterfall_names_every_member_of_the_series():
    figure = plot_waterfall([one(cells.lab6()), one(cells.silicon())])
    assert [text.get_text() for text in figure.axes[0].texts] == ["lab6", "si"]


def test_page_holds_its_own_script_and_the_reflections():
    page = interactive_patterns([pellet()])
    assert "<script src=" not in page
    assert "orthorhombic reflections" in page
