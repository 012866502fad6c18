"""What each stage frees: wildcards, accumulation, `fix`, `refine`, `when`, phases that a job leaves out."""

from __future__ import annotations

import pytest

from xtal.errors import JobError
from xtal.instrument import Instrument
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template, load_job, read_template
from xtal.job.schema import StageTable
from xtal.job.stages import resolve_stages
from xtal.radiation import Radiation
from xtal.synthetic import laboratory_instrument

NAMES = [
    "pattern.zero",
    "pattern.background.c0",
    "pattern.background.c1",
    "phase.a.scale",
    "phase.a.cell.a",
    "phase.a.cell.c",
    "phase.a.site.O1.u_iso",
    "phase.ab.scale",
    "phase.ab.cell.a",
    "phase.ab.site.O1.u_iso",
]


def freed(*tables: dict, followers=(), allowed=None, absent=()) -> list[set[str]]:
    stages = resolve_stages(
        [StageTable(name=f"stage {number}", **table) for number, table in enumerate(tables)],
        NAMES,
        set(followers),
        allowed or {"a": None, "ab": None},
        "job.toml",
        absent,
    )
    return [set(stage.free) for stage in stages]


def test_name_without_wildcard_frees_itself():
    assert freed({"free": ["phase.a.scale"]}) == [{"phase.a.scale"}]


def test_name_of_a_group_frees_all_below_it():
    assert freed({"free": ["phase.a.cell"]}) == [{"phase.a.cell.a", "phase.a.cell.c"}]
    assert freed({"free": ["pattern.background"]}) == [{"pattern.background.c0", "pattern.background.c1"}]


def test_name_of_a_phase_does_not_reach_a_phase_that_begins_alike():
    assert all(name.startswith("phase.a.") for name in freed({"free": ["phase.a"]})[0])


def test_star_frees_the_same_parameter_of_every_phase():
    assert freed({"free": ["phase.*.scale"]}) == [{"phase.a.scale", "phase.ab.scale"}]
    assert freed({"free": ["phase.*.cell"]}) == [{"phase.a.cell.a", "phase.a.cell.c", "phase.ab.cell.a"}]


def test_question_mark_stands_for_one_letter():
    assert freed({"free": ["phase.a.cell.?"]}) == [{"phase.a.cell.a", "phase.a.cell.c"}]
    assert freed({"free": ["phase.a?.scale"]}) == [{"phase.ab.scale"}]


def test_each_stage_keeps_what_the_stages_before_it_freed():
    first, second = freed({"free": ["phase.a.scale"]}, {"free": ["pattern.zero"]})
    assert first == {"phase.a.scale"}
    assert second == {"phase.a.scale", "pattern.zero"}


def test_fix_holds_from_that_stage_on():
    stages = freed({"free": ["phase.a.scale", "pattern.zero"]}, {"fix": ["pattern.zero"]}, {"free": ["phase.a.cell"]})
    assert ["pattern.zero" in stage for stage in stages] == [True, False, False]


def test_fixed_parameter_can_be_freed_again():
    stages = freed({"free": ["phase.a.scale", "pattern.zero"]}, {"fix": ["pattern.zero"]}, {"free": ["pattern.zero"]})
    assert ["pattern.zero" in stage for stage in stages] == [True, False, True]


def test_free_parameters_come_in_the_order_of_the_model():
    stages = resolve_stages(
        [StageTable(name="s", free=["phase.ab.scale", "pattern.zero", "phase.a.scale"])],
        NAMES, (), {"a": None, "ab": None}, "job.toml",
    )  # fmt: skip
    assert stages[0].free == ("pattern.zero", "phase.a.scale", "phase.ab.scale")


def test_wildcards_pass_over_followers_of_ties():
    assert freed({"free": ["phase.*.site.*.u_iso"]}, followers=["phase.ab.site.O1.u_iso"]) == [
        {"phase.a.site.O1.u_iso"}
    ]


def test_refine_list_keeps_wildcards_from_the_rest_of_its_phase():
    allowed = {"a": None, "ab": ["scale"]}
    assert freed({"free": ["phase.*.scale", "phase.*.cell"]}, allowed=allowed) == [
        {"phase.a.scale", "phase.ab.scale", "phase.a.cell.a", "phase.a.cell.c"}
    ]


def test_refine_list_takes_groups_and_wildcards():
    allowed = {"a": ["cell", "site.*.u_iso"], "ab": []}
    assert freed({"free": ["phase.*.*"]}, allowed=allowed) == [
        {"phase.a.cell.a", "phase.a.cell.c", "phase.a.site.O1.u_iso"}
    ]


def test_parameter_named_in_full_is_freed_whatever_the_refine_list_says():
    assert freed({"free": ["phase.ab.cell.a"]}, allowed={"a": None, "ab": ["scale"]}) == [{"phase.ab.cell.a"}]


def test_wildcard_over_phases_may_find_none_when_its_ending_is_known():
    assert freed({"free": ["phase.a.scale", "phase.*.texture.r", "phase.*.site.K1.occupancy"]}) == [{"phase.a.scale"}]


