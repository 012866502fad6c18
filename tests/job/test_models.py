"""Models beyond scale, cell and profile: what a job says and what the engines get."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.displacement_freedom import anisotropic_site
from xtal.engines.task import engine_task
from xtal.errors import JobError
from xtal.io.cif import write_cif
from xtal.io.library import reference_structure
from xtal.stephens import isotropic_stephens

PHASE = 'structure = "lif"'
SCALE = '"phase.*.scale"'
FREE = 'free = ["phase.*.scale", "pattern.background"]'
FILE = 'file = "flat.xy"'


def phase(structure: str, text: str = "") -> tuple[str, str]:
    return PHASE, f'structure = "{structure}"\n{text}'


def free(*names: str) -> tuple[str, str]:
    return FREE, f"free = {list(names)!r}".replace("'", '"')


# -- extracted intensities -------------------------------------------------------------


@pytest.mark.parametrize("mode", ["lebail", "pawley"])
def test_extraction_leaves_cell_and_widths_and_nothing_of_structures(mode, read_job):
    job = read_job(("[pattern]", f'mode = "{mode}"\n[pattern]'), free("pattern.background", "phase.*"))
    assert job.mode == engine_task(job, "")["mode"] == mode
    assert not job.has_fractions
    left = {name for name in job.parameters if name.startswith("phase.")}
    assert left == {"phase.lif.cell.a", "phase.lif.crystallite_size_nm", "phase.lif.microstrain"}
    assert set(job.free_names) >= left


def test_stages_about_structures_alone_are_left_out_of_an_extraction(read_job):
    more = '[[stage]]\nname = "atoms"\nfree = ["phase.lif.site.Li1.u_iso"]\n'
    job = read_job(("[pattern]", 'mode = "lebail"\n[pattern]'), added=more)
    assert [stage.name for stage in job.stages] == ["scale"]


def test_extraction_without_anything_to_refine_is_refused(read_job):
    with pytest.raises(JobError, match=r"every stage frees only what needs a structure.*free the background"):
        read_job(("[pattern]", 'mode = "lebail"\n[pattern]'), free("phase.*.scale"))


def test_restraints_in_an_extraction_are_refused(read_job):
    bond = '[[restraint]]\natoms = ["phase.lif.site.Li1", "phase.lif.site.F1"]\ndistance = 2.0\n'
    with pytest.raises(JobError, match=r"\[\[restraint\]\]: 1 restraint in mode 'pawley'.*rietveld"):
        read_job(("[pattern]", 'mode = "pawley"\n[pattern]'), added=bond)


# -- anisotropic widths and texture ----------------------------------------------------


def test_anisotropic_strain_starts_at_the_isotropic_one_of_the_job(read_job):
    job = read_job(
        phase("zno", 'anisotropic_strain = true\nstart = {microstrain = 0.002}'), free("phase.*.scale", "phase.*.stephens.*")
    )  # fmt: skip
    structure = reference_structure("zno")
    expected = isotropic_stephens(structure.space_group, structure.lattice, 0.002)
    assert {name: job.parameters[f"phase.zno.stephens.{name}"].start for name in expected} == pytest.approx(expected)
    assert job.parameters["phase.zno.microstrain"].start == 0.0
    assert engine_task(job, "")["phases"][0]["stephens"] == ["s400", "s004", "s202"]


def test_given_coefficients_of_strain_are_taken_as_they_are(read_job):
    start = 'anisotropic_strain = true\nstart = {"stephens.s400" = 0.5, microstrain = 0.001}'
    job = read_job(phase("zno", start), free("phase.*.scale", "phase.*.stephens"))
    starts = [job.parameters[f"phase.zno.{name}"].start for name in ("stephens.s400", "stephens.s004", "microstrain")]
    assert starts == [0.5, 0.0, 0.001]


def test_wildcards_leave_the_isotropic_strain_beside_an_anisotropic_one(read_job):
    wild = read_job(
        phase("zno", "anisotropic_strain = true"), free("phase.*.scale", "phase.*.microstrain", "phase.zno")
    )
    assert "phase.zno.microstrain" not in wild.free_names
    named = read_job(phase("zno", "anisotropic_strain = true"), free("phase.*.scale", "phase.zno.microstrain"))
    assert "phase.zno.microstrain" in named.free_names


def test_names_of_strain_and_sizes_reach_no_phase_that_did_not_ask(read_job):
    job = read_job(
        free("phase.*.scale", "phase.*.stephens.*", "phase.*.crystallite_size_axial_nm", "phase.*.texture.c4_1")
    )
    assert job.free_names == ("phase.lif.scale",)
    assert not any("stephens" in name or "axial_nm" in name for name in job.parameters)


def test_size_along_an_axis_has_its_own_parameter_and_start(read_job):
    job = read_job(phase("zno", "size_axis = [0, 0, 1]"), free("phase.*.scale", "phase.*.crystallite_size*"))
    assert {name for name in job.free_names if "size" in name} == {
        "phase.zno.crystallite_size_nm", "phase.zno.crystallite_size_axial_nm",
    }  # fmt: skip
    assert job.parameters["phase.zno.crystallite_size_axial_nm"].start == 200.0
    assert engine_task(job, "")["phases"][0]["size_axis"] == [0, 0, 1]


def test_cubic_harmonics_begin_at_the_fourth_order(read_job):
    """One cubic harmonic of order 4, one of order 6, one of 8 (H.-J. Bunge, Texture Analysis, 1982, table 14.1)."""
    job = read_job(phase("lif", "harmonics_order = 8"), free("phase.*.scale", "phase.*.texture.*"))
    assert engine_task(job, "")["phases"][0]["harmonics"] == [[4, 1], [6, 1], [8, 1]]
    assert {name for name in job.free_names if "texture" in name} == {
        f"phase.lif.texture.c{order}_1" for order in (4, 6, 8)
    }


def test_an_order_that_gives_a_cubic_crystal_no_texture_is_refused(read_job):
    with pytest.raises(JobError, match="take 4 or more"):
        read_job(phase("lif", "harmonics_order = 2"))


def test_two_models_of_texture_are_refused(read_job):
    with pytest.raises(JobError, match="one model of texture"):
        read_job(phase("lif", "harmonics_order = 4\ntexture_axis = [0, 0, 1]"))


# -- displacement tensors --------------------------------------------------------------


def test_anisotropic_sites_get_the_tensor_that_their_displacement_is(read_job):
    job = read_job(phase("rutile", 'anisotropic = ["O1"]'), free("phase.*.scale", "phase.*.site.*.u*"))
    freed = {name.removeprefix("phase.rutile.site.") for name in job.free_names if ".site." in name}
    assert freed == {"O1.u11", "O1.u33", "O1.u12", "Ti1.u_iso"}
    structure = reference_structure("rutile")
    tensor = anisotropic_site(structure, structure.site("O1"), structure.site("O1").u_iso).u_aniso
    assert job.parameters["phase.rutile.site.O1.u11"].start == pytest.approx(tensor[0])


def test_wildcards_that_do_not_write_a_tensors_component_leave_it_held(read_job):
    job = read_job(phase("rutile", 'anisotropic = ["O1"]'), free("phase.*.scale", "phase.*.site"))
    assert not any(name.endswith(("u11", "u33", "u12")) for name in job.parameters)


def test_an_unknown_site_to_be_anisotropic_is_named(read_job):
    with pytest.raises(JobError, match=r"key 'anisotropic'.*'Ox'"):
        read_job(phase("rutile", 'anisotropic = ["Ox"]'))


# -- absorption, transparency, extra peaks ---------------------------------------------


def test_corrections_that_nothing_names_are_not_part_of_the_model(read_job):
    job = read_job(free("phase.*.scale", "pattern.*"))
    assert not any(name.endswith(("absorption", "transparency", "mu_t")) for name in job.parameters)


@pytest.mark.parametrize("how", ["start", "stage"])
def test_a_correction_exists_when_the_job_names_it(how, read_job):
    if how == "start":
        job = read_job(added='[parameters]\n"pattern.transparency" = {start = 0.1}\n')
        assert job.parameters["pattern.transparency"].start == 0.1
    else:
        job = read_job(free("phase.*.scale", "pattern.plate_mu_t"))
        assert np.isfinite(job.parameters["pattern.plate_mu_t"].start)
        assert "pattern.transparency" not in job.parameters


def test_absorption_of_a_capillary_is_unknown_on_a_flat_plate(read_job):
    with pytest.raises(JobError, match=r"no parameter is called 'pattern\.absorption'"):
        read_job(added='[parameters]\n"pattern.absorption" = {start = 0.5}\n')


PEAK = 'file = "flat.xy"\n[[pattern.peak]]\nname = "kapton"\nposition = 30\narea = 500\nfwhm = 4\n'


def test_an_extra_peak_is_held_until_a_stage_frees_it(read_job):
    job = read_job((FILE, PEAK))
    assert not any("peak" in name for name in job.free_names)
    assert engine_task(job, "")["peaks"] == ["kapton"]
    starts = {name: job.parameters[f"pattern.peak.kapton.{name}"].start for name in ("position", "area", "fwhm", "eta")}
    assert starts == {"position": 30, "area": 500, "fwhm": 4, "eta": 0}
    freed = read_job((FILE, PEAK), free("phase.*.scale", "pattern.peak.*.area"))
    assert "pattern.peak.kapton.area" in freed.free_names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PEAK + PEAK.split("\n", 1)[1], "two peaks are called 'kapton'"),
        (PEAK.replace("position = 30", "position = 80"), r"'kapton' at 80 is outside the pattern, 20 to 50"),
        (PEAK.replace("fwhm = 4", "fwhm = 0"), "'fwhm'"),
    ],
)
def test_an_impossible_peak_is_refused(text, words, read_job):
    with pytest.raises(JobError, match=words):
        read_job((FILE, text))


# -- atoms on one position, polar groups -----------------------------------------------


def test_atoms_on_one_position_move_together_under_wildcards(read_job):
    job = read_job(phase("latp"), free("phase.*.scale", "phase.*.site.*.z", "phase.*.site.*.u_iso"))
    assert {tie.target: tie.terms for tie in job.ties} == {
        "phase.latp.site.Al1.z": ((1.0, "phase.latp.site.Ti1.z"),),
        "phase.latp.site.Al1.u_iso": ((1.0, "phase.latp.site.Ti1.u_iso"),),
    }
    assert "phase.latp.site.Al1.z" not in job.free_names
    assert any("Al1 with Ti1" in note for note in job.notes)
    assert any("Al1 with Ti1" in note for note in job.stages[0].notes)


def test_an_atom_named_in_full_moves_alone(read_job):
    job = read_job(phase("latp"), free("phase.*.scale", "phase.*.site.*.u_iso", "phase.latp.site.Al1.u_iso"))
    assert "phase.latp.site.Ti1.u_iso" not in {tie.terms[0][1] for tie in job.ties}
    assert {"phase.latp.site.Al1.u_iso"} <= set(job.free_names)


def test_a_coordinate_named_in_full_takes_along_who_shares_the_position(read_job):
    job = read_job(phase("latp"), free("phase.*.scale", "phase.latp.site.Ti1.z"))
    assert [tie.target for tie in job.ties] == ["phase.latp.site.Al1.z"]


def test_ties_of_the_job_come_before_those_of_shared_positions(read_job):
    tie = '[[tie]]\nequal = ["phase.latp.site.P1.u_iso", "phase.latp.site.Al1.u_iso"]\n'
    job = read_job(phase("latp"), free("phase.*.scale", "phase.*.site.*.u_iso"), added=tie)
    assert [(tie.target, tie.terms[0][1]) for tie in job.ties] == [
        ("phase.latp.site.Al1.u_iso", "phase.latp.site.P1.u_iso")
    ]


def test_occupancies_on_one_position_stay_free_of_each_other(read_job):
    job = read_job(phase("latp"), free("phase.*.scale", "phase.latp.site.*.occupancy"))
    assert not job.ties


def test_the_heaviest_atom_holds_the_origin_of_a_polar_group(read_job):
    job = read_job(phase("zno"), free("phase.*.scale", "phase.*.site.*.z"))
    assert job.free_names == ("phase.zno.scale", "phase.zno.site.O1.z")
    assert any("Zn1.z is held: it fixes the origin" in note for note in job.notes)


def test_no_origin_is_held_while_another_atom_is(read_job):
    job = read_job(phase("zno"), free("phase.*.scale", "phase.zno.site.Zn1.z"))
    assert "phase.zno.site.Zn1.z" in job.free_names


def test_no_origin_is_held_where_inversion_fixes_it(read_job):
    job = read_job(phase("latp"), free("phase.*.scale", "phase.*.site.*.z"))
    assert not any("origin" in note for note in job.notes)


# -- restraints and balance of charge --------------------------------------------------

BOND = '[[restraint]]\natoms = ["phase.rutile.site.{}", "phase.rutile.site.{}"]\ndistance = {}\n'


def test_a_restraint_reaches_the_engine_with_its_defaults(read_job):
    job = read_job(phase("rutile"), added=BOND.format("Ti1", "O1", 1.96))
    assert engine_task(job, "")["restraints"] == [
        {"phase": "rutile", "site_a": "Ti1", "site_b": "O1", "distance": 1.96, "sigma": 0.02, "weight": 1.0}
    ]


@pytest.mark.parametrize(
    ("bonds", "words"),
    [
        (BOND.format("Ti9", "O1", 2), r"\[\[restraint\]\] number 1: no site is called 'phase\.rutile\.site\.Ti9'.*Ti1"),
        (BOND.format("Ti1", "O1", -2), "greater than 0"),
        (BOND.format("Ti1", "O1", 2) + BOND.format("O1", "Ti1", 1.9), "number 2: O1–Ti1 of rutile is restrained twice"),
        ('[[restraint]]\natoms = ["phase.rutile.site.Ti1"]\ndistance = 2\n', "'atoms'"),
    ],
)
def test_an_impossible_restraint_is_refused(bonds, words, read_job):
    with pytest.raises(JobError, match=words):
        read_job(phase("rutile"), added=bonds)


def balance(text: str) -> str:
    return f'[[tie]]\ncharge_balance = "latp"\n{text}\n'


CHARGES = "charges = { Li = 1, Ti = 4, Al = 3, P = 5, O = -2 }"


def test_the_charge_of_latp_follows_its_aluminium(read_job):
    """Li(1+x)Al(x)Ti(2-x)(PO4)3: each Al on a Ti adds one Li (ratio of multiplicities 12 Ti+Al to 6 Li)."""
    added = balance(f'follower = "site.Li1.occupancy"\n{CHARGES}')
    job = read_job(phase("latp", 'bounds = { "site.Li1.occupancy" = [0.0, 3.0] }'), added=added)
    (tie,) = job.ties
    terms = {name.split(".")[3]: coefficient for coefficient, name in tie.terms}
    assert terms == pytest.approx({"Ti1": -8.0, "Al1": -6.0, "P1": -15.0, "O1": 12.0, "O2": 12.0})
    task = engine_task(job, "")
    assert task["parameters"]["phase.latp.site.Li1.occupancy"]["value"] == pytest.approx(24 - 15 - 8 * 0.85 - 6 * 0.15)


def test_the_charge_of_an_oxide_balances_although_its_form_factor_is_that_of_o1_minus(read_job):
    """One Zn²⁺ for each O²⁻; reference oxides scatter as O¹⁻, whose charge would take half of the zinc away."""
    added = '[[tie]]\ncharge_balance = "zno"\nfollower = "site.Zn1.occupancy"\n'
    job = read_job(phase("zno"), added=added)
    assert job.ties[0].terms == ((pytest.approx(1.0), "phase.zno.site.O1.occupancy"),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('follower = "site.Li1.occupancy"', r"number 1: the charge of Li1 in latp is not known; give it: charges"),
        (f'follower = "site.Li1.u_iso"\n{CHARGES}', r"follower 'site\.Li1\.u_iso' is no occupancy of latp"),
        (f'follower = "site.Li1.occupancy"\n{CHARGES.replace("Li = 1", "Li = 0")}', "Li1.occupancy of latp has no charge"),
        (f'follower = "site.Li1.occupancy"\n{CHARGES.replace("Ti = 4", "Ti = 4, Zr = 4")}', "'Zr', which latp doesn't hold"),
        (f'follower = "site.Li1.occupancy"\n{CHARGES.replace("P = 5", "P = 3")}', r"Li1\.occupancy would start at .* contradict"),
        (CHARGES, "charge_balance = … with follower"),
    ],
)  # fmt: skip
def test_an_impossible_balance_of_charge_is_refused(text, words, read_job):
    with pytest.raises(JobError, match=words):
        read_job(phase("latp"), added=balance(text))


def test_a_phase_that_is_not_there_has_no_charge(read_job):
    with pytest.raises(JobError, match=r"no phase is called 'latp'.*lif"):
        read_job(added=balance(f'follower = "site.Li1.occupancy"\n{CHARGES}'))


# -- contradictions, absent phases -----------------------------------------------------


def test_a_sum_that_its_start_values_cannot_reach_is_refused(read_job):
    tie = '[[tie]]\nsum = ["phase.latp.site.Ti1.occupancy", "phase.latp.site.Al1.occupancy"]\nvalue = 0.5\n'
    with pytest.raises(
        JobError, match=r"Al1\.occupancy would start at -0\.35, outside its bounds \[0\.0, 2\.0\].*contradict"
    ):
        read_job(phase("latp"), added=tie)


def test_a_circle_of_ties_is_refused(read_job):
    names = '"phase.latp.site.Ti1.u_iso", "phase.latp.site.P1.u_iso"'
    turned = '"phase.latp.site.P1.u_iso", "phase.latp.site.Ti1.u_iso"'
    with pytest.raises(JobError, match="follows itself"):
        read_job(phase("latp"), added=f"[[tie]]\nequal = [{names}]\n[[tie]]\nequal = [{turned}]\n")


OPTIONAL = '[[phase]]\nstructure = "latp"\noptional = true\n'


def test_a_tie_about_phases_left_out_is_dropped_with_a_note(read_job):
    tie = '[[tie]]\nequal = ["phase.latp.site.Ti1.u_iso", "phase.latp.site.P1.u_iso"]\n'
    job = read_job(added=OPTIONAL + tie)
    assert not job.ties
    assert any("Tie number 1 was left out" in note and "latp" in note for note in job.notes)


def test_a_tie_between_a_phase_left_out_and_one_that_is_there_is_an_error(read_job):
    tie = '[[tie]]\nequal = ["phase.lif.site.Li1.u_iso", "phase.latp.site.P1.u_iso"]\n'
    with pytest.raises(JobError, match=r"'phase\.latp\.site\.P1\.u_iso'"):
        read_job(added=OPTIONAL + tie)


def test_two_files_of_one_name_are_two_inputs(read_job, folder):
    for name, reference in (("one", "lif"), ("two", "si")):
        (folder / name).mkdir()
        write_cif(reference_structure(reference), folder / name / "phase.cif")
    second = '[[phase]]\nname = "b"\nstructure = "two/phase.cif"\n[[stage]]'
    job = read_job((PHASE, 'name = "a"\nstructure = "one/phase.cif"'), ("[[stage]]", second))
    assert {"job.toml", "flat.xy", "phase.cif", "two/phase.cif"} == set(job.inputs)
    assert len(set(job.inputs.values())) == 4
