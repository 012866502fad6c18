"""Every complaint about a job says where, what was found, what is allowed, and the nearest known name."""

from __future__ import annotations

import numpy as np
import pytest

from xtal.engines import engine_named
from xtal.errors import InputError, JobError, PatternError
from xtal.io.jobs import job_from_template, load_job
from xtal.io.write_pattern import write_pattern
from xtal.pattern import Pattern

PHASE = 'structure = "lif"'
FILE = 'file = "flat.xy"'
TITLE = 'title = "lithium fluoride"'
SCALE = '"phase.*.scale"'


def phase_with(text: str) -> tuple[str, str]:
    return PHASE, f"{PHASE}\n{text}"


def stage_with(name: str) -> tuple[str, str]:
    return SCALE, f'"{name}"'


# What is changed or added, then what the message must hold.
WRONG = {
    "an unknown key with its nearest": ([("file =", "fiel =")], "", ["[pattern]", "'fiel'", "not known", "'file'"]),
    "an unknown key of a stage": ([], 'fre = ["a"]\n', ["[[stage]]", "number 1", "'fre'", "Did you mean 'free'?"]),
    "an unknown table": ([], "[patern]\na = 1\n", ["'patern'", "'pattern'"]),
    "an unknown key of an inline instrument": (
        [(FILE, f'{FILE}\ninstrument = {{raditation = "CuKa"}}')], "", ["[instrument]", "'raditation'", "'radiation'"],
    ),
    "an unknown key of a parameter": (
        [], '[parameters]\n"phase.lif.cell.a" = {stert = 4}\n', ["[parameters]", "'stert'", "'start'"],
    ),
    "a word where a number belongs": (
        [("terms = 3", 'terms = "many"')], "", ["[background]", "'terms'", "'many' found", "integer"],
    ),
    "a word inside an inline instrument": (
        [(FILE, f'{FILE}\ninstrument = {{u = "wide"}}')], "", ["[instrument]", "'u'", "'wide' found", "number"],
    ),
    "a number out of its range": (
        [("terms = 3", "terms = 0")], "", ["[background]", "'terms'", "0 found", "greater than or equal to 1"],
    ),
    "a number that isn't finite": (
        [phase_with('start = {"cell.a" = nan}')], "", ["'cell.a'", "nan found", "finite"],
    ),
    "a word that isn't a choice": (
        [], 'when = "sometimes"\n', ["'when'", "'sometimes'", "'always', 'calibrated' or 'uncalibrated'"],
    ),
    "an unknown engine": ([(TITLE, 'engine = "rietxx"')], "", ["'engine'", "'rietxx'", "'rietx', 'gsas2' or 'native'"]),
    "a missing table": ([("[pattern]", "[output]"), (FILE, "")], "", ["'pattern'", "missing"]),
    "a missing pattern key": ([(FILE, "")], "", ["[pattern]", "'file'", "missing"]),
    "an unknown instrument": (
        [(FILE, f'{FILE}\ninstrument = "lab-cuk"')], "", ["[pattern]", "'instrument'", "'lab-cuk'", "lab-cuka"],
    ),
    "an unknown structure": ([(PHASE, 'structure = "lfi"')], "", ["[[phase]]", "'structure'", "'lfi'", "lif"]),
    "a phase twice": ([(PHASE, f"{PHASE}\n[[phase]]\n{PHASE}")], "", ["'lif'", "twice", "its own name"]),
    "no phase": ([(f"[[phase]]\n{PHASE}", "")], "", ["no phase", "[[phase]]"]),
    "a cell in nm": (
        [phase_with('start = {"cell.a" = 0.40267}')], "", ["phase.lif.cell.a", "0.40267 Å", "4.0173", "1 nm is 10 Å"],
    ),
    "a phase name with a blank": ([phase_with('name = "li f"')], "", ["[[phase]]", "'name'", "'li f' found"]),
    "an unknown parameter in a stage": (
        [stage_with("phase.lif.scal")], "", ["[[stage]] number 1 (scale)", "'phase.lif.scal'", "'phase.lif.scale'"],
    ),
    "an unknown ending behind a wildcard": ([stage_with("phase.*.scal")], "", ["'phase.*.scal'", "'phase.lif.scale'"]),
    "an unknown parameter to fix": (
        [], 'fix = ["pattern.zeroo"]\n', ["[[stage]] number 1", "'pattern.zeroo'", "'pattern.zero'"],
    ),
    "a stage that frees nothing": ([(f'{SCALE}, "pattern.background"', "")], "", ["number 1", "nothing is free"]),
    "a stage that frees a follower": (
        [stage_with("phase.lif.site.F1.u_iso")],
        '[[tie]]\nequal = ["phase.lif.site.Li1.u_iso", "phase.lif.site.F1.u_iso"]\n',
        ["phase.lif.site.F1.u_iso", "follows a tie", "leads"],
    ),
    "an unknown parameter in bounds": (
        [phase_with('bounds = {"cell.d" = [1, 2]}')], "", ["[[phase]] lif", "'phase.lif.cell.d'", "cell.a"],
    ),
    "an unknown parameter in starts": (
        [phase_with('start = {"cel.a" = 4}')], "", ["[[phase]] lif", "'phase.lif.cel.a'", "'phase.lif.cell.a'"],
    ),
    "an unknown name among the parameters": (
        [], '[parameters]\n"patern.zero" = {start = 0}\n', ["[parameters]", "'patern.zero'", "'pattern.zero'"],
    ),
    "bounds the wrong way round": (
        [phase_with('bounds = {"cell.a" = [4.1, 4.0]}')], "", ["[[phase]] lif", "[4.1, 4]", "[smaller, larger]"],
    ),
    "bounds of one number": ([phase_with('bounds = {"cell.a" = [4.1]}')], "", ["'cell.a'", "[4.1] found", "2 items"]),
    "bounds of a name without quotes": (
        [phase_with("bounds = {cell.a = [3.9, 4.1]}")], "", ["'cell'", "quote", '"cell.a"'],
    ),
    "a start of a name without quotes": (
        [phase_with("start = {site.F1.u_iso = 0.02}")], "", ["'site'", "quote", '"site.F1.u_iso"'],
    ),
    "a start outside its bounds": (
        [phase_with('start = {"cell.a" = 4.3}\nbounds = {"cell.a" = [3.9, 4.1]}')], "",
        ["[[phase]] lif", "4.3", "phase.lif.cell.a", "[3.9, 4.1]", "widen"],
    ),
    "a tie of an unknown parameter": (
        [], '[[tie]]\nequal = ["phase.lif.site.Li1.u_isi", "phase.lif.site.F1.u_iso"]\n',
        ["[[tie]] number 1", "'phase.lif.site.Li1.u_isi'", "'phase.lif.site.Li1.u_iso'"],
    ),
    "an expression with an unknown parameter": (
        [], '[[tie]]\ntarget = "phase.lif.site.F1.u_iso"\nexpression = "2*{phase.lif.site.Li2.u_iso}"\n',
        ["[[tie]] number 1", "'phase.lif.site.Li2.u_iso'", "'phase.lif.site.Li1.u_iso'"],
    ),
    "a tie of two kinds": (
        [], '[[tie]]\nequal = ["pattern.zero"]\nsum = ["a", "b"]\n', ["[[tie]]", "number 1", "exactly one of"],
    ),
    "a product of parameters": (
        [], '[[tie]]\ntarget = "phase.lif.site.F1.u_iso"\nexpression = "{phase.lif.site.Li1.u_iso}*{phase.lif.scale}"\n',
        ["[[tie]] number 1", "'*{phase.lif.scale}'", "linear expression"],
    ),
    "a division by zero": (
        [], '[[tie]]\ntarget = "phase.lif.scale"\nexpression = "1/0"\n', ["[[tie]] number 1", "'1/0' divides by zero"],
    ),
    "an empty expression": ([], '[[tie]]\ntarget = "phase.lif.scale"\nexpression = ""\n', ["[[tie]]", "empty"]),
    "a follower of two ties": (
        [], '[[tie]]\nequal = ["phase.lif.site.Li1.u_iso", "phase.lif.site.F1.u_iso"]\n'
        '[[tie]]\ntarget = "phase.lif.site.F1.u_iso"\nexpression = "0.01"\n',
        ["[[tie]] number 2", "phase.lif.site.F1.u_iso follows two ties"],
    ),
    "a circle of ties": (
        [], '[[tie]]\nequal = ["phase.lif.site.Li1.u_iso", "phase.lif.site.F1.u_iso"]\n'
        '[[tie]]\nequal = ["phase.lif.site.F1.u_iso", "phase.lif.site.Li1.u_iso"]\n',
        ["follows itself", "circle"],
    ),
    "a group with an unknown phase": (
        [], '[groups]\nsalt = ["lif", "lifff"]\n', ["[groups]", "'salt'", "'lifff'", "Did you mean 'lif'?"],
    ),
    "a newer schema": ([("xtal-job/1", "xtal-job/2")], "", ["'schema'", "'xtal-job/2'", "'xtal-job/1'", "update xtal"]),
    "a newer schema with newer keys": (
        [("xtal-job/1", "xtal-job/2")], "[novelty]\na = 1\n", ["'xtal-job/2'", "update xtal"],
    ),
    "a template that isn't there": (
        [(TITLE, 'extends = "chlorspinel"')], "", ["'extends'", "'chlorspinel'", "'chlorospinel'"],
    ),
    "a group with a phase twice": ([], '[groups]\nsalt = ["lif", "lif"]\n', ["[groups]", "'lif' is named twice"]),
    "a phase in two groups": (
        [], '[groups]\nsalt = ["lif"]\nhalide = ["lif"]\n', ["[groups]", "'lif'", "'salt' and 'halide'"],
    ),
    "a single bracket where there may be several": (
        [("[[stage]]", "[stage]")], "", ["'stage'", "table [stage] found", "write [[stage]]"],
    ),
    "a range the wrong way round": (
        [(FILE, f"{FILE}\nrange = [50, 20]")], "", ["[pattern]", "'range'", "[50.0, 20.0]", "[smaller, larger]"],
    ),
    "an excluded region the wrong way round": (
        [(FILE, f"{FILE}\nexcluded = [[21, 22], [31, 30]]")], "", ["[pattern]", "[[excluded]], number 2", "[31.0, 30.0]", "[smaller, larger]"],
    ),
    "a texture axis without direction": (
        [phase_with("texture_axis = [0, 0, 0]")], "", ["[[phase]]", "'texture_axis'", "no direction"],
    ),
    "a stage name twice": (
        [], '[[stage]]\nname = "scale"\nfree = ["pattern.zero"]\n', ["[[stage]] number 2", "'scale' is there twice"],
    ),
    "what isn't TOML": ([(TITLE, "title = = 3")], "", ["not valid TOML", "line 2"]),
}  # fmt: skip