def test_wildcard_over_phases_with_an_unknown_ending_is_refused():
    with pytest.raises(JobError, match=r"phase\.\*\.texture\.s"):
        freed({"free": ["phase.a.scale", "phase.*.texture.s"]})


def test_what_stages_say_of_absent_phases_is_skipped():
    assert freed({"free": ["phase.a.scale", "phase.lif.cell", "phase.lif.scale"]}, absent=["lif"]) == [
        {"phase.a.scale"}
    ]


def test_what_stages_say_of_unknown_phases_is_refused():
    with pytest.raises(JobError, match=r"phase\.lif\.cell"):
        freed({"free": ["phase.a.scale", "phase.lif.cell"]})


def test_first_of_several_alternatives_that_the_model_has_is_freed():
    assert freed({"free": ["pattern.zero | phase.a.scale"]}) == [{"pattern.zero"}]
    assert freed({"free": ["pattern.displacement | pattern.zero"]}) == [{"pattern.zero"}]
    assert freed({"free": ["phase.*.texture.r | phase.*.scale"]}) == [{"phase.a.scale", "phase.ab.scale"}]


@pytest.mark.parametrize("wrong", ["patern.displacement | pattern.zero", "pattern.displacement | patern.zero"])
def test_misspelt_alternative_is_refused(wrong):
    with pytest.raises(JobError, match=r"no parameter is called 'patern\."):
        freed({"free": [wrong]})


def test_templates_shift_the_zero_where_no_height_can_move(folder):
    """A capillary has no sample height: the templates' stages then free the zero."""
    capillary = Instrument(name="capillary", radiation=Radiation.from_name("0.5A"), geometry="debye-scherrer")
    write_instrument(capillary, folder / "capillary.toml")
    for instrument, shift, other in (
        (str(folder / "capillary.toml"), "pattern.zero", "pattern.displacement"),
        ("lab-cuka", "pattern.displacement", "pattern.zero"),
    ):
        job = job_from_template("chlorospinel", folder / "flat.xy", instrument=instrument)
        assert shift in job.free_names
        assert other not in job.free_names


def template_job(folder, *, calibrated: bool, phases=()):
    instrument = None
    if calibrated:
        instrument = str(write_instrument(laboratory_instrument(), folder / "calibrated.toml"))
    return job_from_template("antiperovskite-perovskite", folder / "flat.xy", phases=phases, instrument=instrument)


def test_stage_for_uncalibrated_instruments_is_taken_on_those_only(folder):
    uncalibrated, calibrated = (template_job(folder, calibrated=known) for known in (False, True))
    assert "pattern.profile.w" in uncalibrated.free_names
    assert "pattern.profile.w" not in calibrated.free_names
    assert len(calibrated.stages) == len(uncalibrated.stages) - 1


def test_optional_phases_of_a_template_come_on_request_only(folder):
    without, with_lif = template_job(folder, calibrated=True), template_job(folder, calibrated=True, phases=["lif"])
    assert [phase.name for phase in without.phases] == ["cubic", "orthorhombic", "llto"]
    assert [phase.name for phase in with_lif.phases] == ["cubic", "orthorhombic", "llto", "lif"]
    assert "phase.lif.cell.a" in with_lif.free_names
    assert not any(name.startswith("phase.licl") for name in with_lif.parameters)


def test_optional_phase_keeps_its_refine_list(folder):
    job = template_job(folder, calibrated=True, phases=["lif"])
    freed = {name for name in job.free_names if name.startswith("phase.lif.")}
    assert freed == {"phase.lif.scale", "phase.lif.cell.a", "phase.lif.crystallite_size_nm"}


def test_job_that_extends_a_template_takes_optional_phases_by_include(folder):
    (folder / "job.toml").write_text(
        'extends = "antiperovskite-perovskite"\ninclude = ["licl"]\n[pattern]\nfile = "flat.xy"\n'
    )
    assert [phase.name for phase in load_job(folder / "job.toml").phases] == ["cubic", "orthorhombic", "llto", "licl"]


def test_job_that_extends_a_template_may_replace_its_stages(folder):
    (folder / "job.toml").write_text(
        'extends = "antiperovskite-perovskite"\n[pattern]\nfile = "flat.xy"\n'
        '[[stage]]\nname = "only scales"\nfree = ["phase.*.scale"]\n'
    )
    job = load_job(folder / "job.toml")
    assert [stage.name for stage in job.stages] == ["only scales"]
    assert job.background_terms == read_template("antiperovskite-perovskite")["background"]["terms"]


def test_every_template_frees_only_names_that_exist_and_lead(folder):
    from xtal.io.jobs import template_names

    # Two templates want other patterns than one at constant wavelength; tests of their own run them.
    for name in set(template_names()) - {"joint-xray-neutron", "neutron-tof"}:
        needs_phases = all(table.get("optional", False) for table in read_template(name).get("phase", []))
        phases = ["si"] if needs_phases else []
        job = job_from_template(name, folder / "flat.xy", phases=phases)
        assert set(job.free_names) <= set(job.parameters)
        assert not set(job.free_names) & {tie.target for tie in job.ties}
        assert {leader for tie in job.ties for _, leader in tie.terms} <= set(job.parameters)
