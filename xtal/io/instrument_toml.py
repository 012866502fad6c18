"""Instruments as TOML: our own instrument files and the presets.

An instrument file has one table, ``[instrument]``, with any of these keys:

``name``, ``source``
    Text.
``radiation``
    ``"CuKa"``, ``"CuKa1"``, ``"0.4139A"``, ``"neutron:1.594A"`` …; or `probe` with `wavelengths` and `weights`.
``probe``, ``wavelengths``, ``weights``
    ``"xray"``, ``"neutron_cw"`` or ``"neutron_tof"``; Å; relative intensities (default 1 each).
``geometry``
    ``"bragg-brentano"`` or ``"debye-scherrer"``.
``u``, ``v``, ``w``, ``x``, ``y``, ``axial``
    Profile, see `xtal.instrument`: deg², degrees, dimensionless.
``goniometer_radius``, ``monochromator_two_theta``, ``polarization``, ``zero``
    mm, degrees, fraction, degrees 2θ.
``calibrated``
    true only when the profile was measured on a standard (default false).
``bank``
    A table for time of flight: ``dif_c``, ``dif_a``, ``dif_b``, ``zero``, ``two_theta``, ``flight_path`` and a table ``profile``.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast, get_args

from ..errors import InputError
from ..instrument import Geometry, Instrument, Profile, TofBank
from ..radiation import Radiation, RadiationKind

__all__ = ["instrument_from_table", "instrument_to_toml", "with_overrides"]

PROFILE_KEYS = tuple(item.name for item in fields(Profile))
NUMBER_KEYS = ("goniometer_radius", "monochromator_two_theta", "polarization", "zero")
TEXT_KEYS = ("name", "source", "radiation", "probe", "geometry")
OTHER_KEYS = ("calibrated", "wavelengths", "weights", "bank")
KEYS = (*TEXT_KEYS, *PROFILE_KEYS, *NUMBER_KEYS, *OTHER_KEYS)


def instrument_from_table(table: Mapping[str, Any], where: str, name: str) -> Instrument:
    """Instrument from the keys of a table.

    Parameters
    ----------
    table : mapping
        Keys as in the module's description.
    where : str
        File and table, for messages.
    name : str
        Name and source when the table gives none.

    Raises
    ------
    InputError
        An unknown key, a value of the wrong kind, no radiation.
    """
    _refuse_bad_keys(table, where)
    if not {"radiation", "wavelengths", "bank"} & table.keys():
        raise InputError("no wavelength;", where=where,
                         remedy="add radiation = \"CuKa\", or wavelengths = [1.5406].")  # fmt: skip
    bank = _bank(table["bank"], where) if "bank" in table else None
    bare = Instrument(
        str(table.get("name", name)), _radiation(table, where), source=str(table.get("source", name)), bank=bank
    )
    rest = {key: value for key, value in table.items() if key not in ("name", "source", "bank", *RADIATION_KEYS)}
    if bare.radiation.kind != "xray":
        rest.setdefault("geometry", "debye-scherrer")
    return with_overrides(bare, rest, where=where)


RADIATION_KEYS = ("radiation", "probe", "wavelengths", "weights")


def with_overrides(instrument: Instrument, values: Mapping[str, Any], *, where: str | None = None) -> Instrument:
    """The instrument with other values under the keys of an instrument file.

    Parameters
    ----------
    instrument : Instrument
        What to start from.
    values : mapping
        Any keys of an instrument file but `bank`; a profile whose coefficients are replaced is no longer calibrated
        unless `calibrated` says so.

    Raises
    ------
    InputError
        An unknown key or a value that can't be used.
    """
    _refuse_bad_keys(values, where)
    changes: dict[str, Any] = {
        key: values[key] for key in (*NUMBER_KEYS, "name", "source", "geometry") if key in values
    }
    profile = {key: float(values[key]) for key in PROFILE_KEYS if key in values}
    if profile:
        changes["profile"] = replace(instrument.profile, **profile)
        changes["calibrated"] = False
    if any(key in values for key in RADIATION_KEYS):
        changes["radiation"] = _radiation(values, where)
    if "calibrated" in values:
        changes["calibrated"] = values["calibrated"]
    return replace(instrument, **changes)


def instrument_to_toml(instrument: Instrument) -> str:
    """Text of an instrument file; `instrument_from_table` reads the same instrument back."""
    radiation = instrument.radiation
    values: dict[str, Any] = {"name": instrument.name, "source": instrument.source, "probe": radiation.kind}
    if radiation.lines:
        values["wavelengths"] = [wavelength for wavelength, _ in radiation.lines]
        values["weights"] = [weight for _, weight in radiation.lines]
    values["geometry"] = instrument.geometry
    values |= {key: getattr(instrument.profile, key) for key in PROFILE_KEYS}
    values |= {key: getattr(instrument, key) for key in NUMBER_KEYS if getattr(instrument, key) is not None}
    values["calibrated"] = instrument.calibrated
    lines = ["[instrument]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    if instrument.bank is not None:
        lines += ["", "[instrument.bank]"]
        lines += [f"{key} = {_toml(getattr(instrument.bank, key))}" for key in BANK_KEYS]
        lines += ["", "[instrument.bank.profile]"]
        lines += [f"{key} = {_toml(value)}" for key, value in instrument.bank.profile.items()]
    return "\n".join(lines) + "\n"


BANK_KEYS = tuple(item.name for item in fields(TofBank) if item.name != "profile")


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return str(value).lower() if isinstance(value, bool) else repr(float(value))


def _refuse_bad_keys(table: Mapping[str, Any], where: str | None) -> None:
    for key, value in table.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(KEYS)}."
            raise InputError(f"unknown key {key!r};", where=where, remedy=hint)
        kind = _expected(key)
        if not _is_kind(value, kind):
            raise InputError(f"key {key!r} is {value!r};", where=where, remedy=f"it must be {kind}.")
    if "geometry" in table and table["geometry"] not in get_args(Geometry):
        raise InputError(f"geometry {table['geometry']!r};", where=where,
                         remedy=f"it is one of {', '.join(get_args(Geometry))}.")  # fmt: skip


def _expected(key: str) -> str:
    if key in TEXT_KEYS:
        return "text"
    special = {
        "calibrated": "true or false",
        "wavelengths": "a list of numbers",
        "weights": "a list of numbers",
        "bank": "a table",
    }
    return special.get(key, "a number")


def _is_kind(value: Any, kind: str) -> bool:
    if kind == "a number":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "a list of numbers":
        return isinstance(value, list | tuple) and len(value) > 0 and all(_is_kind(item, "a number") for item in value)
    return isinstance(value, {"text": str, "true or false": bool, "a table": Mapping}[kind])


def _radiation(table: Mapping[str, Any], where: str | None) -> Radiation:
    if "radiation" in table:
        return Radiation.from_name(table["radiation"])
    kind = table.get("probe", "neutron_tof" if "bank" in table and "wavelengths" not in table else "xray")
    if kind not in get_args(RadiationKind):
        raise InputError(f"probe {kind!r};", where=where, remedy=f"it is one of {', '.join(get_args(RadiationKind))}.")
    wavelengths = table.get("wavelengths", ())
    weights = table.get("weights", [1.0] * len(wavelengths))
    if len(weights) != len(wavelengths):
        raise InputError(
            f"{len(weights)} weights for {len(wavelengths)} wavelengths;", where=where, remedy="give one each."
        )
    lines = tuple((float(wavelength), float(weight)) for wavelength, weight in zip(wavelengths, weights, strict=True))
    return Radiation(cast(RadiationKind, kind), lines, str(kind))


def _bank(table: Mapping[str, Any], where: str) -> TofBank:
    known = (*BANK_KEYS, "profile")
    for key in table:
        if key not in known:
            raise InputError(f"unknown key 'bank.{key}';", where=where, remedy=f"known: {', '.join(known)}.")
    if "dif_c" not in table:
        raise InputError("a time-of-flight bank without dif_c;", where=where, remedy="give it in µs/Å.")
    profile = {str(key): float(value) for key, value in table.get("profile", {}).items()}
    return TofBank(**{key: float(value) for key, value in table.items() if key != "profile"}, profile=profile)
