"""The search is complete, its numbers are what their names say, and its limits are limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal.errors import GeometryError
from xtal.interface.coincidence import Limits, find_coincidences, search_planes
from xtal.interface.integer_lattice import gauss_reduced, hermite_matrices, hermite_normal_form
from xtal.interface.match import pareto_front
from xtal.interface.surface import Surface
from xtal.io.library import reference_structure

from .crystals import crystal, every_coincidence, match_key

SQUARE = Surface(crystal("P m -3 m", 1.0), (1, 0, 0))
PAIRS = {
    "square on square": (SQUARE, Surface(crystal("P m -3 m", 1.03), (1, 0, 0)), 6.5, 0.06, 6),
    "square on rectangle": (SQUARE, Surface(crystal("P m m m", 1.04, 2.05, 3.0), (0, 0, 1)), 8.5, 0.08, 8),
    "hexagon on square": (Surface(crystal("P 6/m m m", 1, 1, 2, 90, 90, 120), (0, 0, 1)), SQUARE, 6.5, 0.12, 7),
    "oblique on oblique": (
        Surface(crystal("P 2/m", 1.0, 2.0, 1.13, 90, 103, 90), (0, 1, 0)),
        Surface(crystal("P 2", 1.05, 2.0, 1.1, 90, 100, 90), (0, 1, 0)),
        8.0,
        0.1,
        7,
    ),
    "triclinic without inversion": (
        Surface(crystal("P 1", 1.0, 1.4, 1.7, 80, 85, 75), (0, 0, 1)),
        Surface(crystal("P -1", 1.02, 1.45, 1.7, 82, 86, 77), (1, 0, 0)),
        6.0,
        0.15,
        7,
    ),
    "polar hexagon on rhombus": (
        Surface(crystal("P 6 m m", 1, 1, 1.6, 90, 90, 120), (0, 0, 1)),
        Surface(crystal("F m -3 m", 1.45), (1, 1, 1)),
        6.5,
        0.05,
        8,
    ),
    "long narrow cells": (
        Surface(crystal("P m m m", 1.0, 4.1, 3.0), (0, 0, 1)),
        Surface(crystal("P m m m", 1.02, 4.0, 3.0), (0, 0, 1)),
        13.0,
        0.2,
        4,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_search_finds_what_trying_every_matrix_finds(name):
    film, substrate, area, strain, entries = PAIRS[name]
    found = find_coincidences(film, substrate, Limits(max_area=area, max_strain=strain, multiples=True))
    keys = [match_key(match) for match in found]
    assert len(keys) > 3
    assert len(set(keys)) == len(keys), "an interface was listed twice"
    assert set(keys) == every_coincidence(film, substrate, area, strain, entries)


@settings(max_examples=12, deadline=None)
@given(
    st.tuples(st.floats(0.9, 1.3), st.floats(0.9, 1.3), st.floats(70, 110)),
    st.tuples(st.floats(0.9, 1.3), st.floats(0.9, 1.3), st.floats(70, 110)),
    st.sampled_from(["P 1", "P 2", "P m"]),
    st.floats(0.02, 0.25),
)
def test_search_is_complete_for_any_pair_of_oblique_lattices(one, two, symbol, strain):
    """Strains that differ from the limit by rounding only could go either way; none of the drawn ones does."""
    (a, c, beta), (d, f, gamma) = one, two
    plane = (0, 1, 0)
    film, substrate = (
        Surface(crystal(symbol, a, 2.0, c, 90, beta, 90), plane),
        Surface(crystal("P 2", d, 2.0, f, 90, gamma, 90), plane),
    )
    found = find_coincidences(film, substrate, Limits(max_area=4.2, max_strain=strain, multiples=True))
    keys = {match_key(match) for match in found if match.strain < strain - 1e-6}
    everything = every_coincidence(film, substrate, 4.2, strain, 8)
    assert keys <= everything
    assert len(found) == len({match_key(match) for match in found})
    assert everything <= {match_key(match) for match in found}


def test_rotating_both_crystals_changes_nothing():
    """The same two planar lattices, told with other axes of the crystals."""
    limits = Limits(max_area=14, max_strain=0.07)
    first = find_coincidences(
        Surface(crystal("P m m m", 1.0, 1.3, 2.0), (0, 0, 1)),
        Surface(crystal("P m m m", 1.05, 1.25, 2.0), (0, 0, 1)),
        limits,
    )
    second = find_coincidences(
        Surface(crystal("P m m m", 2.0, 1.0, 1.3), (1, 0, 0)),
        Surface(crystal("P m m m", 1.25, 2.0, 1.05), (0, 1, 0)),
        limits,
    )
    assert len(first) > 3
    assert _summary(first) == _summary(second)


def test_brute_force_itself_is_not_cut_short_by_its_largest_entry():
    film, substrate, area, strain, entries = PAIRS["square on rectangle"]
    assert every_coincidence(film, substrate, area, strain, entries) == every_coincidence(
        film, substrate, area, strain, entries + 2
    )


@pytest.mark.parametrize("index", [1, 2, 6, 12, 25])
def test_number_of_sublattices_of_index_n_is_the_divisor_sum(index):
    assert len(hermite_matrices(index)) == sum(d for d in range(1, index + 1) if index % d == 0)


integers = st.integers(-9, 9)
matrices = st.tuples(integers, integers, integers, integers).filter(lambda m: m[0] * m[3] != m[1] * m[2])


@given(matrices)
def test_hermite_normal_form_is_a_basis_of_the_same_lattice(entries):
    matrix = np.array(entries).reshape(1, 2, 2)
    form, unimodular = hermite_normal_form(matrix)
    assert abs(round(np.linalg.det(unimodular[0]))) == 1
    np.testing.assert_array_equal(unimodular @ matrix, form)
    (p, q), (zero, r) = form[0]
    assert zero == 0 and p > 0 and 0 <= q < r


@given(matrices, st.floats(0.5, 2.0), st.floats(50, 130))
def test_gauss_reduction_gives_the_two_shortest_independent_vectors(entries, ratio, gamma):
    basis = np.array([[1.0, 0.0], [ratio * np.cos(np.radians(gamma)), ratio * np.sin(np.radians(gamma))]])
    rows = np.array(entries).reshape(1, 2, 2)
    a, b = gauss_reduced(rows, basis @ basis.T)[0] @ basis
    assert a @ a <= b @ b * (1 + 1e-6) and 2 * abs(a @ b) <= a @ a * (1 + 1e-6)


@settings(max_examples=25, deadline=None)
@given(st.floats(3.0, 6.0), st.floats(-0.04, 0.04), st.sampled_from([(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 0)]))
def test_area_of_a_match_is_determinant_times_primitive_area(a, mismatch, hkl):
    film, substrate = crystal("F m -3 m", a * (1 + mismatch)), crystal("P m -3 m", a)
    for match in search_planes(film, substrate, Limits(max_area=4 * a * a), planes=[(hkl, (1, 0, 0))]):
        determinant = abs(round(np.linalg.det(np.array(match.substrate_matrix))))
        assert match.area == pytest.approx(determinant * a * a)
        assert abs(np.linalg.det(match.substrate_cell)) == pytest.approx(match.area)
        assert abs(np.linalg.det(match.film_cell)) == pytest.approx(match.film_area)
        assert np.linalg.det(match.deformation) == pytest.approx(
            (-1 if match.flipped else 1) * match.area / match.film_area
        )


@settings(max_examples=25, deadline=None)
@given(st.floats(3.0, 6.0), st.sampled_from([(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 1)]))
def test_crystal_on_itself_matches_its_own_cell_without_strain_or_rotation(a, hkl):
    surface = Surface(crystal("P m -3 m", a), hkl)
    first = find_coincidences(surface, surface, Limits(max_area=2.1 * surface.area))[0]
    assert first.area == pytest.approx(surface.area)
    assert first.strain == pytest.approx(0, abs=1e-9)
    assert first.rotation == pytest.approx(0, abs=1e-6)
    assert not first.flipped


def _summary(matches):
    return sorted((round(m.area, 4), round(m.strain, 7), m.flipped) for m in matches)


def test_matches_do_not_depend_on_the_choice_of_the_cell():
    primitive_film = crystal("R -3 m:R", 4.0, 4.0, 4.0, 60, 60, 60)
    centred_film = crystal("F m -3 m", 4.0 * np.sqrt(2))
    substrate = crystal("P m -3 m", 4.1)
    limits = Limits(max_area=300, max_strain=0.06)
    rhombohedral = search_planes(primitive_film, substrate, limits, planes=[((1, 1, 1), (1, 1, 1))])
    cubic = search_planes(centred_film, substrate, limits, planes=[((1, 1, 1), (1, 1, 1))])
    assert len(cubic) > 3
    assert _summary(rhombohedral) == _summary(cubic)


def test_equivalent_planes_give_equal_lists():
    film, substrate = reference_structure("li2ohcl-cubic"), reference_structure("llto")
    limits = Limits(max_area=350)
    first = search_planes(film, substrate, limits, planes=[((1, 1, 0), (1, 0, 1))])
    second = search_planes(film, substrate, limits, planes=[((0, -1, 1), (0, 1, -1))])
    assert len(first) > 3
    assert _summary(first) == _summary(second)


def test_exchange_of_film_and_substrate_gives_the_same_cells_with_reciprocal_stretches():
    a, b = Surface(crystal("P m -3 m", 4.0), (1, 0, 0)), Surface(crystal("P m m m", 4.1, 5.9, 7.0), (0, 0, 1))
    wide, narrow = Limits(max_area=130, max_strain=0.08), Limits(max_area=130, max_strain=0.05)
    forward = find_coincidences(a, b, narrow)
    back = {(m.substrate_index, m.film_index, tuple(np.round(np.add(m.principal_misfits, 1), 7))) for m in
            find_coincidences(b, a, wide)}  # fmt: skip
    assert forward
    for match in forward:
        reciprocal = tuple(np.round(1 / (1 + np.array(match.principal_misfits))[::-1], 7))
        assert (match.film_index, match.substrate_index, reciprocal) in back


def test_cells_that_repeat_a_smaller_one_are_left_out_unless_asked_for():
    film, substrate, area, strain, _ = PAIRS["square on square"]
    everything = find_coincidences(film, substrate, Limits(area, strain, multiples=True))
    smallest = find_coincidences(film, substrate, Limits(area, strain))
    assert {match_key(m) for m in smallest} == {match_key(m) for m in everything if m.multiplicity == 1}
    double = next(m for m in everything if m.film_matrix == ((1, 0), (0, 2)) and m.substrate_matrix == ((1, 0), (0, 2)))
    assert double.multiplicity == 2


def test_pareto_front_holds_exactly_the_matches_that_none_beats():
    matches = search_planes(reference_structure("li2ohcl-cubic"), reference_structure("llto"), Limits(max_area=250))
    front = pareto_front(matches)
    beaten = [
        any(
            o.area <= m.area + 1e-6
            and o.strain <= m.strain + 1e-9
            and (o.area < m.area - 1e-6 or o.strain < m.strain - 1e-9)
            for o in matches
        )
        for m in matches
    ]
    assert {(round(m.area, 4), round(m.strain, 8)) for m in front} == {
        (round(m.area, 4), round(m.strain, 8)) for m, worse in zip(matches, beaten, strict=True) if not worse
    }


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_shared_strain_brings_both_onto_one_cell(share):
    film, substrate = Surface(crystal("P m -3 m", 4.0), (1, 0, 0)), Surface(crystal("P m m m", 4.1, 3.95, 6), (0, 0, 1))
    match = find_coincidences(film, substrate, Limits(max_area=60), film_share=share)[0]
    strained_film = match.film_cell @ (np.eye(2) + match.film_strain) @ match.rotation_matrix
    np.testing.assert_allclose(strained_film, match.cell, atol=1e-9)
    if share == 1.0:
        np.testing.assert_allclose(match.cell, match.substrate_cell, atol=1e-12)
        np.testing.assert_allclose(match.substrate_strain, 0, atol=1e-12)
    if share == 0.0:
        np.testing.assert_allclose(match.film_strain, 0, atol=1e-12)


def test_rotation_limits_keep_only_matches_in_the_range():
    film, substrate = reference_structure("li2ohcl-cubic"), reference_structure("llto")
    free = search_planes(film, substrate, Limits(max_area=300), planes=[((1, 0, 0), (0, 0, 1))])
    near = search_planes(film, substrate, Limits(max_area=300, rotation=(-5, 5)), planes=[((1, 0, 0), (0, 0, 1))])
    assert {match_key(m) for m in near} == {match_key(m) for m in free if abs(m.rotation) <= 5}
    assert len(near) < len(free)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_area": 10.0}, "below one cell"),
        ({"max_area": -1.0}, "positive area"),
        ({"max_strain": 0.7}, "below 0.5"),
        ({"max_angle_mismatch": -1.0}, "negative"),
        ({"rotation": (5.0, -5.0)}, "smaller angle first"),
        ({"max_area": 1e6}, "allow at most"),
    ],
)
def test_limits_without_meaning_are_refused_with_the_remedy(limits, words):
    with pytest.raises(GeometryError, match=words):
        find_coincidences(
            Surface(reference_structure("li2ohcl-cubic"), (1, 0, 0)),
            Surface(reference_structure("llto"), (0, 0, 1)),
            Limits(**limits),
        )


def test_plane_zero_is_refused():
    with pytest.raises(GeometryError, match="not a plane"):
        search_planes(reference_structure("licl"), reference_structure("lif"), planes=[((0, 0, 0), (1, 0, 0))])
