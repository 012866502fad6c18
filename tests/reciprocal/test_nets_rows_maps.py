"""Stereographic projection, row profile, reciprocal-space map, tables."""

from __future__ import annotations

import csv
import io
import json
import sys
from math import asin, atan2, degrees, radians, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtal.errors import GeometryError, MissingPartError
from xtal.io.library import reference_structure
from xtal.reciprocal import (
    Probe,
    View,
    angle_between_normals,
    overlay,
    pair_rows,
    pole_figure,
    project,
    projections_csv,
    projections_json,
    reciprocal_space_map,
    row_profile,
    spot_rows,
    stereogram,
)
from xtal.reciprocal.stereographic import great_circle, stereographic_xy

from .crystals import CELLS, indices

LI2OHCL, LLTO = reference_structure("li2ohcl-cubic"), reference_structure("llto")
CUBE, FLOOR = View.along_plane(1, 0, 0), View.along_plane(0, 0, 1)


@pytest.mark.parametrize("cell", CELLS)
@given(pole=indices)
def test_a_pole_lies_at_the_tangent_of_half_its_angle(cell, pole):
    lattice = CELLS[cell]
    angle = angle_between_normals(lattice, (0, 0, 1), pole)
    found = pole_figure(lattice, FLOOR, [pole])
    expected = tan(radians(min(angle, 180 - angle)) / 2)
    assert np.linalg.norm(found.xy[0]) == pytest.approx(expected, abs=1e-9)
    assert found.upper[0] == (angle <= 90 + 1e-9)


@given(first=st.tuples(*[st.floats(-1, 1)] * 3), second=st.tuples(*[st.floats(-1, 1)] * 3))
def test_a_great_circle_meets_the_equator_and_keeps_its_distance_from_its_pole(first, second):
    axis = np.cross(first, second)
    if np.linalg.norm(axis) < 1e-3:
        return
    arc = great_circle(axis)
    radius2 = (arc**2).sum(axis=1, keepdims=True)
    on_sphere = np.hstack([2 * arc, 1 - radius2]) / (1 + radius2)
    assert np.allclose(on_sphere @ axis / np.linalg.norm(axis), 0, atol=1e-9)
    assert radius2.max() <= 1 + 1e-9


def test_planes_of_a_zone_lie_on_its_great_circle():
    found = pole_figure(
        CELLS["triclinic"], View.along_plane(1, 1, 1), [(1, 0, 0), (0, 1, 0), (2, 1, 0)], zones=[(0, 0, 1)]
    )
    ((uvw, arc),) = found.zones
    assert uvw == (0, 0, 1)
    distances = np.linalg.norm(arc[:, None] - found.xy[found.upper], axis=2).min(axis=0)
    assert np.all(distances < 0.02)


def test_opposite_poles_share_a_place_on_different_hemispheres():
    xy, upper = stereographic_xy([[0.3, 0.4, 0.5], [0.3, 0.4, -0.5]])
    assert np.allclose(xy[0], xy[1]) and upper.tolist() == [True, False]


@pytest.mark.parametrize(("call", "message"), [
    (lambda: stereogram(), "without poles"),
    (lambda: pole_figure(LI2OHCL, CUBE, kind="edges"), "planes or directions"),
    (lambda: pole_figure(LI2OHCL, CUBE, [(0, 0, 0)]), "no orientation"),
    (lambda: row_profile(project(LI2OHCL, CUBE), (1, 0, 0)), "runs along the direction of view"),
    (lambda: row_profile(project(LI2OHCL, CUBE), (0, 1, 0), width=0), "must be positive"),
    (lambda: row_profile(project(LI2OHCL, CUBE), (0, 7, 5)), "lies on the row"),
    (lambda: reciprocal_space_map([LLTO], [FLOOR], (0, 0, 1)), "not in the plane"),
    (lambda: reciprocal_space_map([LLTO, LI2OHCL], [FLOOR], (1, 0, 0)), "1 views"),
])  # fmt: skip
def test_nets_rows_and_maps_without_meaning_are_refused_with_a_reason(call, message):
    with pytest.raises(GeometryError, match=message):
        call()


def test_the_peaks_of_a_row_stand_at_multiples_of_its_reciprocal_vector():
    found = row_profile(project(LI2OHCL, CUBE), (0, 1, 0))
    assert np.allclose(np.sort(found.positions[0]) * 3.911, [-4, -3, -2, -1, 1, 2, 3, 4])
    top = found.x[np.argmax(found.intensities[0])]
    assert abs(abs(top) - 2 / 3.911) < 1e-3 and found.intensities[0].max() == pytest.approx(1, abs=1e-2)


