"""Printed figures: labels that don't collide, scale bar, frame, formats."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations

import numpy as np
import pytest

from xtal.errors import InputError
from xtal.io.library import reference_structure
from xtal.plot.projection import figure_bytes, plot_projections, spot_sizes, svg_text
from xtal.plot.projection_labels import index_markup
from xtal.plot.projection_map import plot_reciprocal_space_map
from xtal.plot.projection_row import plot_row_profile
from xtal.plot.projection_scan import plot_rotation_scan
from xtal.plot.projection_stereographic import plot_stereogram
from xtal.reciprocal import (
    FRAME,
    Probe,
    View,
    angle_range,
    overlay,
    pole_figure,
    project,
    reciprocal_space_map,
    row_profile,
    scan_rotation,
    stereogram,
)

from .crystals import CELLS

LI2OHCL, LATP = reference_structure("li2ohcl-cubic"), reference_structure("latp")
CUBE = View.along_plane(1, 0, 0)


@pytest.fixture(scope="module")
def drawn():
    return overlay([LI2OHCL, LATP], [CUBE, View.along_plane(0, 1, 2)], align=[((0, 1, 0), (2, -2, 1))], g_max=1.1)


@pytest.fixture(scope="module")
def figure(drawn):
    return plot_projections([project(LI2OHCL, CUBE, g_max=1.1), drawn])


def index_labels(axis):
    return [text for text in axis.texts if text.get_text().startswith("$") and text.get_fontsize() <= 6]


def ink_box(axis, text):
    """Box of a label's ink in pixels, from its baseline and the extents of its glyphs."""
    from matplotlib.transforms import Bbox

    renderer = axis.figure.canvas.get_renderer()
    width, height, descent = renderer.get_text_width_height_descent(
        text.get_text(), text.get_fontproperties(), ismath=True
    )
    x, y = axis.transData.transform(text.xy) + np.array(text.xyann) * axis.figure.dpi / 72
    return Bbox.from_bounds(x - width / 2, y - descent, width, height)


def test_no_label_covers_another_or_a_spot(figure):
    for axis in figure.axes:
        boxes = [ink_box(axis, text) for text in index_labels(axis)]
        assert len(boxes) > 40
        assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))
        spots = [c for c in axis.collections if c.get_zorder() in (3, 4)]
        centres = np.concatenate([axis.transData.transform(c.get_offsets()) for c in spots])
        for box in boxes:
            inside = (centres > [box.x0, box.y0]) & (centres < [box.x1, box.y1])
            assert not inside.all(axis=1).any(), box


def test_every_label_names_a_spot_beside_it(figure, drawn):
    axis = figure.axes[1]
    names = {}
    for projection in drawn.projections:
        for hkl, xy in zip(projection.hkl.tolist(), projection.xy, strict=True):
            names.setdefault((index_markup(hkl), round(xy[0], 9), round(xy[1], 9)), projection.name)
    for text in index_labels(axis):
        x, y = text.xy
        assert (text.get_text(), round(x, 9), round(y, 9)) in names


def test_paired_spots_are_labelled_before_others(figure, drawn):
    labels = {(text.get_text(), *np.round(text.xy, 6)) for text in index_labels(figure.axes[1])}
    pairs = drawn.pairs[0]
    wanted = [
        (index_markup(h.tolist()), *np.round(pairs.first.xy[row], 6))
        for h, row in zip(pairs.hkl_1, pairs.rows_1, strict=True)
    ]
    assert sum(label in labels for label in wanted) >= len(wanted) - 1


def test_a_figure_carries_frame_scale_bar_crystals_relation_and_mismatch(figure):
    words = [text.get_text() for text in figure.texts] + [
        text.get_text() for axis in figure.axes for text in axis.texts
    ]
    assert any(text.startswith(FRAME) for text in words)
    assert words.count("0.2 Å⁻¹") == 2 and "a" in words and "b" in words
    assert any("latp ($012$)" in text for text in words)
    assert any(r"[$010$] ∥ [$2\bar{2}1$]" in text for text in words)
    assert any("12 coincident spots" in text and "−2.38 and −2.40 %" in text for text in words)


