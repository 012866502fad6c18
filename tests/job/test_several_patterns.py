"""Jobs with several patterns, with time of flight, and with isotopes."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.engines.task import engine_task
from xtal.errors import JobError, PatternError
from xtal.io.job_patterns import per_microsecond
from xtal.io.jobs import load_job
from xtal.pattern import Pattern

SECOND = '[[pattern]]\nname = "second"\nfile = "flat.xy"\ninstrument = { radiation = "neutron:1.594A", geometry = "debye-scherrer" }\n'
JOB = """
{patterns}
[background]
terms = 2
[[phase]]
structure = "lif"
{isotopes}
[[phase]]
structure = "si"
[[stage]]
name = "scales"
free = ["phase.*.scale", "pattern.*.scale", "pattern.*.background"]
"""
BANK = """
[instrument]
probe = "neutron_tof"
geometry = "debye-scherrer"
[instrument.bank]
dif_c = 22585.0
two_theta = 90.0
[instrument.bank.profile]
alpha = 0.3
"""


def two_patterns(folder, isotopes="", extra=""):
    first = '[[pattern]]\nname = "lab"\nfile = "flat.xy"\n'
    path = folder / "joint.toml"
    path.write_text(JOB.format(patterns=first + SECOND + extra, isotopes=isotopes))
    return load_job(path)


def test_parameters_of_several_patterns_carry_their_names(folder):
    names = list(two_patterns(folder).parameters)
    assert {
        "pattern.lab.zero",
        "pattern.lab.displacement",
        "pattern.second.background.c1",
        "pattern.second.profile.u",
    } <= set(names)
    assert "pattern.zero" not in names


def test_only_patterns_after_the_first_have_scale_strain_and_share(folder):
    names = set(two_patterns(folder).parameters)
    relative = {"scale", "strain.lif.a", "strain.si.a", "share.si"}
    assert {f"pattern.second.{name}" for name in relative} <= names
    assert not {f"pattern.lab.{name}" for name in relative} & names
    assert "pattern.second.share.lif" not in names


def test_one_listed_pattern_is_the_only_pattern(read_job):
    job = read_job(("[pattern]\n", "[[pattern]]\n"))
    assert job.patterns == () and "pattern.zero" in job.parameters
    assert [one.name for one in job.all_patterns] == [""]


def test_fields_of_a_joint_job_are_those_of_its_first_pattern(folder):
    job = two_patterns(folder)
    assert [one.name for one in job.patterns] == ["lab", "second"]
    assert job.instrument is job.patterns[0].instrument
    assert job.patterns[1].instrument.radiation.kind == "neutron_cw"


def test_task_lists_patterns_with_their_instruments(folder):
    task = engine_task(two_patterns(folder), "/nowhere")
    assert "pattern" not in task
    assert [entry["name"] for entry in task["patterns"]] == ["lab", "second"]
    assert [entry["instrument"]["radiation"]["kind"] for entry in task["patterns"]] == ["xray", "neutron_cw"]
    assert task["parameters"]["pattern.second.background.c0"]["value"] > 90


def test_a_pattern_may_have_a_background_of_its_own(folder):
    job = two_patterns(folder, extra="background = { terms = 5 }\n")
    assert [one.background_terms for one in job.patterns] == [2, 5]
    assert "pattern.second.background.c4" in job.parameters


def test_two_patterns_of_one_name_are_refused(folder):
    with pytest.raises(JobError, match="two patterns are called 'second'"):
        two_patterns(folder, extra=SECOND)


def test_wrong_key_of_a_listed_pattern_is_named_with_its_place(folder):
    with pytest.raises(JobError, match=r"\[\[pattern\]\], number 2, key 'rang'.*Did you mean 'range'"):
        two_patterns(folder, extra="rang = 1\n")


def test_isotopes_of_an_element_go_to_all_its_sites(folder):
    job = two_patterns(folder, isotopes="isotopes = { Li = 7 }")
    assert {site.element: site.isotope for site in job.phase("lif").structure.sites} == {"Li": 7, "F": None}


def test_isotopes_of_an_absent_element_are_refused(folder):
    with pytest.raises(JobError, match=r"no site of .* holds 'B'"):
        two_patterns(folder, isotopes="isotopes = { B = 11 }")


def test_angles_on_a_time_of_flight_instrument_are_refused(folder, read_job):
    (folder / "bank.toml").write_text(BANK)
    with pytest.raises(JobError, match="the pattern's axis is two_theta, not tof"):
        read_job(('file = "flat.xy"', 'file = "flat.xy"\ninstrument = "bank.toml"'))


def test_columns_of_flight_times_are_read_when_the_job_says_so(folder, read_job):
    (folder / "bank.toml").write_text(BANK)
    np.savetxt(folder / "times.xy", np.column_stack([np.arange(10_000.0, 12_000.0, 10.0), np.full(200, 50.0)]))
    changed = ('file = "flat.xy"', 'file = "times.xy"\naxis = "tof"\ninstrument = "bank.toml"')
    job = read_job(changed)
    assert job.pattern.axis == "tof" and job.pattern.x[0] == 10_000.0
    with pytest.raises(PatternError, match="2θ ends at 180°"):
        read_job((changed[0], changed[1].replace('axis = "tof"', "")))


def test_bins_of_flight_times_become_a_density_that_keeps_the_counts():
    edges = 10_000.0 * 1.01 ** np.arange(6)
    counts = np.array([100.0, 200.0, 400.0, 200.0, 100.0, 50.0])
    density = per_microsecond(Pattern(edges, counts, np.sqrt(counts), axis="tof"))
    width = np.diff(edges)
    assert density.intensity * width == pytest.approx(counts[:-1])
    assert density.sigma * width == pytest.approx(np.sqrt(counts[:-1]))
    assert density.x == pytest.approx(edges[:-1] + width / 2)