@pytest.mark.parametrize(("replacements", "added", "words"), WRONG.values(), ids=WRONG)
def test_message_names_file_and_place_and_remedy_for(replacements, added, words, read_job):
    with pytest.raises(JobError) as caught:
        read_job(*replacements, added=added)
    message = str(caught.value)
    assert message.startswith("job.toml")
    assert [word for word in words if word not in message] == [], message


def test_further_errors_are_counted(read_job):
    with pytest.raises(JobError, match=r"1 more in this file"):
        read_job(("terms = 3", 'terms = "many"'), added="max_cycles = 0\n")


def test_missing_job_file_is_named_with_its_path(folder):
    with pytest.raises(JobError, match=r"no such job file: .*absent\.toml; check the path"):
        load_job(folder / "absent.toml")


def test_folder_in_place_of_a_job_file_is_refused(folder):
    with pytest.raises(JobError, match="no such job file"):
        load_job(folder)


def test_binary_file_is_refused_as_no_text(folder):
    (folder / "job.toml").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(JobError, match=r"job\.toml: is not a text file"):
        load_job(folder / "job.toml")


def test_missing_pattern_file_is_named(read_job):
    with pytest.raises(PatternError, match=r"absent\.xy.*no such file"):
        read_job(("flat.xy", "absent.xy"))


