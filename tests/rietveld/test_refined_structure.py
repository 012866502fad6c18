"""Refined values back in a structure: what depends on them follows by symmetry."""

from __future__ import annotations

import pytest

from xtal.io.library import reference_structure
from xtal.lattice import Lattice
from xtal.rietveld.refined_structure import refined_structure
from xtal.structure import Site, Structure
from xtal.symmetry import SpaceGroup


def crystal(symbol: str, cell: tuple[float, ...], *sites: Site) -> Structure:
    return Structure("p", Lattice.from_parameters(cell), SpaceGroup.from_symbol(symbol), sites, "made up", "model")


TRIGONAL = (6.0, 6.0, 6.0, 90.0, 90.0, 120.0)


def test_site_x_2x_z_of_p3m1_bar_moves_its_y_by_twice_its_x():
    start = crystal("P -3 m 1", TRIGONAL, Site("Cl1", "Cl", (0.10, 0.20, 0.24)))
    moved = refined_structure(start, {"site.Cl1.x": 0.12, "site.Cl1.z": 0.25}).site("Cl1")
    assert moved.xyz == pytest.approx((0.12, 0.24, 0.25))


def test_site_x_minus_x_z_of_p3m1_bar_moves_its_y_the_other_way():
    start = crystal("P -3 m 1", TRIGONAL, Site("Cl1", "Cl", (0.10, 0.90, 0.24)))
    assert refined_structure(start, {"site.Cl1.x": 0.12}).site("Cl1").xyz == pytest.approx((0.12, 0.88, 0.24))


def test_rutile_oxygen_stays_on_the_diagonal():
    start = reference_structure("rutile")
    moved = refined_structure(start, {"site.O1.x": 0.30})
    assert moved.site("O1").xyz == pytest.approx((0.30, 0.30, 0.0))
    assert moved.multiplicities == start.multiplicities


def test_spinel_chlorine_moves_along_the_threefold_axis():
    start = reference_structure("li2sc2_3cl4-spinel")
    label = next(site.label for site in start.sites if site.element == "Cl")
    before = start.site(label).xyz
    after = refined_structure(start, {f"site.{label}.x": before[0] + 0.003}).site(label).xyz
    assert [new - old for new, old in zip(after, before, strict=True)] == pytest.approx([0.003, 0.003, 0.003])


@pytest.mark.parametrize(
    ("symbol", "cell", "values", "expected"),
    [
        ("P m -3 m", (4, 4, 4, 90, 90, 90), {"cell.a": 4.1}, (4.1, 4.1, 4.1, 90, 90, 90)),
        ("P 4/m m m", (4, 4, 8, 90, 90, 90), {"cell.c": 8.1}, (4, 4, 8.1, 90, 90, 90)),
        ("P -3 m 1", TRIGONAL, {"cell.a": 6.1}, (6.1, 6.1, 6, 90, 90, 120)),
        ("R -3 c:R", (5, 5, 5, 55, 55, 55), {"cell.alpha": 56.0}, (5, 5, 5, 56, 56, 56)),
        ("C 1 2/m 1", (6, 11, 6, 90, 109, 90), {"cell.beta": 110.0, "cell.b": 11.1}, (6, 11.1, 6, 90, 110, 90)),
    ],
)
def test_cell_is_completed_by_symmetry(symbol, cell, values, expected):
    start = crystal(symbol, cell, Site("X", "O", (0, 0, 0)))
    assert refined_structure(start, values).lattice.parameters == pytest.approx(expected)


def test_values_that_were_not_refined_stay():
    start = reference_structure("fluorapatite")
    assert refined_structure(start, {}) == start


def test_displacement_parameter_and_occupancy_are_taken():
    start = crystal("P m -3 m", (4, 4, 4, 90, 90, 90), Site("X", "O", (0, 0, 0), 1.0, u_iso=0.01))
    site = refined_structure(start, {"site.X.u_iso": 0.023, "site.X.occupancy": 0.87}).site("X")
    assert (site.u_iso, site.occupancy) == (0.023, 0.87)


@pytest.mark.parametrize(("refined", "held"), [(1.13, 1.0), (-0.04, 0.0)])
def test_occupancy_that_a_structure_cannot_hold_is_cut(refined, held):
    start = crystal("P m -3 m", (4, 4, 4, 90, 90, 90), Site("X", "O", (0, 0, 0)))
    assert refined_structure(start, {"site.X.occupancy": refined}).site("X").occupancy == held


def test_two_atoms_on_one_position_are_scaled_down_to_one_in_their_ratio():
    sites = (Site("In", "In", (0, 0, 0), 0.5), Site("Sc", "Sc", (0, 0, 0), 0.5), Site("Cl", "Cl", (0.5, 0.5, 0.5)))
    start = crystal("P m -3 m", (4, 4, 4, 90, 90, 90), *sites)
    refined = refined_structure(start, {"site.In.occupancy": 0.9, "site.Sc.occupancy": 0.6})
    assert (refined.site("In").occupancy, refined.site("Sc").occupancy) == pytest.approx((0.6, 0.4))
    assert refined.site("Cl").occupancy == 1.0
    assert [site.label for site in refined.sites] == ["In", "Sc", "Cl"]
