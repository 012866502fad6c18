"""What a reader of a series' report and pictures sees: why frames want a review, units, and the axis of the map."""

from __future__ import annotations

import base64
import itertools
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from xtal.plot.series import plot_map, plot_quantities, quantity_label
from xtal.plot.series_frames import plot_verdicts
from xtal.report.series_html import _data, series_html
from xtal.report.series_tables import frame_ranges
from xtal.series.findings import Findings
from xtal.series.frames import Frame, ramps
from xtal.series.series import Series


@pytest.fixture(scope="module")
def series(heating):
    """The refined heating run."""
    with Series(heating[0]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("frames", "text"), [([], ""), ([3], "3"), ([0, 1, 2, 7], "0–2, 7"), ([1, 3, 4], "1, 3–4"), ([5, 6], "5–6")]
)
def test_frame_numbers_are_said_in_few_words(frames, text):
    assert frame_ranges(frames) == text


def test_report_says_why_frames_want_a_review(series):
    review = [frame for frame, fit in series.accepted.items() if fit.verdict == "review"]
    assert review and all(series.remarks(frame) for frame in review)
    text = series_html(series, Findings())
    sentence = series.remarks(review[0])[0]["sentence"]
    assert "<h2>Checks</h2>" in text and "phase-not-shown" in text
    assert text.count(sentence[:40].replace("'", "&#x27;")) >= 1


def test_quantities_carry_their_units(series):
    assert quantity_label("phase.holder.cell.a") == "holder.cell.a (Å)"
    assert quantity_label("phase.k.bond.O1-Li1") == "k.bond.O1-Li1 (Å)"
    assert "phase.holder.cell.a (Å)" in series_html(series, Findings())


def test_names_of_panels_do_not_run_into_each_other(series):
    names = [f"phase.orthorhombic.{one}" for one in ("weight_fraction", "group_share", "intensity_share", "cell.a")]
    figure = plot_quantities(series, names)
    figure.canvas.draw()
    boxes = [panel.yaxis.label.get_window_extent() for panel in figure.axes]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_map_names_frames_with_their_place_on_the_axis_and_leaves_missing_ones_blank(series, monkeypatch):
    curves = series.curves
    monkeypatch.setattr(series, "curves", lambda frame: None if frame == 4 else curves(frame))
    axes = plot_map(series).axes[0]
    drawn = np.ma.filled(axes.collections[0].get_array(), np.nan)
    assert np.isnan(drawn[4]).all() and np.isfinite(np.delete(drawn, 4, axis=0)).all()
    assert axes.get_ylabel() == "frame: temperature (°C)"
    assert next(label.get_text() for label in axes.get_yticklabels()) == f"0: {series.frames[0].value:.4g}"


def test_pattern_that_ends_early_is_not_drawn_on_beyond_its_end(series, monkeypatch):
    curves = series.curves
    monkeypatch.setattr(series, "curves", lambda frame: half(curves(frame)) if frame == 4 else curves(frame))
    drawn = np.ma.filled(plot_map(series).axes[0].collections[0].get_array(), np.nan)
    assert np.isnan(drawn[4, -1]) and np.isfinite(drawn[4, 0]) and np.isfinite(drawn[3]).all()
    heat = _data(series, {frame.index: [] for frame in series.frames})["heat"]
    levels = np.frombuffer(base64.b64decode(heat["values"]), np.uint8).reshape(-1, heat["columns"])
    assert not levels[4, -100:].any() and levels[3, -100:].any()


def half(curves):
    n = len(curves.x) // 2
    names = [one.name for one in fields(curves) if isinstance(getattr(curves, one.name), np.ndarray)]
    arrays = {name: getattr(curves, name)[:n] for name in names}
    return replace(curves, **arrays, phases={name: values[:n] for name, values in curves.phases.items()})


def test_axis_that_turns_at_every_frame_is_remarked_and_one_that_goes_up_and_down_is_not(series, monkeypatch):
    assert series.order_note == ""
    numbers, directions = ramps([0, 10, 2, 20, 30, 5])
    monkeypatch.setattr(
        series, "frames", [Frame(i, Path("f"), i, *one) for i, one in enumerate(zip(numbers, directions, strict=True))]
    )
    assert 'order = "axis"' in series.order_note


def test_strip_of_verdicts_has_a_place_for_every_frame(series):
    assert plot_verdicts(series).axes[0].get_xlim() == (-0.5, len(series) - 0.5)