def test_the_scale_bar_is_as_long_as_it_says(figure):
    bar = figure.axes[0].lines[0].get_xdata()
    assert bar[1] - bar[0] == pytest.approx(0.2)


def test_colours_are_okabe_and_itos_and_crystals_differ_in_shape_too(figure):
    from matplotlib.colors import to_hex

    axis = figure.axes[1]
    discs = [c for c in axis.collections if c.get_zorder() == 4 and len(c.get_facecolor()) and len(c.get_offsets()) > 1]
    rings = [c for c in axis.collections if c.get_zorder() == 3 and len(c.get_offsets())]
    assert {to_hex(c.get_facecolor()[0]).upper() for c in discs} == {"#0072B2"}
    assert all(not len(c.get_facecolor()) for c in rings)
    assert {to_hex(c.get_edgecolor()[0]).upper() for c in rings} == {"#D55E00"}


def test_the_area_of_a_spot_grows_with_the_structure_amplitude():
    found = project(LI2OHCL, CUBE)
    order = np.argsort(found.f_squared)
    assert np.all(np.diff(spot_sizes(found)[order]) >= 0)
    assert np.ptp(spot_sizes(project(CELLS["cubic"], CUBE))) == 0


@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_figures_are_written_as(kind, magic, figure):
    assert figure_bytes(figure, kind, dpi=80).startswith(magic)


def test_the_same_figure_gives_the_same_svg():
    texts = {svg_text(plot_projections([project(LI2OHCL, CUBE, g_max=0.6)])) for _ in range(2)}
    assert len(texts) == 1
    assert ElementTree.fromstring(texts.pop()).tag.endswith("svg")


@pytest.mark.parametrize("call", [lambda: figure_bytes(None, "bmp"), lambda: plot_projections([]),
                                  lambda: plot_projections([project(LI2OHCL, CUBE)], labels="some")])  # fmt: skip
def test_what_cannot_be_drawn_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_labels_can_be_left_out_or_kept_to_pairs(drawn):
    none, paired, everything = (
        len(index_labels(plot_projections([drawn], labels=which).axes[0])) for which in ("none", "paired", "all")
    )
    assert none == 0 < paired <= 24 < everything


def test_negative_indices_wear_bars():
    assert index_markup((1, -1, 0)) == r"$1\bar{1}0$"
    assert index_markup((0, -10, 4)) == r"$0\,\overline{10}\,4$"


def test_everything_draws_itself_in_a_notebook(drawn):
    pytest.importorskip("xrayutilities")
    scan = scan_rotation(*drawn.projections, angle_range("0:10:1"))
    net = stereogram(
        pole_figure(LI2OHCL, CUBE, zones=[(0, 1, 1)]), pole_figure(LATP, View.along_plane(0, 1, 2), kind="directions")
    )
    space_map = reciprocal_space_map([LI2OHCL], [CUBE], (0, 1, 0))
    slab = project(
        LI2OHCL, View.along_zone(1, 1, 1), slab=(-0.2, 0.2), probe=Probe.from_text("neutron"), show_forbidden=True
    )
    for shown in (drawn, slab, scan, net, space_map, row_profile(drawn, (0, 1, 0))):
        assert ElementTree.fromstring(shown._repr_svg_()).tag.endswith("svg"), shown


def test_figures_of_scan_net_row_and_map_state_the_frame(drawn):
    pytest.importorskip("xrayutilities")
    figures = [
        plot_rotation_scan(scan_rotation(*drawn.projections, [0.0, 1.0])),
        plot_stereogram(stereogram(pole_figure(LI2OHCL, CUBE))),
        plot_row_profile(row_profile(drawn, (0, 1, 0))),
        plot_reciprocal_space_map(reciprocal_space_map([LI2OHCL], [CUBE], (0, 1, 0))),
    ]
    for one in figures:
        words = [text.get_text() for text in one.texts] + [getattr(one._supxlabel, "get_text", str)()]
        assert any(FRAME in text for text in words)
