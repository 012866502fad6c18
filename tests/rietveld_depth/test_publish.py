"""Publication output: a CIF that reads back, tags that the dictionary knows, lengths with esds, tables."""

from __future__ import annotations

import re
from dataclasses import replace

import gemmi
import numpy as np
import pytest

from xtal.cli import main
from xtal.engines.rietx_export import fullprof_pcr
from xtal.errors import InputError
from xtal.io.cif_validation import cif_complaints
from xtal.io.library import reference_structure
from xtal.io.read_pattern import read_pattern
from xtal.report.folder import write_result
from xtal.report.publication_cif import publication_cif
from xtal.report.publication_pattern import excluded_regions
from xtal.result import ProfileCurves, RestraintResult
from xtal.rietveld.covariance import Covariance
from xtal.rietveld.geometry import bond_angles, bonds

# Aliases in cif_pow.dic 2.5.0 (COMCIFS/Powder_Dictionary); gemmi 0.7 can't read that dictionary, which is CIF 2.
POWDER_NAMES = {
    "_pd_block_id", "_pd_phase_block_id", "_pd_phase_mass_%", "_pd_phase_name", "_pd_proc_2theta_corrected",
    "_pd_proc_2theta_range_min", "_pd_proc_2theta_range_max", "_pd_proc_intensity_total", "_pd_calc_intensity_total",
    "_pd_proc_intensity_bkg_calc", "_pd_proc_ls_weight", "_pd_proc_ls_prof_r_factor", "_pd_proc_ls_prof_wr_factor",
    "_pd_proc_ls_prof_wr_expected", "_pd_proc_ls_profile_function", "_pd_proc_ls_background_function",
    "_pd_proc_info_excluded_regions", "_pd_proc_number_of_points", "_pd_refln_phase_id", "_pd_proc_ls_special_details",
    "_pd_block_diffractogram_id", "_pd_meas_time_of_flight", "_pd_meas_2theta_fixed", "_pd_calc_method",
    "_pd_calib_d_to_tof.id", "_pd_calib_d_to_tof.power", "_pd_calib_d_to_tof.coeff",
}  # fmt: skip
LLTO_SITE = '[[stage]]\nname = "sites"\nfree = ["phase.llto.site.Ti.z", "phase.llto.site.La1.u_iso"]\n'


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Folder of the publication of a pellet with a refined coordinate, and its result folder."""
    from xtal.rietveld.run import refine

    from .conftest import pellet_job

    folder = tmp_path_factory.mktemp("publish")
    result = refine(pellet_job(folder, rest=LLTO_SITE))
    write_result(result, folder / "result")
    assert command("publish", str(folder / "result"), "-o", str(folder / "out"), "-q") == 0
    return folder / "out", result


def test_the_cif_reads_back_as_the_pattern_that_was_fitted(published):
    folder, result = published
    pattern = read_pattern(folder / "refinement.cif")
    assert np.allclose(pattern.x, result.profile.x, atol=1e-4)
    assert np.allclose(pattern.intensity, result.profile.observed, rtol=1e-6)
    assert np.allclose(pattern.sigma, result.profile.sigma, rtol=1e-4)


def test_every_powder_name_is_in_the_dictionary(published):
    folder, _ = published
    names = {name.lower() for name in re.findall(r"^(_pd_\S+)", (folder / "refinement.cif").read_text(), re.M)}
    assert names <= POWDER_NAMES
    assert {"_pd_proc_ls_prof_wr_factor", "_pd_phase_mass_%", "_pd_proc_ls_weight"} <= names


def test_blocks_point_at_each_other(published):
    document = gemmi.cif.read(str(published[0] / "refinement.cif"))
    identities = {block.find_value("_pd_block_id").strip("'") for block in document}
    listed = {text.strip("'") for text in document[0].find_loop("_pd_phase_block_id")}
    assert len(document) == 3 and listed < identities


def test_weights_and_cells_carry_their_esds(published):
    folder, result = published
    document = gemmi.cif.read(str(folder / "refinement.cif"))
    percents = [gemmi.cif.as_number(text) for text in document[0].find_loop("_pd_phase_mass_%")]
    assert sum(percents) == pytest.approx(100, abs=0.2)
    a = document.find_block(next(b.name for b in document if b.name.endswith("llto"))).find_value("_cell_length_a")
    assert re.fullmatch(r"3\.86\d+\(\d+\)", a)
    small = gemmi.make_small_structure_from_block(document[2])
    assert small.cell.a == pytest.approx(result.phases["llto"].cell.a.value, abs=2e-4)


def test_lengths_in_the_cif_belong_to_their_symmetry_codes(published):
    block = gemmi.cif.read(str(published[0] / "refinement.cif"))[2]
    small = gemmi.make_small_structure_from_block(block)
    sites = {site.label: site for site in small.sites}
    operations = [gemmi.Op(text.strip("'")) for text in block.find_loop("_space_group_symop_operation_xyz")]
    table = block.find("_geom_bond_", ["atom_site_label_1", "atom_site_label_2", "site_symmetry_2", "distance"])
    assert len(table) > 3
    for first, second, code, distance in table:
        number, shift = code.split("_") if code != "." else ("1", "555")
        place = operations[int(number) - 1].apply_to_xyz(sites[second].fract.tolist())
        moved = gemmi.Fractional(*(p + int(n) - 5 for p, n in zip(place, shift, strict=True)))
        delta = small.cell.orthogonalize(moved) - small.cell.orthogonalize(sites[first].fract)
        assert delta.length() == pytest.approx(gemmi.cif.as_number(distance), abs=2e-3)


def test_esd_of_a_length_along_the_cell_edge_is_that_of_half_the_edge():
    # Corner to corner of a cubic cell: the length is a, so that its esd is that of a.
    structure = reference_structure("li2ohcl-cubic")
    values = {"cell.a": structure.lattice.a}
    covariance = Covariance(("phase.c.cell.a",), np.array([[4e-8]]))
    found = bonds(structure, "c", values, covariance, maximum=structure.lattice.a + 0.01)
    edges = [bond for bond in found if abs(bond.length - structure.lattice.a) < 1e-6]
    assert edges and all(bond.esd == pytest.approx(2e-4, rel=1e-4) for bond in edges)


def test_angles_that_symmetry_fixes_have_no_esd():
    structure = reference_structure("nio")
    covariance = Covariance(("phase.n.cell.a",), np.array([[1e-8]]))
    angles = bond_angles(structure, "n", {"cell.a": structure.lattice.a}, covariance, maximum=2.2)
    assert {round(angle.angle) for angle in angles} == {90, 180}
    assert all(angle.esd is None for angle in angles)


def test_esd_of_a_length_that_depends_on_a_coordinate_and_the_cell():
    # Rutile: the apical length is sqrt(2) u a, the other one from u, a and c; both by hand.
    structure = reference_structure("rutile")
    (u, a, c), phase = (structure.site("O").xyz[0] if "O" in {s.label for s in structure.sites} else structure.sites[1].xyz[0],
                        structure.lattice.a, structure.lattice.c), "r"  # fmt: skip
    label = structure.sites[1].label
    names = (f"phase.{phase}.site.{label}.x", f"phase.{phase}.cell.a", f"phase.{phase}.cell.c")
    covariance = Covariance(names, np.diag([1e-4**2, 2e-4**2, 3e-4**2]))
    values = {f"site.{label}.x": u, "cell.a": a, "cell.c": c}
    found = [b for b in bonds(structure, phase, values, covariance, maximum=2.1) if b.first == structure.sites[0].label]
    apical, basal = np.sqrt(2) * u * a, np.sqrt(2 * a**2 * (0.5 - u) ** 2 + c**2 / 4)
    by_length = {round(b.length, 3): b for b in found}
    assert by_length[round(apical, 3)].count == 2
    assert by_length[round(basal, 3)].count == 4
    expected = np.hypot(np.sqrt(2) * a * 1e-4, np.sqrt(2) * u * 2e-4)
    assert by_length[round(apical, 3)].esd == pytest.approx(expected, rel=1e-3)
    slopes = np.array([-2 * a**2 * (0.5 - u), 2 * a * (0.5 - u) ** 2, c / 4]) / basal
    assert by_length[round(basal, 3)].esd == pytest.approx(np.linalg.norm(slopes * [1e-4, 2e-4, 3e-4]), rel=1e-3)


def test_tables_hold_the_numbers_of_the_result(published):
    folder, result = published
    markdown, latex = (folder / "tables.md").read_text(), (folder / "tables.tex").read_text()
    assert f"{100 * result.agreement.rwp:.2f}" in markdown
    assert "Bond lengths of llto" in markdown and "(synthetic)" in markdown
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == markdown.count("**") // 2
    assert "Å" not in latex


def test_steps_that_grow_are_no_excluded_regions():
    x = 5000.0 * 1.0008 ** np.arange(3000)
    flat = np.ones(x.size)
    assert excluded_regions(ProfileCurves(x, flat, flat, flat, flat, axis="tof")) == []
    without = np.delete(x, np.s_[700:760])
    ((low, high),) = excluded_regions(ProfileCurves(without, *[flat[:-60]] * 4, axis="tof"))
    assert (low, high) == (x[699], x[760])


def test_excluded_regions_are_the_gaps_of_the_axis():
    x = np.concatenate([np.arange(10, 20, 0.1), np.arange(22, 30, 0.1)])
    flat = np.ones(x.size)
    gaps = excluded_regions(ProfileCurves(x, flat, flat, flat, flat))
    assert len(gaps) == 1
    assert gaps[0] == pytest.approx((19.9, 22.0))


def test_a_title_with_signs_makes_a_valid_cif(published):
    _, result = published
    odd = replace(result, title="Li2OHCl 91 % 'so-called'; ;x\n;y", checks=())
    text = publication_cif(odd, result.structures, {}, {})
    assert len(gemmi.cif.read_string(text)) == 3


def test_topas_input_of_a_phase_holds_its_cell_and_its_atoms(published):
    folder, result = published
    cubic, text = result.structures["cubic"], (folder / "cubic.inp").read_text(encoding="utf-8")
    assert float(re.search(r"^\s+a ! (\S+)", text, re.MULTILINE)[1]) == pytest.approx(cubic.lattice.a, abs=1e-6)
    occupancies = dict(re.findall(r"site (\w+) .* occ \S+ ! (\S+)", text))
    assert {label: float(value) for label, value in occupancies.items()} == pytest.approx(
        {site.label: site.occupancy for site in cubic.sites}, abs=1e-6
    )


def test_fullprof_is_refused_partial_occupancies_in_one_clause(published):
    _, result = published
    with pytest.raises(InputError, match=r"atom 'Li1' has occ = 0\.6+7\); start from the CIF"):
        fullprof_pcr(result.structures["cubic"])


def test_constraints_restraints_and_weights_stand_in_the_cif(published):
    _, result = published
    tie = "phase.llto.site.Ti.u_iso = 0.01 + 2 phase.llto.site.La1.u_iso"
    bond = RestraintResult("llto", "Ti", "O1", 1.95, 0.02, 4.0, 6, 1.96, 1.5)
    text = publication_cif(replace(result, constraints=(tie,), restraints=(bond,)), result.structures, {}, {})
    block = gemmi.cif.read_string(text)[0]
    assert tie in gemmi.cif.as_string(block.find_value("_pd_proc_ls_special_details"))
    assert block.find_value("_refine_ls_number_restraints") == "1"
    assert block.find_value("_refine_ls_weighting_scheme") == "sigma"
    row = block.find(
        "_restr_distance_", ["atom_site_label_1", "atom_site_label_2", "target", "target_weight_param", "diff"]
    )[0]
    assert [*row] == ["Ti", "O1", "1.95", "0.01", "-0.01000"]


def test_ties_of_a_job_are_the_constraints_of_its_result(make_job):
    from xtal.rietveld.run import refine

    tie = '[[tie]]\nequal = ["phase.llto.site.La1.u_iso", "phase.llto.site.Ti.u_iso"]\n'
    result = refine(make_job(rest=tie, step=0.1), engine="native")
    assert result.constraints == ("phase.llto.site.Ti.u_iso = phase.llto.site.La1.u_iso",)
    assert result.to_dict()["constraints"] == list(result.constraints)


def test_the_project_of_gsas2_is_published_with_the_rest(published, tmp_path):
    _, result = published
    write_result(replace(result, files={**result.files, "refinement.gpx": b"project"}), tmp_path / "result")
    assert command("publish", str(tmp_path / "result"), "-o", str(tmp_path / "out"), "-q") == 0
    assert (tmp_path / "out" / "refinement.gpx").read_bytes() == b"project"


NUMBER_ONLY = """data_on_this_dictionary
_dictionary_name tiny.dic
_dictionary_version 1.0
data_wr
_name '_pd_proc_ls_prof_wR_factor'
_category pd_proc_ls
_type {kind}
{limit}
"""


def test_a_dictionary_validates_values_and_names(published, tmp_path, capsys):
    folder, _ = published
    text = (folder / "refinement.cif").read_text()
    names = sorted(set(re.findall(r"^(_\S+)", text, re.M)) - {"_pd_proc_ls_prof_wR_factor"})
    modern = tmp_path / "cif_pow.dic"
    modern.write_text("#\\#CIF_2.0\n" + "\n".join(f"_definition.id '{name}'" for name in names))
    good, bad = tmp_path / "good.dic", tmp_path / "bad.dic"
    good.write_text(NUMBER_ONLY.format(kind="numb", limit="_enumeration_range 0.0:1.0"))
    bad.write_text(NUMBER_ONLY.format(kind="numb", limit="_enumeration_range 2.0:3.0"))
    assert cif_complaints(text, [good, modern]) == []
    assert any(
        "out of expected range" in complaint or "_pd_proc_ls_prof_wR_factor" in complaint
        for complaint in cif_complaints(text, [bad, modern])
    )
    assert any("_pd_proc_ls_weight" in complaint for complaint in cif_complaints(text, [good]))
    with pytest.raises(InputError, match="can't be read"):
        cif_complaints(text, [tmp_path / "none.dic"])


def test_publishing_nothing_is_refused(tmp_path):
    assert command("publish", str(tmp_path)) == 2


def test_cations_of_a_compound_are_no_bond_but_atoms_of_an_element_are():
    """Ca–Ca at 3.4 Å lies within 1.2 covalent radii; the bonds of fluorapatite are P–O and Ca to O and F."""
    from xtal import reference_structure

    def found(name: str):
        return bonds(reference_structure(name), name, {}, None)

    pairs = {
        "".join(sorted({b.first.rstrip("0123456789"), b.second.rstrip("0123456789")})) for b in found("fluorapatite")
    }
    assert pairs == {"OP", "CaO", "CaF"}
    assert {round(bond.length, 2) for bond in found("si")} == {2.35}
