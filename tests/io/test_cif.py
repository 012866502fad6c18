"""Reading and writing CIFs: symmetry, atoms, displacement parameters, bad files, round trips."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np
import pytest

from xtal import Lattice, Site, SpaceGroup, Structure
from xtal.errors import CifError
from xtal.io.cif import cif_text, read_cif, read_structures, structures_from_text, write_cif
from xtal.io.cif_text import number_with_esd
from xtal.io.library import reference_names, reference_structure

CUBIC = """
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {a}
"""
ATOMS = """
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
"""


def cif(symmetry: str, atoms: str, cell: str = CUBIC.format(a=4.0), head: str = ATOMS, block: str = "test") -> str:
    return f"data_{block}\n{cell}\n{symmetry}\n{head}{atoms}\n"


def only(text: str) -> Structure:
    (structure,) = structures_from_text(text)
    return structure


ROCK_SALT = "Li1 Li1+ 0 0 0\nCl1 Cl1- 0.5 0.5 0.5"


@pytest.mark.parametrize("name", reference_names())
def test_reference_structure_written_and_read_again_is_the_same(name: str) -> None:
    structure = reference_structure(name)
    assert only(cif_text(structure)) == structure


@pytest.mark.parametrize("name", reference_names())
def test_gemmi_expands_the_written_cif_to_the_same_number_of_atoms(name: str) -> None:
    structure = reference_structure(name)
    small = gemmi.make_small_structure_from_block(gemmi.cif.read_string(cif_text(structure))[0])
    assert len(small.get_all_unit_cell_sites()) == len(structure.expanded()[0])
    assert small.cell.volume == pytest.approx(structure.lattice.volume, rel=1e-9)


@pytest.mark.parametrize(
    "symmetry",
    [
        "loop_\n_symmetry_equiv_pos_as_xyz\n" + "\n".join(f"'{op}'" for op in SpaceGroup.from_symbol(225).operations),
        "_space_group_name_Hall '-F 4 2 3'",
        "_symmetry_space_group_name_H-M 'F m -3 m'",
        "_space_group_IT_number 225",
    ],
)
def test_symmetry_is_found_however_the_file_gives_it(symmetry: str) -> None:
    structure = only(cif(symmetry, ROCK_SALT))
    assert structure.space_group == SpaceGroup.from_symbol(225)
    assert structure.formula == "Li4 Cl4"


def test_operations_win_over_a_symbol_and_the_notes_say_so() -> None:
    operations = "loop_\n_space_group_symop_operation_xyz\n'x,y,z'\n'-x,-y,-z'\n"
    structure = only(cif(operations + "_space_group_name_H-M_alt 'F m -3 m'", ROCK_SALT))
    assert structure.space_group.number == 2
    assert any("P -1" in note for note in structure.notes)


@pytest.mark.parametrize(
    ("symmetry", "expected"),
    [
        ("_space_group_name_H-M_alt 'F d -3 m :1'", "F d -3 m:1"),
        ("_space_group_name_H-M_alt 'F d -3 m S'", "F d -3 m:1"),
        ("_space_group_name_H-M_alt 'F d -3 m'\n_space_group_IT_coordinate_system_code 1", "F d -3 m:1"),
        ("_space_group_name_H-M_alt 'F d -3 m'", "F d -3 m:2"),
    ],
)
def test_origin_choice_is_read_from_the_symbol_or_its_code(symmetry: str, expected: str) -> None:
    structure = only(cif(symmetry, "Si1 Si 0 0 0"))
    assert structure.space_group.hm == expected


def test_unstated_origin_choice_is_noted() -> None:
    structure = only(cif("_space_group_name_H-M_alt 'F d -3 m'", "Si1 Si 0.125 0.125 0.125"))
    assert any("origin choice" in note for note in structure.notes)


def test_rhombohedral_cell_is_read_on_rhombohedral_axes() -> None:
    cell = CUBIC.format(a=5.13) + "_cell_angle_alpha 55.3\n_cell_angle_beta 55.3\n_cell_angle_gamma 55.3\n"
    structure = only(cif("_space_group_name_H-M_alt 'R -3 c'", "Al1 Al 0.352 0.352 0.352", cell))
    assert structure.space_group.hm == "R -3 c:R"
    assert structure.multiplicities == (4,)


@pytest.mark.parametrize(
    ("symbol", "element", "charge", "isotope"),
    [
        ("Cl1-", "Cl", -1, None),
        ("Cl-", "Cl", -1, None),
        ("CL-1", "Cl", -1, None),
        ("O2-", "O", -2, None),
        ("Ti+4", "Ti", 4, None),
        ("D", "H", None, 2),
        ("7Li1+", "Li", 1, 7),
        ("Si", "Si", None, None),
    ],
)
def test_ions_and_isotopes_are_read_from_the_type_symbol(
    symbol: str, element: str, charge: int | None, isotope: int | None
) -> None:
    (site,) = only(cif("_space_group_name_H-M_alt 'P 1'", f"A1 {symbol} 0 0 0")).sites
    assert (site.element, site.charge, site.isotope) == (element, charge, isotope)


@pytest.mark.parametrize(
    ("label", "element"), [("Cl1", "Cl"), ("CL2A", "Cl"), ("O1w", "O"), ("Li3", "Li"), ("OH", "O")]
)
def test_element_is_read_from_the_label_where_there_is_no_type_symbol(label: str, element: str) -> None:
    head = ATOMS.replace("_atom_site_type_symbol\n", "")
    (site,) = only(cif("_space_group_name_H-M_alt 'P 1'", f"{label} 0 0 0", head=head)).sites
    assert site.element == element


def test_b_iso_becomes_u_iso() -> None:
    head = ATOMS + "_atom_site_B_iso_or_equiv\n"
    (site,) = only(cif("_space_group_name_H-M_alt 'P 1'", "Si1 Si 0 0 0 0.54(1)", head=head)).sites
    assert site.u_iso == pytest.approx(0.54 / (8 * np.pi**2))


def test_bij_and_beta_become_the_same_uij() -> None:
    cell = "_cell_length_a 4\n_cell_length_b 5\n_cell_length_c 6\n_cell_angle_beta 100\n"
    u = np.array([0.01, 0.02, 0.03, 0.001, 0.002, 0.003])
    star = np.array(Lattice(4, 5, 6, 90, 100, 90).reciprocal.parameters[:3])
    pairs = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)]
    beta = [2 * np.pi**2 * u[k] * star[i] * star[j] for k, (i, j) in enumerate(pairs)]
    for stem, values in (("U", u), ("B", 8 * np.pi**2 * u), ("beta", beta)):
        loop = "\nloop_\n_atom_site_aniso_label\n" + "".join(
            f"_atom_site_aniso_{stem}_{index}\n" for index in ("11", "22", "33", "12", "13", "23")
        )
        atoms = "Si1 Si 0.1 0.2 0.3" + loop + "Si1 " + " ".join(repr(float(v)) for v in values)
        (site,) = only(cif("_space_group_name_H-M_alt 'P 1'", atoms, cell)).sites
        assert site.u_aniso == pytest.approx(tuple(u))
        assert site.u_iso is None


def test_rounded_thirds_are_put_onto_the_special_position_and_noted() -> None:
    cell = "_cell_length_a 3.25\n_cell_length_b 3.25\n_cell_length_c 5.2\n_cell_angle_gamma 120\n"
    structure = only(cif("_space_group_name_H-M_alt 'P 63 m c'", "Zn1 Zn 0.333 0.667 0.0001", cell))
    assert structure.sites[0].xyz == (1 / 3, 2 / 3, 0.0001)
    assert structure.multiplicities == (2,)
    assert any("Zn1" in note and "special position" in note for note in structure.notes)


def test_general_position_farther_than_rounding_stays_where_it_is() -> None:
    cell = "_cell_length_a 3.25\n_cell_length_b 3.25\n_cell_length_c 5.2\n_cell_angle_gamma 120\n"
    structure = only(cif("_space_group_name_H-M_alt 'P 63 m c'", "Zn1 Zn 0.330 0.668 0", cell))
    assert structure.sites[0].xyz == (0.33, 0.668, 0)
    assert structure.multiplicities == (12,)
    assert structure.notes == ()


def test_repeated_labels_are_made_unique() -> None:
    structure = only(cif("_space_group_name_H-M_alt 'P 1'", "O O2- 0 0 0\nO O2- 0.5 0.5 0.5"))
    assert [site.label for site in structure.sites] == ["O", "O_2"]
    assert any("labels" in note for note in structure.notes)


def test_mixed_site_given_at_an_equivalent_point_gets_equal_coordinates() -> None:
    head = ATOMS + "_atom_site_occupancy\n"
    atoms = "Li1 Li 0.25 0.25 0.25 0.5\nNa1 Na 0.75 0.75 0.75 0.5"
    structure = only(cif("_space_group_name_H-M_alt 'F m -3 m'", atoms, head=head))
    assert structure.sites[0].xyz == structure.sites[1].xyz
    assert structure.formula == "Li4 Na4"


def test_several_data_blocks_are_read_and_one_is_chosen_by_name(tmp_path: Path) -> None:
    text = "data_global\n_journal_year 2020\n" + cif("_space_group_name_H-M_alt 'P 1'", "Si1 Si 0 0 0", block="first")
    text += cif("_space_group_name_H-M_alt 'P 1'", "Ge1 Ge 0 0 0", block="second")
    file = tmp_path / "two.cif"
    file.write_text(text)
    assert [structure.name for structure in read_structures(file)] == ["first", "second"]
    assert read_cif(file, block="second").sites[0].element == "Ge"
    with pytest.raises(CifError, match="2 structures \\(first, second\\)"):
        read_cif(file)
    with pytest.raises(CifError, match="no data block 'third'"):
        read_cif(file, block="third")


def test_shelx_site_symmetry_orders_are_recognised() -> None:
    head = ATOMS + "_atom_site_symmetry_multiplicity\n"
    atoms = "Li1 Li 0 0 0 48\nCl1 Cl 0.5 0.5 0.5 48"
    structure = only(cif("_space_group_name_H-M_alt 'F m -3 m'", atoms, head=head))
    assert any("orders of the site symmetries" in note for note in structure.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no list of atoms"),
        ("hello", "not a readable CIF"),
        (cif("", ROCK_SALT), "no symmetry"),
        (cif("_space_group_name_H-M_alt 'F m 3 q'", ROCK_SALT), "'F m 3 q' is not known"),
        (cif("_space_group_IT_number 225", ROCK_SALT, cell=""), "no unit cell: _cell_length_a"),
        (cif("_space_group_IT_number 225", ROCK_SALT, cell="_cell_length_a 4\n_cell_length_b 5\n_cell_length_c 4"),
         "contradicts space group"),
        (cif("_space_group_IT_number 225", "Xy1 Xy 0 0 0"), "site Xy1: 'Xy' holds no known element"),
        (cif("_space_group_IT_number 225", "Li1 Li 0 0 zero"), "site Li1: _atom_site_fract_z is 'zero'"),
        (cif("_space_group_IT_number 225", "Li1 Li 0 0 ?"), "site Li1: a coordinate is missing"),
        (cif("_space_group_IT_number 225", "Li1 Li 0 0 0 1.2", head=ATOMS + "_atom_site_occupancy\n"),
         "site Li1: occupancy 1.2"),
        (cif("_space_group_IT_number 225", "Li1 Li 0 0 0 0.6\nNa1 Na 0 0 0 0.6", head=ATOMS + "_atom_site_occupancy\n"),
         "sum to 1.2"),
        (cif("_space_group_IT_number 225", "Li1 Li 0.25 0.25 0.25\nLi2 Li 0.75 0.75 0.75"),
         "site Li2: it is a symmetry copy of site Li1"),
        (cif("_space_group_IT_number 225", "Li1 Li 0 0 0 8", head=ATOMS + "_atom_site_symmetry_multiplicity\n"),
         "site Li1: multiplicity 8 in the file, but 4 by the symmetry"),
        (cif("loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,y+1/4,-z'", ROCK_SALT), "don't make a group"),
        (cif("loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,w'", ROCK_SALT), "could not be read"),
        (cif("_space_group_IT_number 225", ROCK_SALT, cell=CUBIC.format(a=0.513)), "are these in nm?"),
        (cif("_space_group_IT_number 225", ROCK_SALT, cell=CUBIC.format(a=513)), "are these in pm?"),
    ],
)  # fmt: skip
def test_bad_cif_is_refused_with_place_and_reason(text: str, message: str) -> None:
    with pytest.raises(CifError) as caught:
        structures_from_text(text, where="bad.cif")
    assert message in str(caught.value)
    assert str(caught.value).startswith("bad.cif")


def test_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CifError, match=r"nothing\.cif"):
        read_cif(tmp_path / "nothing.cif")


def test_isotopes_charges_and_displacement_survive_the_round_trip() -> None:
    sites = (
        Site("Li 'a'", "Li", (0.1, 0.2, 0.3), 0.5, u_iso=0.01, charge=1, isotope=7),
        Site("D1", "H", (0.4, 0.2, 0.3), 1.0, u_aniso=(0.01, 0.02, 0.03, 0.0, 0.001, 0.0), isotope=2),
        Site("Si1", "Si", (0.7, 0.2, 0.3), 1.0, charge=0),
    )
    structure = Structure("a name", Lattice(5, 6, 7), SpaceGroup.from_symbol(1), sites, "one\ntwo", "model", ("n", "m"))
    assert only(cif_text(structure)) == structure


def test_structure_in_an_unnamed_setting_survives_the_round_trip() -> None:
    group = SpaceGroup.from_operations(["x,y,z", "-x,-y+1/2,-z+1/4"])
    structure = Structure("odd", Lattice(5, 6, 7, 80, 95, 100), group, (Site("O1", "O", (0.1, 0.2, 0.3)),))
    assert group.number == 0
    assert only(cif_text(structure)) == structure


def test_coordinates_that_follow_by_symmetry_have_the_esd_of_their_leader() -> None:
    # A site on the threefold axis at (x, x, x), and one in a hexagonal cell at (x, 2x, z).
    cube = Structure("c", Lattice(10.0, 10.0, 10.0, 90.0, 90.0, 90.0), SpaceGroup.from_symbol("I 21 3"),
                     (Site("Al", "Al", (0.2482445, 0.2482445, 0.2482445)),))  # fmt: skip
    assert "0.24824(5) 0.24824(5) 0.24824(5)" in cif_text(cube, {"site.Al.x": 0.00005})
    hexagon = Structure("h", Lattice(5.0, 5.0, 8.0, 90.0, 90.0, 120.0), SpaceGroup.from_symbol("P 63 m c"),
                        (Site("O", "O", (0.16713, 0.33426, 0.25)),))  # fmt: skip
    assert "0.1671(3) 0.3343(6) 0.25 " in cif_text(hexagon, {"site.O.x": 0.0003})


def test_written_file_holds_esds_in_parentheses(tmp_path: Path) -> None:
    esds = {"cell.a": 0.00042, "site.Li1.u_iso": 0.0012, "site.Li1.occupancy": 0.03}
    structure = only(cif("_space_group_IT_number 225", ROCK_SALT))
    site = structure.sites[0]
    structure = structure.with_sites([Site("Li1", "Li", site.xyz, 0.9, u_iso=0.021), structure.sites[1]])
    file = write_cif(structure, tmp_path / "out.cif", esds)
    text = file.read_text()
    assert "_cell_length_a 4.0000(4)" in text
    assert "0.90(3)" in text
    assert "0.0210(12)" in text
    assert [p.name for p in tmp_path.iterdir()] == ["out.cif"]


@pytest.mark.parametrize(
    ("value", "esd", "text"),
    [
        (3.911, 0.00042, "3.9110(4)"),
        (3.911, 0.00012, "3.91100(12)"),
        (3.911, 0.000195, "3.9110(2)"),
        (120.0, 12.0, "120(12)"),
        (0.5, None, "0.5"),
        (0.5, float("nan"), "0.5"),
    ],
)
def test_uncertainty_is_given_to_two_leading_digits_up_to_19(value: float, esd: float | None, text: str) -> None:
    assert number_with_esd(value, esd) == text


def test_single_atom_may_stand_outside_a_loop() -> None:
    text = cif("_space_group_name_H-M_alt 'F m -3 m'", "", head="")
    text += "_atom_site_label Ni1\n_atom_site_fract_x 0\n_atom_site_fract_y 0\n_atom_site_fract_z 0\n_atom_site_occupancy 0.5\n"
    assert only(text).formula == "Ni2"


def test_atoms_that_share_a_label_keep_their_own_tensors() -> None:
    loop = "\nloop_\n_atom_site_aniso_label\n" + "".join(
        f"_atom_site_aniso_U_{index}\n" for index in ("11", "22", "33", "12", "13", "23")
    )
    atoms = "O O 0 0 0\nO O 0.5 0.5 0.5" + loop + "O 0.01 0.01 0.01 0 0 0\nO 0.02 0.02 0.02 0 0 0"
    first, second = only(cif("_space_group_name_H-M_alt 'P 1'", atoms)).sites
    assert first.u_aniso == (0.01, 0.01, 0.01, 0, 0, 0)
    assert second.u_aniso == (0.02, 0.02, 0.02, 0, 0, 0)


def test_incomplete_tensor_is_refused() -> None:
    loop = "\nloop_\n_atom_site_aniso_label\n_atom_site_aniso_U_11\n_atom_site_aniso_U_22\n"
    with pytest.raises(CifError, match="site Si1: 2 of the six"):
        only(cif("_space_group_name_H-M_alt 'P 1'", "Si1 Si 0 0 0" + loop + "Si1 0.01 0.01"))
