"""What rietx 1.10 cannot express, said by name and with the engine that can."""

from __future__ import annotations

from typing import Any

from xtal.engines.rietx_units import Link, ever_used, value_of
from xtal.engines.worker_lines import TaskError

LARGEST_MU_R = 1.0
"""The formula of rietx for a capillary (Rouse et al., Acta Cryst. A26 (1970) 682) was fitted up to here."""

HELD_ONLY = {
    "pattern.absorption": "rietx holds µR of a capillary; native and gsas2 refine it.",
    "pattern.plate_mu_t": "rietx holds µt of a plate; native refines it.",
}

ELSEWHERE = (
    (".crystallite_size_axial_nm", "rietx has no uniaxial crystallite size; native and gsas2 have it."),
    (".texture.c", "no such harmonics in this phase for rietx; native has them."),
    (".u_iso", "the site is anisotropic: free u11, u22 … of it."),
)

MODES = ("rietveld", "lebail", "pawley")


def check_task(task: dict[str, Any], links: dict[str, Link]) -> None:
    """Refuse, by name, what this worker or rietx cannot express.

    Raises
    ------
    TaskError
        ``unsupported``, or ``bad_input`` for a parameter without a start value.
    """
    if task.get("mode", "rietveld") not in MODES:
        raise TaskError("unsupported", f"mode {task['mode']!r}: one of {', '.join(MODES)}.")
    if task["background"]["kind"] != "chebyshev":
        raise TaskError("unsupported", f"background.kind {task['background']['kind']!r}: use 'chebyshev'.")
    used = ever_used(task)
    for name in sorted(used | task["parameters"].keys()):
        check_name(task, links, name, is_used=name in used)
    check_displacement(task, used)
    for phase in task["phases"]:
        if phase.get("size_axis") is not None and f"phase.{phase['name']}.crystallite_size_nm" in task["parameters"]:
            raise TaskError("unsupported", f"phase.{phase['name']}.size_axis: {ELSEWHERE[0][1]}")


def check_name(task: dict[str, Any], links: dict[str, Link], name: str, *, is_used: bool) -> None:
    """Refuse one parameter that has no place in rietx's model, or no start value."""
    value = task["parameters"].get(name, {}).get("value")
    if name in HELD_ONLY:
        check_held(task, name, value, is_used=is_used)
    elif name not in links and (is_used or not is_neutral(name, value)):
        reason = next((why for part, why in ELSEWHERE if part in name), "rietx has no such parameter in this model.")
        raise TaskError("unsupported", f"{name}: {reason}")
    if name not in task["parameters"]:
        raise TaskError("bad_input", f"{name}: freed or tied, but it has no start value.")


def check_held(task: dict[str, Any], name: str, value: float | None, *, is_used: bool) -> None:
    """Refuse a correction that rietx only holds where a stage frees it, or beyond what its formula describes."""
    if is_used:
        raise TaskError("unsupported", f"{name}: {HELD_ONLY[name]}")
    if name == "pattern.absorption" and value is not None and value > LARGEST_MU_R:
        raise TaskError(
            "unsupported",
            f"{name}: rietx's formula for a capillary holds up to µR = {LARGEST_MU_R:g}, not {value:g}; native and gsas2 go on.",
        )


def is_neutral(name: str, value: float | None) -> bool:
    """Tell whether an unknown parameter has the value that leaves the model unchanged."""
    return value is None or value == (1.0 if name.endswith("texture.r") else 0.0)


def check_displacement(task: dict[str, Any], used: set[str]) -> None:
    """Refuse a sample displacement or transparency where there is no formula or no radius for it."""
    for name in ("pattern.displacement", "pattern.transparency"):
        if name not in used and value_of(task, name, 0.0) == 0.0:
            continue
        if task["instrument"]["geometry"] != "bragg-brentano":
            raise TaskError("unsupported", f"{name}: only defined for bragg-brentano geometry; refine pattern.zero.")
        if not task["instrument"].get("goniometer_radius_mm"):
            raise TaskError("bad_input", f"{name}: needs instrument.goniometer_radius_mm.")
