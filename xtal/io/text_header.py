"""What the header of a text file says: the axis, which column is what, wavelength, temperature and other settings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..pattern import Axis

__all__ = ["axis_from_header", "column_roles", "header_values"]

NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
NANOMETRES = re.compile(r"nm|nano", re.I)
AXIS_PATTERNS: tuple[tuple[Axis, re.Pattern[str]], ...] = (
    ("two_theta", re.compile(r"2\s*[-_]?\s*theta|two[-_ ]?theta|\b2?tth\b|\b2th\b|2th_deg|2θ", re.I)),
    ("tof", re.compile(r"\btof\b|time[-_ ]of[-_ ]flight", re.I)),
    ("q", re.compile(r"^[#\s]*(?:#L\s+)?q(?:[\s_(\[,;]|$)|integrationspace\s*=\s*qspace|^q[- ]?space", re.I)),
    ("d", re.compile(r"^[#\s]*d(?:[-_ ]?spacing\b|[\s_]*[(\[]|\s*,)", re.I)),
    ("r", re.compile(r"^[#\s]*(?:#L\s+)?r(?:\s*[(\[]|\s+g\(|\s*,)", re.I)),
)
ROLES = {
    "x": {"2theta", "twotheta", "2th", "2thdeg", "tth", "x", "q", "r", "d", "tof", "angle", "qa", "position"},
    "y": {"intensity", "i", "y", "counts", "yobs", "observed", "obs", "iobs", "g", "gr", "iq"},
    "sigma": {"sigma", "esd", "su", "error", "err", "e", "uncertainty", "sig", "dg", "dgr", "stderr", "di"},
}
SETTINGS = {
    "qmax": "qmax", "qmin": "qmin", "qmaxinst": "qmaxinst", "qdamp": "qdamp", "qbroad": "qbroad", "rpoly": "rpoly",
    "bgscale": "bgscale", "composition": "composition", "mode": "mode", "stype": "mode", "dataformat": "dataformat",
    "inputfile": "inputfile", "backgroundfile": "backgroundfile", "version": "version", "outputtype": "outputtype",
    "numberdensity": "number_density", "window": "window",
}  # fmt: skip


def axis_from_header(header: Sequence[str]) -> tuple[Axis | None, float]:
    """Axis that a header names, and the factor that takes its column to our unit (0.1 for nm⁻¹ or nm with d: 10)."""
    for line in reversed(header):
        for axis, expression in AXIS_PATTERNS:
            if expression.search(line):
                return axis, _unit_factor(axis, line)
    return None, 1.0


def column_roles(header: Sequence[str], width: int) -> tuple[int | None, int | None, int | None]:
    """Which columns hold position, intensity and sigma; named in the last header line, else in that order.

    Returns
    -------
    tuple of int or None
        (position, intensity, sigma); the first two are None where four or more columns have no names.
    """
    names = _column_names(header, width)
    if names:
        found = {
            role: next((i for i, name in enumerate(names) if name in known), None) for role, known in ROLES.items()
        }
        if found["x"] is not None and found["y"] is not None:
            return found["x"], found["y"], found["sigma"]
    if width > 3:
        return None, None, None
    return 0, 1, 2 if width == 3 else None


def header_values(header: Sequence[str], axis: Axis) -> dict[str, str | float]:
    """Wavelength (Å), temperature (K), scan date, whether the pattern calls itself synthetic, and the settings of PDF programs, where a header gives them."""
    values: dict[str, str | float] = {}
    for line in header:
        _add_settings(line, values)
        if line.lstrip("#!; ").lower().startswith("synthetic"):
            values.setdefault("synthetic", line.lstrip("#!; "))
        if axis != "tof" and (found := re.search(rf"(?:wavelength|lambda)\s*[=:]\s*{NUMBER}", line, re.I)):
            values["wavelength"] = _angstroms(float(found[1]))
        if found := re.search(rf"\btemp(?:erature)?\s*(?:\(K\))?\s*[=:]\s*{NUMBER}", line, re.I):
            values["temperature"] = float(found[1])
        elif found := re.match(r"TEMP((?:\s+[\d.]+)+)\s*$", line):
            # ILL files: set point, regulation, sample.
            values["temperature"] = float(found[1].split()[-1])
        if found := re.search(r"\b(?:scan time|scan date|date|created)\s*[=:]\s*(\S.*?)\s*$", line, re.I):
            values.setdefault("scan_date", found[1])
    return values


def _add_settings(line: str, values: dict[str, str | float]) -> None:
    whole = re.match(r"[#\s]*(composition|inputfile|backgroundfile|version)\s*=\s*(.*?)\s*$", line, re.I)
    if whole:
        values[SETTINGS[whole[1].lower()]] = whole[2]
        return
    for key, text in re.findall(r"\b([A-Za-z]+)\s*=\s*([^\s,;]+)", line):
        if name := SETTINGS.get(key.lower()):
            values[name] = float(text) if re.fullmatch(NUMBER, text) else text


def _angstroms(wavelength: float) -> float:
    """Wavelength in Å from Å or, as pyFAI writes it, metres."""
    return wavelength * 1e10 if wavelength < 1e-6 else wavelength


def _unit_factor(axis: Axis, line: str) -> float:
    if axis == "q" and NANOMETRES.search(line):
        return 0.1
    return 10.0 if axis in ("d", "r") and NANOMETRES.search(line) else 1.0


def _column_names(header: Sequence[str], width: int) -> list[str] | None:
    for line in reversed(header):
        text = re.sub(r"^(#L\b|[#!;'\s])+", "", line)
        if not text:
            continue
        words = re.split(r"[,;\t]|\s{1,}(?![(\[])", text)
        names = [re.sub(r"\(.*?\)|\[.*?\]|[^a-z0-9]", "", re.sub(r"\(r\)|\(q\)", "", word.lower())) for word in words]
        names = [name for name in names if name]
        if len(names) == width:
            return names
        return None
    return None
