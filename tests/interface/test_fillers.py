"""Ranking of fillers, predicted cells, figures."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.errors import GeometryError, InputError
from xtal.interface.coincidence import Limits, search_planes
from xtal.interface.fillers import best_per_plane_pair, rank_fillers
from xtal.interface.prediction import KnownMember, fit_radius_rule, predict_cell
from xtal.interface.series import fit_composition_series
from xtal.io.library import reference_structure
from xtal.plot.interface import (
    plot_coincidence,
    plot_composition_series,
    plot_filler_fronts,
    plot_strain_area_front,
)
from xtal.radii import goldschmidt_tolerance_factor, mean_ionic_radius
from xtal.result import Value

FILM = reference_structure("li2ohcl-cubic")
FIGURE_1B = {
    "llto": [((1, 0, 0), (0, 0, 1))],
    "llzo-cubic": [((1, 0, 0), (1, 0, 0))],
    "latp": [((1, 0, 0), (0, 1, 2))],
}


def test_llto_ranks_before_llzo_100_and_latp_012_for_the_planes_of_study_a():
    ranks = rank_fillers(FILM, [reference_structure(name) for name in FIGURE_1B], planes=FIGURE_1B)
    assert ranks[0].substrate.name == "llto"
    assert ranks[0].best is not None and ranks[0].best.area == pytest.approx(3.869**2)
    assert all(rank.best is None or rank.best.area > 4 * ranks[0].best.area for rank in ranks[1:])
    assert {rank.substrate.name for rank in ranks[1:]} == {"llzo-cubic", "latp"}
    assert all("within 2 %" in rank.note for rank in ranks[1:] if rank.best is None)


def test_llto_ranks_first_with_all_low_index_planes_too():
    names = ["latp", "llzo-cubic", "licl", "lif", "llto"]
    ranks = rank_fillers(FILM, [reference_structure(name) for name in names])
    assert ranks[0].substrate.name == "llto"
    areas = [rank.best.area for rank in ranks if rank.best]
    assert areas == sorted(areas)
    for rank in ranks:
        assert all(match.strain <= 0.02 for match in rank.per_plane_pair)
        pairs = [(match.film.hkl, match.substrate.hkl) for match in rank.per_plane_pair]
        assert len(set(pairs)) == len(pairs)


def test_filler_without_a_fit_comes_last_with_the_reason():
    ranks = rank_fillers(FILM, [reference_structure("latp"), reference_structure("llto")], limits=Limits(max_area=50))
    assert [rank.substrate.name for rank in ranks] == ["llto", "latp"]
    assert "allow at least" in ranks[1].note


def test_fillers_of_one_name_are_refused():
    with pytest.raises(GeometryError, match="share a name"):
        rank_fillers(FILM, [reference_structure("llto")] * 2)


def test_best_per_plane_pair_is_the_smallest_then_the_least_strained():
    matches = search_planes(FILM, reference_structure("llto"))
    for best in best_per_plane_pair(matches):
        rivals = [m for m in matches if (m.film.hkl, m.substrate.hkl) == (best.film.hkl, best.substrate.hkl)]
        assert min((round(m.area, 6), round(m.strain, 9)) for m in rivals) == (
            round(best.area, 6),
            round(best.strain, 9),
        )


def halide_rule():
    """Cubic antiperovskites with measured cells: Li2OHCl, Li2OHBr, and Li2OHCl0.9F0.1 of study A."""
    tenth = mean_ionic_radius({"Cl-": 0.9, "F-": 0.1})
    return fit_radius_rule(
        [KnownMember("Li2OHCl", 1.81, 3.911), KnownMember("Li2OHBr", 1.96, 4.056), KnownMember("F", tenth, 3.9025)]
    )


def test_radius_rule_is_the_least_squares_line_and_its_scatter():
    rule = halide_rule()
    x, y = np.array([[m.radius, m.length] for m in rule.members]).T
    slope, intercept = np.polyfit(x, y, 1)
    residual = y - slope * x - intercept
    assert (rule.slope, rule.intercept) == pytest.approx((slope, intercept))
    assert rule.scatter == pytest.approx(np.sqrt((residual**2).sum()))
    lever = 1 + 1 / 3 + (2.2 - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    assert rule.predict(2.2).esd == pytest.approx(rule.scatter * np.sqrt(lever))


def test_fluoride_contracts_and_bromide_and_iodide_expand_the_predicted_cell():
    rule = halide_rule()
    cells = {ion: predict_cell(rule, {"Cl-": 0.9, ion: 0.1}) for ion in ("F-", "Br-", "I-")}
    pure = predict_cell(rule, {"Cl-": 1.0}).value
    assert cells["F-"].value < pure < cells["Br-"].value < cells["I-"].value
    assert all(cell.reason.startswith("prediction") and cell.esd > 0 for cell in cells.values())
    assert "extrapolated" in predict_cell(rule, {"I-": 1.0}).reason


def test_rule_of_two_members_gives_no_esd_and_of_one_none_at_all():
    rule = fit_radius_rule(halide_rule().members[:2])
    assert rule.scatter is None
    assert rule.predict(1.9).esd is None and "two members" in rule.predict(1.9).reason
    with pytest.raises(GeometryError, match="needs two"):
        fit_radius_rule(halide_rule().members[:1])
    with pytest.raises(InputError):
        predict_cell(rule, {"Xx-": 1.0})


def test_tolerance_factor_of_li2ohcl_is_that_of_study_b():
    factor = goldschmidt_tolerance_factor("Cl-", "OH-", "Li+", coordination=(6, 6, 6), overrides={"OH-": 1.53})
    assert factor == pytest.approx(0.794, abs=5e-4)


def _drawn_inside(figure):
    """Nothing that is drawn reaches beyond the paper."""
    figure.draw_without_rendering()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < width + 0.02 and box.y1 < height + 0.02


@pytest.mark.parametrize(("name", "planes"), [("llto", None), ("latp", [((1, 0, 0), (0, 1, 2))])])
def test_figures_of_a_match_hold_both_lattices_and_the_cell(name, planes):
    matches = search_planes(FILM, reference_structure(name), planes=planes)
    figure = plot_coincidence(matches[0])
    labels = figure.axes[0].get_legend_handles_labels()[1]
    assert str(matches[0].film) in labels and str(matches[0].substrate) in labels
    outline = figure.axes[0].patches[0].get_xy()
    x, y = outline[:-1].T
    assert 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) == pytest.approx(matches[0].area)
    _drawn_inside(figure)
    _drawn_inside(plot_strain_area_front(matches))


def test_figures_of_fillers_and_series_are_complete():
    ranks = rank_fillers(FILM, [reference_structure(name) for name in ("llto", "lif", "latp")])
    figure = plot_filler_fronts(ranks)
    assert figure.axes[0].get_legend_handles_labels()[1][0] == "1. llto"
    _drawn_inside(figure)
    series = fit_composition_series([0, 0.05, 0.1], [3.911, 3.907, 3.9025], Value(3.869, 5e-4), [6e-4] * 3)
    drawn = plot_composition_series(series, name="film", substrate="llto")
    assert any("extrapolated" in label for label in drawn.axes[0].get_legend_handles_labels()[1])
    _drawn_inside(drawn)


def test_nothing_to_draw_is_refused():
    with pytest.raises(GeometryError, match="no matches"):
        plot_strain_area_front([])
    with pytest.raises(GeometryError, match="no substrate"):
        plot_filler_fronts([])
