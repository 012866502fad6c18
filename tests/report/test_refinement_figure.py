"""The figure of a refinement shows what the result holds and leaves pyplot alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.text import Text

from xtal.plot.refinement import plot_refinement, starts_after_gaps
from xtal.plot.style import PHASES, phase_colours


def test_the_figure_shows_curves_ticks_and_agreement(result):
    figure = plot_refinement(result)
    main, strip, lower = figure.axes
    observed, calculated, background = main.get_lines()
    np.testing.assert_array_equal(observed.get_ydata(), result.profile.observed)
    np.testing.assert_array_equal(calculated.get_ydata(), result.profile.calculated)
    np.testing.assert_array_equal(background.get_ydata(), result.profile.background)
    np.testing.assert_array_equal(lower.get_lines()[1].get_ydata(), result.profile.difference)
    assert [text.get_text() for text in strip.texts] == ["cubic", "llto", "lif"]
    assert [len(lines.get_segments()) for lines in strip.collections] == [len(r) for r in result.reflections.values()]
    assert main.get_legend().get_title().get_text() == "$R_{wp}$ 7.12 %   GOF 1.09"
    assert lower.get_xlabel() == "2θ / °" and main.get_ylabel() == "intensity / counts"


def test_synthetic_data_are_called_so_in_the_title(result):
    assert plot_refinement(result).axes[0].get_title(loc="left").endswith("(synthetic data)")
    measured = replace(result, pattern={"source": "pellet.xy"})
    named = replace(result, title="Synthetic pellet")
    assert plot_refinement(named).axes[0].get_title(loc="left") == "Synthetic pellet"
    assert "synthetic" not in plot_refinement(measured).axes[0].get_title(loc="left")


def test_the_square_root_axis_draws_square_roots(result):
    main = plot_refinement(result, sqrt_intensity=True).axes[0]
    np.testing.assert_allclose(main.get_lines()[0].get_ydata() ** 2, result.profile.observed, rtol=1e-12)
    assert main.get_ylabel() == "√(intensity / counts)"


def test_no_title_runs_into_anything(result):
    figure = plot_refinement(replace(result, title="Pellet of the third batch after annealing, " * 4))
    figure.canvas.draw()
    (title,) = figure.axes[0].findobj(lambda item: isinstance(item, Text) and item.get_text().startswith("Pellet"))
    assert title.get_text().endswith("… (synthetic data)")
    assert title.get_window_extent().x1 < figure.bbox.x1


def test_a_title_with_dollar_signs_is_drawn_as_it_is(result):
    figure = plot_refinement(replace(result, title="cost $5 and $\\frac"))
    figure.savefig(BytesIO())
    (title,) = figure.axes[0].findobj(lambda item: isinstance(item, Text) and "cost" in item.get_text())
    assert title.get_text().startswith("cost $5 and $\\frac") and not title.get_parse_math()


def test_curves_break_where_a_region_was_left_out(result):
    keep = (result.profile.x < 40) | (result.profile.x > 45)
    cut = replace(
        result.profile,
        **{
            name: getattr(result.profile, name)[keep] for name in ("x", "observed", "sigma", "calculated", "background")
        },
        phases={},
    )
    line = plot_refinement(replace(result, profile=cut)).axes[0].get_lines()[1]
    assert np.isnan(line.get_ydata()).sum() == 1
    assert line.get_xdata()[np.flatnonzero(np.isnan(line.get_xdata()))[0] + 1] == pytest.approx(45, abs=0.021)


def test_steps_that_grow_steadily_are_no_gaps():
    assert starts_after_gaps(np.geomspace(1000.0, 20000.0, 500)).size == 0
    assert starts_after_gaps(np.array([1.0, 2.0, 3.0, 9.0, 10.0, 11.0])).tolist() == [3]


def test_a_result_without_profile_is_refused(result):
    with pytest.raises(ValueError, match="without a profile"):
        plot_refinement(replace(result, profile=None))


def test_drawing_changes_no_setting_and_needs_no_pyplot(result):
    import matplotlib

    had_pyplot = "matplotlib.pyplot" in sys.modules
    before = matplotlib.rcParams.copy()
    plot_refinement(result)
    assert matplotlib.rcParams.copy() == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def test_five_phases_have_five_colours():
    assert len(set(phase_colours(tuple("abcde")).values())) == len(PHASES) == 5
