"""Sections, slabs, intensities and excitation errors."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import Lattice
from xtal.convert.gemmi_structure import to_gemmi
from xtal.errors import GeometryError, InputError
from xtal.io.library import reference_structure
from xtal.reciprocal import Probe, View, calculate_lattice_points, electron_wavelength, project, project_views

from .crystals import CELLS, indices, lattices, triclinic, zincite

XRAY, NEUTRON, ELECTRON = (Probe.from_text(name) for name in ("xray", "neutron", "electron:200kV"))


@settings(max_examples=40, deadline=None)
@given(lattice=lattices, zone=indices, layer=st.integers(-1, 1))
def test_a_projection_along_uvw_holds_exactly_hu_kv_lw_equal_to_the_layer(lattice, zone, layer):
    axis = np.array(zone) // np.gcd.reduce(zone)
    points = calculate_lattice_points(lattice, 0.9)
    expected = {tuple(h) for h in points.hkl.tolist() if np.dot(h, axis) == layer}
    if len(expected) < 2:
        return
    found = project(lattice, View.along_zone(*zone), g_max=0.9, layer=layer)
    assert {tuple(h) for h in found.hkl.tolist()} == expected
    assert np.allclose(found.height, layer / lattice.length(axis), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(lattice=lattices, zone=indices, turn=st.floats(-360, 360))
def test_rotation_leaves_the_length_of_g_unchanged(lattice, zone, turn):
    found = project(lattice, View.along_zone(*zone, angle=turn), g_max=0.8, slab=(-1, 1))
    lengths = np.sqrt(found.radius**2 + found.height**2)
    assert np.allclose(lengths, lattice.g_length(found.hkl), rtol=0, atol=1e-12)
    assert np.allclose(found.d_spacing, lattice.d_spacing(found.hkl), rtol=1e-12)
    assert np.allclose(found.q, 2 * np.pi / found.d_spacing)


@pytest.mark.parametrize("cell", CELLS)
def test_the_sphere_holds_every_point_within_it(cell):
    lattice = CELLS[cell]
    points = calculate_lattice_points(lattice, 0.95)
    grid = np.array(np.meshgrid(*[np.arange(-14, 15)] * 3)).reshape(3, -1).T
    inside = grid[(lattice.g_length(grid) <= 0.95) & grid.any(axis=1)]
    assert {tuple(h) for h in points.hkl.tolist()} == {tuple(h) for h in inside.tolist()}
    assert np.all(np.diff(points.g_length) > -1e-9)


def same_picture(first, second):
    """Whether two projections put spots of equal |F|² on equal places."""

    def rows(p):
        return np.round(np.column_stack([p.xy, p.f_squared / p.f_squared.max()]), 6) + 0.0

    one, two = rows(first), rows(second)
    return one.shape == two.shape and np.allclose(one[np.lexsort(one.T)], two[np.lexsort(two.T)], atol=3e-6)


@pytest.mark.parametrize("name", ["li2ohcl-cubic", "llto", "latp", "li3in2_3sc1_3cl6"])
@pytest.mark.parametrize("plane", [(1, 0, 0), (0, 1, 2), (1, 1, 1)])
def test_symmetry_equivalent_views_give_equal_pictures(name, plane):
    structure = reference_structure(name)
    first = project(
        structure,
        View.along_plane(*plane, right=(plane[1] or plane[2], -plane[0], 0) if plane[1] else (0, 1, 0)),
        slab=(-0.1, 0.3),
    )
    right = first.view.right
    for rotation in structure.space_group.point_group_rotations:
        if round(np.linalg.det(rotation)) != 1:
            continue
        image = tuple(int(v) for v in np.array(plane) @ rotation)
        direction = tuple(int(v) for v in np.rint(np.linalg.solve(rotation, right)))
        second = project(structure, View.along_plane(*image, right=direction), slab=(-0.1, 0.3))
        assert same_picture(first, second), (image, direction)


def test_a_structure_without_centre_is_not_the_same_from_behind():
    first = project(zincite(), View.along_zone(0, 1, 0), probe=Probe.from_text("xray:1.2A"))
    one, two = first.index(1, 0, 1), first.index(-1, 0, -1)
    assert first.f_squared[one] != pytest.approx(first.f_squared[two], rel=1e-4)


@pytest.mark.parametrize("name", ["llzo-cubic", "latp", "llto", "li2in1_3sc1_3cl4-spinel", "li2ohcl-orthorhombic"])
def test_forbidden_spots_are_those_that_gemmi_calls_absent(name):
    structure = reference_structure(name)
    points = calculate_lattice_points(structure, 0.7, lattice_only=True)
    operations = structure.space_group.gemmi_operations
    theirs = [operations.is_systematically_absent(h) for h in points.hkl.tolist()]
    assert points.forbidden.tolist() == theirs
    assert points.f_squared is None


def test_forbidden_spots_are_hidden_or_shown():
    llzo = reference_structure("llzo-cubic")
    hidden = project(llzo, View.along_plane(1, 0, 0), g_max=0.6)
    shown = project(llzo, View.along_plane(1, 0, 0), g_max=0.6, show_forbidden=True)
    assert not hidden.forbidden.any() and len(shown) > len(hidden) == (~shown.forbidden).sum()
    assert np.all(shown.f_squared[shown.forbidden] == 0)
    assert all(k % 2 == 0 and l % 2 == 0 for _, k, l in hidden.hkl)


@pytest.mark.parametrize("make", [zincite, triclinic, lambda: reference_structure("llto")])
def test_electron_intensities_agree_with_gemmi(make):
    structure = make()
    small = to_gemmi(structure)
    small.change_occupancies_to_crystallographic()
    calculator = gemmi.StructureFactorCalculatorE(small.cell)
    points = calculate_lattice_points(structure, 0.8, probe=ELECTRON)
    for row in range(0, len(points), 7):
        theirs = abs(calculator.calculate_sf_from_small_structure(small, points.hkl[row].tolist())) ** 2
        assert points.f_squared[row] == pytest.approx(theirs, rel=1e-6, abs=1e-6 * points.f_squared.max())


def test_x_ray_intensities_are_those_of_the_powder_calculation_for_each_spot():
    from xtal import Radiation
    from xtal.diffraction import calculate_structure_factors

    structure = zincite()
    points = calculate_lattice_points(structure, 0.8, probe=XRAY)
    plus, _ = calculate_structure_factors(structure, points.hkl, Radiation.from_name("CuKa1"))
    assert np.allclose(points.f_squared, np.abs(plus) ** 2, rtol=1e-9, atol=1e-9)


def test_neutrons_see_lithium_as_negative():
    structure = triclinic()
    points = calculate_lattice_points(structure, 0.3, probe=NEUTRON)
    row = points.hkl.tolist().index([0, 0, 1])
    sites = np.array([site.xyz for site in structure.sites])
    lengths = np.array([-1.90, 9.577])
    damping = np.exp(-2 * np.pi**2 * 0.01 * points.g_length[row] ** 2)
    expected = abs(damping * lengths @ np.exp(2j * np.pi * sites[:, 2])) ** 2
    assert points.f_squared[row] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("kilovolts", "picometres"), [(100, 3.7014), (200, 2.5079), (300, 1.9687)])
def test_electron_wavelengths_are_the_tabulated_ones(kilovolts, picometres):
    assert 100 * electron_wavelength(1e3 * kilovolts) == pytest.approx(picometres, abs=1e-4)


def test_electron_wavelength_agrees_with_pymatgen():
    from pymatgen.analysis.diffraction.tem import TEMCalculator

    assert ELECTRON.wavelength == pytest.approx(TEMCalculator(voltage=200).wavelength_rel(), rel=1e-5)


def test_excitation_error_is_the_distance_to_the_ewald_sphere():
    found = project(CELLS["cubic"], View.along_zone(0, 0, 1), g_max=1.5)
    assert found.excitation_error is None
    found = project(
        reference_structure("li2ohcl-cubic"), View.along_zone(0, 0, 1), g_max=1.5, slab=(-0.3, 0.3), probe=ELECTRON
    )
    k = 1 / ELECTRON.wavelength
    on_sphere = np.column_stack([found.xy, found.height - found.excitation_error])
    assert np.allclose(np.linalg.norm(on_sphere - [0, 0, k], axis=1), k, rtol=1e-12)
    zero = np.abs(found.height) < 1e-9
    assert np.allclose(found.excitation_error[zero], -(found.radius[zero] ** 2) / (2 * k), rtol=1e-3)
    assert np.all(found.excitation_error[found.height > 0.2] > found.excitation_error[zero].max())


def test_many_views_in_one_call_equal_single_calls():
    structure = reference_structure("llto")
    views = [View.along_zone(*zone) for zone in ((0, 0, 1), (1, 1, 0), (2, 1, 1))]
    for view, many in zip(views, project_views(structure, views), strict=True):
        one = project(structure, view)
        assert np.array_equal(one.hkl, many.hkl) and np.array_equal(one.f_squared, many.f_squared)


def test_a_plane_of_latp_shows_the_zone_241_and_says_how_far_it_is():
    found = project(reference_structure("latp"), View.along_plane(0, 1, 2))
    assert found.zone_axis == (2, 4, 1) and "0.02° off" in found.description
    assert np.all(found.hkl @ [2, 4, 1] == 0) and np.abs(found.height).max() < 5e-4


@pytest.mark.parametrize(("call", "message"), [
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0), g_max=0.1), r"gmax = 0.1 Å⁻¹ is too small to hold two spots; the shortest reciprocal vector is 0.2557"),
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0), g_max=-1), "gmax = -1"),
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0), g_max=float("nan")), "gmax = nan"),
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0), g_max=100), "reciprocal-lattice points"),
    (lambda: project(CELLS["cubic"], View.along_zone(1, 2, 3), g_max=0.4), "raise gmax"),
    (lambda: project(CELLS["cubic"], View.along_zone(0, 0, 1), layer=40), "layer 40 seen along .001. holds no spot"),
    (lambda: project(CELLS["triclinic"], View.along_plane(3, 1, 2)), "not within 0.5° of a simple zone axis"),
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0), slab=(0.2, 0.1)), "lower limit first"),
    (lambda: project(CELLS["cubic"], View.along_plane(1, 0, 0)).index(9, 9, 9), "spot 9 9 9 is not in this projection"),
])  # fmt: skip
def test_projections_without_meaning_are_refused_with_a_reason(call, message):
    with pytest.raises(GeometryError, match=message):
        call()


@pytest.mark.parametrize("text", ["gamma", "electron:fast", "electron:1V", "xrays"])
def test_unknown_probes_are_refused(text):
    with pytest.raises(InputError, match=r"probe|voltage"):
        Probe.from_text(text)


def test_probes_know_their_units():
    assert [p.f_squared_unit for p in (XRAY, NEUTRON, ELECTRON)] == ["e²", "fm²", "Å²"]
    assert ELECTRON.label == "electrons, 200 kV" and XRAY.wavelength == pytest.approx(1.5405929)


def test_a_bare_lattice_needs_no_atoms():
    found = project(Lattice.cubic(4.0), View.along_zone(0, 0, 1), g_max=0.6)
    assert found.f_squared is None and found.name == "lattice" and len(found) == 20
