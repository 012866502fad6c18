"""What GSAS-II cannot do, or what a task gets wrong, told by name before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import bad_input, unsupported
from .groups import parse_operation
from .measured import Measured, patterns_of


def check_task(task: Mapping[str, Any]) -> None:
    """Refuse, by name, what this engine cannot do at all."""
    if task.get("mode", "rietveld") not in ("rietveld", "lebail", "pawley"):
        raise unsupported(f"mode {task['mode']!r}: this worker does rietveld, lebail and pawley")
    for measured in patterns_of(task):
        check_pattern(measured)
    check_names(task)


def check_pattern(measured: Measured) -> None:
    """Refuse a background, a radiation or an axis that this worker does not know."""
    background, radiation = measured.entry["background"], measured.entry["instrument"]["radiation"]
    if background["kind"] != "chebyshev":
        raise unsupported(f"background.kind {background['kind']!r}: only chebyshev")
    n_lines = len(radiation["lines"])
    if radiation["kind"] not in ("xray", "neutron_cw", "neutron_tof"):
        raise unsupported(f"instrument.radiation.kind {radiation['kind']!r}: only xray, neutron_cw, neutron_tof")
    if n_lines > 2 or (n_lines > 1 and radiation["kind"] != "xray"):
        raise unsupported(f"instrument.radiation.lines: {n_lines} lines, GSAS-II takes at most two")
    if (radiation["kind"] == "neutron_tof") != ("tof" in measured.entry["pattern"]):
        raise bad_input(f"{measured.prefix}: radiation {radiation['kind']} with an axis {measured.axis}")


def check_names(task: Mapping[str, Any]) -> None:
    """Stages and ties may only name parameters of the task; ties may not be chained."""
    known = set(task["parameters"])
    targets = {tie["target"] for tie in task.get("ties", [])}
    for stage in task["stages"]:
        for name in stage["free"]:
            if name not in known:
                raise bad_input(f"stage {stage['name']!r} frees {name}, not a parameter")
            if name in targets:
                raise bad_input(f"stage {stage['name']!r} frees {name}, which is tied")
    for tie in task.get("ties", []):
        for name in (tie["target"], *(term for _, term in tie["terms"])):
            if name not in known:
                raise bad_input(f"tie of {tie['target']}: {name} is not a parameter")
        for _, name in tie["terms"]:
            if name in targets:
                raise unsupported(f"{tie['target']}: tied to {name}, which is itself tied")


def check_displacement(task: Mapping[str, Any]) -> None:
    """The displacement formula needs Bragg-Brentano geometry and a goniometer radius."""
    for measured in patterns_of(task):
        name, instrument = f"{measured.prefix}.displacement", measured.entry["instrument"]
        value = (task["parameters"].get(name) or {"value": 0.0})["value"]
        if not value and not any(name in stage["free"] for stage in task["stages"]):
            continue
        if instrument["geometry"] != "bragg-brentano":
            raise unsupported(f"{name}: only defined for bragg-brentano geometry")
        if not instrument.get("goniometer_radius_mm"):
            raise bad_input(f"{name} needs instrument.goniometer_radius_mm, which is missing")


def check_models(task: Mapping[str, Any]) -> None:
    """Models that GSAS-II lacks, or lacks together."""
    for phase in task["phases"]:
        head = f"phase.{phase['name']}"
        if phase.get("harmonics"):
            raise unsupported(f"{head}.texture.c: GSAS-II's spherical harmonics are not those of xtal; native has them")
        if phase.get("size_axis") and not is_kept(phase["size_axis"], phase["structure"]["operations"]):
            raise unsupported(
                f"{head}.crystallite_size_axial_nm: symmetry turns size_axis {list(phase['size_axis'])} into others, so that "
                "equivalent reflections differ in width; GSAS-II takes one of them, native their mean"
            )
        if phase.get("stephens") and is_used(task, f"{head}.microstrain", 0.0):
            raise unsupported(
                f"{head}.microstrain beside stephens terms: GSAS-II has one or the other; set it to 0, or use native"
            )
    for measured in patterns_of(task):
        geometry = measured.entry["instrument"]["geometry"]
        for name, wanted in (("transparency", "bragg-brentano"), ("absorption", "debye-scherrer")):
            if geometry != wanted and is_used(task, f"{measured.prefix}.{name}", 0.0):
                raise unsupported(f"{measured.prefix}.{name}: only defined for {wanted} geometry")


def is_kept(axis: Iterable[int], operations: Iterable[str]) -> bool:
    """True when every operation leaves the normal of hkl parallel to itself."""
    normal = list(axis)
    for text in operations:
        rotation = parse_operation(text)[0]
        image = [sum(normal[i] * rotation[3 * i + j] for i in range(3)) for j in range(3)]
        if image not in (normal, [-n for n in normal]):
            return False
    return True


def is_used(task: Mapping[str, Any], name: str, neutral: float) -> bool:
    """True for a parameter that is freed somewhere or does not have its neutral value."""
    entry = task["parameters"].get(name)
    return bool(entry) and (
        entry["value"] not in (None, neutral) or any(name in stage["free"] for stage in task["stages"])
    )


def check_texture(task: Mapping[str, Any]) -> None:
    """A March-Dollase ratio that is free or not 1 needs an axis."""
    for phase in task["phases"]:
        name = f"phase.{phase['name']}.texture.r"
        entry = task["parameters"].get(name)
        used = entry and (entry["value"] != 1.0 or any(name in stage["free"] for stage in task["stages"]))
        if used and not phase.get("texture_axis"):
            raise bad_input(f"{name} needs texture_axis of the phase, which is missing")


def check_site_symmetry(dotted: str, xyz_terms: Iterable[int], axis: int) -> None:
    """Refuse to free a coordinate that the site symmetry fixes."""
    if list(xyz_terms)[axis] == 0:
        raise bad_input(f"{dotted} is fixed by the symmetry of its site: take it out of the stages")


def leading_background(free: Iterable[str], values: Mapping[str, Any], n_terms: int, prefix: str = "pattern") -> int:
    """Number of background terms to give to GSAS-II, which refines all or none of them.

    A stage may free c0..cm while the higher ones are zero: then GSAS-II gets
    m + 1 terms. Any other part of the terms is refused: GSAS-II assigns the
    derivatives of all terms to consecutive variables.
    """
    names = [f"{prefix}.background.c{i}" for i in range(n_terms)]
    wanted = [name for name in names if name in set(free)]
    if not wanted:
        return n_terms
    rest = [name for name in names if name not in wanted]
    if wanted != names[: len(wanted)] or any(values.get(name) for name in rest):
        raise unsupported(
            f"{rest[0]} is fixed while {wanted[-1]} is free: GSAS-II refines all background terms or none"
        )
    return len(wanted)