def test_range_beyond_the_pattern_says_what_the_pattern_spans(read_job):
    with pytest.raises(InputError, match=r"120.*130.*spans 20"):
        read_job((FILE, f"{FILE}\nrange = [120, 130]"))


def test_pattern_in_time_of_flight_is_refused_with_its_axis(folder, read_job):
    flight = Pattern(np.linspace(10_000, 30_000, 200), np.full(200, 5.0), axis="tof", source="bank 1")
    write_pattern(flight, folder / "bank1.fxye")
    with pytest.raises(JobError, match=r"job\.toml, \[pattern\]: the pattern's axis is tof, not two_theta"):
        read_job(("flat.xy", "bank1.fxye"))


def test_unknown_template_suggests_the_nearest(folder):
    with pytest.raises(JobError, match=r"'k-doped-antiperovskit'.*Did you mean 'k-doped-antiperovskite'"):
        job_from_template("k-doped-antiperovskit", folder / "flat.xy")


def test_a_pattern_in_place_of_a_job_asks_for_a_template(folder):
    with pytest.raises(JobError, match=r"flat\.xy: is not valid TOML.*--template NAME"):
        load_job(folder / "flat.xy")


def test_the_template_of_a_bank_without_an_instrument_asks_for_the_banks_file(folder):
    with pytest.raises(
        JobError, match=r"--instrument: template neutron-tof has no instrument of its own; name the calibrated"
    ):
        job_from_template("neutron-tof", folder / "flat.xy", phases=["lif"])


