"""Ordered snapshots: whole atoms, seeds, distances, energies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.analysis.ewald import EwaldSummation

from xtal import Structure
from xtal.builders import ordered_snapshots, oxychloride
from xtal.builders.snapshots import whole_atoms
from xtal.convert import to_pymatgen
from xtal.distances import shortest_distances
from xtal.errors import InputError
from xtal.io.library import reference_structure

OXIDATION = {"Li": 1, "O": -2, "Br": -1, "Cl": -1, "H": 1}


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4), st.integers(1, 60))
def test_whole_atoms_lie_within_one_of_what_the_occupancies_ask(shares: list[float], positions: int) -> None:
    occupancies = np.array(shares) / max(sum(shares), 1.0)
    numbers = np.array(whole_atoms(list(occupancies), positions))
    assert np.all(np.abs(numbers - occupancies * positions) < 1 + 1e-5)
    assert numbers.sum() <= positions
    assert abs(numbers.sum() - occupancies.sum() * positions) <= 0.5 + 1e-5


def test_snapshot_of_cubic_li2ohcl_holds_one_oh_group_per_oxygen() -> None:
    (snapshot,) = ordered_snapshots(reference_structure("li2ohcl-cubic"), (2, 2, 2), seed=7, apart={("H", "H"): 1.95})
    assert snapshot.cell_contents == {"O": 8, "Cl": 8, "Li": 16, "H": 8}
    assert {site.occupancy for site in snapshot.sites} == {1.0}
    oxygen, hydrogen = (np.array([s.xyz for s in snapshot.sites if s.element == e]) for e in "OH")
    difference = hydrogen[:, None] - oxygen[None]
    lengths = snapshot.lattice.length(difference - np.round(difference))
    assert sorted(np.argmin(lengths, axis=1)) == list(range(8))
    assert lengths.min(axis=1) == pytest.approx(np.full(8, 0.96), abs=1e-3)


def test_same_seed_gives_the_same_snapshots_and_another_seed_others() -> None:
    host = oxychloride("C2/m")
    first, again = (ordered_snapshots(host, (2, 1, 1), count=2, seed=5) for _ in range(2))
    assert first == again
    assert first[0].sites != first[1].sites
    assert ordered_snapshots(host, (2, 1, 1), seed=6)[0].sites != first[0].sites
    assert "seed 5" in first[0].source


def test_every_atom_of_a_snapshot_comes_from_a_position_that_allows_it() -> None:
    host = oxychloride("P-3m1")
    (snapshot,) = ordered_snapshots(host, (1, 1, 2), seed=1)
    allowed = {site.label: site for site in host.sites}
    places = set()
    for site in snapshot.sites:
        label = site.label.rpartition("_")[0]
        assert site.element == allowed[label].element
        assert allowed[label].occupancy > 0
        places.add(tuple(np.round(np.mod(site.xyz, 1.0), 5)))
    assert len(places) == len(snapshot.sites)


def energy(snapshot: Structure) -> float:
    cell = to_pymatgen(snapshot)
    cell.add_oxidation_state_by_element(OXIDATION)
    return float(EwaldSummation(cell).total_energy)


def test_lowest_ewald_energy_beats_random_snapshots() -> None:
    host = reference_structure("li2ohbr-cubic")
    best, second = ordered_snapshots(host, (2, 1, 1), count=2, method="ewald")
    drawn = ordered_snapshots(host, (2, 1, 1), count=8, seed=2)
    assert best.cell_contents == drawn[0].cell_contents == {"Br": 2, "O": 2, "Li": 4}
    assert energy(best) <= energy(second) + 1e-6
    assert energy(best) <= min(energy(snapshot) for snapshot in drawn) + 1e-6


def test_shortest_distance_that_is_asked_for_is_kept() -> None:
    (snapshot,) = ordered_snapshots(reference_structure("llzo-cubic"), seed=3, apart={("Li", "Li"): 1.9})
    assert shortest_distances(snapshot)["Li", "Li"] >= 1.9


def test_impossible_distances_are_reported_with_a_remedy() -> None:
    with pytest.raises(InputError, match="smaller distances"):
        ordered_snapshots(reference_structure("li2ohcl-cubic"), (1, 1, 1), apart={("Li", "Li"): 3.5})


def test_ordered_structure_is_its_own_snapshot() -> None:
    host = reference_structure("licl")
    for method in ("random", "ewald"):
        (snapshot,) = ordered_snapshots(host, method=method)
        assert snapshot.cell_contents == {"Li": 4, "Cl": 4}


@pytest.mark.parametrize("arguments", [{"count": 0}, {"method": "guess"}])
def test_request_without_meaning_is_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match="at least one"):
        ordered_snapshots(reference_structure("licl"), **arguments)  # type: ignore[arg-type]
