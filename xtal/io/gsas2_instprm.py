"""Instrument parameters of GSAS-II: .instprm, read and written.

Source: B. H. Toby & R. B. Von Dreele, J. Appl. Cryst. 46 (2013) 544, and the program's own reader. Variances in centideg², widths
in centidegrees, zero in degrees. At azimuth φ the polarisation that acts is P cos²φ + (1 − P) sin²φ.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from ..errors import InputError
from ..instrument import Instrument, Profile, TofBank
from ..radiation import Radiation
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

__all__ = ["instrument_from_instprm", "instrument_to_instprm", "is_instprm"]

TOF_TERMS = {
    "alpha": "alpha", "beta-0": "beta_0", "beta-1": "beta_1", "beta-q": "beta_q", "sig-0": "sig_0", "sig-1": "sig_1",
    "sig-2": "sig_2", "sig-q": "sig_q", "X": "x", "Y": "y", "Z": "z",
}  # fmt: skip


def is_instprm(text: str) -> bool:
    """Whether a text is a GSAS-II instrument file."""
    return re.search(r"^\s*(?:[^#\n]*;\s*)?Type\s*:\s*P[XN]", text, re.M) is not None


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
    sections = _sections(text)
    number = choose_bank(list(sections), bank, name)
    values, notes = sections[number], notes_of(text)
    where = f"{name}, bank {number}"
    kind = values.get("Type", "").strip()[:3]
    if kind == "PNT":
        return tof_instrument(name, where, _instprm_bank(values, where), is_calibrated(notes))
    if kind not in ("PXC", "PNC"):
        raise InputError(f"instrument type {kind!r};", where=where, remedy="PXC, PNC and PNT are understood.")
    if _number(values, "Z", where, 0.0):
        raise InputError("a Lorentzian width Z that is not zero;", where=where,
                         remedy="refit the standard with Z = 0 (X and Y describe the same width).")  # fmt: skip
    return Instrument(
        name=name,
        radiation=_instprm_radiation(values, kind, where),
        geometry=geometry_of(notes.get("geometry"), "Lam2" in values and kind == "PXC"),
        profile=_instprm_profile(values, where),
        goniometer_radius=_optional(notes.get("goniometer radius")),
        polarization=_polarization(values, where) if kind == "PXC" else None,
        zero=_number(values, "Zero", where, 0.0),
        calibrated=is_calibrated(notes),
        source=where,
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
    for name in bank.profile.keys() - set(TOF_TERMS.values()):
        if bank.profile[name]:
            raise InputError(f"the bank's term {name} does not fit into an .instprm file;",
                             remedy="write the instrument as .toml.")  # fmt: skip
    values = {"fltPath": bank.flight_path, "2-theta": bank.two_theta, "difC": bank.dif_c, "difA": bank.dif_a,
              "difB": bank.dif_b, "Zero": bank.zero}  # fmt: skip
    return values | {theirs: bank.profile.get(ours, 0.0) for theirs, ours in TOF_TERMS.items()} | {"Azimuth": 0.0}


def _sections(text: str) -> dict[int, dict[str, str]]:
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


def _optional(text: str | None) -> float | None:
    return None if text is None else float(text)


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
        return radiation_of(kind, _number(values, "Lam1", where), second, _number(values, "I(L2)/I(L1)", where), where)
    if "Lam" not in values:
        raise InputError("no wavelength (Lam, or Lam1 and Lam2);", where=where, remedy=REMEDY)
    return radiation_of(kind, _number(values, "Lam", where), 0.0, 0.0, where)


def _instprm_profile(values: Mapping[str, str], where: str) -> Profile:
    u, v, w = (_number(values, key, where) / 1e4 for key in "UVW")
    x, y = (_number(values, key, where, 0.0) / 100 for key in "XY")
    return Profile(u, v, w, x, y, _number(values, "SH/L", where, 0.002))


def _polarization(values: Mapping[str, str], where: str) -> float | None:
    fraction = _number(values, "Polariz.", where, 0.5)
    across = math.sin(math.radians(_number(values, "Azimuth", where, 0.0))) ** 2
    return tube_or_beam(fraction * (1 - across) + (1 - fraction) * across)


def _instprm_bank(values: Mapping[str, str], where: str) -> TofBank:
    optional = {key: _number(values, key, where, 0.0) for key in ("difA", "difB", "Zero", "fltPath")}
    profile = {ours: _number(values, theirs, where, 0.0) for theirs, ours in TOF_TERMS.items()}
    return TofBank(_number(values, "difC", where), optional["difA"], optional["difB"], optional["Zero"],
                   _number(values, "2-theta", where), optional["fltPath"], profile)  # fmt: skip
