"""The built slab is the matched slab, and it is the crystal."""

from __future__ import annotations

import io

import numpy as np
import pytest

from xtal.errors import GeometryError
from xtal.interface.build import build_interface
from xtal.interface.coincidence import Limits, find_coincidences, search_planes
from xtal.interface.slab import Slab
from xtal.interface.surface import Surface
from xtal.interface.termination import find_terminations
from xtal.io.cif import structures_from_text
from xtal.io.library import reference_path, reference_structure

from .crystals import crystal, rock_salt

FILM, SUBSTRATE = "li2ohcl-cubic", "llto"
PLANE_PAIRS = [((1, 0, 0), (0, 0, 1)), ((1, 1, 0), (1, 0, 1)), ((1, 1, 1), (1, 1, 1)), ((1, 0, 0), (1, 1, 0))]


@pytest.mark.parametrize("planes", PLANE_PAIRS, ids=str)
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_built_lattice_vectors_reproduce_the_match(planes, share):
    matches = search_planes(
        reference_structure(FILM),
        reference_structure(SUBSTRATE),
        Limits(max_area=200),
        planes=[planes],
        film_share=share,
    )
    assert matches
    for match in matches[:4]:
        built = build_interface(match)
        for structure in built.structures.values():
            np.testing.assert_allclose(structure.lattice.matrix[:2, :2], match.cell, atol=1e-8)
            np.testing.assert_allclose(structure.lattice.matrix[:2, 2], 0, atol=1e-8)
        unstrained = match.cell @ match.rotation_matrix.T @ np.linalg.inv(np.eye(2) + match.film_strain)
        np.testing.assert_allclose(unstrained, np.array(match.film_matrix) @ match.film.planar_basis, atol=1e-8)


def test_written_files_reproduce_the_match():
    from pymatgen.core import Structure as PymatgenStructure

    match = search_planes(
        rock_salt(5.13, "Li", "Cl"), crystal("P m -3 m", 3.7), Limits(max_area=80), planes=[((1, 1, 0), (1, 1, 0))]
    )[0]
    built = build_interface(match)
    from_poscar = PymatgenStructure.from_str(built.poscar("interface"), fmt="poscar")
    np.testing.assert_allclose(from_poscar.lattice.matrix[:2, :2], match.cell, atol=1e-8)
    assert from_poscar.composition == built.interface.composition
    with io.StringIO(built.cif("interface")) as text:
        again = structures_from_text(text.read())[0]
    np.testing.assert_allclose(again.lattice.parameters[:2], np.linalg.norm(match.cell, axis=1), atol=1e-8)
    assert sum(again.cell_contents.values()) == pytest.approx(built.interface.composition.num_atoms)


def test_ase_reads_the_files(tmp_path):
    read = pytest.importorskip("ase.io", reason="ASE is not installed").read
    match = search_planes(rock_salt(5.13, "Li", "Cl"), crystal("P m -3 m", 3.7), planes=[((1, 0, 0), (1, 0, 0))])[0]
    built = build_interface(match)
    (tmp_path / "POSCAR").write_text(built.poscar("interface"))
    atoms = read(tmp_path / "POSCAR", format="vasp")
    np.testing.assert_allclose(atoms.cell[:2, :2], match.cell, atol=1e-8)


def _distances(structure, largest):
    """Sorted distances from every atom in the middle third of the slab."""
    z = structure.cart_coords[:, 2]
    middle = [i for i in range(len(structure)) if abs(z[i] - (z.min() + z.max()) / 2) < 1.6]
    return sorted(round(n.nn_distance, 4) for i in middle for n in structure.get_neighbors(structure[i], largest)), len(
        middle
    )


@pytest.mark.parametrize("name", ["licl", "rutile", "al2o3", "latp", "li2zrcl6-ccp"])
@pytest.mark.parametrize("hkl", [(1, 0, 0), (0, 1, 1), (1, 1, 1), (1, 1, 2)])
def test_slab_is_a_piece_of_the_crystal(name, hkl):
    """Every slab atom, carried back to the crystal's frame, sits on an atom of the same kind of the bulk."""
    structure = reference_structure(name)
    surface = Surface(structure, hkl)
    slab = Slab(surface, ((2, 1), (0, 1)), 2, find_terminations(surface)[0].shift)
    groups, positions = slab.atoms
    lifted = positions + np.array([0, 0, slab.shift * surface.d_spacing])
    fractional = structure.lattice.fractional_from_cartesian(lifted @ surface.cartesian_axes)
    for group, sites in enumerate(structure.shared_positions()):
        orbit = structure.space_group.orbit(sites[0].xyz)
        mine = fractional[groups == group]
        difference = mine[:, None] - orbit[None]
        nearest = np.abs(difference - np.rint(difference)).max(axis=2).min(axis=1)
        assert nearest.max() < 1e-6
    expected = 2 * 2 * surface.area * surface.d_spacing / structure.lattice.volume
    bulk = sum(len(structure.space_group.orbit(s[0].xyz)) for s in structure.shared_positions())
    assert len(groups) == round(expected * bulk)
    assert positions[:, 2].min() >= -1e-9 and positions[:, 2].max() < slab.thickness