def test_peaks_of_a_row_have_the_width_asked_for_and_the_height_of_f_squared():
    drawn = project(LI2OHCL, CUBE)
    found = row_profile(drawn, (0, 1, 0), fwhm=0.02, n_points=40001)
    curve, at = found.intensities[0], 3 / 3.911
    height = np.interp(at, found.x, curve)
    assert np.interp(at + 0.01, found.x, curve) == pytest.approx(height / 2, rel=1e-3)
    ratio = drawn.f_squared[drawn.index(0, 3, 0)] / drawn.f_squared[drawn.index(0, 2, 0)]
    assert height == pytest.approx(ratio, rel=1e-3)


def test_a_row_of_an_overlay_holds_both_crystals():
    found = row_profile(overlay([LI2OHCL, LLTO], [CUBE, FLOOR], align=[((0, 1, 0), (1, 0, 0))]), (0, 1, 0))
    assert found.names == ("li2ohcl-cubic (100)", "llto (001)") and len(found.intensities) == 2
    assert np.allclose(np.sort(found.positions[1]) * 3.869, [-4, -3, -2, -1, 1, 2, 3, 4])


def test_map_angles_follow_braggs_law_and_the_tilt():
    pytest.importorskip("xrayutilities")
    wavelength = 1.5405929
    found = reciprocal_space_map(
        [LLTO, LI2OHCL], [FLOOR, CUBE], (1, 0, 0), align=[((1, 0, 0), (0, 1, 0))], wavelength=wavelength
    )
    for points, lattice in zip(found.crystals, (LLTO.lattice, LI2OHCL.lattice), strict=True):
        assert len(points) > 4
        for row in points.to_table():
            theta = degrees(asin(wavelength * float(lattice.g_length((row["h"], row["k"], row["l"]))) / 2))
            tilt = degrees(atan2(row["q_parallel"], row["q_perpendicular"]))
            assert row["two_theta"] == pytest.approx(2 * theta, abs=1e-9)
            assert row["omega"] == pytest.approx(theta + tilt, abs=1e-9)


def test_map_components_are_those_of_the_tetragonal_cell():
    pytest.importorskip("xrayutilities")
    points = reciprocal_space_map([LLTO], [FLOOR], (1, 0, 0)).crystals[0]
    h, k, l = points.hkl.T
    assert not k.any()
    assert np.allclose(points.q_parallel, 2 * np.pi * h / 3.869) and np.allclose(
        points.q_perpendicular, 2 * np.pi * l / 7.742
    )
    assert {(0, 0, 4), (1, 0, 6), (-1, 0, 6)} <= {tuple(hkl) for hkl in points.hkl.tolist()}


def test_a_map_without_xrayutilities_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xrayutilities", None)
    with pytest.raises(MissingPartError, match=r"pip install xtal-toolkit\[xrayutilities\]"):
        reciprocal_space_map([LLTO], [FLOOR], (1, 0, 0))


def test_tables_hold_every_spot_and_pair():
    drawn = overlay([LI2OHCL, LLTO], [CUBE, FLOOR], align=[((0, 1, 0), (1, 0, 0))])
    content = json.loads(projections_json([drawn, project(LLTO, FLOOR, probe=Probe.from_text("electron:200kV"))]))
    assert content["schema"] == "xtal-projection/1" and content["frame"] == "Frame: a ∥ e₁, c* ∥ e₃, right-handed"
    first, second = content["panels"]
    assert [len(p["spots"]) for p in first["projections"]] == [68, len(drawn.projections[1])]
    entry = first["overlays"][0]
    assert entry["directions"] == [[0, 1, 0], [1, 0, 0]] and len(entry["pairs"]) == 68 and 0 < entry["score"] < 1
    assert entry["combined"]["mean"] == pytest.approx(3.911 / 3.869 - 1)
    assert entry["pairs"] == pair_rows(drawn.pairs[0])
    assert second["projections"][0]["spots"][0]["excitation_error"] < 0 and second["overlays"] == []
    rows = list(csv.DictReader(io.StringIO(projections_csv([drawn]))))
    assert len(rows) == 68 + len(drawn.projections[1]) and rows[0]["crystal"] == "li2ohcl-cubic"
    assert float(rows[0]["d"]) == pytest.approx(3.911)


def test_unknown_numbers_are_null_in_json_and_empty_in_csv():
    drawn = project(CELLS["cubic"], CUBE)
    assert spot_rows(drawn)[0]["f_squared"] is None
    assert next(csv.DictReader(io.StringIO(projections_csv([drawn]))))["f_squared"] == ""
