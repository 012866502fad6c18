"""Round trips through pymatgen, diffpy and gemmi, over every reference structure and odd settings."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from xtal import Lattice, Site, SpaceGroup, Structure
from xtal.convert import from_diffpy, from_gemmi, from_pymatgen, to_diffpy, to_gemmi, to_pymatgen
from xtal.convert.atoms import all_atoms, same_atoms
from xtal.errors import CifError
from xtal.io.library import reference_names, reference_structure


def corundum_on_rhombohedral_axes() -> Structure:
    a, c = 4.759355, 12.99231
    edge = np.sqrt(a * a / 3 + c * c / 9)
    angle = float(np.degrees(2 * np.arcsin(a / (2 * edge))))
    sites = (
        Site("Al1", "Al", (0.35216,) * 3, u_aniso=(0.003, 0.003, 0.003, 0.001, 0.001, 0.001), charge=3),
        Site("O1", "O", (0.25 + 0.30624, 0.25 - 0.30624, 0.25), u_iso=0.004, charge=-2),
    )
    return Structure("al2o3-r", Lattice(edge, edge, edge, angle, angle, angle), SpaceGroup.from_symbol("R -3 c:R"), sites,
                     "corundum, rhombohedral axes", "experiment", ("a note",))  # fmt: skip


def odd_structure() -> Structure:
    """Isotopes, Uij, mixed and partly empty sites, and an unnamed setting."""
    sites = (
        Site("Li7", "Li", (0.1, 0.2, 0.3), 0.4, u_aniso=(0.01, 0.02, 0.03, 0.001, 0.002, -0.003), charge=1, isotope=7),
        Site("Na1", "Na", (0.1, 0.2, 0.3), 0.35, u_iso=0.02, charge=1),
        Site("D1", "H", (0.6, 0.7, 0.1), 1.0, isotope=2),
        Site("Vac", "Cl", (0.35, 0.4, 0.8), 0.0, charge=-1),
    )
    group = SpaceGroup.from_operations(["x,y,z", "-x,-y+1/2,-z+1/4"])
    return Structure("odd", Lattice(5, 6, 7, 80, 95, 100), group, sites, "made up", "model", ("one", "two"))


ALL = [reference_structure(name) for name in reference_names()] + [corundum_on_rhombohedral_axes(), odd_structure()]
every_structure = pytest.mark.parametrize("structure", ALL, ids=lambda structure: structure.name)


@every_structure
def test_pymatgen_and_back_is_the_same_structure(structure: Structure) -> None:
    assert from_pymatgen(to_pymatgen(structure)) == structure


@every_structure
def test_diffpy_and_back_is_the_same_structure(structure: Structure) -> None:
    assert from_diffpy(to_diffpy(structure)) == structure
    assert from_diffpy(copy.deepcopy(to_diffpy(structure, ions=True))) == structure


@every_structure
def test_gemmi_and_back_is_the_same_structure(structure: Structure) -> None:
    back = from_gemmi(to_gemmi(structure), origin=structure.source, quality=structure.quality, notes=structure.notes)
    neutral = [replace(site, charge=site.charge or None, u_iso=site.u_iso or None) for site in structure.sites]
    assert back.with_sites(replace(site, charge=site.charge or None) for site in back.sites) == structure.with_sites(
        neutral
    )


@every_structure
def test_content_and_density_agree_with_pymatgen(structure: Structure) -> None:
    peer = to_pymatgen(structure)
    ours = {element: amount for element, amount in structure.cell_contents.items() if amount}
    theirs = {("H" if k == "D" else k): v for k, v in peer.composition.get_el_amt_dict().items()}
    assert ours == pytest.approx(theirs, rel=1e-6)
    if all(site.isotope is None for site in structure.sites):
        assert structure.density == pytest.approx(
            float(peer.density), rel=5e-4
        )  # pymatgen keeps the atomic mass of Zn before 2007


@pytest.mark.parametrize("name", ["llzo-tetragonal", "si", "li2sc2_3cl4-spinel", "al2o3", "alcl3"])
def test_spglib_finds_the_same_space_group_in_the_pymatgen_structure(name: str) -> None:
    structure = reference_structure(name)
    assert (
        SpacegroupAnalyzer(to_pymatgen(structure), symprec=1e-3).get_space_group_number()
        == structure.space_group.number
    )


@pytest.mark.parametrize("name", ["llzo-tetragonal", "si", "llto", "al2o3", "alcl3", "li2in1_3sc1_3cl4-spinel"])
def test_bare_pymatgen_structure_gets_its_symmetry_back_in_the_same_setting(name: str) -> None:
    structure = reference_structure(name)
    bare = to_pymatgen(structure)
    bare.properties.clear()
    found = from_pymatgen(bare)
    assert found.space_group == structure.space_group
    assert len(found.sites) == len(structure.sites)
    first = [atom for position in all_atoms(found) for atom in position]
    assert same_atoms(first, [atom for position in all_atoms(structure) for atom in position])


def test_bare_structure_without_tabulated_origin_is_kept_in_p1() -> None:
    bare = to_pymatgen(reference_structure("licl"))
    bare.properties.clear()
    bare.translate_sites(range(len(bare)), [0.0123, 0.021, 0.037])
    found = from_pymatgen(bare)
    assert found.space_group.hm == "P 1"
    assert found.cell_contents == pytest.approx({"Li": 4, "Cl": 4})


def test_changed_pymatgen_structure_is_not_taken_for_its_origin() -> None:
    changed = to_pymatgen(reference_structure("licl"))
    changed.replace_species({"Cl-": "Br-"})
    assert from_pymatgen(changed).cell_contents == pytest.approx({"Li": 4, "Br": 4})
    strained = to_pymatgen(reference_structure("licl"))
    strained.apply_strain(0.01)
    assert from_pymatgen(strained).lattice.a == pytest.approx(1.01 * reference_structure("licl").lattice.a)


def test_refined_displacement_in_diffpy_comes_back() -> None:
    refined = to_diffpy(reference_structure("licl"))
    for atom in refined:
        atom.Uisoequiv = 0.0312
    assert [site.u_iso for site in from_diffpy(refined).sites] == pytest.approx([0.0312] * 2)


def test_uij_are_turned_with_their_atoms_as_gemmi_turns_them() -> None:
    structure = corundum_on_rhombohedral_axes()
    images = [position[0] for position in all_atoms(structure) if position[0].element == "Al"]
    assert all(image.u_aniso == pytest.approx(structure.sites[0].u_aniso) for image in images)
    cell = Lattice(4, 5, 6, 90, 100, 90)
    site = Site("A", "Li", (0.1, 0.2, 0.3), u_aniso=(0.01, 0.02, 0.03, 0.004, 0.005, 0.006))
    first, second = (p[0] for p in all_atoms(Structure("m", cell, SpaceGroup.from_symbol("P 1 2 1"), (site,))))
    assert first.u_aniso == pytest.approx(site.u_aniso)
    assert second.u_aniso == pytest.approx((0.01, 0.02, 0.03, -0.004, 0.005, -0.006))


def test_gemmi_expands_tetragonal_llzo_in_origin_choice_1_to_the_same_number_of_atoms() -> None:
    structure = reference_structure("llzo-tetragonal")
    assert len(to_gemmi(structure).get_all_unit_cell_sites()) == len(structure.expanded()[0])


def test_dummy_species_is_refused() -> None:
    bare = to_pymatgen(reference_structure("licl"))
    bare.replace_species({"Cl-": "X-"})
    with pytest.raises(CifError, match="dummy species"):
        from_pymatgen(bare)
