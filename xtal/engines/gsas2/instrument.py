"""Instrument and sample parameters in GSAS-II's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversions import polarization_fraction
from .errors import bad_input, unsupported
from .parameters import PROFILE_VARIABLES, TOF_POSITION_VARIABLES, TOF_PROFILE_VARIABLES


def instrument_parameters(entry: Mapping[str, Any], values: Mapping[str, Any], head: str = "pattern") -> dict[str, Any]:
    """GSAS-II instrument parameters: name to [default, current, refine flag]."""
    instrument = entry["instrument"]
    if instrument["radiation"]["kind"] == "neutron_tof":
        return tof_instrument_parameters(instrument, values, head)
    lines = instrument["radiation"]["lines"]
    kind = "PXC" if instrument["radiation"]["kind"] == "xray" else "PNC"
    plain: dict[str, float] = {"Zero": values.get(f"{head}.zero") or 0.0, "Z": 0.0, "Azimuth": 0.0}
    if len(lines) == 2:
        plain |= {"Lam1": lines[0][0], "Lam2": lines[1][0], "I(L2)/I(L1)": lines[1][1] / lines[0][1]}
    else:
        plain["Lam"] = lines[0][0]
    plain["Polariz."] = 0.0
    if kind == "PXC":
        plain["Polariz."] = polarization_fraction(
            instrument.get("polarization"), instrument.get("monochromator_two_theta")
        )
    for name, (variable, factor) in PROFILE_VARIABLES.items():
        plain[variable] = (values.get(f"{head}.profile.{name}") or 0.0) / factor
    return instrument_table(kind, plain)


def instrument_table(kind: str, plain: Mapping[str, float]) -> dict[str, Any]:
    """GSAS-II's form of instrument parameters, none refined."""
    table: dict[str, Any] = {"Type": [kind, kind, 0], "Bank": [1, 1, 0], "Source": ["?", "?"]}
    return table | {name: [value, value, False] for name, value in plain.items()}


def tof_instrument_parameters(instrument: Mapping[str, Any], values: Mapping[str, Any], head: str) -> dict[str, Any]:
    """Instrument parameters of a time-of-flight bank."""
    bank = instrument.get("bank") or {}
    if not bank.get("two_theta"):
        raise bad_input(f"{head}: instrument.bank needs two_theta, the angle of the bank")
    if not bank.get("flight_path_m"):
        raise bad_input(
            f"{head}: instrument.bank needs flight_path, metres; GSAS-II has the wavelength of each point from it"
        )
    plain = {"fltPath": float(bank["flight_path_m"]), "2-theta": float(bank["two_theta"]), "Azimuth": 0.0}
    for name, theirs in TOF_POSITION_VARIABLES.items():
        plain[theirs] = values.get(f"{head}.{name}") or 0.0
    for name, theirs in TOF_PROFILE_VARIABLES.items():
        plain[theirs] = values.get(f"{head}.profile.{name}") or 0.0
    if plain["difC"] <= 0.0 or plain["alpha"] <= 0.0:
        raise bad_input(f"{head}.dif_c and {head}.profile.alpha must be positive")
    return instrument_table("PNT", plain)


def sample_parameters(entry: Mapping[str, Any]) -> dict[str, Any]:
    """GSAS-II sample parameters of the geometry, scale fixed at 1."""
    instrument = entry["instrument"]
    radius = instrument.get("goniometer_radius_mm") or 200.0
    shared: dict[str, Any] = {"Scale": [1.0, False], "Gonio. radius": float(radius)}
    names: tuple[str, ...]
    if instrument["geometry"] == "bragg-brentano":
        names = ("Shift", "Transparency", "SurfRoughA", "SurfRoughB")
        return shared | {"Type": "Bragg-Brentano"} | {n: [0.0, False] for n in names}
    if instrument["geometry"] == "debye-scherrer":
        names = ("Absorption", "DisplaceX", "DisplaceY")
        return shared | {"Type": "Debye-Scherrer"} | {n: [0.0, False] for n in names}
    raise unsupported(f"instrument.geometry {instrument['geometry']!r}")
