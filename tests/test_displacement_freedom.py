"""Independent components of displacement tensors against the published tables."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.displacement_freedom import U_NAMES, anisotropic_site, free_tensors
from xtal.lattice import Lattice
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup

# W. J. A. M. Peterse & J. H. Palm, Acta Cryst. 20 (1966) 147: allowed tensors as (U11, U22, U33, U12, U13, U23).
TABLES = {
    "cubic centre": ("P m -3 m", (4,) * 3 + (90,) * 3, (0, 0, 0), {"u11": (1, 1, 1, 0, 0, 0)}),
    "threefold axis of a cube": (
        "F d -3 m:2", (8,) * 3 + (90,) * 3, (0.25, 0.25, 0.25), {"u11": (1, 1, 1, 0, 0, 0), "u12": (0, 0, 0, 1, 1, 1)},
    ),
    "rutile oxygen, m.2m": (
        "P 42/m n m", (4.6, 4.6, 3, 90, 90, 90), (0.3, 0.3, 0),
        {"u11": (1, 1, 0, 0, 0, 0), "u33": (0, 0, 1, 0, 0, 0), "u12": (0, 0, 0, 1, 0, 0)},
    ),
    "threefold axis, hexagonal axes": (
        "R -3 c:H", (4.8, 4.8, 13, 90, 90, 120), (0, 0, 0.35), {"u11": (1, 1, 0, 0.5, 0, 0), "u33": (0, 0, 1, 0, 0, 0)},
    ),
    "corundum oxygen, twofold along a": (
        "R -3 c:H", (4.8, 4.8, 13, 90, 90, 120), (0.3, 0, 0.25),
        {"u11": (1, 0, 0, 0, 0, 0), "u22": (0, 1, 0, 0.5, 0, 0), "u33": (0, 0, 1, 0, 0, 0), "u13": (0, 0, 0, 0, 1, 2)},
    ),
    "mirror across b": (
        "P 1 m 1", (5, 6, 7, 90, 101, 90), (0.1, 0, 0.2),
        {name: tuple(float(other == name) for other in U_NAMES) for name in ("u11", "u22", "u33", "u13")},
    ),
    "general position": (
        "P 1", (5, 6, 7, 80, 95, 103), (0.1, 0.2, 0.3), {n: tuple(float(o == n) for o in U_NAMES) for n in U_NAMES},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_allowed_tensors_are_the_published_ones(name):
    symbol, cell, xyz, expected = TABLES[name]
    site = Site("X", "O", xyz, 0.1, u_iso=0.01)
    structure = Structure("x", Lattice.from_parameters(cell), SpaceGroup.from_symbol(symbol), (site,))
    found = free_tensors(structure, site)
    assert set(found) == set(expected)
    for component, tensor in expected.items():
        assert found[component] == pytest.approx(tensor, abs=1e-9), component


def test_an_isotropic_site_keeps_its_displacement_as_a_tensor():
    lattice = Lattice(4.8, 4.8, 13.0, 90.0, 90.0, 120.0)
    site = Site("X", "O", (0.3, 0.0, 0.25), 1.0, u_iso=0.01)
    structure = Structure("x", lattice, SpaceGroup.from_symbol("R -3 c:H"), (site,))
    tensor = anisotropic_site(structure, site, 0.01).u_aniso
    # In hexagonal axes an isotropic U has U12 = U/2 (R. T. Downs, Rev. Mineral. Geochem. 41 (2000) 61).
    assert np.array(tensor) == pytest.approx([0.01, 0.01, 0.01, 0.005, 0.0, 0.0])
