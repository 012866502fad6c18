"""Overlays, pairs, mismatch, rotation scan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import Lattice
from xtal.errors import GeometryError
from xtal.io.library import reference_structure
from xtal.reciprocal import (
    View,
    angle_range,
    overlap_score,
    overlay,
    pair_spots,
    parse_alignment,
    project,
    scan_rotation,
)

from .crystals import CELLS, indices, lattices

CUBE = View.along_plane(1, 0, 0)
LI2OHCL, LLTO = reference_structure("li2ohcl-cubic"), reference_structure("llto")


@settings(max_examples=30, deadline=None)
@given(lattice=lattices, zone=indices, turn=st.floats(-180, 180))
def test_the_overlay_of_a_crystal_with_itself_is_perfect(lattice, zone, turn):
    view = View.along_zone(*zone, angle=turn)
    try:
        drawn = overlay([lattice, lattice], [view, view], g_max=1.0)
    except GeometryError as error:
        assert "gmax" in str(error)
        return
    pairs = drawn.pairs[0]
    assert len(pairs) == len(pairs.first) and pairs.score == 1.0
    assert np.array_equal(pairs.hkl_1, pairs.hkl_2) and not pairs.distance.any()
    if pairs.combined:
        assert pairs.combined.principal == pytest.approx((0, 0), abs=1e-12)


@pytest.mark.parametrize("fluorine", [3.911, 3.9025, 3.87])
def test_mismatch_of_li2ohcl_on_llto_from_pairs_equals_that_from_the_cells(fluorine):
    film = LI2OHCL.with_lattice(Lattice.cubic(fluorine))
    drawn = overlay([film, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((0, 1, 0), (1, 0, 0))])
    pairs, expected = drawn.pairs[0], (fluorine - 3.869) / 3.869
    assert len(pairs) == len(drawn.projections[0]) == 68
    assert pairs.mismatch == pytest.approx(expected, abs=1e-12)
    assert pairs.combined.principal == pytest.approx((expected, expected), abs=1e-12)
    assert pairs.combined.residual < 1e-12 and abs(pairs.combined.rotation) < 1e-9


def test_study_a_prints_1_1_and_0_8_percent_and_so_do_the_pairs():
    def percent(a):
        film = LI2OHCL.with_lattice(Lattice.cubic(a))
        drawn = overlay([film, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((0, 1, 0), (1, 0, 0))])
        return 100 * drawn.pairs[0].combined.mean

    assert percent(3.911) == pytest.approx(1.086, abs=5e-4)
    assert percent(3.9025) == pytest.approx(0.866, abs=5e-4)


def test_pairs_of_li2ohcl_100_and_llto_001_carry_the_indices_of_the_orientation_relation():
    drawn = overlay([LI2OHCL, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((0, 1, 0), (1, 0, 0))])
    assert drawn.relation == "(100) ∥ (001), [010] ∥ [100]"
    for (h, k, l), other in zip(drawn.pairs[0].hkl_1, drawn.pairs[0].hkl_2, strict=True):
        assert h == 0 and tuple(other) == (k, l, 0)


@settings(max_examples=30, deadline=None)
@given(a=st.floats(4, 6), b=st.floats(4, 6), strain_a=st.floats(-0.01, 0.01), strain_b=st.floats(-0.01, 0.01))
def test_principal_mismatches_are_those_of_the_two_cell_edges(a, b, strain_a, strain_b):
    substrate, film = Lattice(a, b, 7.0), Lattice(a * (1 + strain_a), b * (1 + strain_b), 9.0)
    view = View.along_zone(0, 0, 1)
    pairs = overlay([film, substrate], [view, view], align=[((1, 0, 0), (1, 0, 0))], g_max=0.8).pairs[0]
    assert sorted(pairs.combined.principal) == pytest.approx(sorted([strain_a, strain_b]), abs=1e-10)


def test_a_shear_shows_as_principal_mismatches_of_the_deformation():
    substrate = Lattice(4.0, 5.0, 6.0)
    film = Lattice(4.0, 5.0, 6.0, 90, 90, 90.8)
    view = View.along_zone(0, 0, 1)
    pairs = overlay([film, substrate], [view, view], align=[((1, 0, 0), (1, 0, 0))], g_max=0.8).pairs[0]
    # Film cell = substrate cell · F, so the singular values of F are the ratios film/substrate.
    deformation = np.linalg.inv(substrate.matrix[:2, :2]) @ film.matrix[:2, :2]
    expected = np.linalg.svd(deformation, compute_uv=False) - 1
    assert pairs.combined.principal == pytest.approx(tuple(expected), abs=1e-10)


def test_a_turned_crystal_shows_its_rotation():
    view = View.along_zone(0, 0, 1)
    pairs = overlay([CELLS["cubic"], CELLS["cubic"]], [view, view], rotation=0.7).pairs[0]
    assert pairs.rotation == pytest.approx(0.7) and pairs.combined.rotation == pytest.approx(0.7)


def test_the_scan_finds_the_angle_by_which_a_crystal_was_turned():
    view = View.along_zone(0, 0, 1)
    drawn = overlay([CELLS["cubic"], CELLS["cubic"]], [view, view], rotation=-17.23)
    scan = scan_rotation(*drawn.projections, angle_range("0:45:0.5"))
    assert scan.best_angle == pytest.approx(17.23, abs=1e-3) and scan.best_score == pytest.approx(1, abs=1e-4)
    assert scan.typical_score < 0.2


def test_the_score_has_the_symmetry_of_the_net():
    drawn = overlay([LI2OHCL, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((0, 1, 0), (1, 0, 0))])
    scan = scan_rotation(*drawn.projections, angle_range("0:90:1"))
    assert scan.scores == pytest.approx(scan.scores[::-1], abs=1e-9)
    assert scan.best_angle == 0 and scan.best_score == pytest.approx(drawn.pairs[0].score)


def test_the_score_of_one_pair_is_one_minus_the_squared_share_of_the_tolerance():
    one, two = np.array([[1.0, 0.0]]), np.array([[1.015, 0.0]])
    assert overlap_score(one, two, 0.03) == pytest.approx(1 - 0.5**2)
    assert overlap_score(one, two, 0.01) == 0 and overlap_score(one, np.empty((0, 2))) == 0


def test_latp_012_coincides_with_every_second_row_of_li2ohcl_100():
    latp = reference_structure("latp")
    drawn = overlay([LI2OHCL, latp], [CUBE, View.along_plane(0, 1, 2)], align=[((0, 1, 0), (2, -2, 1))])
    pairs = drawn.pairs[0]
    assert len(pairs) == 20 and np.all(pairs.hkl_1 % 2 == 0)
    row = pairs.hkl_1.tolist().index([0, 0, 2])
    expected = (LI2OHCL.lattice.a / 2) / latp.lattice.d_spacing(pairs.hkl_2[row]) - 1
    assert pairs.mismatch[row] == pytest.approx(expected, abs=1e-6)


def test_a_scan_of_llzo_on_li2ohcl_finds_the_angle_of_the_3_4_5_triangle():
    llzo = reference_structure("llzo-cubic")
    drawn = overlay([LI2OHCL, llzo], [CUBE, CUBE], align=[((0, 1, 0), (0, 1, 0))], g_max=1.1)
    scan = scan_rotation(*drawn.projections, angle_range("0:45:0.25"))
    assert scan.best_angle == pytest.approx(np.degrees(np.arctan2(3, 4)), abs=0.01)
    best = overlay([LI2OHCL, llzo], [CUBE, CUBE], rotation=scan.best_angle, g_max=1.1).pairs[0]
    assert best.hkl_2[best.hkl_1.tolist().index([0, 3, 0])].tolist() == [0, 8, -6]
    assert best.combined.mean == pytest.approx(3.911 / 3 / (12.968 / 10) - 1, abs=1e-9)


def test_three_crystals_are_each_paired_with_the_first():
    views = [CUBE, View.along_plane(0, 0, 1), CUBE]
    drawn = overlay([LI2OHCL, LLTO, reference_structure("llzo-cubic")], views, align=[((0, 1, 0), (1, 0, 0)), None])
    assert [pairs.second.name for pairs in drawn.pairs] == ["llto", "llzo-cubic"]
    assert drawn.pairs[1].first is drawn.projections[0]


def test_forbidden_spots_are_not_paired_even_when_they_are_shown():
    llzo = reference_structure("llzo-cubic")
    shown, hidden = (
        overlay([llzo, llzo], [CUBE, CUBE], g_max=0.5, show_forbidden=show).pairs[0] for show in (True, False)
    )
    assert len(shown) == len(hidden) and not shown.first.forbidden[shown.rows_1].any()


def test_spots_above_each_other_count_once():
    found = project(CELLS["cubic"], View.along_zone(0, 0, 1), g_max=0.6, slab=(-0.3, 0.3))
    flat = project(CELLS["cubic"], View.along_zone(0, 0, 1), g_max=0.6)
    assert len(found) > len(flat) == len(found.in_paper)
    assert np.allclose(found.height[found.in_paper], 0)


def test_alignments_are_read_as_people_write_them():
    assert parse_alignment("0,1,0//1,0,0") == parse_alignment("[010] ∥ [100]") == ((0, 1, 0), (1, 0, 0))


def test_angles_of_a_range_hold_both_ends():
    assert angle_range("0:90:0.5")[[0, -1]].tolist() == [0, 90] and len(angle_range("0:90:0.5")) == 181


@pytest.mark.parametrize(("call", "message"), [
    (lambda: overlay([LI2OHCL, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((1, 1, 0), (1, 0, 0))]), r"direction \[110\] is not in the plane of the view \(100\): it makes 45.00°"),
    (lambda: overlay([LI2OHCL, LLTO], [CUBE, View.along_plane(0, 0, 1)], align=[((0, 1, 0), (0, 0, 1))]), r"direction \[001\] is not in the plane of the view \(001\): it makes 0.00°"),
    (lambda: overlay([LI2OHCL], [CUBE]), "two or more crystals"),
    (lambda: overlay([LI2OHCL, LLTO], [CUBE]), "1 views"),
    (lambda: overlay([LI2OHCL, LLTO], [CUBE, CUBE], rotation=[1, 2]), "2 angles"),
    (lambda: overlay([LI2OHCL, LLTO], [CUBE, CUBE], tolerance=0), "tolerance 0"),
    (lambda: overlay([LI2OHCL, LLTO], [CUBE, CUBE], tolerance=2), "tolerance 2"),
    (lambda: pair_spots(project(LLTO, CUBE), project(LLTO, CUBE), -1), "tolerance -1"),
    (lambda: scan_rotation(project(LLTO, CUBE), project(LLTO, CUBE), []), "no angles"),
    (lambda: angle_range("0:90"), "is not a range of angles"),
    (lambda: angle_range("90:0:1"), "is not a range of angles"),
    (lambda: angle_range("0:90:0"), "is not a range of angles"),
    (lambda: parse_alignment("0,1,0"), "pair of directions"),
])  # fmt: skip
def test_overlays_without_meaning_are_refused_with_a_reason(call, message):
    with pytest.raises(GeometryError, match=message):
        call()
