"""Time-of-flight banks of FullProf's instrument resolution files (.irf, profile function 9).

Lines start with a keyword: D2TOF holds Dtt1, Dtt2, (Dtt_1overd,) Zero; TWOTH the angle of the bank; SIGMA the variances Sig-2, Sig-1, Sig-0 in
µs²; GAMMA Gam-2, Gam-1, Gam-0; ALFBE alph0, beta0, alph1, beta1 with α = alph0 + alph1/d and β = beta0 + beta1/d⁴.
Source: J. Rodríguez-Carvajal, FullProf manual, and the reader of his library CrysFML.
"""

from __future__ import annotations

import math
import re

from ..errors import InputError
from ..instrument import Instrument, TofBank
from .gsas_instrument_terms import REMEDY, choose_bank, is_calibrated, notes_of, tof_instrument

__all__ = ["instrument_from_irf", "is_irf"]

_PER_METRE = 505.5568
"""dif_c of a flight path of one metre at sin θ = 1: 2 m_n/h in µs/(Å m)."""

_NEEDED = {"D2TOF": (1, 2, 3, 4), "TWOTH": (1,), "SIGMA": (3, 4), "GAMMA": (3,), "ALFBE": (4, 6)}


def is_irf(text: str) -> bool:
    """Whether a text is a FullProf resolution file of time of flight."""
    return (
        re.search(r"^\s*NPROF\s+\d", text, re.M) is not None and re.search(r"^\s*Z?D2TO[FT]\b", text, re.M) is not None
    )


def instrument_from_irf(text: str, name: str, bank: int | None = None) -> Instrument:
    """Instrument from a FullProf .irf file.

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
        No such bank, a profile function other than 9, a line that is missing or of another length.
    """
    sections = _sections(text)
    number = choose_bank(list(sections), bank, name)
    where = f"{name}, bank {number}"
    lines = sections[number]
    if lines.get("NPROF") != [9.0]:
        raise InputError(f"profile function {lines['NPROF'][0]:g};", where=where,
                         remedy="only NPROF 9, back-to-back exponentials with a pseudo-Voigt, is read.")  # fmt: skip
    for key, lengths in _NEEDED.items():
        if len(lines.get(key, [])) not in lengths:
            raise InputError(f"line {key} has {len(lines.get(key, []))} numbers;", where=where, remedy=REMEDY)
    _refuse_rest([*lines["SIGMA"][3:], *lines["ALFBE"][4:]], where)
    return tof_instrument(name, where, _bank(lines), is_calibrated(notes_of(text)))


def _sections(text: str) -> dict[int, dict[str, list[float]]]:
    """Numbers by keyword, by bank; a bank starts at its NPROF, its number stands in a comment before."""
    found: dict[int, dict[str, list[float]]] = {}
    announced: int | None = None
    current: dict[str, list[float]] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("!"):
            said = re.search(r"Bank\s+(\d+)", line)
            announced = int(said[1]) if said else announced
            continue
        key, *rest = line.split() or [""]
        if key == "NPROF":
            current = found[announced if announced is not None else len(found) + 1] = {}
            announced = None
        if re.fullmatch(r"[A-Z0-9]+", key):
            current[key] = _numbers(rest)
    return found


def _numbers(words: list[str]) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError:
        return []


def _refuse_rest(rest: list[float], where: str) -> None:
    if any(rest):
        raise InputError("further terms of SIGMA or ALFBE that are not zero;", where=where,
                         remedy="write the bank as TOML, if its formula is that of docs/reference/parameters.md.")  # fmt: skip


def _bank(lines: dict[str, list[float]]) -> TofBank:
    flight = lines["D2TOF"]
    dif_c, dif_a = flight[0], flight[1] if len(flight) > 1 else 0.0
    dif_b, zero = flight[2] if len(flight) == 4 else 0.0, flight[-1] if len(flight) > 2 else 0.0
    sig_2, sig_1, sig_0 = lines["SIGMA"][:3]
    y, x, z = lines["GAMMA"]
    alpha_0, beta_0, alpha, beta_1 = lines["ALFBE"][:4]
    profile = {"alpha": alpha, "alpha_0": alpha_0, "beta_0": beta_0, "beta_1": beta_1, "sig_0": sig_0, "sig_1": sig_1,
               "sig_2": sig_2, "x": x, "y": y, "z": z}  # fmt: skip
    angle = lines["TWOTH"][0]
    path = dif_c / (_PER_METRE * math.sin(math.radians(angle / 2)))
    return TofBank(dif_c, dif_a, dif_b, zero, angle, path, profile)
