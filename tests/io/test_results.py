"""Files of a result: what is written is what is read, and a damaged file says so."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xtal.errors import InputError, OutputError
from xtal.io.results import (
    pattern_csv,
    phase_esds,
    read_result,
    reflections_csv,
    result_json,
    without_folders,
    write_result_files,
)
from xtal.result import Agreement, CellResult, ParameterResult, PhaseResult, ProfileCurves, ReflectionRow, Result, Value

NO_ESD = Value(None, None, "not refined")
X = np.linspace(20.0, 21.0, 11)
PROFILE = ProfileCurves(X, 100 + X, np.sqrt(100 + X), 99.5 + X, np.full(11, 99.0), {"si, powder": X / 3})
REFLECTION = ReflectionRow(1, 1, 1, 8, 3.1355, 28.443, None, 812.25, None)


def _result() -> Result:
    length, angle = Value(5.43123, 0.00012), Value(90.0, None, "fixed by symmetry")
    phase = PhaseResult(
        "Si8", "F d -3 m", "experiment", "made up", Value(1.0), NO_ESD, Value(1.0), Value(2.33), Value(160.2), NO_ESD,
        NO_ESD, CellResult(length, length, length, angle, angle, angle),
    )  # fmt: skip
    parameters = {
        "phase.si.cell.a": ParameterResult(5.43123, 0.00012, 5.43, 5.4, 5.5, True, ("cells",)),
        "phase.si.site.Si1.u_iso": ParameterResult(0.0061, 0.0004, 0.005, 0.0, 0.1, True, ("cells",)),
        "phase.si.scale": ParameterResult(float("nan"), None, 1.0, None, None, False),
    }
    return Result(
        "synthetic silicon", "converged", "pass", "Fine.", {"name": "by hand", "version": "0"},
        Agreement(0.1, 0.09, 0.08, 1.11, 11, 2), {"si": phase}, {"all": ("si",)}, parameters, (), (), (),
        {"source": "synthetic"}, {"command": "xtal refine job.toml"},
        profile=PROFILE, reflections={"si": (REFLECTION,)}, log="first line\n",
    )  # fmt: skip


def test_a_result_read_back_equals_the_one_written(tmp_path):
    result = _result()
    write_result_files(result, tmp_path)
    for path in (tmp_path, tmp_path / "result.json"):
        again = read_result(path)
        assert again.to_dict() == result.to_dict()
        assert again.log == result.log
        assert again.reflections == result.reflections


def test_curves_read_back_agree_to_ten_digits(tmp_path):
    write_result_files(_result(), tmp_path)
    profile = read_result(tmp_path).profile
    for name in ("x", "observed", "sigma", "calculated", "background", "difference"):
        np.testing.assert_allclose(getattr(profile, name), getattr(PROFILE, name), rtol=1e-9)
    np.testing.assert_allclose(profile.phases["si, powder"], X / 3, rtol=1e-9)
    assert profile.axis == "two_theta"


def test_pattern_csv_has_the_documented_columns():
    header = pattern_csv(PROFILE).splitlines()[0]
    assert header == 'two_theta,observed,sigma,calculated,background,difference,"si, powder"'


def test_reflections_csv_leaves_empty_what_the_engine_did_not_say():
    assert reflections_csv({"si": (REFLECTION,)}).splitlines()[1] == "si,1,1,1,8,3.1355,28.443,,812.25,"


def test_a_result_json_alone_is_enough_to_read(tmp_path):
    (tmp_path / "result.json").write_text(result_json(_result()), encoding="utf-8")
    again = read_result(tmp_path)
    assert again.profile is None and again.reflections == {} and again.log == ""
    assert again.agreement == _result().agreement


def test_result_json_holds_null_where_a_number_is_not_finite():
    assert json.loads(result_json(_result()))["parameters"]["phase.si.scale"]["value"] is None


def test_esds_of_a_cif_leave_out_what_has_none():
    esds = phase_esds(_result(), "si")
    assert esds == {"cell.a": 0.00012, "cell.b": 0.00012, "cell.c": 0.00012, "site.Si1.u_iso": 0.0004}


def test_absolute_paths_are_cut_and_other_slashes_kept():
    result = replace(
        _result(),
        message="read /home/someone/pellet.xy; density in g/cm³; https://doi.org/10.1107/S0021 says so",
        provenance={"command": "xtal refine /home/someone/job.toml -o=/tmp/a/out", "inputs": {"/data/x/si.xye": "ab"}},
        log="wrote '/var/tmp/run/fit.lst'\n",
    )
    portable = without_folders(result)
    assert portable.message == "read pellet.xy; density in g/cm³; https://doi.org/10.1107/S0021 says so"
    assert portable.provenance == {"command": "xtal refine job.toml -o=out", "inputs": {"si.xye": "ab"}}
    assert portable.log == "wrote 'fit.lst'\n"
    assert portable.profile is result.profile


@pytest.mark.parametrize("name", ["../outside.lst", "/etc/outside", "a\\b", ""])
def test_a_file_name_that_leads_outside_the_folder_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match="can't be the name"):
        write_result_files(replace(_result(), files={name: b"x"}), tmp_path)


def test_an_engine_file_may_not_replace_one_of_ours(tmp_path):
    with pytest.raises(OutputError, match=r"two files .* 'result\.json'"):
        write_result_files(replace(_result(), files={"result.json": b"x"}), tmp_path)


def test_a_folder_without_a_result_is_named(tmp_path):
    with pytest.raises(InputError, match=r"result\.json: no result here; give a folder"):
        read_result(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": "xtal-result/99"}', "\xff"])
def test_a_file_that_is_not_a_result_is_refused(tmp_path, text):
    (tmp_path / "result.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError):
        read_result(tmp_path)


@pytest.mark.parametrize(
    "damage", ["angle,counts\n1,2\n", "two_theta,observed,sigma,calculated,background,difference\n1,2\n", ""]
)
def test_a_damaged_pattern_csv_is_named(tmp_path, damage):
    write_result_files(_result(), tmp_path)
    (tmp_path / "pattern.csv").write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match=r"pattern\.csv"):
        read_result(tmp_path)


def test_a_damaged_reflections_csv_is_named(tmp_path):
    write_result_files(_result(), tmp_path)
    (tmp_path / "reflections.csv").write_text("phase,h\nsi,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"reflections\.csv"):
        read_result(tmp_path)
