"""Writing patterns: what is written reads back, what a format can't hold is refused, and files appear whole or not at all."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtal.errors import OutputError
from xtal.io.atomic import write_bytes_atomic, write_text_atomic
from xtal.io.read_pattern import read_pattern
from xtal.io.write_pattern import WRITABLE_SUFFIXES, write_pattern
from xtal.pattern import Pattern

MEASURED = Pattern([10.0, 10.02, 10.04], [100.5, 0.0, 7.25], [3.5, 1.0, 2.125], source="a scan",
                   metadata={"wavelength": 1.5406, "temperature": 298.0})  # fmt: skip
COUNTED = Pattern([10.0, 10.02, 10.04], [100, 0, 7])


@pytest.mark.parametrize("suffix", [".xye", ".csv", ".fxye", ".cif"])
def test_measured_pattern_reads_back_the_same(tmp_path, suffix):
    back = read_pattern(write_pattern(MEASURED, tmp_path / f"p{suffix}"))
    np.testing.assert_allclose(back.x, MEASURED.x, rtol=1e-15)
    assert list(back.intensity) == list(MEASURED.intensity)
    assert list(back.sigma) == list(MEASURED.sigma)
    assert (back.axis, back.sigma_origin) == ("two_theta", "file")


# rietx reads no .csv with names above its columns.
@pytest.mark.parametrize("suffix", [suffix for suffix in WRITABLE_SUFFIXES if suffix != ".csv"])
def test_written_pattern_reads_the_same_in_rietx(tmp_path, suffix):
    import rietx

    theirs = rietx.read_pattern(write_pattern(COUNTED, tmp_path / f"p{suffix}"))
    np.testing.assert_allclose(theirs.tt(), COUNTED.x)
    np.testing.assert_allclose(theirs.intensity, COUNTED.intensity)


@pytest.mark.parametrize("axis", ["q", "d", "r", "tof"])
@pytest.mark.parametrize("suffix", [".xye", ".csv"])
def test_axis_reads_back_from_columns(tmp_path, axis, suffix):
    pattern = Pattern([200.0, 201.0], [1.0, 2.0], [0.1, 0.2], axis=axis)
    back = read_pattern(write_pattern(pattern, tmp_path / f"p{suffix}"))
    assert (back.axis, list(back.x)) == (axis, [200.0, 201.0])


def test_wavelength_and_temperature_read_back(tmp_path):
    for suffix in (".xye", ".cif"):
        metadata = read_pattern(write_pattern(MEASURED, tmp_path / f"p{suffix}")).metadata
        assert (metadata["wavelength"], metadata["temperature"]) == (1.5406, 298.0)


FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 18_000_000), FINITE, st.floats(1e-6, 1e6)), min_size=2, max_size=30,
             unique_by=lambda row: row[0])
)  # fmt: skip
def test_xye_round_trip_is_exact_for_any_pattern(tmp_path_factory, rows):
    rows = sorted(rows)
    pattern = Pattern([row[0] / 1e5 for row in rows], [row[1] for row in rows], [row[2] for row in rows])
    back = read_pattern(write_pattern(pattern, tmp_path_factory.mktemp("xye") / "p.xye"))
    for name in ("x", "intensity", "sigma"):
        assert np.array_equal(getattr(back, name), getattr(pattern, name))


@pytest.mark.parametrize(
    ("name", "pattern", "message"),
    [
        ("p.doc", COUNTED, r"written as \.xye, \.xy, \.csv, \.fxye, \.cif, not \.doc"),
        ("p", COUNTED, "not without an extension"),
        ("p.xy", MEASURED, r"no column for the measured sigma of this pattern; write \.xye or \.csv"),
        ("p.fxye", Pattern([1, 2], [1, 2], [1, 1], axis="q"), "GSAS data hold 2θ or time of flight, not q"),
        ("p.fxye", Pattern([1, 2], [1, 2], [1, 1], sigma_origin="none"), r"need a sigma, which this pattern has not"),
        ("p.cif", Pattern([1, 2], [1, 2], [1, 1], axis="r"), r"powder CIF has no item for the axis r; write \.xye"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_a_remedy(tmp_path, name, pattern, message):
    with pytest.raises(OutputError, match=message):
        write_pattern(pattern, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def _full_disk(*_arguments):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_full_disk_leaves_the_former_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "p.xye"
    target.write_text("former")
    monkeypatch.setattr(os, "fsync", _full_disk)
    with pytest.raises(
        OutputError, match=r"p\.xye could not be written: No space left on device\. Nothing half-written"
    ):
        write_pattern(MEASURED, target)
    assert [file.name for file in tmp_path.iterdir()] == ["p.xye"]
    assert target.read_text() == "former"


def test_folder_that_is_absent_is_named(tmp_path):
    with pytest.raises(OutputError, match="could not be written: No such file or directory"):
        write_text_atomic(tmp_path / "absent" / "a.txt", "x")


def test_written_file_has_the_usual_permissions_and_content(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    target = write_bytes_atomic(tmp_path / "a.bin", b"\0\1")
    assert target.read_bytes() == b"\0\1"
    assert target.stat().st_mode == plain.stat().st_mode
