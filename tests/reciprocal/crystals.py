"""Cells and structures of the tests, typed in by hand."""

from __future__ import annotations

from hypothesis import strategies as st

from xtal import Lattice, Site, SpaceGroup, Structure

CELLS = {
    "cubic": Lattice.cubic(3.911),
    "hexagonal": Lattice(3.2, 3.2, 5.1, 90, 90, 120),
    "monoclinic": Lattice(6.398, 11.04, 6.391, 90, 109.89, 90),
    "triclinic": Lattice(5.1, 6.3, 7.9, 81.0, 97.0, 103.0),
}

lattices = st.builds(
    Lattice,
    *(st.floats(3.0, 9.0) for _ in range(3)),
    *(st.floats(75.0, 105.0) for _ in range(3)),
)
indices = st.tuples(*(st.integers(-3, 3) for _ in range(3))).filter(any)


def zincite() -> Structure:
    """No centre of symmetry, so that Friedel mates differ."""
    return Structure("zno", CELLS["hexagonal"], SpaceGroup.from_symbol("P 63 m c"), (
        Site("Zn", "Zn", (1 / 3, 2 / 3, 0), u_iso=0.008), Site("O", "O", (1 / 3, 2 / 3, 0.3821), u_iso=0.0085)))  # fmt: skip


def triclinic() -> Structure:
    """Two atoms without symmetry."""
    return Structure("tri", CELLS["triclinic"], SpaceGroup.from_symbol("P 1"), (
        Site("Li", "Li", (0.1, 0.2, 0.3), u_iso=0.01), Site("Cl", "Cl", (0.55, 0.61, 0.83), u_iso=0.01)))  # fmt: skip
