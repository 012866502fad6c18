"""Symmetrised spherical harmonics against quadrature, scipy and the tables of how many there are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from xtal.diffraction.harmonics import harmonic_basis, harmonic_terms
from xtal.errors import InputError
from xtal.lattice import Lattice
from xtal.symmetry import SpaceGroup

# functions of order 2, 4, 6, 8, 10, 12: Bunge, Texture Analysis in Materials Science, table 4.1 (even orders, centred classes)
NUMBERS = {
    "P -1": (5, 9, 13, 17, 21, 25),
    "P 1 2/m 1": (3, 5, 7, 9, 11, 13),
    "P m m m": (2, 3, 4, 5, 6, 7),
    "P 4/m": (1, 3, 3, 5, 5, 7),
    "P 4/m m m": (1, 2, 2, 3, 3, 4),
    "P -3": (1, 3, 5, 5, 7, 9),
    "P -3 m 1": (1, 2, 3, 3, 4, 5),
    "R -3 m:R": (1, 2, 3, 3, 4, 5),
    "P 6/m": (1, 1, 3, 3, 3, 5),
    "P 6/m m m": (1, 1, 2, 2, 2, 3),
    "P m -3": (0, 1, 2, 1, 2, 3),
    "P m -3 m": (0, 1, 1, 1, 1, 2),
}
CELLS = {
    "P -1": Lattice(5.1, 6.2, 7.3, 95.0, 101.0, 107.0),
    "P 1 2/m 1": Lattice(5.1, 6.2, 7.3, 90.0, 101.0, 90.0),
    "P 2/m 1 1": Lattice(5.1, 6.2, 7.3, 99.0, 90.0, 90.0),
    "P m m m": Lattice(5.1, 6.2, 7.3, 90.0, 90.0, 90.0),
    "P 4/m m m": Lattice(5.1, 5.1, 7.3, 90.0, 90.0, 90.0),
    "R -3 m:R": Lattice(5.1, 5.1, 5.1, 71.0, 71.0, 71.0),
    "P 6/m": Lattice(5.1, 5.1, 7.3, 90.0, 90.0, 120.0),
    "F d -3 m:2": Lattice(5.1, 5.1, 5.1, 90.0, 90.0, 90.0),
}
HKL = np.array([[1, 0, 0], [1, 2, 3], [-2, 1, 4], [0, 3, 1], [2, 2, 5]])


def sphere(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Directions and weights that integrate polynomials up to a degree over the sphere, weights of sum 1."""
    z, weight = np.polynomial.legendre.leggauss(degree // 2 + 1)
    phi = 2 * np.pi * np.arange(degree + 1) / (degree + 1)
    z, phi = (grid.ravel() for grid in np.meshgrid(z, phi, indexing="ij"))
    rho = np.sqrt(1 - z**2)
    return np.stack([rho * np.cos(phi), rho * np.sin(phi), z], axis=1), np.repeat(weight, degree + 1) / 2 / (degree + 1)


@pytest.mark.parametrize("symbol", NUMBERS)
def test_each_laue_class_has_as_many_functions_as_the_tables_say(symbol):
    counts = Counter(l for l, _ in harmonic_terms(SpaceGroup.from_symbol(symbol), 12))
    assert tuple(counts[l] for l in range(2, 13, 2)) == NUMBERS[symbol]


@pytest.mark.parametrize("symbol", NUMBERS)
def test_functions_are_orthonormal_over_the_sphere_and_average_to_zero(symbol):
    basis = harmonic_basis(SpaceGroup.from_symbol(symbol), 8)
    directions, weights = sphere(16)
    values = basis.at_directions(directions)
    np.testing.assert_allclose((values * weights) @ values.T, np.eye(len(basis.terms)), atol=1e-12)
    np.testing.assert_allclose(values @ weights, 0, atol=1e-13)


@pytest.mark.parametrize("symbol", CELLS)
def test_equivalent_reflections_have_equal_values_whatever_the_cell(symbol):
    group = SpaceGroup.from_symbol(symbol)
    basis = harmonic_basis(group, 8)
    values = basis.at_reflections(HKL, CELLS[symbol])
    for rotation in group.laue_rotations:
        np.testing.assert_allclose(basis.at_reflections(HKL @ rotation, CELLS[symbol]), values, atol=1e-10)


def test_functions_of_a_triclinic_crystal_are_scipys_real_harmonics():
    sph_harm = pytest.importorskip("scipy.special").sph_harm_y
    basis = harmonic_basis(SpaceGroup.from_symbol("P -1"), 6)
    directions, _ = sphere(8)
    theta, phi = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    expected = []
    for l in (2, 4, 6):
        expected.append(sph_harm(l, 0, theta, phi).real)
        for m in range(1, l + 1):
            wave = np.sqrt(2) * (-1) ** m * sph_harm(l, m, theta, phi)
            expected += [wave.real, wave.imag]
    np.testing.assert_allclose(basis.at_directions(directions), np.sqrt(4 * np.pi) * np.array(expected), atol=1e-11)


def test_cubic_function_of_order_four_is_the_known_polynomial():
    # normalised: sqrt(21/16) * (5 (x^4 + y^4 + z^4) - 3), ⟨k²⟩ = 1
    basis = harmonic_basis(SpaceGroup.from_symbol("F d -3 m:2"), 4)
    directions, _ = sphere(8)
    expected = np.sqrt(21 / 16) * (5 * (directions**4).sum(axis=1) - 3)
    np.testing.assert_allclose(basis.at_directions(directions)[0], expected, atol=1e-12)


@pytest.mark.parametrize("symbol", ["P 6/m", "P 4/m m m", "R -3 m:H", "P 2/m 1 1"])
def test_first_function_is_the_legendre_polynomial_about_the_main_axis(symbol):
    group = SpaceGroup.from_symbol(symbol)
    axis = 0 if symbol == "P 2/m 1 1" else 2
    cell = CELLS.get(symbol, CELLS["P 6/m"])
    # cosine between the normal of hkl and the axis a_i: h_i / (|h*| a_i)
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", HKL, cell.reciprocal_metric_tensor, HKL))
    cosine = HKL[:, axis] / lengths / cell.parameters[axis]
    basis = harmonic_basis(group, 2)
    np.testing.assert_allclose(basis.at_reflections(HKL, cell)[0], np.sqrt(5) * (3 * cosine**2 - 1) / 2, atol=1e-12)


@pytest.mark.parametrize("symbol", CELLS)
def test_slopes_by_the_cell_are_central_differences(symbol):
    group, cell = SpaceGroup.from_symbol(symbol), CELLS[symbol]
    basis = harmonic_basis(group, 6)
    for name in group.free_cell_parameters():
        step = 1e-5
        high, low = (group.complete_cell({name: getattr(cell, name) + sign * step}, cell) for sign in (1, -1))
        change = (high.metric_tensor - low.metric_tensor) / (2 * step)
        expected = (basis.at_reflections(HKL, high) - basis.at_reflections(HKL, low)) / (2 * step)
        np.testing.assert_allclose(basis.slopes(HKL, cell, change), expected, atol=1e-7)


@pytest.mark.parametrize("order", [0, 3, 22])
def test_odd_or_impossible_orders_are_refused(order):
    with pytest.raises(InputError, match="even"):
        harmonic_terms(SpaceGroup.from_symbol("P -1"), order)


def test_a_cubic_crystal_has_no_function_of_order_two():
    basis = harmonic_basis(SpaceGroup.from_symbol("F d -3 m:2"), 2)
    assert basis.terms == ()
    assert basis.at_reflections(HKL, CELLS["F d -3 m:2"]).shape == (0, len(HKL))
