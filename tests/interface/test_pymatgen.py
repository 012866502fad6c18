"""Against pymatgen's ZSL search: everything it finds is found here, and what it misses or mixes up isn't."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from xtal.interface.build import build_interface
from xtal.interface.coincidence import Limits, find_coincidences, search_planes
from xtal.interface.surface import Surface, low_index_planes
from xtal.io.library import reference_path, reference_structure

from .crystals import crystal, interface_key, match_key

FILM, SUBSTRATE = "li2ohcl-cubic", "llto"


def pymatgen_structure(name: str):
    from pymatgen.core import Structure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Structure.from_file(reference_path(name))


def analyzer(max_area: float):
    from pymatgen.analysis.interfaces.substrate_analyzer import SubstrateAnalyzer

    return SubstrateAnalyzer(max_area=max_area)


def planar_integers(name: str, hkl, vectors) -> np.ndarray:
    """pymatgen's superlattice vectors as integers in our planar basis, through its own oriented cell."""
    from pymatgen.core.surface import SlabGenerator

    generator = SlabGenerator(pymatgen_structure(name), hkl, 20, 15, primitive=False)
    cell = generator.get_slab().oriented_unit_cell.lattice.matrix
    whole = np.rint(np.asarray(vectors) @ np.linalg.pinv(cell[:2])).astype(int)
    np.testing.assert_allclose(whole @ cell[:2], vectors, atol=1e-6)
    uvw = whole @ np.array(generator.slab_scale_factor)[:2]
    surface = Surface(reference_structure(name), tuple(int(i) for i in hkl))
    lengths = surface.structure.lattice.length(uvw)
    np.testing.assert_allclose(lengths, np.linalg.norm(vectors, axis=1), rtol=1e-6)
    rows = np.array([surface.planar_coordinates(direction) for direction in uvw])
    np.testing.assert_allclose(rows, np.rint(rows), atol=1e-6)
    return np.rint(rows).astype(int)


@pytest.mark.parametrize(
    ("planes", "area"),
    [
        (((1, 0, 0), (0, 0, 1)), 80.0),
        (((1, 1, 0), (1, 1, 0)), 160.0),
        (((1, 1, 0), (1, 0, 0)), 160.0),
        (((1, 1, 1), (1, 1, 1)), 160.0),
        (((1, 0, 0), (1, 0, 1)), 160.0),
    ],
    ids=str,
)
def test_every_match_of_pymatgen_is_in_the_list(planes, area):
    theirs = list(
        analyzer(area).calculate(
            pymatgen_structure(FILM),
            pymatgen_structure(SUBSTRATE),
            film_millers=[planes[0]],
            substrate_millers=[planes[1]],
        )
    )
    film, substrate = Surface(reference_structure(FILM), planes[0]), Surface(reference_structure(SUBSTRATE), planes[1])
    ours = find_coincidences(film, substrate, Limits(max_area=area, max_strain=0.05, multiples=True))
    keys = {match_key(match) for match in ours}
    found = {
        interface_key(
            planar_integers(FILM, planes[0], match.film_sl_vectors),
            planar_integers(SUBSTRATE, planes[1], match.substrate_sl_vectors),
            film,
            substrate,
        )
        for match in theirs
    }
    assert theirs
    assert found <= keys
    assert len(ours) >= len(found)


def test_inequivalent_mappings_of_one_pair_of_cells_are_all_listed():
    """pymatgen issue 2194: rectangle 1 x 1.02 on 0.99 x 1.01 also fits turned by 90°, with other strains."""
    film, substrate = crystal("P m m m", 1.0, 1.02, 3.0), crystal("P m m m", 0.99, 1.01, 3.0)
    matches = search_planes(film, substrate, Limits(max_area=1.1, max_strain=0.1), planes=[((0, 0, 1), (0, 0, 1))])
    found = {(round(m.rotation) % 180, tuple(np.round(m.principal_misfits, 6))) for m in matches}
    straight = tuple(np.round(sorted([0.99 / 1 - 1, 1.01 / 1.02 - 1]), 6))
    turned = tuple(np.round(sorted([1.01 / 1 - 1, 0.99 / 1.02 - 1]), 6))
    assert found == {(0, straight), (90, turned)}


def test_cell_just_below_the_area_limit_is_not_lost():
    """pymatgen issue 2457 (closed): indices at the upper end of the area range were skipped."""
    surface = Surface(crystal("P m -3 m", 4.0), (1, 0, 0))
    for cells in (1, 2, 5, 7):
        found = find_coincidences(surface, surface, Limits(max_area=16.0 * cells, max_strain=0.001, multiples=True))
        assert max(match.film_index for match in found) == cells


@pytest.mark.parametrize("names", [("licl", "al2o3"), ("li2ohcl-orthorhombic", "rutile"), ("latp", "llto")], ids=str)
def test_built_slabs_have_the_lattice_of_the_match_for_every_plane(names):
    """pymatgen issue 4651: the search there ran on another slab than the one that was built."""
    film, substrate = (reference_structure(name) for name in names)
    for surface in low_index_planes(film, 1)[:4]:
        limits = Limits(max_area=260, max_strain=0.08)
        first = search_planes(film, substrate, limits, planes=[(surface.hkl, (1, 0, 0))])[:1]
        for match in first:
            for film_thickness in (3.0, 14.0):
                built = build_interface(match, film_thickness=film_thickness, substrate_thickness=4.0)
                for structure in built.structures.values():
                    np.testing.assert_allclose(structure.lattice.matrix[:2, :2], match.cell, atol=1e-8)


def test_film_turned_over_is_listed_where_its_faces_differ():
    """pymatgen issue 2406: mirrored (turned) slabs are left out there."""
    polar, plain = crystal("P 3", 3.0, 3.0, 5.0, 90, 90, 120), crystal("P 6/m m m", 3.05, 3.05, 5.0, 90, 90, 120)
    matches = search_planes(polar, plain, Limits(max_area=8.2), planes=[((0, 0, 1), (0, 0, 1))])
    assert sorted(match.flipped for match in matches) == [False, True]
