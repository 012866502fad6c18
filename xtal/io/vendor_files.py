"""Files of diffractometer makers, read by rietx: PANalytical .xrdml, Rigaku .ras and .rasx, Bruker .raw, .brml and .uxd, Philips .rd and .udf."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import PatternError
from ..pattern import Pattern

__all__ = ["is_vendor_text", "pattern_from_vendor_file"]

TEXT_SUFFIXES = {".xrdml", ".ras", ".uxd", ".udf"}
KEYS = {
    "anode": "anode", "wavelength": "wavelength", "wavelength_alpha2": "wavelength_alpha2", "sample": "sample",
    "goniometer_radius_mm": "goniometer_radius", "temperature_k": "temperature", "count_time_s": "count_time",
    "scan_axis": "scan_axis", "intensity_unit": "intensity_unit", "beam_optics": "beam_optics", "format": "format",
}  # fmt: skip
MAKERS = {"bruker_raw", "philips_rd", "rasx", "brml", "ras", "uxd", "xrdml", "udf"}
REFUSALS = {
    "PATTERN_SCAN_REVERSED": "export the scan from low to high angle.",
    "PATTERN_DUPLICATE_POINTS": "merge repeated positions.",
    "PATTERN_MULTISCAN_DEFAULTED": "choose one with scan=0, scan=1 …",
}


def is_vendor_text(head: str, suffix: str) -> bool:
    """Whether the top of a text file is a maker's format."""
    return suffix in TEXT_SUFFIXES or head.startswith("*RAS_DATA_START") or "<xrdMeasurement" in head or (
        re.search(r"^_FILEVERSION\s*=", head, re.M) is not None)  # fmt: skip


def pattern_from_vendor_file(path: Path, scan: int | None = None) -> Pattern:
    """Pattern from a maker's file, with what it says of tube, temperature and counting time.

    Sigma, where counts and counting times are known, is Poisson's.

    Parameters
    ----------
    path : Path
        An existing file.
    scan : int, optional
        Which scan, from 0; needed when the file holds several.

    Raises
    ------
    PatternError
        An unknown binary, several scans and none chosen, a scan that isn't in 2θ or is out of order.
    """
    from rietx.io.readers import identify_format

    notes: list[Any] = []
    data_format = _identified(path, identify_format)
    try:
        options = {"scan": scan} if scan is not None and "scan" in data_format.options else {}
        data = data_format.read(path, diagnostics=notes, **options)
    except Exception as error:
        found = str(error).removeprefix(f"{path.name}: ").rstrip(".")
        raise PatternError(f"{found};", where=path.name, remedy="mend the file or export the scan as .xy.") from error
    for note in notes:
        if note.code in REFUSALS:
            raise PatternError(f"{note.message.rstrip('.')};", where=path.name, remedy=REFUSALS[note.code])
    return _pattern(data, path)


def _identified(path: Path, identify: Callable[[Path], Any]) -> Any:
    try:
        data_format = identify(path)
    except ValueError:
        raise _unknown(path) from None
    if data_format.name not in MAKERS:
        raise _unknown(path)
    return data_format


def _unknown(path: Path) -> PatternError:
    suffix = path.suffix.lower()
    found = (
        f"not a {suffix} file in spite of its name;" if suffix in TEXT_SUFFIXES else "binary data of an unknown kind;"
    )
    return PatternError(found, where=path.name, remedy="export the scan as .xy, .xrdml, .ras or .uxd.")


def _pattern(data: Any, path: Path) -> Pattern:
    sigma = None if data.sigma is None else np.asarray(data.sigma, dtype=float)
    x, axis = (data.tt(), "two_theta") if data.axis == "two_theta" else (data.tof_us(), "tof")
    metadata = {KEYS[key]: _value(value) for key, value in data.metadata.items() if key in KEYS}
    if date := _scan_date(path):
        metadata["scan_date"] = date
    return Pattern(x, data.intensity, sigma, axis="two_theta" if axis == "two_theta" else "tof", sigma_origin="poisson",
                   source=path.name, metadata=metadata)  # fmt: skip


def _value(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _scan_date(path: Path) -> str | None:
    head = path.read_bytes()[:200_000].decode("utf-8", errors="replace")
    found = re.search(
        r"<startTimeStamp>([^<]+)<|\*MEAS_SCAN_START_TIME\s+\"([^\"]+)\"|_DATEMEASURED\s*=\s*'?([^'\r\n]+)", head
    )
    return next(group for group in found.groups() if group).strip() if found else None