def test_atoms_of_one_slab_do_not_coincide_and_keep_bulk_distances():
    structure = rock_salt(5.13, "Li", "Cl")
    match = find_coincidences(Surface(structure, (1, 1, 1)), Surface(structure, (1, 1, 1)), Limits(max_area=60))[0]
    built = build_interface(match, film_thickness=20, substrate_thickness=20)
    for slab in (built.film, built.substrate):
        shortest, middle = _distances(slab, 2.7)
        assert middle
        assert shortest == pytest.approx([5.13 / 2] * 6 * middle, abs=1e-3)


def test_flipped_film_is_turned_over_not_mirrored():
    """Wurtzite: turned over, Zn-up becomes O-up and the Zn–O bonds keep their lengths."""
    zno = reference_structure("zno")
    surface = Surface(zno, (0, 0, 1))
    matches = find_coincidences(surface, surface, Limits(max_area=surface.area * 1.1, max_strain=0.001))
    assert sorted(match.flipped for match in matches) == [False, True]
    orders = {}
    for match in matches:
        film = build_interface(match, film_thickness=12).film
        lowest, highest = (film[int(f(film.cart_coords[:, 2]))].specie.symbol for f in (np.argmin, np.argmax))
        orders.setdefault(match.flipped, set()).add((lowest, highest))
        bonds, middle = _distances(film, 2.1)
        assert len(bonds) == 4 * middle
    assert orders[False] == {("O", "Zn")} or orders[False] == {("Zn", "O")}
    assert orders[True] == {pair[::-1] for pair in orders[False]}


def test_terminations_gap_and_shift_are_what_was_asked_for():
    match = search_planes(rock_salt(5.13, "Li", "Cl"), rock_salt(4.03, "Li", "F"), planes=[((1, 1, 1), (1, 1, 1))])[0]
    first = build_interface(match, gap=2.5, vacuum=12)
    z = np.sort(first.interface.cart_coords[:, 2])
    boundary = len(first.substrate)
    assert z[boundary] - z[boundary - 1] == pytest.approx(2.5, abs=1e-8)
    assert first.interface.lattice.c == pytest.approx(np.ptp(z) + 12)
    top = {0: "Li", 1: "F"}
    for number, cut in enumerate(find_terminations(match.substrate)):
        substrate = build_interface(match, substrate_termination=number).substrate
        assert substrate[int(np.argmax(substrate.cart_coords[:, 2]))].specie.symbol == cut.top
        assert cut.top in top.values()
    moved = build_interface(match, gap=2.5, vacuum=12, shift=(0.5, 0.25))
    film = [i for i in range(len(first.interface)) if first.interface.cart_coords[i, 2] > z[boundary] - 0.1]
    before = {tuple(np.round(np.add(first.interface[i].frac_coords, [0.5, 0.25, 0]) % 1 % 0.99999, 4)) for i in film}
    after = {tuple(np.round(site.frac_coords % 1 % 0.99999, 4)) for site in moved.interface}
    assert before <= after


def test_occupancies_are_kept_unless_a_snapshot_is_asked_for():
    limits = Limits(max_area=62, multiples=True)
    found = search_planes(reference_structure(FILM), reference_structure(SUBSTRATE), limits, planes=[PLANE_PAIRS[0]])
    match = next(match for match in found if match.film_matrix == ((2, 0), (0, 2)))
    kept = build_interface(match, film_thickness=15)
    layers = round(15 / 3.911 + 0.5)
    assert kept.film.composition.as_dict() == pytest.approx(
        {"Li": 2 * layers * 4, "O": layers * 4, "H": layers * 4, "Cl": layers * 4}, rel=1e-5
    )
    with pytest.raises(GeometryError, match="ordered=True"):
        kept.poscar("film")
    snapshot = build_interface(match, film_thickness=15, ordered=True)
    assert snapshot.film.composition.as_dict() == {
        "Li": 2 * layers * 4,
        "O": layers * 4,
        "H": layers * 4,
        "Cl": layers * 4,
    }
    hydrogens = [site for site in snapshot.film if site.specie.symbol == "H"]
    closest = min(a.distance(b) for i, a in enumerate(hydrogens) for b in hydrogens[:i])
    assert closest > 1.5, "two hydrogens on one oxygen"
    again = build_interface(match, film_thickness=15, ordered=True)
    np.testing.assert_array_equal(snapshot.film.frac_coords, again.film.frac_coords)


def test_occupied_crystal_agrees_with_pymatgen_about_the_composition():
    from pymatgen.core import Structure as PymatgenStructure

    theirs = PymatgenStructure.from_file(reference_path("latp")).composition.fractional_composition
    match = search_planes(
        reference_structure("latp"), reference_structure(SUBSTRATE), Limits(max_area=80, max_strain=0.1), planes=[((0, 1, 2), (0, 0, 1))]
    )[0]  # fmt: skip
    ours = build_interface(match).film.composition.fractional_composition
    for element, share in theirs.items():
        assert ours[element.symbol if hasattr(element, "symbol") else element] == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"film_termination": 99}, "no termination 99 for the film.*there are 0:"),
        ({"gap": 0.0}, "positive gap"),
        ({"film_thickness": -1.0}, "thickness of -1"),
    ],
)
def test_slabs_without_meaning_are_refused(options, words):
    match = search_planes(reference_structure("licl"), reference_structure("lif"), planes=[((1, 0, 0), (1, 0, 0))])[0]
    with pytest.raises(GeometryError, match=words):
        build_interface(match, **options)
