"""Patterns that can't be read: every message names file, line and remedy."""

from __future__ import annotations

import pytest

from xtal.errors import PatternError
from xtal.io.read_pattern import read_pattern

BAD_COLUMNS = {
    "empty": ("", "bad.xy: the file is empty; export or copy it again."),
    "blanks": (" \n\n", "bad.xy: the file is empty; export or copy it again."),
    "only text": ("no\nnumbers\n", "bad.xy: no row of numbers; give two columns"),
    "text among numbers": ("10 5\n11 abc\n", "bad.xy, line 2: '11 abc' where numbers belong; mend or delete the line"),
    "text line": ("10 5\nhello\n11 6\n", "bad.xy, line 2: 'hello' where numbers belong; mend or delete the line"),
    "unsorted": ("10 5\n12 6\n11 7\n", "bad.xy, line 3: position 11 is below the one before it (12); sort the lines"),
    "repeated": ("# c\n10 5\n10 6\n", "bad.xy, line 3: position 10 repeats the one before it; merge repeated positions."),
    "decreasing": ("12 5\n11 6\n10 7\n", "bad.xy: positions run downwards, from 12 to 10; reverse the order of the lines."),
    "nan": ("10 5\n11 NaN\n", "bad.xy, line 2: '11 NaN' holds a value that is not a finite number; delete the line"),
    "inf": ("10 5\n11 inf\n", "bad.xy, line 2: '11 inf' holds a value that is not a finite number; delete the line"),
    "negative sigma": ("10 5 1\n11 6 -2\n", "bad.xy, line 2: negative sigma -2; the third column must hold standard"),
    "one column": ("10\n11\n12\n", "bad.xy, line 1: one column of numbers; give two columns"),
    "missing cell": ("10 5\n11\n", "bad.xy, line 2: 1 numbers where the first row has 2; complete or delete the line."),
    "single row": ("10 5\n", "bad.xy: a single row of numbers (line 1); a pattern needs at least two points."),
    "centidegrees": ("1000 5\n1002 6\n", "bad.xy: positions run from 1000 to 1002, but 2θ ends at 180°; say what the axis is"),
    "many columns": ("1 2 3 4\n2 3 4 5\n", "bad.xy, line 1: 4 columns of which none is named; keep position, intensity"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_COLUMNS)
def test_bad_columns_are_refused_with_file_line_and_remedy(tmp_path, case):
    text, message = BAD_COLUMNS[case]
    file = tmp_path / "bad.xy"
    file.write_text(text)
    with pytest.raises(PatternError) as caught:
        read_pattern(file)
    assert message in str(caught.value)


BAD_GSAS = {
    "truncated": ("BANK 1 5 1 CONS 1000 2 0 0 STD\n     100     200\n", "line 2: bank 1 announces 5 points but 2 follow"),
    "text": ("BANK 1 2 2 CONS 1000 2 0 0 FXYE\n1000 5 1\n1002 x 1\n", "line 4: '1002 x 1' where numbers belong"),
    "unsorted": ("BANK 1 3 3 CONS 1000 2 0 0 FXYE\n1000 5 1\n1010 5 1\n990 5 1\n", "line 5: position 9.9 is below the one before"),
    "negative sigma": ("BANK 1 2 2 CONS 1000 2 0 0 FXYE\n1000 5 1\n1002 5 -1\n", "line 4: negative sigma -1"),
    "few numbers": ("BANK 1 2 2 CONS 1000 2 0 0 FXYE\n1000 5\n1002 5\n", "line 3: '1000 5' does not hold 3 finite numbers"),
    "nan": ("BANK 1 2 2 CONS 1000 2 0 0 FXYE\n1000 nan 1\n1002 5 1\n", "line 3: '1000 nan 1' does not hold 3 finite numbers"),
    "binning": ("BANK 1 2 1 COND 1 2 0 0 STD\n     100     200\n", "line 2: binning 'COND' is neither 2θ nor time of flight"),
    "no times": ("BANK 1 2 1 SLOG 1 2 0 0 STD\n     100     200\n", "line 2: SLOG binning with STD points does not list its"),
    "record": ("BANK 1 x\n", "line 2: BANK record 'BANK 1 x' can't be understood; it reads 'BANK number points"),
    "step": ("BANK 1 2 1 CONS 1000 0 0 0 STD\n     100     200\n", "line 2: step 0 centidegrees"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_GSAS)
def test_bad_gsas_data_are_refused_with_file_line_and_remedy(tmp_path, case):
    text, message = BAD_GSAS[case]
    file = tmp_path / "bad.gsas"
    file.write_text("title\n" + text)
    with pytest.raises(PatternError) as caught:
        read_pattern(file)
    assert f"bad.gsas, {message}" in str(caught.value)
    assert caught.value.remedy


LOOP = "data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n"
BAD_CIF = {
    "no pattern": ("data_a\n_cell_length_a 4\n", "no powder pattern in this CIF; it needs a loop with 2θ"),
    "not cif": ("data_a\nloop_\n_a\n_b\n1 2 3\n", "not valid CIF"),
    "unknown value": (LOOP + "10 5\n11 ?\n", "block a: '?' where a number belongs, _pd_meas_counts_total of point 2"),
    "unsorted": (LOOP + "10 5\n9 6\n", "block a: point 2 at 9 is below the point before it (10)"),
    "repeated": (LOOP + "10 5\n10 6\n", "block a: point 2 at 10 repeats the point before it (10)"),
    "negative su": (
        "data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_intensity_total\n_pd_meas_intensity_total_su\n10 5 1\n11 6 -1\n",
        "block a: negative _pd_meas_intensity_total_su -1 of point 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CIF)
def test_bad_powder_cif_is_refused_with_block_point_and_remedy(tmp_path, case):
    text, message = BAD_CIF[case]
    file = tmp_path / "bad.cif"
    file.write_text(text)
    with pytest.raises(PatternError) as caught:
        read_pattern(file)
    assert message in str(caught.value)
    assert "bad.cif" in str(caught.value)


def test_unknown_block_of_powder_cif_names_those_that_hold_patterns(tmp_path):
    file = tmp_path / "a.cif"
    file.write_text(LOOP + "10 5\n11 6\n")
    with pytest.raises(PatternError, match="no pattern in a block 'b'; blocks with patterns: a"):
        read_pattern(file, block="b")


def test_missing_file_and_folder_are_refused(tmp_path):
    with pytest.raises(PatternError, match=r"absent\.xy: no such file; check the name and the folder"):
        read_pattern(tmp_path / "absent.xy")
    with pytest.raises(PatternError, match="a folder, not a file; name one pattern in it"):
        read_pattern(tmp_path)


@pytest.mark.parametrize("suffix", [".ras", ".xrdml", ".uxd"])
def test_text_under_a_makers_name_is_refused(tmp_path, suffix):
    file = tmp_path / f"fake{suffix}"
    file.write_text("hello\n1 2\n")
    with pytest.raises(PatternError, match=rf"fake{suffix}: .+; .+"):
        read_pattern(file)


def test_broken_xrdml_is_refused(tmp_path):
    file = tmp_path / "cut.xrdml"
    file.write_text('<?xml version="1.0"?><xrdMeasurements><xrdMeasurement>')
    with pytest.raises(PatternError, match=r"cut\.xrdml: .+; mend the file or export the scan as \.xy"):
        read_pattern(file)


def test_regions_that_exclude_everything_are_named_as_such():
    """No range was given: the message must not speak of one."""
    from xtal.pattern import Pattern

    pattern = Pattern([20.0, 30.0, 40.0], [5.0, 6.0, 7.0], source="p.xy")
    with pytest.raises(PatternError, match=r"p\.xy: no data left outside the excluded regions.*spans 20–40"):
        pattern.cut(excluded=((10.0, 50.0),))
