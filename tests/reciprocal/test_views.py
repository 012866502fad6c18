"""Angles, indices, orientations: closed forms, gemmi and pymatgen, xrayutilities."""

from __future__ import annotations

from math import acos, atan2, degrees, sqrt

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtal import Lattice
from xtal.errors import GeometryError
from xtal.reciprocal import (
    View,
    angle_between_directions,
    angle_between_normal_and_direction,
    angle_between_normals,
    hkil_from_hkl,
    nearest_zone_axis,
    parse_indices,
    uvtw_from_uvw,
    written,
)
from xtal.reciprocal.indices import direction_indices, plane_indices

from .crystals import CELLS, indices, lattices


def cubic_angle(first, second):
    return degrees(acos(np.dot(first, second) / sqrt(np.dot(first, first) * np.dot(second, second))))


@pytest.mark.parametrize(("first", "second"), [((1, 0, 0), (1, 1, 0)), ((1, 1, 1), (1, 1, 0)), ((2, 1, 0), (1, -3, 2))])
def test_angles_of_a_cubic_cell_are_those_of_the_indices(first, second):
    lattice = CELLS["cubic"]
    expected = cubic_angle(first, second)
    assert angle_between_normals(lattice, first, second) == pytest.approx(expected, abs=1e-10)
    assert angle_between_directions(lattice, first, second) == pytest.approx(expected, abs=1e-10)
    assert angle_between_normal_and_direction(lattice, first, second) == pytest.approx(expected, abs=1e-10)


def test_angle_of_hexagonal_c_axis_and_pyramid_follows_the_textbook_formula():
    lattice = CELLS["hexagonal"]
    expected = degrees(atan2(lattice.c * 2 / sqrt(3), lattice.a))
    assert angle_between_normals(lattice, (0, 0, 1), (1, 0, 1)) == pytest.approx(expected, abs=1e-10)
    assert angle_between_normals(lattice, (0, 0, 0, 1), (1, 0, -1, 1)) == pytest.approx(expected, abs=1e-10)


def test_normal_and_direction_of_equal_indices_part_by_beta_in_a_monoclinic_cell():
    lattice = CELLS["monoclinic"]
    assert angle_between_normal_and_direction(lattice, (1, 0, 0), (1, 0, 0)) == pytest.approx(lattice.beta - 90)
    assert angle_between_normals(lattice, (1, 0, 0), (0, 0, 1)) == pytest.approx(180 - lattice.beta)
    assert angle_between_directions(lattice, (1, 0, 0), (0, 0, 1)) == pytest.approx(lattice.beta)


@pytest.mark.parametrize("cell", CELLS)
@given(first=indices, second=indices)
def test_angles_and_d_spacings_agree_with_gemmi_and_pymatgen(cell, first, second):
    from pymatgen.core import Lattice as PymatgenLattice

    lattice = CELLS[cell]
    theirs = gemmi.UnitCell(*lattice.parameters)
    pymatgen = PymatgenLattice.from_parameters(*lattice.parameters)
    assert lattice.d_spacing(first) == pytest.approx(theirs.calculate_d(list(first)), abs=1e-9)
    assert lattice.d_spacing(first) == pytest.approx(pymatgen.d_hkl(first), abs=1e-9)
    star = pymatgen.reciprocal_lattice_crystallographic
    g_1, g_2 = (star.get_cartesian_coords(h) for h in (first, second))
    cosine = np.dot(g_1, g_2) / np.linalg.norm(g_1) / np.linalg.norm(g_2)
    assert np.cos(np.radians(angle_between_normals(lattice, first, second))) == pytest.approx(cosine, abs=1e-9)
    u_1, u_2 = (np.array(theirs.orthogonalize(gemmi.Fractional(*h)).tolist()) for h in (first, second))
    cosine = np.dot(u_1, u_2) / np.linalg.norm(u_1) / np.linalg.norm(u_2)
    assert np.cos(np.radians(angle_between_directions(lattice, first, second))) == pytest.approx(cosine, abs=1e-9)


