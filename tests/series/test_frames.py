"""Which files are the frames, in which order, and where their axis values stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xtal.errors import InputError, JobError
from xtal.io.series_files import list_frames, read_series_file
from xtal.series.frames import natural_key, parse_range, ramps


def series_with(folder: Path, axis: str, names: list[str], extra: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("# temperature: 25.5 C\n10 1\n11 2\n12 3\n", encoding="utf-8")
    path = folder / "series.toml"
    path.write_text(f'job = "job.toml"\n[patterns]\nglob = "*.xy"\n{extra}\n[axis]\n{axis}\n', encoding="utf-8")
    return path


def test_frames_are_counted_not_spelled(tmp_path):
    names = ["scan_10.xy", "scan_9.xy", "scan_100.xy"]
    frames = list_frames(read_series_file(series_with(tmp_path, "", names)))
    assert [frame.path.name for frame in frames] == ["scan_9.xy", "scan_10.xy", "scan_100.xy"]
    assert sorted(names, key=natural_key)[0] == "scan_9.xy"


def test_axis_from_the_file_name_is_scaled_and_shifted(tmp_path):
    axis = "from = 'name'\npattern = '_([0-9.]+)K'\noffset = -273.15"
    frames = list_frames(read_series_file(series_with(tmp_path, axis, ["a_300K.xy", "b_310.5K.xy"])))
    assert [round(frame.value, 2) for frame in frames] == [26.85, 37.35]


def test_axis_from_the_header(tmp_path):
    axis = "from = 'header'\npattern = 'temperature: ([0-9.]+)'"
    frames = list_frames(read_series_file(series_with(tmp_path, axis, ["a.xy"])))
    assert frames[0].value == 25.5


def test_axis_from_a_csv(tmp_path):
    (tmp_path / "axis.csv").write_text("file,x\na.xy,0.1\nb.xy,0.2\n", encoding="utf-8")
    axis = "name = 'x'\nfrom = 'csv'\nfile = 'axis.csv'"
    frames = list_frames(read_series_file(series_with(tmp_path, axis, ["a.xy", "b.xy"])))
    assert [frame.value for frame in frames] == [0.1, 0.2]


def test_frame_without_a_row_in_the_csv_is_named(tmp_path):
    (tmp_path / "axis.csv").write_text("file,x\na.xy,0.1\n", encoding="utf-8")
    path = series_with(tmp_path, "name = 'x'\nfrom = 'csv'\nfile = 'axis.csv'", ["a.xy", "b.xy"])
    with pytest.raises(InputError, match=r"no number for b\.xy"):
        list_frames(read_series_file(path))


def test_axis_that_cannot_be_read_from_a_name_names_the_file(tmp_path):
    path = series_with(tmp_path, "from = 'name'\npattern = '_([0-9.]+)K'", ["a_300K.xy", "dark.xy"])
    with pytest.raises(InputError, match=r"for dark\.xy.*matches nothing"):
        list_frames(read_series_file(path))


def test_pattern_that_matches_no_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no pattern matches"):
        list_frames(read_series_file(series_with(tmp_path, "", [])))


def test_excluded_files_are_left_out(tmp_path):
    path = series_with(tmp_path, "", ["a.xy", "dark.xy"], "exclude = ['dark*']")
    assert [frame.path.name for frame in list_frames(read_series_file(path))] == ["a.xy"]


def test_order_by_the_axis(tmp_path):
    path = series_with(tmp_path, "from = 'name'\npattern = '_([0-9.]+)K'", ["a_300K.xy", "b_100K.xy"], "order = 'axis'")
    assert [frame.value for frame in list_frames(read_series_file(path))] == [100.0, 300.0]


def test_ramps_end_where_the_axis_turns():
    number, direction = ramps([30, 60, 100, 99.5, 60, 30])
    assert number == [0, 0, 0, 1, 1, 1]
    assert direction == ["up"] * 3 + ["down"] * 3


def test_regulation_about_a_set_point_is_no_ramp():
    rng = np.random.default_rng(0)
    assert set(ramps(np.linspace(30, 100, 60) + rng.normal(0, 1.0, 60))[0]) == {0}


@pytest.mark.parametrize(("text", "expected"), [("2:4", [2, 3]), ("3", [3]), (":2", [0, 1]), ("4:", [4, 5])])
def test_frame_ranges(text, expected):
    assert list(parse_range(text, 6)) == expected


@pytest.mark.parametrize("text", ["", "4:2", "9:12", "a:b"])
def test_frame_ranges_that_mean_nothing_are_refused(text):
    with pytest.raises(InputError, match="frames"):
        parse_range(text, 6)


def test_unknown_key_suggests_the_nearest(tmp_path):
    path = tmp_path / "series.toml"
    path.write_text('job = "job.toml"\n[patterns]\nglobb = "*"\n', encoding="utf-8")
    with pytest.raises(JobError, match="Did you mean 'glob'"):
        read_series_file(path)


def test_job_and_template_together_are_refused(tmp_path):
    path = tmp_path / "series.toml"
    path.write_text('job = "job.toml"\ntemplate = "chlorospinel"\n[patterns]\nglob = "*"\n', encoding="utf-8")
    with pytest.raises(JobError, match="exactly one of"):
        read_series_file(path)
