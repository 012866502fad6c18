"""Stephens's anisotropic strain: the terms that each Laue class leaves independent."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.lattice import Lattice
from xtal.stephens import STEPHENS_EXPONENTS, isotropic_stephens, stephens_strains, stephens_terms
from xtal.symmetry import SpaceGroup

# P. W. Stephens, J. Appl. Cryst. 32 (1999) 281, table 1: terms by crystal system, with its factors multiplied out.
PUBLISHED = {
    "P m -3 m": {"s400": {"s400": 1, "s040": 1, "s004": 1}, "s220": {"s220": 1, "s202": 1, "s022": 1}},
    "P 6/m m m": {
        "s400": {"s400": 1, "s040": 1, "s220": 3, "s310": 2, "s130": 2},
        "s202": {"s202": 1, "s022": 1, "s112": 1},
        "s004": {"s004": 1},
    },
    "P 4/m m m": {
        "s400": {"s400": 1, "s040": 1},
        "s004": {"s004": 1},
        "s220": {"s220": 1},
        "s202": {"s202": 1, "s022": 1},
    },
    "P m m m": {name: {name: 1} for name in ("s400", "s040", "s004", "s220", "s202", "s022")},
    "P 1 2/m 1": {name: {name: 1} for name in ("s400", "s040", "s004", "s220", "s202", "s022", "s301", "s103", "s121")},
    "P -1": {name: {name: 1} for name in STEPHENS_EXPONENTS},
}
# Lower Laue classes, where the table gives the higher one of the crystal system: number of invariants by characters.
COUNTS = {
    "P 4/m": 5,
    "P -3": 5,
    "P -3 m 1": 4,
    "P -3 1 m": 4,
    "R -3:H": 5,
    "R -3 m:H": 4,
    "R -3 m:R": 4,
    "P 6/m": 3,
    "P m -3": 2,
}


@pytest.mark.parametrize("symbol", PUBLISHED)
def test_terms_and_their_factors_are_the_published_ones(symbol):
    found = {
        name: {other: round(float(factor), 6) for other, factor in zip(STEPHENS_EXPONENTS, row, strict=True) if factor}
        for name, row in stephens_terms(SpaceGroup.from_symbol(symbol)).items()
    }
    assert found == PUBLISHED[symbol]


@pytest.mark.parametrize(("symbol", "count"), COUNTS.items())
def test_lower_laue_classes_have_as_many_terms_as_invariants(symbol, count):
    assert len(stephens_terms(SpaceGroup.from_symbol(symbol))) == count


def characters(rotations: np.ndarray) -> float:
    """Invariants among the quartics: mean of the trace of the fourth symmetric power (Molien)."""
    total = 0.0
    for rotation in rotations.astype(float):
        e = np.linalg.eigvals(rotation)
        powers = [np.sum(e**k) for k in range(1, 5)]
        p1, p2, p3, p4 = powers
        total += np.real((p1**4 + 6 * p1**2 * p2 + 3 * p2**2 + 8 * p1 * p3 + 6 * p4) / 24)
    return total / len(rotations)


@pytest.mark.parametrize("symbol", [*PUBLISHED, *COUNTS])
def test_the_number_of_terms_follows_from_the_characters_of_the_group(symbol):
    group = SpaceGroup.from_symbol(symbol)
    assert len(stephens_terms(group)) == pytest.approx(characters(group.laue_rotations))


@pytest.mark.parametrize(
    ("symbol", "cell"),
    [("P 6/m m m", (5, 5, 7, 90, 90, 120)), ("P 1 2/m 1", (5, 6, 7, 90, 101, 90)), ("P -1", (5, 6, 7, 80, 95, 103)),
     ("R -3 c:H", (8.5, 8.5, 20.8, 90, 90, 120)), ("R -3 m:R", (5, 5, 5, 55, 55, 55))],
)  # fmt: skip
def test_isotropic_coefficients_give_every_direction_the_same_strain(symbol, cell):
    group, lattice = SpaceGroup.from_symbol(symbol), Lattice.from_parameters(cell)
    hkl = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, 3], [-2, 1, 4], [3, -1, -2]])
    d = 1 / np.sqrt(np.einsum("ni,ij,nj->n", hkl, lattice.reciprocal_metric_tensor, hkl))
    values = isotropic_stephens(group, lattice, 2e-3)
    assert stephens_strains(hkl, d, stephens_terms(group), values) == pytest.approx(np.full(6, 2e-3))


def test_equivalent_reflections_are_equally_strained():
    group = SpaceGroup.from_symbol("R -3 c:H")
    lattice = Lattice(8.5, 8.5, 20.8, 90.0, 90.0, 120.0)
    hkl = np.array([1, 2, 6]) @ group.laue_rotations
    d = np.full(len(hkl), 1.3)
    values = {name: 1e-3 * (i + 1) for i, name in enumerate(stephens_terms(group))}
    assert np.ptp(stephens_strains(hkl, d, stephens_terms(group), values)) < 1e-12
    assert lattice.volume > 0
