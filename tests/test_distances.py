"""Distances: against pymatgen, and against the coordination that the sources print."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal import Lattice, Site, SpaceGroup, Structure
from xtal.convert import to_pymatgen
from xtal.distances import bond_lengths, impossible_contacts, neighbors, shortest_distances
from xtal.errors import InputError
from xtal.io.library import reference_names, reference_structure

PRINTED = [
    # structure, site, anions, maximum, lengths × counts as the published structures (or pymatgen on their numbers) give them
    ("li2sc2_3cl4-spinel", "Li1", "Cl", 3.0, [(2.331, 4)]),
    ("li2sc2_3cl4-spinel", "Li2", "Cl", 3.0, [(2.647, 6)]),
    ("li2sc2_3cl4-spinel", "Li3", "Cl", 2.5, [(2.219, 2), (2.299, 2)]),
    ("al2o3", "Al", "O", 2.2, [(1.855, 3), (1.971, 3)]),
    ("caf2", "Ca", "F", 3.0, [(2.366, 8)]),
    ("lab6", "La", "B", 3.2, [(3.052, 24)]),
    ("zno", "Zn", "O", 2.5, [(1.973, 3), (1.992, 1)]),
    ("llzo-tetragonal", "Zr1", "O", 2.5, [(2.102, 2), (2.108, 2), (2.109, 2)]),
    ("llzo-tetragonal", "La1", "O", 2.8, [(2.526, 4), (2.624, 4)]),
    ("llzo-cubic-mo", "La1", "O", 2.8, [(2.512, 4), (2.584, 4)]),
    ("li2zrcl6-hcp", "Zr1", "Cl", 3.0, [(2.496, 6)]),
    ("li2o", "Li", "O", 2.5, [(2.0, 4)]),
    ("si", "Si", "Si", 2.5, [(2.352, 4)]),
]


def merged(structure: Structure, first: str, second: str, maximum: float) -> list[tuple[float, int]]:
    counts: dict[float, int] = {}
    for bond in bond_lengths(structure, first, second, maximum):
        counts[round(bond.length, 3)] = counts.get(round(bond.length, 3), 0) + bond.count
    return sorted(counts.items())


@pytest.mark.parametrize(("name", "first", "second", "maximum", "expected"), PRINTED)
def test_coordination_is_that_of_the_source(
    name: str, first: str, second: str, maximum: float, expected: list[tuple[float, int]]
) -> None:
    found = merged(reference_structure(name), first, second, maximum)
    lengths = np.repeat([length for length, _ in found], [n for _, n in found])
    assert lengths == pytest.approx(np.repeat([length for length, _ in expected], [n for _, n in expected]), abs=1.1e-3)


@pytest.mark.parametrize("name", reference_names())
def test_neighbours_of_every_site_agree_with_pymatgen(name: str) -> None:
    structure = reference_structure(name)
    near = neighbors(structure, 3.3)
    cell = to_pymatgen(structure)
    index = structure.expanded()[0]
    for i, site in enumerate(structure.sites):
        peer = cell.get_sites_in_sphere(structure.lattice.matrix.T @ np.mod(site.xyz, 1.0), 3.3)
        theirs = sorted({(round(p.nn_distance, 5), *np.round(p.frac_coords, 4)) for p in peer if p.nn_distance > 0.01})
        ours = near.distance[near.site == i]
        positions = {(round(d, 5), *np.round(xyz, 4)) for d, xyz in zip(ours, near.xyz[near.site == i], strict=True)}
        assert sorted(p[0] for p in positions) == pytest.approx([t[0] for t in theirs], abs=2e-5)
    assert len(index) >= len(structure.sites)


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(*(st.floats(2.5, 6.0),) * 3, *(st.floats(60.0, 115.0),) * 3),
    st.tuples(*(st.floats(-1, 2),) * 3),
    st.floats(1.0, 9.0),
)
def test_neighbours_in_any_cell_agree_with_brute_force(
    cell: tuple[float, ...], xyz: tuple[float, float, float], maximum: float
) -> None:
    sites = (Site("A", "Li", (0.1, 0.2, 0.3)), Site("B", "O", xyz))
    structure = Structure("t", Lattice(*cell), SpaceGroup.from_symbol(1), sites)
    near = neighbors(structure, maximum)
    shifts = np.stack(np.meshgrid(*(np.arange(-14, 15),) * 3), axis=-1).reshape(-1, 3)
    for i, one in enumerate(sites):
        for j, other in enumerate(sites):
            lengths = structure.lattice.length(np.subtract(other.xyz, one.xyz) + shifts)
            expected = np.sort(lengths[(lengths > 0.01) & (lengths < maximum)])
            ours = near.distance[(near.site == i) & (near.neighbor == j)]
            ours, expected = ours[np.abs(ours - maximum) > 1e-9], expected[np.abs(expected - maximum) > 1e-9]
            assert ours == pytest.approx(expected, abs=1e-9)
            offsets = near.xyz[(near.site == i) & (near.neighbor == j)] - np.array(one.xyz)
            assert structure.lattice.length(offsets) == pytest.approx(
                near.distance[(near.site == i) & (near.neighbor == j)], abs=1e-9
            )


def test_shortest_distances_of_cubic_li2ohcl() -> None:
    shortest = shortest_distances(reference_structure("li2ohcl-cubic"), 3.0)
    assert shortest["Li", "O"] == pytest.approx(3.911 / 2)
    assert shortest["Cl", "Li"] == pytest.approx(3.911 / np.sqrt(2))
    assert shortest["H", "O"] == pytest.approx(0.96, abs=2e-3)


@pytest.mark.parametrize("name", reference_names())
def test_no_reference_structure_holds_an_impossible_contact(name: str) -> None:
    assert impossible_contacts(reference_structure(name)) == ()


def test_atoms_on_top_of_each_other_are_an_impossible_contact() -> None:
    sites = (Site("Zr1", "Zr", (0, 0, 0)), Site("Cl1", "Cl", (0.1, 0, 0)))
    (contact,) = impossible_contacts(Structure("bad", Lattice.cubic(10), SpaceGroup.from_symbol(1), sites))
    assert (contact.first, contact.second) == ("Cl1", "Zr1")
    assert contact.length == pytest.approx(1.0)


def test_unknown_name_or_length_is_refused() -> None:
    with pytest.raises(InputError, match="Br is neither"):
        bond_lengths(reference_structure("licl"), "Br", "Cl")
    with pytest.raises(InputError, match="positive"):
        neighbors(reference_structure("licl"), 0.0)
