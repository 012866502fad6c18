"""Dotted parameters and the GSAS-II variables behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .cells import CELL_NAMES
from .errors import bad_input, unsupported
from .extra_peaks import peak_parameters
from .measured import Measured, patterns_of
from .parameter import Parameter

# GSAS-II keeps Gaussian variances in centidegree² and Lorentzian widths in centidegree.
PROFILE_VARIABLES = {
    "u": ("U", 1e-4),
    "v": ("V", 1e-4),
    "w": ("W", 1e-4),
    "x": ("X", 1e-2),
    "y": ("Y", 1e-2),
    "axial": ("SH/L", 1.0),
}
# Terms of a time-of-flight profile; both sides use µs and Å.
TOF_PROFILE_VARIABLES = {
    "alpha": "alpha",
    "beta_0": "beta-0",
    "beta_1": "beta-1",
    "beta_q": "beta-q",
    "sig_0": "sig-0",
    "sig_1": "sig-1",
    "sig_2": "sig-2",
    "sig_q": "sig-q",
    "x": "X",
    "y": "Y",
    "z": "Z",
}
ABSENT = {
    r"\.plate_mu_t$": "GSAS-II has no thin plate in reflection; native has it",
    r"\.texture\.c\d+_\d+$": "GSAS-II's spherical harmonics are not those of this toolkit; native has them",
}
TOF_POSITION_VARIABLES = {"zero": "Zero", "dif_c": "difC", "dif_a": "difA", "dif_b": "difB"}


def pattern_parameters(measured: Measured, phases: Iterable[Mapping[str, Any]], scale_unit: float) -> list[Parameter]:
    """Parameters of one pattern; those of the first one define scales and cells."""
    head, variables = measured.prefix, f":{measured.number}:"
    table = tof_parameters(head, variables) if measured.axis == "tof" else cw_parameters(head, variables)
    for i, dotted in enumerate(measured.background()):
        table.append(Parameter(dotted, f"{variables}Back;{i}", kind="background", index=i))
    if measured.number > 0:
        table.append(Parameter(f"{head}.scale", f"{variables}Scale", 1.0 / scale_unit))
        for i, phase in enumerate(phases):
            for axis, name in enumerate("abc"):
                dotted, variable = f"{head}.strain.{phase['name']}.{name}", f"{i}{variables}D{axis + 1}{axis + 1}"
                table.append(Parameter(dotted, variable, kind="strain", index=axis))
            if i > 0:
                table.append(Parameter(f"{head}.share.{phase['name']}", f"{i}{variables}Scale", kind="share"))
    return table


def cw_parameters(head: str, variables: str) -> list[Parameter]:
    """Instrument parameters of a constant-wavelength pattern."""
    table = [
        Parameter(f"{head}.zero", f"{variables}Zero"),
        Parameter(f"{head}.displacement", f"{variables}Shift", 1e-3),
        # GSAS-II takes 0.1 mm here, whatever its comment says.
        Parameter(f"{head}.transparency", f"{variables}Transparency", 0.1),
        Parameter(f"{head}.absorption", f"{variables}Absorption"),
    ]
    for name, (variable, factor) in PROFILE_VARIABLES.items():
        table.append(Parameter(f"{head}.profile.{name}", f"{variables}{variable}", factor))
    return table


def tof_parameters(head: str, variables: str) -> list[Parameter]:
    """Instrument parameters of a time-of-flight pattern."""
    table = [Parameter(f"{head}.{name}", f"{variables}{theirs}") for name, theirs in TOF_POSITION_VARIABLES.items()]
    table.append(Parameter(f"{head}.absorption", f"{variables}Absorption"))
    for name, theirs in TOF_PROFILE_VARIABLES.items():
        table.append(Parameter(f"{head}.profile.{name}", f"{variables}{theirs}"))
    return table


def phase_parameters(
    index: int,
    phase: Mapping[str, Any],
    scale_unit: float,
    shift: Iterable[float],
    n_patterns: int = 1,
    stephens: Mapping[str, tuple[int, float]] | None = None,
    strain_share: float = 1.0,
) -> list[Parameter]:
    """Parameters of one phase; ``shift`` is the origin shift, fractions of the axes, ``stephens`` its strain terms.

    ``strain_share`` is that of the first pattern, see `Measured`.
    """
    head = f"phase.{phase['name']}"

    def shared(name: str, variable: str, factor: float) -> Parameter:
        first, *others = (f"{index}:{number}:{variable}" for number in range(n_patterns))
        return Parameter(f"{head}.{name}", first, factor, others=tuple(others))

    table = [
        shared("scale", "Scale", scale_unit),
        shared("crystallite_size_nm", "Size;i", 1e3),
        shared("crystallite_size_axial_nm", "Size;a", 1e3),
        shared("microstrain", "Mustrain;i", 1e-6 / strain_share),
        shared("texture.r", "MD", 1.0),
    ]
    for name, (position, factor) in (stephens or {}).items():
        table.append(shared(f"stephens.{name}", f"Mustrain;{position}", factor / strain_share**2))
    for i, name in enumerate(CELL_NAMES):
        table.append(Parameter(f"{head}.cell.{name}", f"{index}::A{i}", kind="cell", index=i))
    for number, site in enumerate(phase["structure"]["sites"]):
        table += site_parameters(f"{head}.site.{site['label']}", index, number, shift)
    return table


def site_parameters(head: str, index: int, number: int, shift: Iterable[float]) -> list[Parameter]:
    """Parameters of atom ``number`` of phase ``index``."""
    table = [
        Parameter(f"{head}.occupancy", f"{index}::Afrac:{number}"),
        Parameter(f"{head}.u_iso", f"{index}::AUiso:{number}"),
        *(Parameter(f"{head}.u{ij}", f"{index}::AU{ij}:{number}") for ij in ("11", "22", "33", "12", "13", "23")),
    ]
    for axis, moved in zip("xyz", shift, strict=True):
        name = f"{index}::dA{axis}:{number}"
        table.append(Parameter(f"{head}.{axis}", name, offset=-moved, kind="coordinate"))
    return table


def parameter_table(
    task: Mapping[str, Any],
    scale_unit: float,
    shifts: Iterable[Iterable[float]],
    stephens: Mapping[str, Mapping[str, tuple[int, float]]] | None = None,
) -> dict[str, Parameter]:
    """All parameters of a task by dotted name; refuses names which have no counterpart."""
    patterns = patterns_of(task)
    known = [p for one in patterns for p in pattern_parameters(one, task["phases"], scale_unit)]
    known += [p for one in patterns for p in peak_parameters(one)]
    for i, (phase, shift) in enumerate(zip(task["phases"], shifts, strict=True)):
        terms = (stephens or {}).get(phase["name"])
        known += phase_parameters(i, phase, scale_unit, shift, len(patterns), terms, patterns[0].strain_share)
    table = {p.dotted: p for p in known}
    for dotted in task["parameters"]:
        if dotted not in table:
            raise unsupported(f"{dotted}: {reason_of_absence(dotted)}")
    return {dotted: table[dotted] for dotted in task["parameters"]}


def reason_of_absence(dotted: str) -> str:
    """Why a parameter is not known."""
    for ending, reason in ABSENT.items():
        if re.search(ending, dotted):
            return reason
    return "GSAS-II has no such parameter in this worker"


def start_values(task: Mapping[str, Any]) -> dict[str, float | None]:
    """Start value of every parameter, tied ones computed from their terms."""
    values = {
        name: None if entry["value"] is None else float(entry["value"]) for name, entry in task["parameters"].items()
    }
    for tie in task.get("ties", []):
        total = float(tie.get("constant") or 0.0)
        for factor, name in tie["terms"]:
            value = values.get(name)
            if value is None:
                raise bad_input(f"tie of {tie['target']}: its term {name} has no value")
            total += factor * value
        values[tie["target"]] = total
    return values
