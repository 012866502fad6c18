"""Structures: content, density, charge, positions, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice as PymatgenLattice
from pymatgen.core import Structure as PymatgenStructure

from xtal import Lattice, Site, SpaceGroup, Structure
from xtal.errors import CifError


def rock_salt(**changes: object) -> Structure:
    sites = (Site("Li1", "Li", (0, 0, 0), charge=1), Site("Cl1", "Cl", (0.5, 0.5, 0.5), charge=-1))
    values = {
        "name": "licl",
        "lattice": Lattice.cubic(5.1295),
        "space_group": SpaceGroup.from_symbol(225),
        "sites": sites,
    }
    return Structure(**{**values, **changes})  # type: ignore[arg-type]


def corundum() -> Structure:
    sites = (Site("Al1", "Al", (0, 0, 0.35216), charge=3), Site("O1", "O", (0.30624, 0, 0.25), charge=-2))
    return Structure("al2o3", Lattice(4.759355, 4.759355, 12.99231, 90, 90, 120), SpaceGroup.from_symbol(167), sites)


def test_density_of_corundum_is_3_986() -> None:
    assert corundum().density == pytest.approx(3.9859, abs=2e-4)
    assert corundum().cell_contents == pytest.approx({"Al": 12, "O": 18})
    assert corundum().cell_charge == 0


def test_expanded_positions_agree_with_pymatgens() -> None:
    structure = corundum()
    peer = PymatgenStructure.from_spacegroup(
        "R-3c",
        PymatgenLattice.from_parameters(*structure.lattice.parameters),
        ["Al", "O"],
        [site.xyz for site in structure.sites],
    )
    index, xyz = structure.expanded()
    assert len(index) == len(peer) == 30
    for element_index, element in enumerate(("Al", "O")):
        ours, theirs = xyz[index == element_index], peer.frac_coords[[site.specie.symbol == element for site in peer]]
        difference = ours[:, None] - theirs[None]
        difference -= np.round(difference)
        assert np.abs(difference).max(axis=2).min(axis=1).max() < 1e-9


def test_first_image_of_a_site_is_the_site_itself() -> None:
    index, xyz = corundum().expanded()
    assert xyz[0] == pytest.approx([0, 0, 0.35216])
    assert xyz[np.argmax(index == 1)] == pytest.approx([0.30624, 0, 0.25])


def test_charge_is_unknown_when_a_site_has_none() -> None:
    assert rock_salt().cell_charge == 0
    assert rock_salt(sites=(Site("Li1", "Li", (0, 0, 0)),)).cell_charge is None


def test_isotope_changes_the_mass_only() -> None:
    heavy, light = (rock_salt(sites=(Site("Li1", "Li", (0, 0, 0), isotope=n),)) for n in (7, 6))
    assert heavy.cell_mass - light.cell_mass == pytest.approx(4 * (7.0160 - 6.0151), abs=1e-3)
    assert heavy.formula == light.formula == "Li4"


def test_sites_that_share_a_position_are_grouped_across_cell_borders() -> None:
    sites = (Site("A", "Li", (0, 0, 0.0), 0.5), Site("B", "O", (0.2, 0.2, 0.2)), Site("C", "Na", (1.0, 0, -1e-12), 0.5))
    structure = Structure("mixed", Lattice.cubic(5), SpaceGroup.from_symbol(1), sites)
    assert [[site.label for site in group] for group in structure.shared_positions()] == [["A", "C"], ["B"]]


def test_ten_thousand_sites_on_general_positions_stay_apart() -> None:
    points = np.random.default_rng(1).random((10_000, 3))
    sites = tuple(Site(f"A{i}", "Li", tuple(point)) for i, point in enumerate(points.tolist()))
    structure = Structure("big", Lattice.cubic(50), SpaceGroup.from_symbol(1), sites)
    assert len(structure.shared_positions()) == 10_000


def test_ion_names_follow_the_form_factor_tables() -> None:
    assert Site("Cl1", "Cl", (0, 0, 0), charge=-1).ion == "Cl1-"
    assert Site("Ti1", "Ti", (0, 0, 0), charge=4).ion == "Ti4+"
    assert Site("Si1", "Si", (0, 0, 0)).ion == "Si"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sites": (Site("A", "Li", (0, 0, 0)), Site("A", "Cl", (0.5, 0.5, 0.5)))}, "more than once"),
        ({"lattice": Lattice(4, 5, 6)}, "contradicts space group"),
        ({"sites": (Site("A", "Li", (0, 0, 0), 0.7), Site("B", "Na", (0, 0, 0), 0.7))}, "sum to 1.4"),
    ],
)
def test_impossible_structure_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CifError, match=message):
        rock_salt(**changes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("A", "Xy", (0, 0, 0)), "not an element"),
        (("A", "Li", (0, 0, float("nan"))), "not a number"),
        (("A", "Li", (0, 0, 0), 1.1), "occupancy 1.1"),
        (("A", "Li", (0, 0, 0), -0.1), "occupancy -0.1"),
    ],
)
def test_impossible_site_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(CifError, match=message):
        Site(*arguments)  # type: ignore[arg-type]


def test_unknown_site_label_names_the_known_ones() -> None:
    with pytest.raises(CifError, match="Li1, Cl1"):
        rock_salt().site("Br1")
