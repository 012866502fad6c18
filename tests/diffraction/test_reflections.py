"""Reflection tables against Bragg's law, gemmi's absences and pymatgen's multiplicities."""

from __future__ import annotations

import gemmi
import numpy as np
import pytest

from xtal import Lattice, Radiation, SpaceGroup
from xtal.diffraction import calculate_reflections, is_absent, reflection_families
from xtal.errors import InputError
from xtal.instrument import TofBank

from . import cells

CU_KA1 = 1.5405929

# d of the first lines by hand from the certified cells: 1/d² = (h²+k²+l²)/a² or 4/3 (h²+hk+k²)/a² + l²/c²
FIRST_LINES = {
    "lab6": [((1, 0, 0), 4.156826), ((1, 1, 0), 4.156826 / 2**0.5), ((5, 1, 0), 4.156826 / 26**0.5)],
    "si": [((1, 1, 1), 5.43123 / 3**0.5), ((4, 2, 2), 5.43123 / 24**0.5)],
    "caf2": [((1, 1, 1), 5.4631 / 3**0.5), ((2, 2, 0), 5.4631 / 8**0.5)],
    "al2o3": [((0, 1, 2), (4 / 3 / 4.759355**2 + 4 / 12.99231**2) ** -0.5), ((1, 1, 3), (4 / 4.759355**2 + 9 / 12.99231**2) ** -0.5)],
    "zno": [((1, 0, 0), (4 / 3) ** -0.5 * 3.24982), ((1, 0, 1), (4 / 3 / 3.24982**2 + 1 / 5.20661**2) ** -0.5)],
}  # fmt: skip


@pytest.mark.parametrize("name", FIRST_LINES)
def test_two_theta_of_standards_matches_braggs_law(name):
    table = calculate_reflections(cells.STANDARDS[name](), two_theta=(10, 150))
    angles = table.two_theta(CU_KA1)
    for hkl, d in FIRST_LINES[name]:
        assert angles[table.index(*hkl)] == pytest.approx(2 * np.degrees(np.arcsin(CU_KA1 / 2 / d)), abs=1e-3)


PEERS = [
    cells.lab6,
    cells.silicon,
    cells.fluorite,
    cells.zincite,
    cells.llto,
    cells.li2ohcl_cubic,
    cells.li2ohcl_orthorhombic,
]


def pymatgen_pattern(structure):
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    return XRDCalculator(CU_KA1).get_pattern(pymatgen_structure(structure), two_theta_range=(10, 60), scaled=False)


@pytest.mark.parametrize("make", [*PEERS, cells.corundum, cells.llzo])
def test_positions_agree_with_pymatgen(make):
    structure = make()
    angles = calculate_reflections(structure, two_theta=(10, 60)).two_theta(CU_KA1)
    assert all(np.abs(angles - angle).min() < 1e-4 for angle in pymatgen_pattern(structure).x)


# corundum and garnet are left out: pymatgen counts absent reflections of equal d as members of a peak
@pytest.mark.parametrize("make", PEERS)
def test_multiplicities_agree_with_pymatgen(make):
    structure = make()
    table = calculate_reflections(structure, two_theta=(10, 60))
    peer = pymatgen_pattern(structure)
    for angle, families in zip(peer.x, peer.hkls, strict=True):
        here = np.abs(table.two_theta(CU_KA1) - angle) < 1e-4
        assert table.multiplicity[here].sum() == sum(family["multiplicity"] for family in families)


def pymatgen_structure(structure):
    from pymatgen.core import Lattice as PymatgenLattice
    from pymatgen.core import Structure as PymatgenStructure

    positions: dict[tuple[float, ...], dict[str, float]] = {}
    for site in structure.sites:
        for xyz in structure.space_group.orbit(site.xyz):
            content = positions.setdefault(tuple(np.round(xyz, 6)), {})
            content[site.element] = content.get(site.element, 0) + site.occupancy
    lattice = PymatgenLattice.from_parameters(*structure.lattice.parameters)
    return PymatgenStructure(lattice, list(positions.values()), [list(xyz) for xyz in positions])


SETTINGS = [group.xhm() for group in gemmi.spacegroup_table()][::7]


@pytest.mark.parametrize("symbol", SETTINGS)
def test_absences_agree_with_gemmi_in_every_setting(symbol):
    group = SpaceGroup.from_symbol(symbol)
    ops = group.gemmi_operations
    span = np.arange(-4, 5)
    hkl = np.stack(np.meshgrid(span, span, span), axis=-1).reshape(-1, 3)
    hkl = hkl[(hkl != 0).any(axis=1)]
    expected = [ops.is_systematically_absent([int(i) for i in h]) for h in hkl]
    assert is_absent(hkl, group).tolist() == expected


