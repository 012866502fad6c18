"""Planar lattices, inequivalent planes and terminations against pymatgen, closed forms and the literature."""

from __future__ import annotations

from itertools import product
from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal.errors import GeometryError
from xtal.interface.surface import Surface, low_index_planes, miller_indices
from xtal.interface.termination import find_terminations
from xtal.io.library import reference_path, reference_structure
from xtal.structure import Structure

from .crystals import crystal, rock_salt

CRYSTALS = ["li2ohcl-cubic", "llto", "si", "latp", "llzo-cubic", "li2zrcl6-ccp", "li2ohcl-orthorhombic", "lialcl4"]
indices = st.tuples(*[st.integers(-4, 4)] * 3).filter(any)


@settings(deadline=None)
@given(indices, st.sampled_from(CRYSTALS))
def test_in_plane_vectors_lie_in_the_plane_and_span_a_right_handed_reduced_cell(hkl, name):
    surface = Surface(reference_structure(name), hkl)
    assert not np.any(surface.oriented_basis[:2] @ np.array(surface.hkl)), "hu + kv + lw must be exactly 0"
    a, b = surface.planar_basis
    assert a @ a <= b @ b * (1 + 1e-9) and 2 * abs(a @ b) <= a @ a * (1 + 1e-9)
    assert surface.area > 0
    turned = surface.basis_uvw @ surface.structure.lattice.matrix
    assert np.cross(*turned) @ (np.array(surface.hkl) @ surface.structure.lattice.reciprocal_matrix) > 0


@settings(deadline=None)
@given(indices, st.sampled_from(CRYSTALS))
def test_planar_cell_times_spacing_is_the_primitive_volume_and_no_lattice_point_is_left_out(hkl, name):
    structure = reference_structure(name)
    surface = Surface(structure, hkl)
    pure = np.all(structure.space_group.rotations == np.eye(3), axis=(1, 2)).sum()
    assert surface.area * surface.d_spacing == pytest.approx(structure.lattice.volume / pure, rel=1e-9)
    translations = structure.space_group.translations[np.all(structure.space_group.rotations == np.eye(3), axis=(1, 2))]
    inside = np.array([np.add(t, n) for t in translations for n in product((-1, 0, 1), repeat=3)])
    coordinates = inside @ np.linalg.inv(surface.oriented_basis / surface.denominator)
    np.testing.assert_allclose(coordinates, np.rint(coordinates), atol=1e-9)


@pytest.mark.parametrize("name", CRYSTALS)
def test_spacing_and_directions_agree_with_pymatgen(name):
    from pymatgen.core import Lattice

    structure = reference_structure(name)
    theirs = Lattice.from_parameters(*structure.lattice.parameters)
    for surface in low_index_planes(structure, 1):
        assert surface.d_spacing == pytest.approx(theirs.d_hkl(surface.plane_hkl), rel=1e-9)
        lengths = [theirs.get_cartesian_coords(uvw) for uvw in surface.basis_uvw]
        np.testing.assert_allclose(np.linalg.norm(lengths, axis=1), np.linalg.norm(surface.planar_basis, axis=1))


@pytest.mark.parametrize(
    ("structure", "hkl", "a", "b", "gamma", "d"),
    [
        (crystal("P m -3 m", 4.0), (1, 0, 0), 4, 4, 90, 4),
        (crystal("F m -3 m", 4.0), (1, 0, 0), 8**0.5, 8**0.5, 90, 2),
        (crystal("F m -3 m", 4.0), (1, 1, 1), 8**0.5, 8**0.5, 120, 4 / 3**0.5),
        (crystal("F m -3 m", 4.0), (1, 1, 0), 8**0.5, 4, 90, 8**0.5 / 2),
        (crystal("I m -3 m", 4.0), (1, 1, 0), 12**0.5, 12**0.5, np.degrees(np.arccos(1 / 3)), 8**0.5),
        (crystal("I m -3 m", 4.0), (1, 0, 0), 4, 4, 90, 2),
        (crystal("P 6/m m m", 3, 3, 5, 90, 90, 120), (0, 0, 1), 3, 3, 120, 5),
        (crystal("P 6/m m m", 3, 3, 5, 90, 90, 120), (1, 0, 0), 3, 5, 90, 3 * 3**0.5 / 2),
    ],
)
def test_planar_cell_of_textbook_planes(structure, hkl, a, b, gamma, d):
    surface = Surface(structure, hkl)
    lengths = np.linalg.norm(surface.planar_basis, axis=1)
    np.testing.assert_allclose(lengths, (a, b))
    assert abs(np.cos(np.radians(surface.gamma))) == pytest.approx(abs(np.cos(np.radians(gamma))), abs=1e-9)
    assert surface.d_spacing == pytest.approx(d)


