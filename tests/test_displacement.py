"""Displacement tensors under symmetry, against gemmi and against what can't change."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from xtal import Lattice, SpaceGroup
from xtal.displacement import equivalent_u_iso, tensor_from_matrix, tensor_matrix, turned

U = (0.011, 0.023, 0.035, 0.002, -0.004, 0.006)
HEXAGONAL = Lattice(5, 5, 8, 90, 90, 120)
TRICLINIC = Lattice(4, 5, 6, 80, 95, 110)


def cartesian(u: tuple[float, ...], lattice: Lattice) -> np.ndarray:
    """U in the orthonormal frame: rows of the scaled matrix are a_i a*_i."""
    rows = lattice.matrix * np.sqrt(np.diag(lattice.reciprocal_metric_tensor))[:, None]
    return np.asarray(rows.T @ tensor_matrix(u) @ rows)


def test_equivalent_u_agrees_with_gemmi_on_oblique_axes() -> None:
    expected = gemmi.UnitCell(*TRICLINIC.parameters).calculate_u_eq(gemmi.SMat33d(*U))
    assert equivalent_u_iso(U, TRICLINIC) == pytest.approx(expected, rel=1e-9)
    assert equivalent_u_iso(U, TRICLINIC) == pytest.approx(np.trace(cartesian(U, TRICLINIC)) / 3, rel=1e-9)


@pytest.mark.parametrize("number", [143, 164, 176, 194])
def test_principal_axes_keep_their_lengths_under_every_operation(number: int) -> None:
    expected = np.linalg.eigvalsh(cartesian(U, HEXAGONAL))
    for rotation in SpaceGroup.from_symbol(number).rotations:
        assert np.linalg.eigvalsh(cartesian(turned(U, rotation, HEXAGONAL), HEXAGONAL)) == pytest.approx(
            expected, rel=1e-9
        )


def test_isotropic_displacement_stays_isotropic() -> None:
    isotropic = (0.02, 0.02, 0.02, 0.01, 0.0, 0.0)
    for rotation in SpaceGroup.from_symbol(194).rotations:
        assert turned(isotropic, rotation, HEXAGONAL) == pytest.approx(isotropic, abs=1e-12)
    assert equivalent_u_iso(isotropic, HEXAGONAL) == pytest.approx(0.02)


def test_tensor_survives_the_way_through_its_matrix() -> None:
    assert tensor_from_matrix(tensor_matrix(U)) == U