def test_a_job_without_the_patterns_of_its_template_is_told_their_names(folder):
    path = folder / "two.toml"
    tables = "".join(f'[[pattern]]\nname = "{name}"\nfile = "flat.xy"\n' for name in ("X", "D1A"))
    path.write_text(f'extends = "joint-xray-neutron"\n{tables}[[phase]]\nstructure = "lif"\n')
    with pytest.raises(JobError, match=r"for patterns X and N, this job has X, D1A"):
        load_job(path)


def test_quantitative_template_without_phases_asks_for_them(folder):
    with pytest.raises(JobError, match=r"quantitative-phase-analysis: the job has no phase.*--phase"):
        job_from_template("quantitative-phase-analysis", folder / "flat.xy")


def test_unknown_phase_for_a_template_suggests_the_nearest(folder):
    with pytest.raises(JobError, match=r"'lifff' is neither a reference structure nor a file; did you mean lif"):
        job_from_template("quantitative-phase-analysis", folder / "flat.xy", phases=["lifff"])


def test_phase_asked_for_twice_is_refused(folder):
    with pytest.raises(JobError, match="'si' is there twice"):
        job_from_template("quantitative-phase-analysis", folder / "flat.xy", phases=["si", "si"])


def test_unknown_engine_lists_the_known_ones():
    with pytest.raises(JobError, match="'fullprof' is not known; engines are rietx, gsas2"):
        engine_named("fullprof")


def test_file_name_that_would_break_dotted_names_becomes_a_plain_phase_name(folder, repository):
    odd = folder / "LiF v1.2 [new].cif"
    odd.write_bytes((repository / "reference_cifs" / "lif.cif").read_bytes())
    job = job_from_template("quantitative-phase-analysis", folder / "flat.xy", phases=[str(odd)])
    assert [phase.name for phase in job.phases] == ["LiF_v1_2_new_"]
    assert "phase.LiF_v1_2_new_.scale" in job.stages[0].free


def test_a_displacement_parameter_of_the_cif_that_cannot_be_refined_is_refused_by_name(read_job, folder):
    """B given as U: 0.8 Å² is more than any solid has."""
    from xtal import reference_structure
    from xtal.io.cif import cif_text

    text = cif_text(reference_structure("lif"))
    u_iso = next(line.split()[-1] for line in text.splitlines() if line.startswith("F1 "))
    assert float(u_iso.partition("(")[0]) < 0.1
    wrong = "\n".join(line.replace(u_iso, "0.8") if line.startswith("F1 ") else line for line in text.splitlines())
    (folder / "wrong.cif").write_text(wrong)
    with pytest.raises(JobError, match=r"phase\.lif\.site\.F1\.u_iso starts at 0\.8 Å².*B = 8π²U"):
        read_job((PHASE, 'name = "lif"\nstructure = "wrong.cif"'), stage_with("phase.*.site.*.u_iso"))
    assert read_job((PHASE, 'name = "lif"\nstructure = "wrong.cif"')).phases[0].name == "lif"