@given(lattice=lattices, plane=indices, direction=indices)
def test_a_direction_lies_in_a_plane_exactly_when_hu_kv_lw_is_zero(lattice, plane, direction):
    angle = angle_between_normal_and_direction(lattice, plane, direction)
    assert (abs(angle - 90) < 1e-9) == (np.dot(plane, direction) == 0)


@given(plane=indices)
def test_four_indices_come_back_as_three(plane):
    assert plane_indices(hkil_from_hkl(plane), CELLS["hexagonal"]) == plane


@given(direction=indices)
def test_four_indices_of_a_direction_point_the_same_way(direction):
    three = direction_indices(uvtw_from_uvw(direction), CELLS["hexagonal"])
    assert np.array_equal(np.cross(three, direction), [0, 0, 0]) and np.dot(three, direction) > 0


def test_weber_indices_of_the_a_axis_are_those_of_the_textbooks():
    assert uvtw_from_uvw((1, 0, 0)) == (2, -1, -1, 0)
    assert direction_indices((2, -1, -1, 0)) == (1, 0, 0)
    assert direction_indices((1, 0, -1, 0)) == (2, 1, 0)


@pytest.mark.parametrize(("text", "found"), [
    ("1,0,0", (1, 0, 0)), ("(0 1 -1 2)", (0, 1, -1, 2)), ("[100]", (1, 0, 0)), ("1-10", (1, -1, 0)), ("0;10;4", (0, 10, 4)),
])  # fmt: skip
def test_indices_are_read_as_people_write_them(text, found):
    assert parse_indices(text) == found


@pytest.mark.parametrize("text", ["", "1,0", "a,b,c", "1.5,0,0", "1,2,3,4,5", "10x"])
def test_what_is_not_a_set_of_indices_is_refused(text):
    with pytest.raises(GeometryError, match="indices"):
        parse_indices(text)


def test_indices_are_written_with_spaces_where_they_would_be_ambiguous():
    assert [written(one) for one in ((1, 1, 0), (1, -1, 0), (0, 10, 4))] == ["110", "1 -1 0", "0 10 4"]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "view", [View.along_plane(1, 0, 2), View.along_zone(1, 2, 0), View.along_plane(0, 1, 0, angle=33.0)]
)
def test_an_orientation_is_a_proper_rotation_whose_third_row_is_the_normal(cell, view):
    lattice = CELLS[cell]
    orientation = view.orientation(lattice)
    assert np.allclose(orientation @ orientation.T, np.eye(3), atol=1e-12) and np.linalg.det(
        orientation
    ) == pytest.approx(1)
    along = np.array(view.plane) @ lattice.reciprocal_matrix if view.plane else np.array(view.zone) @ lattice.matrix
    assert np.allclose(np.cross(orientation[2], along), 0, atol=1e-12) and orientation[2] @ along > 0


def test_the_frame_has_a_along_e1_and_c_star_along_e3():
    lattice = CELLS["triclinic"]
    assert np.allclose(View.along_plane(0, 0, 1).normal(lattice), [0, 0, 1])
    assert np.allclose(View.along_zone(1, 0, 0).normal(lattice), [1, 0, 0])


def test_a_cubic_100_view_has_010_to_the_right_and_001_up():
    assert np.allclose(View.along_plane(1, 0, 0).orientation(CELLS["cubic"]), [[0, 1, 0], [0, 0, 1], [1, 0, 0]])


@given(lattice=lattices, plane=indices)
def test_the_default_right_hand_direction_lies_in_the_plane(lattice, plane):
    view = View.along_plane(*plane)
    right = view.orientation(lattice)[0]
    uvw = lattice.fractional_from_cartesian(right)
    assert abs(uvw @ np.array(plane)) < 1e-9