@pytest.mark.parametrize("name", [*CRYSTALS, "al2o3", "zno", "rutile"])
@pytest.mark.parametrize("largest", [1, 2])
def test_inequivalent_planes_are_those_of_the_laue_class(name, largest):
    """Orbits counted one by one with gemmi's point group."""
    import gemmi

    structure = reference_structure(name)
    laue = [np.array(op.rot) // gemmi.Op.DEN for op in structure.space_group.gemmi_operations]
    laue += [-rotation for rotation in laue]
    orbits = set()
    for hkl in product(range(-largest, largest + 1), repeat=3):
        if gcd(*hkl) == 1:
            orbits.add(frozenset(tuple((np.array(hkl) @ rotation).tolist()) for rotation in laue))
    planes = low_index_planes(structure, largest)
    assert len(planes) == len(orbits)
    assert len({orbit for plane in planes for orbit in orbits if plane.hkl in orbit}) == len(orbits)


def test_planes_of_a_cubic_crystal_are_as_in_pymatgen():
    from pymatgen.core import Structure as PymatgenStructure
    from pymatgen.core.surface import get_symmetrically_distinct_miller_indices

    theirs = get_symmetrically_distinct_miller_indices(PymatgenStructure.from_file(reference_path("licl")), 2)
    ours = [plane.hkl for plane in low_index_planes(reference_structure("licl"), 2)]
    assert {tuple(sorted(map(abs, hkl))) for hkl in theirs} == {tuple(sorted(map(abs, hkl))) for hkl in ours}
    assert len(theirs) == len(ours)


def test_terminations_with_equal_layers_do_not_vanish_si_111():
    """pymatgen issue 4572: of the two Si(111) faces, one and three dangling bonds, one disappears."""
    cuts = find_terminations(Surface(reference_structure("si"), (1, 1, 1)))
    assert [cut.gap for cut in cuts] == pytest.approx([5.43094 * 3**0.5 / 4, 5.43094 * 3**0.5 / 12], rel=1e-3)
    assert all(cut.stoichiometric and cut.polar is False for cut in cuts)


def test_terminations_with_equal_layers_do_not_vanish_al2o3_0001():
    """pymatgen issue 3854: two Al-terminated faces of corundum, one of them lost. Tasker: Al|Al is not polar."""
    cuts = find_terminations(Surface(reference_structure("al2o3"), (0, 0, 1)))
    assert sorted((cut.top, cut.bottom, cut.polar) for cut in cuts) == [
        ("Al", "Al", False),
        ("Al", "O3", True),
        ("O3", "Al", True),
    ]
    assert [cut.stoichiometric for cut in cuts] == [False, False, True]


@pytest.mark.parametrize(
    ("hkl", "polar", "count"), [((1, 0, 0), {False}, 1), ((1, 1, 0), {False}, 1), ((1, 1, 1), {True}, 2)]
)
def test_rock_salt_faces_are_polar_only_on_111(hkl, polar, count):
    """P. W. Tasker, J. Phys. C 12 (1979) 4977: (100) and (110) of rock salt are type I, (111) is type III."""
    cuts = find_terminations(Surface(rock_salt(4.2, "Mg", "O"), hkl))
    assert len(cuts) == count
    assert {cut.polar for cut in cuts} == polar


def test_rutile_110_has_its_bridging_oxygen_termination():
    """The stoichiometric, non-polar (110) face of rutile ends in a bridging O row (Diebold, Surf. Sci. Rep. 48, 53)."""
    cuts = find_terminations(Surface(reference_structure("rutile"), (1, 1, 0)))
    good = [cut for cut in cuts if cut.polar is False]
    assert [(cut.top, cut.bottom, cut.stoichiometric) for cut in good] == [("O", "O", True)]


def test_polarity_is_unknown_without_charges_that_sum_to_zero():
    cuts = find_terminations(Surface(reference_structure("llto"), (0, 0, 1)))
    assert {cut.polar for cut in cuts} == {None}


def test_direction_outside_the_plane_is_refused_with_the_directions_that_lie_in_it():
    surface = Surface(reference_structure("li2ohcl-cubic"), (1, 0, 0))
    with pytest.raises(GeometryError, match=r"does not lie in .*\(100\).*\[0 1 0\] and \[0 0 1\]"):
        surface.planar_coordinates((1, 1, 0))
    np.testing.assert_allclose(surface.planar_coordinates((0, 1, 2)), (1, 2))


@pytest.mark.parametrize(
    ("values", "words"), [((0, 0, 0), "not a plane"), ((1, 0), "three integers"), ((1, 1, 1, 0), "h \\+ k \\+ i = 3"), ((0.5, 1, 0), "integers")]
)  # fmt: skip
def test_indices_without_meaning_are_refused(values, words):
    with pytest.raises(GeometryError, match=words):
        miller_indices(values)


def test_four_indices_are_read_as_hkil():
    assert miller_indices((1, 0, -1, 2)) == (1, 0, 2)


def test_common_factor_is_divided_out():
    assert miller_indices((2, 0, -4)) == (1, 0, -2)


def test_crystal_in_one_layer_has_no_termination():
    flat = Structure(
        "flat", crystal("P 1", 3, 3, 3).lattice, crystal("P 1", 3, 3, 3).space_group, crystal("P 1", 3, 3, 3).sites
    )
    with pytest.raises(GeometryError, match="layer_tolerance"):
        find_terminations(Surface(flat, (0, 0, 1)), layer_tolerance=3.5)
