"""Instrument parameters of GSAS: .prm, .inst, .ins.

Source: A. C. Larson & R. B. Von Dreele, GSAS, Los Alamos report LAUR 86-748 (records ICONS, PRCF, BNKPAR). Variances in
centideg², widths and zero in centidegrees; GP/cos²θ equals GP tan²θ + GP and goes into u and w without loss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InputError
from ..instrument import Instrument, Profile, TofBank
from .gsas_instrument_terms import (
    REMEDY,
    choose_bank,
    geometry_of,
    is_calibrated,
    notes_of,
    radiation_of,
    tof_instrument,
    tube_or_beam,
)

__all__ = ["instrument_from_prm", "is_prm"]

PRM_KEY = 12
# Coefficients by profile function, constant wavelength; what is left out belongs to the sample.
PROFILE_TERMS: dict[int, tuple[str, ...]] = {
    1: ("GU", "GV", "GW"),
    2: ("GU", "GV", "GW", "LX", "LY", "trns", "asym", "shft", "GP"),
    3: ("GU", "GV", "GW", "GP", "LX", "LY", "S/L", "H/L"),
    4: ("GU", "GV", "GW", "GP", "LX", "ptec", "trns", "shft", "sfec", "S/L", "H/L"),
}
TOF_PROFILE_3 = ("alpha", "beta_0", "beta_1", "sig_0", "sig_1", "sig_2", "z", "x", "y")


def is_prm(text: str) -> bool:
    """Whether a text is a GSAS instrument file."""
    return re.search(r"^INS\s+(BANK|HTYPE)", text, re.M) is not None


def instrument_from_prm(text: str, name: str, bank: int | None = None) -> Instrument:
    """Instrument from a GSAS .prm, .inst or .ins file; parameters and errors as in `gsas2_instprm`.

    Of several profile sets the first is taken, as GSAS-II does.
    """
    records = {line[:PRM_KEY]: line[PRM_KEY:80] for line in text.splitlines() if line.startswith("INS")}
    banks = sorted({int(key[3:6]) for key in records if key[3:6].strip().isdigit()})
    number = choose_bank(banks, bank, name)
    where = f"{name}, bank {number}"
    kind = next((value.strip() for key, value in records.items() if key[6:].strip() == "HTYPE"), "")[:3]
    constants = _record(records, number, " ICONS", where)
    function, coefficients = _prcf(records, number, where)
    calibrated = is_calibrated(notes_of(text))
    if kind == "PNT":
        return tof_instrument(
            name, where, _prm_bank(records, number, constants, function, coefficients, where), calibrated
        )
    if kind not in ("PXC", "PNC"):
        raise InputError(f"instrument type {kind!r};", where=where, remedy="PXC, PNC and PNT are understood.")
    first, second = _field(constants, 0, 10, where), _field(constants, 10, 20, where)
    ratio = _field(constants, 55, 65, where) or 0.5
    return Instrument(
        name=name,
        radiation=radiation_of(kind, first, second, ratio, where),
        geometry=geometry_of(None, kind == "PXC" and second > 0),
        profile=_prm_profile(function, coefficients, where),
        polarization=tube_or_beam(_field(constants, 40, 50, where)) if kind == "PXC" else None,
        zero=_field(constants, 20, 30, where) / 100.0,
        calibrated=calibrated,
        source=f"{where}, profile function {function}",
    )


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
