"""Cells: closed forms for d-spacings, gemmi as an independent program, and the Cartesian frame."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xtal import Lattice
from xtal.errors import GeometryError

lengths = st.floats(2.0, 30.0)
angles = st.floats(50.0, 130.0)
indices = st.tuples(*(st.integers(-9, 9),) * 3).filter(any)


@st.composite
def lattices(draw: st.DrawFn) -> Lattice:
    cell = [draw(lengths) for _ in range(3)] + [draw(angles) for _ in range(3)]
    ca, cb, cg = np.cos(np.radians(cell[3:]))
    assume(1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg > 0.02)
    return Lattice(*cell)


@given(lengths, indices)
def test_cubic_d_spacing_is_a_over_root_of_h2_k2_l2(a: float, hkl: tuple[int, int, int]) -> None:
    assert Lattice.cubic(a).d_spacing(hkl) == pytest.approx(a / np.linalg.norm(hkl), rel=1e-12)


@given(lengths, lengths, indices)
def test_hexagonal_d_spacing_matches_its_closed_form(a: float, c: float, hkl: tuple[int, int, int]) -> None:
    h, k, l = hkl
    inverse_square = 4 / 3 * (h * h + h * k + k * k) / a**2 + l * l / c**2
    assert Lattice(a, a, c, 90, 90, 120).d_spacing(hkl) == pytest.approx(inverse_square**-0.5, rel=1e-9)


@given(lengths, lengths, lengths, angles, indices)
def test_monoclinic_d_spacing_matches_its_closed_form(
    a: float, b: float, c: float, beta: float, hkl: tuple[int, int, int]
) -> None:
    (h, k, l), cb, sb = hkl, np.cos(np.radians(beta)), np.sin(np.radians(beta))
    inverse_square = (h**2 / a**2 + k**2 * sb**2 / b**2 + l**2 / c**2 - 2 * h * l * cb / (a * c)) / sb**2
    assert Lattice(a, b, c, 90, beta, 90).d_spacing(hkl) == pytest.approx(inverse_square**-0.5, rel=1e-9)


@given(lattices(), indices)
def test_triclinic_d_spacing_matches_its_closed_form(lattice: Lattice, hkl: tuple[int, int, int]) -> None:
    a, b, c, al, be, ga = (*lattice.parameters[:3], *np.radians(lattice.parameters[3:]))
    h, k, l = hkl
    s11, s22, s33 = (b * c * np.sin(al)) ** 2, (a * c * np.sin(be)) ** 2, (a * b * np.sin(ga)) ** 2
    s12 = a * b * c**2 * (np.cos(al) * np.cos(be) - np.cos(ga))
    s23 = a**2 * b * c * (np.cos(be) * np.cos(ga) - np.cos(al))
    s13 = a * b**2 * c * (np.cos(ga) * np.cos(al) - np.cos(be))
    sums = s11 * h * h + s22 * k * k + s33 * l * l + 2 * (s12 * h * k + s23 * k * l + s13 * h * l)
    assert lattice.d_spacing(hkl) == pytest.approx(lattice.volume / np.sqrt(sums), rel=1e-9)


@given(lattices(), indices)
def test_d_spacing_and_volume_match_gemmi(lattice: Lattice, hkl: tuple[int, int, int]) -> None:
    cell = gemmi.UnitCell(*lattice.parameters)
    assert lattice.d_spacing(hkl) == pytest.approx(cell.calculate_d(list(hkl)), rel=1e-9)
    assert lattice.volume == pytest.approx(cell.volume, rel=1e-9)
    star = cell.reciprocal()
    expected = (star.a, star.b, star.c, star.alpha, star.beta, star.gamma)
    assert lattice.reciprocal.parameters == pytest.approx(expected, rel=1e-9)


@given(lattices())
def test_a_lies_along_e1_and_c_star_along_e3(lattice: Lattice) -> None:
    assert lattice.matrix[0] == pytest.approx([lattice.a, 0, 0], abs=1e-12)
    assert lattice.reciprocal_matrix[2, :2] == pytest.approx([0, 0], abs=1e-12)
    assert lattice.reciprocal_matrix[2, 2] > 0
    assert np.linalg.det(lattice.matrix) == pytest.approx(lattice.volume, rel=1e-9)


@given(lattices())
def test_rows_of_the_matrices_are_dual_without_two_pi(lattice: Lattice) -> None:
    assert lattice.matrix @ lattice.reciprocal_matrix.T == pytest.approx(np.eye(3), abs=1e-12)


@given(lattices(), st.tuples(*(st.floats(-3, 3),) * 3))
def test_fractional_coordinates_survive_the_way_through_cartesian_ones(
    lattice: Lattice, xyz: tuple[float, float, float]
) -> None:
    cartesian = lattice.cartesian_from_fractional(xyz)
    assert lattice.fractional_from_cartesian(cartesian) == pytest.approx(np.array(xyz), abs=1e-9)
    assert np.linalg.norm(cartesian) == pytest.approx(float(lattice.length(xyz)), abs=1e-9)


@given(lattices())
def test_cell_survives_the_way_through_metric_tensor_and_matrix(lattice: Lattice) -> None:
    assert Lattice.from_metric_tensor(lattice.metric_tensor).parameters == pytest.approx(lattice.parameters, rel=1e-9)
    assert Lattice.from_matrix(lattice.matrix).parameters == pytest.approx(lattice.parameters, rel=1e-9)


def test_d_spacing_keeps_the_shape_of_its_indices() -> None:
    assert Lattice.cubic(4.0).d_spacing(np.ones((2, 5, 3))).shape == (2, 5)
    assert Lattice.cubic(4.0).d_spacing([1, 1, 1]).shape == ()


def test_arrays_of_a_lattice_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Lattice.cubic(4.0).metric_tensor[0, 0] = 1.0


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ((0, 4, 4), "not a unit cell"),
        ((4, -4, 4), "not a unit cell"),
        ((4, 4, float("nan")), "not a unit cell"),
        ((4, 4, 4, 90, 180, 90), "not a unit cell"),
        ((4, 4, 4, 60, 60, 120), "enclose no volume"),
        ((4, 4, 4, 40, 40, 120), "enclose no volume"),
    ],
)
def test_impossible_cell_is_refused(cell: tuple[float, ...], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        Lattice(*cell)
