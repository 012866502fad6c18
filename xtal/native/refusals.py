"""What the native engine can't do, said by name and with the engine that can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

__all__ = ["NativeError", "refuse_displacement", "refuse_unknown_kinds", "refuse_unknown_names", "used_names"]

Kind = Literal["unsupported", "bad_input", "diverged"]

RADIATIONS = ("xray", "neutron_cw", "neutron_tof")
MODES = ("rietveld", "lebail", "pawley")
GEOMETRIES = ("bragg-brentano", "debye-scherrer")


class NativeError(Exception):
    """A task that is refused, or a fit that failed.

    Parameters
    ----------
    kind : {"unsupported", "bad_input", "diverged"}
        As in the engine contract.
    message : str
        What was found, where, and what to do.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unsupported(message: str) -> NativeError:
    """A task that only another engine can express."""
    return NativeError("unsupported", message)


def refuse_unknown_kinds(task: dict[str, Any]) -> None:
    """Refuse patterns, modes, backgrounds and geometries beyond this engine."""
    mode = task.get("mode", "rietveld")
    if mode not in MODES:
        raise unsupported(f"mode {mode!r}: one of {', '.join(MODES)}.")
    if "bootstrap" in task and mode != "rietveld":
        raise unsupported(f"bootstrap with mode {mode!r}: its refits are of structures; use mode 'rietveld'.")
    kind = task["instrument"]["radiation"]["kind"]
    if kind not in RADIATIONS:
        raise unsupported(f"instrument.radiation.kind {kind!r}: one of {', '.join(RADIATIONS)}.")
    if (kind == "neutron_tof") != ("tof" in task["pattern"]):
        raise NativeError(
            "bad_input", f"radiation {kind!r} with a pattern in {'µs' if 'tof' in task['pattern'] else '° 2θ'}."
        )
    if kind == "neutron_tof" and not (task["instrument"].get("bank") or {}).get("two_theta"):
        raise NativeError("bad_input", "instrument.bank needs two_theta, the angle of the bank.")
    if task["background"]["kind"] != "chebyshev":
        raise unsupported(f"background.kind {task['background']['kind']!r}: every engine takes 'chebyshev' only.")
    if task["instrument"]["geometry"] not in GEOMETRIES:
        raise unsupported(f"instrument.geometry {task['instrument']['geometry']!r}: one of {', '.join(GEOMETRIES)}.")


def refuse_unknown_names(task: dict[str, Any], known: Iterable[str]) -> None:
    """Refuse parameters without a place in the model, by their dotted names, and used ones without a start value."""
    names, used, parameters = set(known), used_names(task), task["parameters"]
    for name in sorted(used - parameters.keys()):
        raise NativeError("bad_input", f"{name}: freed or tied, but it has no start value.")
    for name in parameters:
        if name not in names and (name in used or not _is_neutral(name, parameters[name]["value"])):
            raise unsupported(f"{name}: the native engine has no such parameter in this model{_elsewhere(name)}.")


def used_names(task: dict[str, Any]) -> set[str]:
    """Names that a stage frees or a tie mentions."""
    names = {name for stage in task["stages"] for name in stage["free"]}
    for tie in task.get("ties", []):
        names |= {tie["target"], *(name for _, name in tie["terms"])}
    return names


def _is_neutral(name: str, value: float | None) -> bool:
    return value is None or value == (1.0 if name.endswith("texture.r") else 0.0)


def _elsewhere(name: str) -> str:
    """Jobs can name nothing that another engine has and this one lacks; coordinates are a matter of symmetry."""
    if name.rsplit(".", 1)[-1] in ("x", "y", "z"):
        return ": symmetry fixes that coordinate or lets another one of the site lead it"
    return ", and no other engine has it either: check the name"


def refuse_displacement(task: dict[str, Any], used: set[str], prefix: str = "pattern") -> None:
    """Refuse a displacement, used or not zero, without a flat plate or a radius; `prefix` is that of the pattern's names."""
    name, instrument = f"{prefix}.displacement", task["instrument"]
    if name not in used and not task["parameters"].get(name, {}).get("value"):
        return
    if instrument["geometry"] != "bragg-brentano":
        raise unsupported(f"{name}: only defined for bragg-brentano geometry, in every engine; refine pattern.zero.")
    if not instrument.get("goniometer_radius_mm"):
        raise NativeError("bad_input", f"{name}: needs instrument.goniometer_radius_mm.")
