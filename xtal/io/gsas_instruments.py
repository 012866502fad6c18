"""Instrument parameters of GSAS (.prm, .inst, .ins) and GSAS-II (.instprm).

Both programs hold Gaussian variances in centideg² and Lorentzian widths in centidegrees; here, and only here, they become
deg² and degrees. Sources: A. C. Larson & R. B. Von Dreele, GSAS, Los Alamos report LAUR 86-748 (records ICONS, PRCF, BNKPAR);
B. H. Toby & R. B. Von Dreele, J. Appl. Cryst. 46 (2013) 544, and the program's own reader for .instprm. GSAS gives zero in
centidegrees, GSAS-II in degrees. GSAS's GP/cos²θ equals GP tan²θ + GP and goes into u and w without loss.

``Polariz.`` is the fraction P in P + (1 − P) cos²2θ at azimuth 0: 0.5 is an unpolarised tube without monochromator. At azimuth φ
the fraction that acts is P cos²φ + (1 − P) sin²φ.

A user's file counts as calibrated, for such files come out of a fit to a standard, unless it holds the line
``# calibrated: false``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ..errors import InputError
from ..instrument import Geometry, Instrument, Profile, TofBank
from ..radiation import Radiation

__all__ = ["instrument_from_instprm", "instrument_from_prm", "instrument_to_instprm", "is_instprm", "is_prm"]

PRM_KEY = 12
REMEDY = "check the file, or write the instrument as TOML."
TOF_TERMS = {
    "alpha": "alpha", "beta-0": "beta_0", "beta-1": "beta_1", "beta-q": "beta_q", "sig-0": "sig_0", "sig-1": "sig_1",
    "sig-2": "sig_2", "sig-q": "sig_q", "X": "x", "Y": "y", "Z": "z",
}  # fmt: skip
# Coefficients by GSAS profile function, constant wavelength; what is left out belongs to the sample.
PROFILE_TERMS: dict[int, tuple[str, ...]] = {
    1: ("GU", "GV", "GW"),
    2: ("GU", "GV", "GW", "LX", "LY", "trns", "asym", "shft", "GP"),
    3: ("GU", "GV", "GW", "GP", "LX", "LY", "S/L", "H/L"),
    4: ("GU", "GV", "GW", "GP", "LX", "ptec", "trns", "shft", "sfec", "S/L", "H/L"),
}
TOF_PROFILE_3 = ("alpha", "beta_0", "beta_1", "sig_0", "sig_1", "sig_2", "z", "x", "y")


def is_instprm(text: str) -> bool:
    """Whether a text is a GSAS-II instrument file."""
    return re.search(r"^\s*(?:[^#\n]*;\s*)?Type\s*:\s*P[XN]", text, re.M) is not None


def is_prm(text: str) -> bool:
    """Whether a text is a GSAS instrument file."""
    return re.search(r"^INS\s+(BANK|HTYPE)", text, re.M) is not None


def instrument_from_instprm(text: str, name: str, bank: int | None = None) -> Instrument:
    """Instrument from a GSAS-II .instprm file.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        File name, which becomes the instrument's name.
    bank : int, optional
        Bank number; needed when the file holds several.

    Raises
    ------
    InputError
        No such bank, a type that isn't PXC, PNC or PNT, missing or unreadable values.
    """
    sections = _sections(text, name)
    number = _choose_bank(list(sections), bank, name)
    values, notes = sections[number], _notes(text)
    where = f"{name}, bank {number}"
    kind = values.get("Type", "").strip()[:3]
    if kind == "PNT":
        return _tof_instrument(name, where, _instprm_bank(values, where), _is_calibrated(notes))
    if kind not in ("PXC", "PNC"):
        raise InputError(f"instrument type {kind!r};", where=where, remedy="PXC, PNC and PNT are understood.")
    if _number(values, "Z", where, 0.0):
        raise InputError("a Lorentzian width Z that is not zero;", where=where,
                         remedy="refit the standard with Z = 0 (X and Y describe the same width).")  # fmt: skip
    return Instrument(
        name=name,
        radiation=_instprm_radiation(values, kind, where),
        geometry=_geometry(notes.get("geometry"), "Lam2" in values and kind == "PXC"),
        profile=_instprm_profile(values, where),
        goniometer_radius=_optional(notes.get("goniometer radius")),
        polarization=_polarization(values, where) if kind == "PXC" else None,
        zero=_number(values, "Zero", where, 0.0),
        calibrated=_is_calibrated(notes),
        source=where,
    )


def instrument_from_prm(text: str, name: str, bank: int | None = None) -> Instrument:
    """Instrument from a GSAS .prm, .inst or .ins file; parameters and errors as in `instrument_from_instprm`.

    Of several profile sets the first is taken, as GSAS-II does.
    """
    records = {line[:PRM_KEY]: line[PRM_KEY:80] for line in text.splitlines() if line.startswith("INS")}
    banks = sorted({int(key[3:6]) for key in records if key[3:6].strip().isdigit()})
    number = _choose_bank(banks, bank, name)
    where = f"{name}, bank {number}"
    kind = next((value.strip() for key, value in records.items() if key[6:].strip() == "HTYPE"), "")[:3]
    constants = _record(records, number, " ICONS", where)
    function, coefficients = _prcf(records, number, where)
    calibrated = _is_calibrated(_notes(text))
    if kind == "PNT":
        return _tof_instrument(
            name, where, _prm_bank(records, number, constants, function, coefficients, where), calibrated
        )
    if kind not in ("PXC", "PNC"):
        raise InputError(f"instrument type {kind!r};", where=where, remedy="PXC, PNC and PNT are understood.")
    first, second = _field(constants, 0, 10, where), _field(constants, 10, 20, where)
    ratio = _field(constants, 55, 65, where) or 0.5
    return Instrument(
        name=name,
        radiation=_radiation(kind, first, second, ratio, where),
        geometry=_geometry(None, kind == "PXC" and second > 0),
        profile=_prm_profile(function, coefficients, where),
        polarization=_tube_or_beam(_field(constants, 40, 50, where)) if kind == "PXC" else None,
        zero=_field(constants, 20, 30, where) / 100.0,
        calibrated=calibrated,
        source=f"{where}, profile function {function}",
    )


def instrument_to_instprm(instrument: Instrument) -> str:
    """Text of a GSAS-II .instprm file.

    A monochromator of angle 2θ_m goes in as the polarisation 1/(1 + cos²2θ_m).

    Raises
    ------
    InputError
        More than two wavelengths.
    """
    radiation = instrument.radiation
    notes = [f"# calibrated: {str(instrument.calibrated).lower()}", f"# geometry: {instrument.geometry}"]
    if instrument.goniometer_radius is not None:
        notes.append(f"# goniometer radius: {instrument.goniometer_radius!r}")
    if instrument.bank is not None:
        return _lines("PNT", _bank_values(instrument.bank), notes)
    if len(radiation.lines) > 2:
        raise InputError(f"{len(radiation.lines)} wavelengths do not fit into an .instprm file;",
                         remedy="write the instrument as .toml.")  # fmt: skip
    values: dict[str, float] = {"Lam": radiation.wavelength}
    if len(radiation.lines) == 2:
        (first, strong), (second, weak) = radiation.lines
        values = {"Lam1": first, "Lam2": second, "I(L2)/I(L1)": weak / strong}
    profile = instrument.profile
    values |= {"Zero": instrument.zero, "Polariz.": _effective_polarization(instrument)}
    values |= {letter: getattr(profile, letter.lower()) * 1e4 for letter in "UVW"}
    values |= {"X": profile.x * 100, "Y": profile.y * 100, "Z": 0.0, "SH/L": profile.axial, "Azimuth": 0.0}
    return _lines("PXC" if radiation.kind == "xray" else "PNC", values, notes)


def _lines(kind: str, values: Mapping[str, float], notes: list[str]) -> str:
    head = ["#GSAS-II instrument parameter file; do not add/delete items!", f"Type:{kind}", "Bank:1.0"]
    # GSAS-II stops at a comment below its header, so ours stand at the end.
    return "\n".join([*head, *(f"{key}:{_digits(value)}" for key, value in values.items()), *notes]) + "\n"


def _digits(value: float) -> str:
    """Shortest digits that survive the conversion to centidegrees and back."""
    return f"{value:.15g}"


def _effective_polarization(instrument: Instrument) -> float:
    if instrument.radiation.kind != "xray":
        return 0.0
    fraction = 0.5 if instrument.polarization is None else instrument.polarization
    if instrument.monochromator_two_theta is None:
        return fraction
    parallel = (1 - fraction) * math.cos(math.radians(instrument.monochromator_two_theta)) ** 2
    return fraction / (fraction + parallel)


def _bank_values(bank: TofBank) -> dict[str, float]:
    values = {"fltPath": bank.flight_path, "2-theta": bank.two_theta, "difC": bank.dif_c, "difA": bank.dif_a,
              "difB": bank.dif_b, "Zero": bank.zero}  # fmt: skip
    return values | {theirs: bank.profile.get(ours, 0.0) for theirs, ours in TOF_TERMS.items()} | {"Azimuth": 0.0}


def _sections(text: str, name: str) -> dict[int, dict[str, str]]:
    """Keys and values by bank number."""
    sections: list[dict[str, str]] = [{}]
    # Tables in triple quotes (pdabc) hold colons of their own.
    plain = re.sub(r'"""(.*?)"""', "", text, flags=re.S)
    for line in plain.splitlines():
        if re.match(r"#\s*Bank\s+\d+", line) and sections[-1]:
            sections.append({})
        if line.startswith("#"):
            continue
        for item in line.split(";"):
            key, colon, value = item.partition(":")
            if colon:
                sections[-1][key.strip()] = value.strip()
    return {int(float(section.get("Bank", index))): section for index, section in enumerate(sections, start=1)}


def _notes(text: str) -> dict[str, str]:
    found = re.findall(r"^#\s*(calibrated|geometry|goniometer radius)\s*:\s*(.*?)\s*$", text, re.M | re.I)
    return {key.lower(): value for key, value in found}


def _is_calibrated(notes: Mapping[str, str]) -> bool:
    return notes.get("calibrated", "true").lower() != "false"


def _optional(text: str | None) -> float | None:
    return None if text is None else float(text)


def _geometry(stated: str | None, is_doublet: bool) -> Geometry:
    if stated == "bragg-brentano" or (stated is None and is_doublet):
        return "bragg-brentano"
    return "debye-scherrer"


def _choose_bank(numbers: list[int], wanted: int | None, name: str) -> int:
    listed = ", ".join(map(str, numbers))
    if not numbers:
        raise InputError("no bank in this instrument file;", where=name, remedy=REMEDY)
    if wanted is None and len(numbers) > 1:
        raise InputError(f"{len(numbers)} banks ({listed}) and none was chosen;", where=name,
                         remedy=f"choose one with bank={numbers[0]}.")  # fmt: skip
    if wanted is not None and wanted not in numbers:
        raise InputError(f"no bank {wanted};", where=name, remedy=f"the file holds {listed}.")
    return numbers[0] if wanted is None else wanted


def _number(values: Mapping[str, str], key: str, where: str, default: float | None = None) -> float:
    text = values.get(key)
    if text is None:
        if default is None:
            raise InputError(f"{key} is missing;", where=where, remedy=REMEDY)
        return default
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{key} is {text!r}, not a number;", where=where, remedy=REMEDY) from None


def _instprm_radiation(values: Mapping[str, str], kind: str, where: str) -> Radiation:
    if "Lam1" in values:
        second = _number(values, "Lam2", where)
        return _radiation(kind, _number(values, "Lam1", where), second, _number(values, "I(L2)/I(L1)", where), where)
    if "Lam" not in values:
        raise InputError("no wavelength (Lam, or Lam1 and Lam2);", where=where, remedy=REMEDY)
    return _radiation(kind, _number(values, "Lam", where), 0.0, 0.0, where)


def _radiation(kind: str, first: float, second: float, ratio: float, where: str) -> Radiation:
    if first <= 0:
        raise InputError("no wavelength;", where=where, remedy=REMEDY)
    lines = ((first, 1.0), (second, ratio)) if second > 0 and ratio > 0 else ((first, 1.0),)
    if kind == "PNC":
        return Radiation("neutron_cw", lines, f"neutron:{first:g}A")
    return Radiation("xray", lines, "+".join(f"{wavelength:g}A" for wavelength, _ in lines))


def _instprm_profile(values: Mapping[str, str], where: str) -> Profile:
    u, v, w = (_number(values, key, where) / 1e4 for key in "UVW")
    x, y = (_number(values, key, where, 0.0) / 100 for key in "XY")
    return Profile(u, v, w, x, y, _number(values, "SH/L", where, 0.002))


def _polarization(values: Mapping[str, str], where: str) -> float | None:
    fraction = _number(values, "Polariz.", where, 0.5)
    across = math.sin(math.radians(_number(values, "Azimuth", where, 0.0))) ** 2
    return _tube_or_beam(fraction * (1 - across) + (1 - fraction) * across)


def _tube_or_beam(fraction: float) -> float | None:
    """None for an unpolarised tube, else the fraction."""
    return None if abs(fraction - 0.5) < 1e-9 else fraction


def _tof_instrument(name: str, where: str, bank: TofBank, calibrated: bool) -> Instrument:
    return Instrument(name, Radiation("neutron_tof", (), "neutron_tof"), "debye-scherrer", calibrated=calibrated,
                      source=where, bank=bank)  # fmt: skip


def _instprm_bank(values: Mapping[str, str], where: str) -> TofBank:
    optional = {key: _number(values, key, where, 0.0) for key in ("difA", "difB", "Zero", "fltPath")}
    profile = {ours: _number(values, theirs, where, 0.0) for theirs, ours in TOF_TERMS.items()}
    return TofBank(_number(values, "difC", where), optional["difA"], optional["difB"], optional["Zero"],
                   _number(values, "2-theta", where), optional["fltPath"], profile)  # fmt: skip


def _record(records: Mapping[str, str], bank: int, key: str, where: str) -> str:
    """Content of the record ``INS nn KEY`` of a bank."""
    for name, content in records.items():
        if name[3:6].strip() == str(bank) and name[6:].strip() == key.strip():
            return content
    raise InputError(f"record {key.strip()} is missing;", where=where, remedy=REMEDY)


def _field(record: str, start: int, stop: int, where: str) -> float:
    text = record[start:stop].strip()
    try:
        return float(text) if text else 0.0
    except ValueError:
        raise InputError(
            f"{text!r} where a number belongs, in {record.strip()!r};", where=where, remedy=REMEDY
        ) from None


def _prcf(records: Mapping[str, str], bank: int, where: str) -> tuple[int, list[float]]:
    """Profile function and its coefficients, of the first set (PRCF1, or PRCF without a number)."""
    content = {name[6:]: text for name, text in records.items() if name[3:6].strip() == str(bank)}
    head = next((key for key in ("PRCF1 ", "PRCF  ") if key in content), None)
    if head is None:
        raise InputError("no peak profile (record PRCF1);", where=where, remedy=REMEDY)
    words = content[head].split()
    rows = [text for key, text in sorted(content.items()) if re.fullmatch(head[:5] + r"[1-9]", key)]
    try:
        return abs(int(words[0])), [float(word) for row in rows for word in row.split()]
    except (IndexError, ValueError):
        raise InputError("peak profile (records PRCF) can't be read;", where=where, remedy=REMEDY) from None


def _prm_profile(function: int, coefficients: list[float], where: str) -> Profile:
    if function not in PROFILE_TERMS:
        raise InputError(f"profile function {function};", where=where, remedy="functions 1 to 4 are understood.")
    values = dict(zip(PROFILE_TERMS[function], coefficients, strict=False))
    if not {"GU", "GV", "GW"} <= values.keys():
        raise InputError(f"{len(coefficients)} profile coefficients;", where=where, remedy=REMEDY)
    scherrer = values.get("GP", 0.0)
    axial = values.get("S/L", 0.0) + values.get("H/L", 0.0) if "S/L" in values else 0.002
    return Profile((values["GU"] + scherrer) / 1e4, values["GV"] / 1e4, (values["GW"] + scherrer) / 1e4,
                   values.get("LX", 0.0) / 100, values.get("LY", 0.0) / 100, axial)  # fmt: skip


def _prm_bank(records: Mapping[str, str], number: int, constants: str, function: int, coefficients: list[float],
              where: str) -> TofBank:  # fmt: skip
    if function != 3:
        raise InputError(f"time-of-flight profile function {function};", where=where,
                         remedy="function 3 is understood; convert the file with GSAS-II to .instprm.")  # fmt: skip
    geometry = [float(word) for word in _record(records, number, "BNKPAR", where).split()[:2]]
    primary = next((float(text.split()[0]) for key, text in records.items() if key[6:].strip() == "FPATH1"), 0.0)
    dif_c, dif_a, zero = (_field(constants, start, start + 10, where) for start in (0, 10, 20))
    return TofBank(dif_c, dif_a, 0.0, zero, geometry[1], primary + geometry[0],
                   dict(zip(TOF_PROFILE_3, coefficients, strict=False)))  # fmt: skip