LATTICES = {
    "P -1": Lattice(4.1, 5.3, 6.7, 81, 97, 103), "C 1 2/c 1": Lattice(6.1, 5.3, 7.7, 90, 103, 90), "P n m a": Lattice(5.1, 6.2, 7.3),
    "P -4 21 m": Lattice(5.1, 5.1, 7.3), "R -3 c:R": Lattice(5.1, 5.1, 5.1, 57, 57, 57), "R 3:H": Lattice(5, 5, 13, 90, 90, 120),
    "P 63/m": Lattice(9.4, 9.4, 6.9, 90, 90, 120), "P a -3": Lattice.cubic(6.1), "F d -3 m:1": Lattice.cubic(8.2), "I -4 3 d": Lattice.cubic(9.0),
}  # fmt: skip


@pytest.mark.parametrize("symbol", LATTICES)
def test_families_hold_every_present_reflection_once(symbol):
    group, lattice = SpaceGroup.from_symbol(symbol), LATTICES[symbol]
    hkl, multiplicity = reflection_families(lattice, group, 1.2)
    span = np.arange(-12, 13)
    everything = np.stack(np.meshgrid(span, span, span), axis=-1).reshape(-1, 3)
    everything = everything[(everything != 0).any(axis=1)]
    everything = everything[lattice.g_length(everything) <= 1 / 1.2]
    ops = group.gemmi_operations
    assert multiplicity.sum() == sum(not ops.is_systematically_absent([int(i) for i in h]) for h in everything)
    assert np.all(np.diff(lattice.d_spacing(hkl)) <= 1e-12)


def test_333_and_511_are_kept_apart_and_reported_together():
    table = calculate_reflections(cells.silicon(), d_min=0.9)
    together = [{tuple(map(int, table.hkl[i])) for i in rows} for rows in table.overlaps()]
    assert {(3, 3, 3), (5, 1, 1)} in together
    assert table.multiplicity[table.index(3, 3, 3)] == 8
    assert table.multiplicity[table.index(5, 1, 1)] == 24


def test_three_orthorhombic_li2ohcl_lines_between_30_and_35_degrees_collapse_to_one():
    def lines(make):
        table = calculate_reflections(make(), two_theta=(20, 45))
        angles = table.two_theta(CU_KA1)
        return angles[(angles > 30) & (angles < 35) & (table.f_squared > 0.05 * table.f_squared.max())]

    orthorhombic, cubic = lines(cells.li2ohcl_orthorhombic), lines(cells.li2ohcl_cubic)
    assert len(orthorhombic) == 3
    assert orthorhombic == pytest.approx([32.16, 32.33, 32.87], abs=0.2)
    assert cubic == pytest.approx([2 * np.degrees(np.arcsin(CU_KA1 * 2**0.5 / 2 / 3.911))])


def test_llto_110_appears_at_32_8_degrees():
    table = calculate_reflections(cells.llto(), two_theta=(20, 45))
    assert table.two_theta(CU_KA1)[table.index(1, 1, 0)] == pytest.approx(32.8, abs=0.15)


def test_range_without_reflection_is_refused_and_says_what_to_do():
    with pytest.raises(InputError, match=r"no reflection between d = .*widen the range"):
        calculate_reflections(cells.lab6(), two_theta=(5, 10))


@pytest.mark.parametrize("limits", [(50, 20), (-5, 20), (20, 200)])
def test_impossible_angles_are_refused(limits):
    with pytest.raises(InputError, match="0 ≤ low < high ≤ 180"):
        calculate_reflections(cells.lab6(), two_theta=limits)


def test_table_without_range_is_refused():
    with pytest.raises(InputError, match="give d_min, two_theta, q or tof"):
        calculate_reflections(cells.lab6())


def test_q_range_and_d_range_give_the_same_table():
    by_q = calculate_reflections(cells.lab6(), q=(1.0, 5.0))
    by_d = calculate_reflections(cells.lab6(), d_min=2 * np.pi / 5, d_max=2 * np.pi)
    assert (by_q.hkl == by_d.hkl).all()


def test_flight_times_limit_the_table_of_a_bank():
    bank = TofBank(dif_c=22585.0, two_theta=90.0)
    table = calculate_reflections(cells.lab6(), Radiation("neutron_tof"), tof=(bank, 20_000.0, 60_000.0))
    assert table.d_spacing.max() == pytest.approx(4.156826 / 3**0.5)
    assert table.tof(bank).min() >= 20_000.0


def test_records_and_html_name_the_reflection():
    table = calculate_reflections(cells.lab6(), two_theta=(20, 40))
    assert table.to_table(CU_KA1)[0]["two_theta"] == pytest.approx(21.358, abs=1e-3)
    assert "<td>1 1 1</td>" in table._repr_html_()