def test_a_turned_view_turns_the_picture_counterclockwise():
    lattice = CELLS["cubic"]
    paper = View.along_plane(1, 0, 0).turned(30).orientation(lattice) @ np.array([0, 1.0, 0])
    assert degrees(atan2(paper[1], paper[0])) == pytest.approx(30)


@given(lattice=lattices, direction=indices)
def test_the_nearest_zone_axis_of_a_lattice_direction_is_that_direction(lattice, direction):
    from xtal.reciprocal.indices import coprime

    found = nearest_zone_axis(lattice, np.array(direction) @ lattice.matrix, tolerance=1e-6)
    assert found is not None and found[0] == coprime(direction) and found[1] < 1e-6


def test_the_012_normal_of_latp_is_two_hundredths_of_a_degree_from_zone_axis_241():
    lattice = Lattice(8.5004, 8.5004, 20.8156, 90, 90, 120)
    axis, tilt = View.along_plane(0, 1, 2).zone_axis(lattice)
    assert axis == (2, 4, 1)
    assert tilt == pytest.approx(angle_between_normal_and_direction(lattice, (0, 1, 2), (2, 4, 1)), abs=1e-9)
    assert 0.005 < tilt < 0.05


@given(lattice=lattices, plane=indices, turn=st.floats(-180, 180))
def test_a_rotation_view_equals_the_view_whose_matrix_it_is(lattice, plane, turn):
    orientation = View.along_plane(*plane, angle=turn).orientation(lattice)
    assert np.allclose(View.from_rotation(orientation).orientation(lattice), orientation, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_views_agree_with_xrayutilities(cell):
    xrayutilities = pytest.importorskip("xrayutilities")
    lattice = CELLS[cell]
    theirs = xrayutilities.materials.Crystal("x", xrayutilities.materials.SGLattice(1, *lattice.parameters))
    plane, hkl = (1, 1, 2), np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, -1, 3)])
    in_plane = theirs.lattice.GetPoint(1, -1, 0)
    experiment = xrayutilities.HXRD(in_plane, theirs.Q(*plane), wl=1.0)
    ours = (hkl @ lattice.reciprocal_matrix) @ View.along_plane(*plane, right=(1, -1, 0)).orientation(lattice).T
    for index, vector in zip(hkl, ours, strict=True):
        x, y, z = experiment.Transform(theirs.Q(*index)) / (2 * np.pi)
        assert (y, -x, z) == pytest.approx(tuple(vector), abs=1e-9)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: View.along_plane(0, 0, 0), r"plane \(0 0 0\) has no orientation"),
    (lambda: View.along_zone(0, 0, 0), r"direction \[0 0 0\] has no orientation"),
    (lambda: View.along_plane(1, 1, 0, 2), r"h \+ k \+ i = 2; the third of four indices is minus the sum of the first two: -2"),
    (lambda: View.along_zone(1, 0, 0, 0), r"U \+ V \+ T = 1"),
    (lambda: View.along_plane(1, 0), "three or four whole indices"),
    (lambda: View.along_plane(1, 0.5, 0), "three or four whole indices"),
    (lambda: View(), "has 0"),
    (lambda: View(plane=(1, 0, 0), zone=(1, 0, 0)), "has 2"),
    (lambda: View.from_rotation(np.diag([1, 1, -1])), "proper rotation"),
    (lambda: View.from_rotation(np.ones((2, 2))), "proper rotation"),
    (lambda: View.along_plane(1, 0, 0, angle=float("nan")), "not a number"),
    (lambda: View.along_plane(1, 0, -1, 0).orientation(CELLS["cubic"]), "isn't hexagonal"),
    (lambda: View.along_zone(0, 0, 1, right=(0, 0, 2)).orientation(CELLS["cubic"]), "parallel to the direction of view"),
    (lambda: angle_between_normals(CELLS["cubic"], (0, 0, 0), (1, 0, 0)), "has no orientation"),
])  # fmt: skip
def test_views_without_meaning_are_refused_with_a_reason(make, message):
    with pytest.raises(GeometryError, match=message):
        make()
