"""Worker that runs GSAS-II refinements in its own interpreter.

One file, standard library, numpy and GSAS-II only. It is started as
``python gsas2_worker.py`` by the interpreter that has GSAS-II, reads one JSON
command per line on stdin and writes one JSON event per line on stdout; what
GSAS-II prints goes to stderr. All units outside this file are those of xtal
(degrees, Å, Å², mm, nm); centidegrees, micrometres and reciprocal-metric
terms exist only in here.

What cannot be said to GSAS-II is refused with an ``unsupported`` event which
names the dotted parameter; nothing of a task is dropped in silence.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import pickle
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ENGINE = "gsas2"
PARENT_CHECK_SECONDS = 1.0

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
TOF_POSITION_VARIABLES = {"zero": "Zero", "dif_c": "difC", "dif_a": "difA", "dif_b": "difB"}
CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
SMALLEST_AXIAL = 0.002
# With K = 1 this size broadens by less than 1e-8 degrees: the same as no size at all.
NO_SIZE_MICROMETRE = 1e6
# GSAS-II cuts refined sizes to this range.
SIZE_RANGE_NM = (1.0, 1e4)
# GSAS-II integrates the axial divergence in steps that make chi² jump; where that stops
# the fine refinement, its own, coarser tolerance is tried.
COARSE, FINE = 1e-3, 1e-5
MAX_COARSE_RESTARTS = 2
MAX_BOUND_RESTARTS = 4
# The axis lengths are independent of each other in these Laue classes.
ORTHOGONAL_AXES = ("mmm", "4/m", "4/mmm", "6/m", "6/mmm", "3m1", "31m", "3", "m3", "m3m")

Emit = Callable[[dict[str, Any]], None]
Operation = tuple[tuple[int, ...], tuple[int, ...]]


class WorkerError(Exception):
    """A task that cannot be run, with the kind of event it is reported as."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unsupported(message: str) -> WorkerError:
    """Error for something GSAS-II cannot express."""
    return WorkerError("unsupported", message)


def bad_input(message: str) -> WorkerError:
    """Error for a task which contradicts itself."""
    return WorkerError("bad_input", message)


# --------------------------------------------------------------------------
# Conversions: pure functions, no GSAS-II
# --------------------------------------------------------------------------


def polarization_fraction(polarization: float | None, monochromator_two_theta: float | None) -> float:
    """GSAS-II ``Polariz.`` for a beam and a monochromator.

    GSAS-II multiplies intensities by ``(1 - P) cos²2θ + P``, proportional to
    ``1 + A cos²2θ`` with ``A = (1 - P) / P``. A tube has ``A = cos²2θ_m``
    (1 without monochromator); a beam with the fraction ``p`` polarised
    perpendicular to the scattering plane has ``A = cos²2θ_m (1 - p) / p``.

    Parameters
    ----------
    polarization : float or None
        Fraction ``p`` polarised perpendicular to the scattering plane (in the
        orbit plane of a storage ring); None for a tube, 0.5.
    monochromator_two_theta : float or None
        2θ of the monochromator reflection, degrees.

    Returns
    -------
    float
        ``P`` between 0.5 (unpolarised) and 1.
    """
    fraction = 0.5 if polarization is None else float(polarization)
    if not 0.0 < fraction <= 1.0:
        raise bad_input(f"instrument.polarization is {fraction}; it must lie above 0 and up to 1")
    ratio = (1.0 - fraction) / fraction
    if monochromator_two_theta is not None:
        ratio *= math.cos(math.radians(monochromator_two_theta)) ** 2
    return 1.0 / (1.0 + ratio)


def chebyshev_matrix(n_terms: int, source: Iterable[float], target: Iterable[float]) -> np.ndarray:
    """Matrix that turns Chebyshev coefficients on one range into those on another.

    Parameters
    ----------
    n_terms : int
        Number of coefficients, c0 first.
    source, target : pair of float
        Two-theta ranges mapped to [-1, 1], degrees.

    Returns
    -------
    ndarray, shape (n_terms, n_terms)
        ``M`` with ``c_target = M @ c_source``: the same polynomial. Upper triangular.
    """
    (s0, s1), (t0, t1) = source, target
    nodes = np.cos(np.pi * (np.arange(n_terms) + 0.5) / n_terms)
    two_theta = t0 + (nodes + 1.0) * (t1 - t0) / 2.0
    u = 2.0 * (two_theta - s0) / (s1 - s0) - 1.0
    matrix = np.linalg.solve(
        np.polynomial.chebyshev.chebvander(nodes, n_terms - 1), np.polynomial.chebyshev.chebvander(u, n_terms - 1)
    )
    return np.triu(matrix)


def chebyshev_curve(coefficients: np.ndarray, two_theta: np.ndarray, limits: Iterable[float]) -> np.ndarray:
    """First-kind Chebyshev series on x scaled to [-1, 1] over ``limits`` (degrees)."""
    low, high = limits
    x = 2.0 * (np.asarray(two_theta) - low) / (high - low) - 1.0
    return np.asarray(np.polynomial.chebyshev.chebval(x, coefficients))


def cell_from_reciprocal(terms: Iterable[float]) -> np.ndarray:
    """Direct cell from GSAS-II's six reciprocal terms.

    The terms are ``a*², b*², c*², 2a*b*cosγ*, 2a*c*cosβ*, 2b*c*cosα*`` (Å⁻²).

    Returns
    -------
    ndarray, shape (6,)
        a, b, c in Å and α, β, γ in degrees.
    """
    a0, a1, a2, a3, a4, a5 = terms
    reciprocal = np.array([[a0, a3 / 2, a4 / 2], [a3 / 2, a1, a5 / 2], [a4 / 2, a5 / 2, a2]])
    metric = np.linalg.inv(reciprocal)
    a, b, c = np.sqrt(np.diag(metric))
    cosines = np.array([metric[1, 2] / (b * c), metric[0, 2] / (a * c), metric[0, 1] / (a * b)])
    return np.array([a, b, c, *np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))])


def cell_volume(cell: Iterable[float]) -> float:
    """Volume in Å³ of a cell a, b, c (Å), α, β, γ (degrees)."""
    a, b, c, *angles = cell
    ca, cb, cg = np.cos(np.radians(angles))
    return float(a * b * c * math.sqrt(1 - ca**2 - cb**2 - cg**2 + 2 * ca * cb * cg))


def voigt_fwhm(variance: np.ndarray, lorentzian: np.ndarray) -> np.ndarray:
    """FWHM in degrees from GSAS-II's variance (centideg²) and Lorentzian FWHM (centideg).

    Thompson, Cox & Hastings, J. Appl. Cryst. 20 (1987) 79, equation for Γ.
    """
    g = np.sqrt(8.0 * math.log(2.0) * variance)
    x = lorentzian
    fifth = g**5 + 2.69269 * g**4 * x + 2.42843 * g**3 * x**2 + 4.47163 * g**2 * x**3
    return np.asarray((fifth + 0.07842 * g * x**4 + x**5) ** 0.2 / 100.0)


def parse_operation(text: str) -> Operation:
    """Rotation (9 integers, row by row) and translation (24ths) of ``x,y,z`` text."""
    rotation: list[int] = []
    translation: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        row = dict.fromkeys("xyz", 0)
        shift = 0.0
        for sign, number, divisor, axis in re.findall(r"([+-]?)(?:(\d*\.?\d+)(?:/(\d+))?|([xyz]))", part):
            factor = -1 if sign == "-" else 1
            if axis:
                row[axis] += factor
            else:
                shift += factor * float(number) / float(divisor or 1)
        rotation += [row["x"], row["y"], row["z"]]
        translation.append(round(shift * 24) % 24)
    if len(translation) != 3:
        raise bad_input(f"symmetry operation {text!r} does not have three parts")
    return tuple(rotation), tuple(translation)


def shift_origin(operations: Iterable[Operation], shift: Iterable[int]) -> set[Operation]:
    """Operations after every coordinate moved by ``shift`` (24ths of the axes)."""
    s = np.array(list(shift))
    moved = set()
    for rotation, translation in operations:
        r = np.array(rotation).reshape(3, 3)
        t = (np.array(translation) + s - r @ s) % 24
        moved.add((rotation, tuple(int(v) for v in t)))
    return moved


def find_origin_shift(given: set[Operation], wanted: set[Operation]) -> tuple[int, ...] | None:
    """Shift (24ths) that turns ``given`` operations into ``wanted``, None if there is none."""
    if {r for r, _ in given} != {r for r, _ in wanted} or len(given) != len(wanted):
        return None
    steps = (0, 3, 6, 9, 12, 15, 18, 21, 4, 8, 16, 20, 2, 10, 14, 22)
    grid = ((i, j, k) for i in steps for j in steps for k in steps)
    sample = sorted(given)[:6]
    for shift in grid:
        if shift_origin(sample, shift) <= wanted and shift_origin(given, shift) == wanted:
            return shift
    return None


def symbol_candidates(hm: str | None) -> list[str]:
    """Spellings of a Hermann-Mauguin symbol GSAS-II may understand, best first."""
    if not hm:
        return []
    symbol, _, extension = hm.partition(":")
    symbol = symbol.strip()
    spaced = symbol if " " in symbol else ""
    names = [f"{s} R" for s in (symbol,) if extension.strip().upper() == "R"]
    names += [spaced, symbol, f"{symbol} R" if symbol.startswith("R") else ""]
    return [name for i, name in enumerate(names) if name and name not in names[:i]]


def ion_name(ion: str | None, element: str) -> str:
    """GSAS-II spelling of an ion: ``Cl1-`` becomes ``Cl-1``."""
    match = re.fullmatch(r"([A-Za-z]{1,2})(\d*)([+-])(\d*)", (ion or "").strip())
    if not match:
        return element
    symbol, before, sign, after = match.groups()
    return f"{symbol.capitalize()}{sign}{before or after or '1'}"


def isotope_number(isotope: Any) -> str | None:
    """Mass number as text from ``7``, ``"7Li"`` or ``"Li-7"``; None stays None."""
    if isotope is None:
        return None
    match = re.search(r"\d+", str(isotope))
    if not match:
        raise bad_input(f"isotope {isotope!r} has no mass number")
    return match.group()


def fill_gaps(two_theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[list[float]]]:
    """Grid without gaps, for an engine that stops at the first gap under a peak.

    GSAS-II leaves its reflection loop when no point lies inside the window of
    a reflection, so that a gap would drop every later reflection. The gaps are
    filled with points that are excluded from the fit.

    Returns
    -------
    grid : ndarray
        Two-theta with filler points, degrees.
    is_measured : ndarray of bool
        True where the point was given.
    excluded : list of [low, high]
        Regions that hold the filler points only.
    """
    steps = np.diff(two_theta)
    typical = float(np.median(steps))
    pieces, flags, excluded = [], [], []
    start = 0
    for i in map(int, np.flatnonzero(steps > max(10.0 * typical, 0.1))):
        n = max(2, round(steps[i] / max(typical, 0.005)))
        filler = np.linspace(two_theta[i], two_theta[i + 1], n + 1)[1:-1]
        margin = (filler[0] - two_theta[i]) / 2.0
        pieces += [two_theta[start : i + 1], filler]
        flags += [np.ones(i + 1 - start, bool), np.zeros(filler.size, bool)]
        excluded.append([float(two_theta[i] + margin), float(two_theta[i + 1] - margin)])
        start = i + 1
    pieces.append(two_theta[start:])
    flags.append(np.ones(two_theta.size - start, bool))
    return np.concatenate(pieces), np.concatenate(flags), excluded


def power_of_ten(value: float) -> float:
    """Largest power of ten not above ``value``; 1 if value is not positive."""
    if not math.isfinite(value) or value <= 0.0:
        return 1.0
    return float(10.0 ** math.floor(math.log10(value)))


def finite(value: Any) -> Any:
    """The same JSON value with NaN and infinity replaced by None, arrays by lists."""
    if isinstance(value, Mapping):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return finite(value.tolist())
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    if isinstance(value, np.generic):
        return finite(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


# --------------------------------------------------------------------------
# The patterns of a task
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """One pattern of a task: its number in GSAS-II, what its dotted names start with, and its part of the task.

    ``entry`` holds ``pattern``, ``instrument`` and ``background``; it is the task itself when there is one pattern only.
    """

    number: int
    prefix: str
    entry: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name among several patterns, empty for an only one."""
        return str(self.entry["name"]) if self.prefix != "pattern" else ""

    @property
    def axis(self) -> str:
        """``tof`` (µs) or ``two_theta`` (degrees)."""
        return "tof" if "tof" in self.entry["pattern"] else "two_theta"

    @property
    def x(self) -> np.ndarray:
        """Positions of the points."""
        return np.asarray(self.entry["pattern"][self.axis], float)

    @property
    def intensity(self) -> np.ndarray:
        """Observed intensities."""
        return np.asarray(self.entry["pattern"]["intensity"], float)

    @property
    def sigma(self) -> np.ndarray:
        """Standard uncertainties of the intensities."""
        return np.asarray(self.entry["pattern"]["sigma"], float)

    @property
    def kind(self) -> str:
        """Kind of radiation."""
        return str(self.entry["instrument"]["radiation"]["kind"])

    @property
    def n_terms(self) -> int:
        """Background terms of the task."""
        return int(self.entry["background"]["n_terms"])

    def background(self) -> list[str]:
        """Dotted names of the background's coefficients."""
        return [f"{self.prefix}.background.c{i}" for i in range(self.n_terms)]

    def to_gsas2_background(self) -> np.ndarray:
        """Matrix from the task's background coefficients to GSAS-II's, whose range is that of the points."""
        x = self.x
        return chebyshev_matrix(self.n_terms, self.entry["background"]["range"], (float(x[0]), float(x[-1])))


def patterns_of(task: Mapping[str, Any]) -> list[Measured]:
    """The patterns of a task in order."""
    if "patterns" in task:
        return [Measured(i, f"pattern.{entry['name']}", entry) for i, entry in enumerate(task["patterns"])]
    return [Measured(0, "pattern", task)]


# --------------------------------------------------------------------------
# The parameters of a task and their GSAS-II names
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """One dotted parameter and the GSAS-II variable behind it.

    ``value_xtal = factor * value_gsas2 + offset``. ``kind`` is ``linear``,
    ``background`` (mixed by a matrix), ``cell`` (a function of A0..A5),
    ``coordinate`` (varied as a shift ``dAx`` of ``Ax``) or ``strain`` (a
    function of a reciprocal term and what is added to it) or ``share`` (the
    quotient of a phase's scale here and in the first pattern). ``others`` are the variables of further patterns
    that always have the same value.
    """

    dotted: str
    variable: str
    factor: float = 1.0
    offset: float = 0.0
    kind: str = "linear"
    index: int = 0
    others: tuple[str, ...] = ()


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
    index: int, phase: Mapping[str, Any], scale_unit: float, shift: Iterable[float], n_patterns: int = 1
) -> list[Parameter]:
    """Parameters of one phase; ``shift`` is the origin shift, fractions of the axes."""
    head = f"phase.{phase['name']}"

    def shared(name: str, variable: str, factor: float) -> Parameter:
        first, *others = (f"{index}:{number}:{variable}" for number in range(n_patterns))
        return Parameter(f"{head}.{name}", first, factor, others=tuple(others))

    table = [
        shared("scale", "Scale", scale_unit),
        shared("crystallite_size_nm", "Size;i", 1e3),
        shared("microstrain", "Mustrain;i", 1e-6),
        shared("texture.r", "MD", 1.0),
    ]
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
    ]
    for axis, moved in zip("xyz", shift, strict=True):
        name = f"{index}::dA{axis}:{number}"
        table.append(Parameter(f"{head}.{axis}", name, offset=-moved, kind="coordinate"))
    return table


def parameter_table(
    task: Mapping[str, Any], scale_unit: float, shifts: Iterable[Iterable[float]]
) -> dict[str, Parameter]:
    """All parameters of a task by dotted name; refuses names which have no counterpart."""
    patterns = patterns_of(task)
    known = [p for one in patterns for p in pattern_parameters(one, task["phases"], scale_unit)]
    for i, (phase, shift) in enumerate(zip(task["phases"], shifts, strict=True)):
        known += phase_parameters(i, phase, scale_unit, shift, len(patterns))
    table = {p.dotted: p for p in known}
    for dotted in task["parameters"]:
        if dotted not in table:
            raise unsupported(f"{dotted}: GSAS-II has no such parameter in this worker")
    return {dotted: table[dotted] for dotted in task["parameters"]}


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


def check_task(task: Mapping[str, Any]) -> None:
    """Refuse, by name, what this engine cannot do at all."""
    if task.get("mode", "rietveld") != "rietveld":
        raise unsupported(f"mode {task['mode']!r}: this worker refines structures only (rietveld)")
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


@dataclass(frozen=True)
class Constraint:
    """A linear relation among GSAS-II variables: ``target = constant + sum(factor * term)``."""

    target: str
    terms: tuple[tuple[float, str], ...]
    constant: float


def tie_constraint(
    tie: Mapping[str, Any], table: Mapping[str, Parameter], free: Iterable[str], values: Mapping[str, float | None]
) -> Constraint | None:
    """The tie in GSAS-II variables, None when none of its terms is free.

    Terms that are not free become part of the constant. Coordinates are varied
    as shifts, for which every constant vanishes.
    """
    target = table[tie["target"]]
    active = [(c, table[n]) for c, n in tie["terms"] if n in set(free)]
    if not active:
        return None
    for parameter in (target, *(p for _, p in active)):
        if parameter.kind in ("cell", "background", "strain", "share"):
            raise unsupported(f"{tie['target']}: GSAS-II cannot tie {parameter.dotted}")
    constant = float(tie.get("constant") or 0.0) - target.offset
    constant += sum(c * (values[n] or 0.0) for c, n in tie["terms"] if n not in set(free))
    constant += sum(c * p.offset for c, p in active)
    if target.kind == "coordinate":
        constant = 0.0
    terms = tuple((c * p.factor / target.factor, p.variable) for c, p in active)
    return Constraint(target.variable, terms, constant / target.factor)


# --------------------------------------------------------------------------
# GSAS-II: imports and version
# --------------------------------------------------------------------------


@dataclass(frozen=True)
class Gsas2:
    """The GSAS-II modules in use, imported once and only where they are needed."""

    scriptable: Any
    main: Any
    io: Any
    math: Any
    mapvars: Any
    objects: Any
    spacegroups: Any
    elements: Any
    version: str


def load_gsas2() -> Gsas2:
    """Import GSAS-II; raises WorkerError with what to do when it is not there."""
    try:
        from GSASII import (  # type: ignore[import-not-found, unused-ignore]
            GSASIIElem,
            GSASIImapvars,
            GSASIIobj,
            GSASIIpath,
            GSASIIscriptable,
            GSASIIspc,
            GSASIIstrIO,
            GSASIIstrMain,
            GSASIIstrMath,
        )
    except ImportError as error:
        raise WorkerError(
            "internal",
            f"the interpreter {sys.executable} cannot import GSASII ({error}); "
            "install GSAS-II there or point XTAL_GSAS2_PYTHON at an interpreter that has it",
        ) from error
    GSASIIscriptable.LoadG2fil()
    version = f"{GSASIIpath.GetVersionTag()} ({GSASIIpath.GetVersionNumber()})"
    return Gsas2(
        GSASIIscriptable,
        GSASIIstrMain,
        GSASIIstrIO,
        GSASIIstrMath,
        GSASIImapvars,
        GSASIIobj,
        GSASIIspc,
        GSASIIElem,
        version,
    )


class Quiet:
    """Stands in for GSAS-II's progress dialogue; with one, ``Refine`` returns its results."""

    def Update(self, *_: Any, **__: Any) -> tuple[bool, bool]:
        """Always asks GSAS-II to go on."""
        return True, False


def switch_dispersion(g2: Gsas2, on: bool) -> None:
    """Replace GSAS-II's f', f'' by zero, or put its own calculation back."""
    original = getattr(g2.io.GetFprime, "original", g2.io.GetFprime)

    def no_dispersion(controls: Any, histograms: Any) -> None:
        original(controls, histograms)
        for table in (controls.get("FFtables") or {}).values():
            for key in table:
                if key.endswith((":FP", ":FPP")):
                    table[key] = 0.0

    no_dispersion.original = original  # type: ignore[attr-defined]
    g2.io.GetFprime = original if on else no_dispersion


def keep_multiplicities(g2: Gsas2) -> None:
    """Undo what GSAS-II does to reflections inside an excluded region.

    After every derivative it changes the sign of their multiplicity, so that
    the tails of such peaks were added and subtracted in turn.
    """
    original = getattr(g2.math.GetFobsSq, "original", g2.math.GetFobsSq)

    def observed_structure_factors(histograms: Any, *others: Any) -> None:
        original(histograms, *others)
        for name, histogram in histograms.items():
            if name.startswith("PWDR"):
                for entry in histogram["Reflection Lists"].values():
                    entry["RefList"][:, 3] = np.abs(entry["RefList"][:, 3])

    observed_structure_factors.original = original  # type: ignore[attr-defined]
    g2.math.GetFobsSq = observed_structure_factors


def correct_tof_strain(g2: Gsas2) -> None:
    """Let a strain act once on a time-of-flight pattern.

    GSAS-II adds D11... to the reciprocal metric, as for constant wavelength,
    and then shifts the flight time a second time by a term that lacks a factor
    d; its derivative lacks the factor d/2.
    """
    shift = getattr(g2.math.GetHStrainShift, "original", g2.math.GetHStrainShift)
    derivative = getattr(g2.math.GetHStrainShiftDerv, "original", g2.math.GetHStrainShiftDerv)

    def no_second_shift(*_: Any) -> float:
        return 0.0

    def right_derivative(refl: Any, im: int, group: Any, phfx: str, hfx: str, controls: Any, values: Any) -> Any:
        found = derivative(refl, im, group, phfx, hfx, controls, values)
        if "T" in controls[hfx + "histType"]:
            return {name: 0.5 * refl[4 + im] * value for name, value in found.items()}
        return found

    no_second_shift.original = shift  # type: ignore[attr-defined]
    right_derivative.original = derivative  # type: ignore[attr-defined]
    g2.math.GetHStrainShift, g2.math.GetHStrainShiftDerv = no_second_shift, right_derivative


# --------------------------------------------------------------------------
# Building the project
# --------------------------------------------------------------------------


@dataclass
class Session:
    """One task, its GSAS-II project and what has been found so far."""

    g2: Gsas2
    task: Mapping[str, Any]
    gpx: Path
    values: dict[str, float | None]
    project: Any = None
    given: list[np.ndarray] = field(default_factory=list)
    shifts: list[tuple[float, ...]] = field(default_factory=list)
    scale_unit: float = 1.0
    table: dict[str, Parameter] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    stage_warnings: list[str] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    n_background: int = 0
    n_backgrounds: dict[int, int] = field(default_factory=dict)
    isotopes: dict[str, str] = field(default_factory=dict)

    @property
    def patterns(self) -> list[Measured]:
        """The patterns of the task."""
        return patterns_of(self.task)

    def histogram(self, number: int) -> Any:
        """The powder histogram of a pattern."""
        return self.project.histogram(number)

    def n_used(self, number: int) -> int:
        """Background terms that GSAS-II has for a pattern."""
        return self.n_backgrounds.get(number, self.n_background)

    @property
    def phases(self) -> list[Any]:
        """GSAS-II phases in the order of the task."""
        return sorted(self.project.phases(), key=lambda phase: phase.id)

    def haps(self, phase: Any) -> list[Any]:
        """Parameters that belong to the phase in each histogram."""
        return [phase.data["Histograms"][self.histogram(one.number).name] for one in self.patterns]

    def warn(self, message: str) -> None:
        """Keep a warning about the whole task, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def warn_of_stage(self, message: str) -> None:
        """Keep a warning that the next stage may make pointless."""
        self.stage_warnings.append(message)


def open_session(g2: Gsas2, task: Mapping[str, Any]) -> Session:
    """Project with pattern, instrument and phases, all at their start values."""
    check_task(task)
    check_displacement(task)
    check_texture(task)
    work = Path(task["work_dir"])
    work.mkdir(parents=True, exist_ok=True)
    session = Session(g2, task, work / "refinement.gpx", start_values(task))
    session.n_backgrounds = {one.number: one.n_terms for one in session.patterns}
    switch_dispersion(g2, wants_dispersion(session.patterns))
    keep_multiplicities(g2)
    correct_tof_strain(g2)
    session.project = g2.scriptable.G2Project(newgpx=str(session.gpx))
    for measured in session.patterns:
        add_pattern(session, measured)
    for phase in task["phases"]:
        add_phase(session, phase)
    session.project.save()
    session.table = parameter_table(task, 1.0, session.shifts)
    set_values(session)
    start_scales(session)
    return session


def wants_dispersion(patterns: Iterable[Measured]) -> bool:
    """Whether f', f'' are on; GSAS-II has one switch here for all X-ray patterns."""
    wanted = {bool(one.entry["instrument"].get("dispersion", True)) for one in patterns if one.kind == "xray"}
    if len(wanted) > 1:
        raise unsupported("instrument.dispersion: on for one X-ray pattern and off for another")
    return wanted != {False}


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
    plain = {"fltPath": float(bank.get("flight_path_m") or 0.0), "2-theta": float(bank["two_theta"]), "Azimuth": 0.0}
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


def add_pattern(session: Session, measured: Measured) -> None:
    """The measured points with weights 1/sigma², gaps filled with excluded points."""
    x, sigma = measured.x, measured.sigma
    if x.size < 3 or np.any(np.diff(x) <= 0.0):
        raise bad_input(f"{measured.prefix}.{measured.axis} must have at least three points and increase")
    if not np.all(np.isfinite(sigma)) or np.any(sigma <= 0.0):
        raise bad_input(f"{measured.prefix}.sigma must be positive everywhere")
    grid, given, excluded = fill_gaps(x)
    data = np.zeros((6, grid.size))
    data[0] = grid
    data[1, given] = measured.intensity
    data[2, given] = sigma**-2.0
    session.given.append(given)
    register_histogram(session, measured, data, excluded)


def data_file(measured: Measured) -> str:
    """Name of the file through which GSAS-II imports a pattern."""
    return f"pattern-{measured.name}.xye" if measured.name else "pattern.xye"


def register_histogram(session: Session, measured: Measured, data: np.ndarray, excluded: list[list[float]]) -> None:
    """Import through GSAS-II, then put the exact numbers in place.

    GSAS-II's importer gives points at or below zero counts no weight; the
    arrays are therefore overwritten.
    """
    xye = session.gpx.with_name(data_file(measured))
    sigma = np.where(data[2] > 0.0, 1.0 / np.sqrt(np.where(data[2] > 0.0, data[2], 1.0)), 1.0)
    np.savetxt(xye, np.column_stack([data[0], data[1], sigma]), fmt="%.17g")
    inst = instrument_parameters(measured.entry, session.values, measured.prefix)
    histogram = session.project.add_powder_histogram(str(xye), (inst, {}), fmthint="xye")
    histogram.data["data"][1] = list(data)
    histogram.data["Sample Parameters"].update(sample_parameters(measured.entry))
    low, high = float(measured.x[0]), float(measured.x[-1])
    histogram.data["Limits"] = [(low, high), [low, high], *excluded]


def space_group(session: Session, phase: Mapping[str, Any]) -> tuple[Any, tuple[float, ...]]:
    """GSAS-II space group with the given operations, and the origin shift to reach it."""
    structure = phase["structure"]
    given = {parse_operation(text) for text in structure["operations"]}
    spc = session.g2.spacegroups
    names = symbol_candidates(structure.get("hm"))
    names.append(spc.StandardizeSpcName(structure["hm"] or "") if structure.get("hm") else "")
    names.append(spc.spgbyNum[structure["number"]] if structure.get("number") else "")
    groups = [group for name in names if name for group in gsas2_group(spc, name)]
    for group, operations in groups:
        if operations == given:
            return group, (0.0, 0.0, 0.0)
    for group, operations in groups:
        shift = find_origin_shift(given, operations)
        if shift is not None:
            return group, tuple(s / 24.0 for s in shift)
    raise unsupported(
        f"phase {phase['name']!r}: GSAS-II knows no space group with the operations of "
        f"{structure.get('hm') or structure.get('hall')}; transform it to a standard setting"
    )


def gsas2_group(spc: Any, name: str) -> list[tuple[Any, set[Operation]]]:
    """The group GSAS-II makes of a symbol with all its operations; empty if it makes none."""
    try:
        error, group = spc.SpcGroup(name)
    except Exception:
        return []
    if error:
        return []
    signs = (1, -1) if group["SGInv"] else (1,)
    operations = set()
    for rotation, translation in group["SGOps"]:
        for sign in signs:
            for centring in group["SGCen"]:
                r = tuple(int(v) for v in (sign * np.rint(rotation)).astype(int).ravel())
                t = np.rint((sign * np.asarray(translation) + centring) * 24).astype(int) % 24
                operations.add((r, tuple(int(v) for v in t)))
    return [(group, operations)]


def add_phase(session: Session, phase: Mapping[str, Any]) -> None:
    """Phase with its symmetry, cell and atoms."""
    structure = phase["structure"]
    group, shift = space_group(session, phase)
    session.shifts.append(shift)
    project = session.project
    added = project.add_phase(
        phasename=phase["name"],
        spacegroup=group["SpGrp"],
        cell=[float(v) for v in structure["cell"]],
        histograms=[project.histogram(one.number) for one in session.patterns],
    )
    added.data["General"]["SGData"] = group
    for site in structure["sites"]:
        add_site(session, added, site, shift)
    set_isotopes(session, added, structure["sites"])
    if phase.get("texture_axis"):
        for hap in session.haps(added):
            hap["Pref.Ori."][3] = [int(v) for v in phase["texture_axis"]]


def add_site(session: Session, phase: Any, site: Mapping[str, Any], shift: Any) -> None:
    """One atom; its multiplicity must come out as in the task."""
    xyz = [float(v) + s for v, s in zip(site["xyz"], shift, strict=True)]
    u_iso = site.get("u_iso")
    atom_type = atom_type_name(session, site)
    phase.add_atom(*xyz, atom_type, site["label"], site["occupancy"], 0.0 if u_iso is None else u_iso)
    record = phase.data["Atoms"][-1]
    if site.get("multiplicity") and int(record[8]) != int(site["multiplicity"]):
        raise bad_input(
            f"site {site['label']} of {phase.name}: multiplicity {site['multiplicity']} in the task, "
            f"{record[8]} by GSAS-II for {xyz}; is the coordinate exact enough?"
        )
    if site.get("u_aniso"):
        record[9] = "A"
        record[11:17] = [float(v) for v in site["u_aniso"]]


def atom_type_name(session: Session, site: Mapping[str, Any]) -> str:
    """Atom type with charge where GSAS-II has its form factor, else the neutral atom."""
    element = "D" if site["element"] == "H" and isotope_number(site.get("isotope")) == "2" else ""
    element = element or str(site["element"])
    name = ion_name(site.get("ion"), element)
    if all(one.kind != "xray" for one in session.patterns) or name == element:
        return element
    if session.g2.elements.GetFFtable([name]).get(name) and known_ion(session, name):
        return name
    session.warn(f"GSAS-II has no form factor for {name}: the neutral atom {element} is used")
    return element


def known_ion(session: Session, name: str) -> bool:
    """True if GSAS-II's table lists the ion itself."""
    return bool(session.g2.elements.GetAtomInfo(name)["Symbol"] == name)


def set_isotopes(session: Session, phase: Any, sites: Iterable[Mapping[str, Any]]) -> None:
    """Isotopes for neutrons; GSAS-II has one scattering length per atom type for all phases."""
    if all(one.kind == "xray" for one in session.patterns):
        return
    general = phase.data["General"]
    for site, record in zip(sites, phase.data["Atoms"], strict=True):
        name = "Nat. Abund." if record[1] == "D" else isotope_number(site.get("isotope"))
        name = name or "Nat. Abund."
        if session.isotopes.setdefault(record[1], name) != name:
            raise unsupported(f"site {site['label']} of {phase.name}: two isotopes of {record[1]} in one task")
        if name not in general["Isotopes"][record[1]]:
            if name != "Nat. Abund.":
                raise unsupported(f"site {site['label']}: GSAS-II has no isotope {name}")
            continue
        general["Isotope"][record[1]] = name
    session.g2.scriptable.SetupGeneral(phase.data, None)


# --------------------------------------------------------------------------
# Values and refinement flags in the project tree
# --------------------------------------------------------------------------


def set_values(session: Session) -> None:
    """Write the current value of every parameter into the project."""
    for measured in session.patterns:
        set_pattern_values(session, measured)
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        set_phase_values(session, phase, entry["name"])


def set_pattern_values(session: Session, measured: Measured) -> None:
    """Background, instrument and scale of one pattern."""
    head, values = measured.prefix, session.values
    set_background(session, measured, session.n_used(measured.number))
    histogram = session.histogram(measured.number)
    inst = histogram.data["Instrument Parameters"][0]
    for name, entry in instrument_parameters(measured.entry, values, head).items():
        inst[name] = entry
    sample = histogram.data["Sample Parameters"]
    relative = values.get(f"{head}.scale")
    sample["Scale"] = [session.scale_unit * (1.0 if relative is None else relative), False]
    for name, dotted, factor in (("Shift", "displacement", 1e3), ("Absorption", "absorption", 1.0)):
        if name in sample:
            sample[name] = [(values.get(f"{head}.{dotted}") or 0.0) * factor, False]
    if measured.axis == "two_theta" and (values.get(f"{head}.profile.axial") or 0.0) < SMALLEST_AXIAL:
        session.warn(f"{head}.profile.axial is below {SMALLEST_AXIAL}, which GSAS-II uses instead")


def set_background(session: Session, measured: Measured, n_terms: int) -> None:
    """Background with ``n_terms`` terms in GSAS-II's own scaling."""
    ours = [session.values.get(name) or 0.0 for name in measured.background()]
    theirs = (measured.to_gsas2_background() @ np.array(ours))[:n_terms]
    background = session.histogram(measured.number).data["Background"]
    background[0] = ["chebyschev-1", False, n_terms, *(float(v) for v in theirs)]
    session.n_backgrounds[measured.number] = n_terms


def set_phase_values(session: Session, phase: Any, name: str) -> None:
    """Scale, broadening, texture, cell, strains and sites of one phase."""
    values, head = session.values, f"phase.{name}"
    set_cell(phase, values, head)
    for measured, hap in zip(session.patterns, session.haps(phase), strict=True):
        set_hap_values(session, hap, head, share_of(session, measured, name))
        set_strain(phase, hap, axis_strains(phase, values, f"{measured.prefix}.strain.{name}"))
    for number, record in enumerate(phase.data["Atoms"]):
        set_site(session, record, phase.id, number)


def axis_strains(phase: Any, values: Mapping[str, float | None], head: str) -> list[float]:
    """Strains along a, b, c; axes that follow others by symmetry have the same."""
    found = [values.get(f"{head}.{name}") for name in "abc"]
    first = found[0] or 0.0
    laue = phase.data["General"]["SGData"]["SGLaue"]
    if laue in ("m3", "m3m", "3R", "3mR"):
        return [first] * 3
    if laue in ORTHOGONAL_AXES and laue != "mmm":
        return [first, first, found[2] or 0.0]
    return [value or 0.0 for value in found]


# The axes that enter each of GSAS-II's six reciprocal terms.
TERM_AXES = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def set_strain(phase: Any, hap: Any, strains: list[float]) -> None:
    """Terms that make the axes longer by fractions in one histogram; the angles stay."""
    names = strain_names(phase)
    terms = reciprocal_terms(phase.data["General"]["Cell"][1:7])
    changes = [1.0 / ((1.0 + strains[i]) * (1.0 + strains[j])) - 1.0 for i, j in TERM_AXES]
    hap["HStrain"] = [[changes[i] * terms[i] if i is not None else 0.0 for i in names.values()], [False] * len(names)]


def strain_names(phase: Any) -> dict[str, int | None]:
    """GSAS-II's strain variables of a phase and the reciprocal term that each is added to."""
    group = phase.data["General"]["SGData"]
    laue, unique = group["SGLaue"], group.get("SGUniq")
    if laue in ("m3", "m3m"):
        return {"D11": 0, "eA": None}
    if laue in ("6/m", "6/mmm", "3m1", "31m", "3", "4/m", "4/mmm"):
        return {"D11": 0, "D33": 2}
    if laue in ("3R", "3mR"):
        return {"D11": 0, "D12": 3}
    axes: dict[str, int | None] = {"D11": 0, "D22": 1, "D33": 2}
    mixed: dict[str, int | None] = {"D12": 3, "D13": 4, "D23": 5}
    if laue == "mmm":
        return axes
    if laue == "2/m":
        name = {"a": "D23", "b": "D13", "c": "D12"}[str(unique)]
        return axes | {name: mixed[name]}
    return axes | mixed


def reciprocal_terms(cell: Iterable[float]) -> list[float]:
    """GSAS-II's six reciprocal terms of a direct cell (Å, degrees); the inverse of ``cell_from_reciprocal``."""
    a, b, c, *angles = (float(v) for v in cell)
    ca, cb, cg = np.cos(np.radians(angles))
    metric = np.array(
        [[a * a, a * b * cg, a * c * cb], [a * b * cg, b * b, b * c * ca], [a * c * cb, b * c * ca, c * c]]
    )
    g = np.linalg.inv(metric)
    return [float(v) for v in (g[0, 0], g[1, 1], g[2, 2], 2 * g[0, 1], 2 * g[0, 2], 2 * g[1, 2])]


def share_of(session: Session, measured: Measured, name: str) -> float:
    """What multiplies the scale of a phase in a pattern."""
    share = session.values.get(f"{measured.prefix}.share.{name}")
    return 1.0 if share is None else share


def set_hap_values(session: Session, hap: Any, head: str, share: float) -> None:
    """Scale, broadening and texture of one phase in one histogram."""
    values = session.values
    scale = values.get(f"{head}.scale")
    hap["Scale"] = [share * (1.0 if scale is None else scale) / session.scale_unit, False]
    size = values.get(f"{head}.crystallite_size_nm")
    hap["Size"][0], hap["Mustrain"][0] = "isotropic", "isotropic"
    hap["Size"][1] = [size / 1e3 if size else NO_SIZE_MICROMETRE, 1.0, 1.0]
    hap["Mustrain"][1] = [(values.get(f"{head}.microstrain") or 0.0) * 1e6, 1.0, 1.0]
    ratio = values.get(f"{head}.texture.r")
    hap["Pref.Ori."][:3] = ["MD", 1.0 if ratio is None else ratio, False]


def set_cell(phase: Any, values: Mapping[str, float | None], head: str) -> None:
    """Independent cell parameters from the task, the others by symmetry."""
    cell = [float(v) for v in phase.data["General"]["Cell"][1:7]]
    for i, name in enumerate(CELL_NAMES):
        value = values.get(f"{head}.cell.{name}")
        if value is not None:
            cell[i] = value
    cell = complete_cell(cell, phase.data["General"]["SGData"]["SGLaue"])
    phase.data["General"]["Cell"][1:8] = [*cell, cell_volume(cell)]


def complete_cell(cell: list[float], laue: str) -> list[float]:
    """Cell with the equalities of its Laue class, taken from a (and α)."""
    a, _, c, alpha, _, _ = cell
    if laue in ("m3", "m3m"):
        return [a, a, a, *cell[3:]]
    if laue in ("3R", "3mR"):
        return [a, a, a, alpha, alpha, alpha]
    if laue in ORTHOGONAL_AXES and laue != "mmm":
        return [a, a, c, *cell[3:]]
    return cell


def set_site(session: Session, record: list[Any], phase_id: int, number: int) -> None:
    """Coordinates, occupancy and U of one atom record."""
    columns = {f"{phase_id}::Afrac:{number}": 6, f"{phase_id}::AUiso:{number}": 10}
    columns |= {f"{phase_id}::dA{axis}:{number}": 3 + i for i, axis in enumerate("xyz")}
    for parameter in session.table.values():
        value = session.values[parameter.dotted]
        if parameter.variable in columns and value is not None:
            record[columns[parameter.variable]] = value - parameter.offset


def clear_flags(session: Session) -> None:
    """Fix everything."""
    for measured in session.patterns:
        clear_histogram_flags(session.histogram(measured.number))
    for phase in session.phases:
        phase.data["General"]["Cell"][0] = False
        for hap in session.haps(phase):
            hap["Scale"][1], hap["Pref.Ori."][2] = False, False
            hap["Size"][2], hap["Mustrain"][2] = [False] * 3, [False] * 3
            hap["HStrain"][1] = [False] * len(hap["HStrain"][0])
        for record in phase.data["Atoms"]:
            record[2] = ""
    constraints = session.project.data["Constraints"]["data"]
    for scope in ("Hist", "HAP", "Phase", "Global"):
        constraints[scope] = []


def clear_histogram_flags(histogram: Any) -> None:
    """Fix background, instrument and sample of one histogram."""
    histogram.data["Background"][0][1] = False
    for entry in histogram.data["Instrument Parameters"][0].values():
        if len(entry) > 2:
            entry[2] = False
    for name in ("Scale", "Shift", "Absorption", "DisplaceX", "DisplaceY"):
        if name in histogram.data["Sample Parameters"]:
            histogram.data["Sample Parameters"][name][1] = False


def set_flag(session: Session, parameter: Parameter) -> None:
    """Let GSAS-II vary one parameter."""
    phase_id, number, name, *atom = parameter.variable.split(":")
    if not phase_id:
        histogram = session.histogram(int(number))
        key = name.split(";")[0]
        if key == "Back":
            histogram.data["Background"][0][1] = True
        elif key in ("Shift", "Scale", "Absorption"):
            histogram.data["Sample Parameters"][key][1] = True
        else:
            histogram.data["Instrument Parameters"][0][key][2] = True
    elif atom:
        set_atom_flag(session.phases[int(phase_id)], int(atom[0]), name, parameter.dotted)
    elif parameter.kind == "cell":
        session.phases[int(phase_id)].data["General"]["Cell"][0] = True
    elif parameter.kind == "strain":
        set_strain_flag(session, session.phases[int(phase_id)], int(number), name)
    else:
        haps = session.haps(session.phases[int(phase_id)])
        for hap in haps if parameter.kind != "share" else [haps[int(number)]]:
            set_hap_flag(hap, name, parameter.dotted)


def set_strain_flag(session: Session, phase: Any, number: int, name: str) -> None:
    """Vary the strain of a phase along one axis in one histogram."""
    flags = session.haps(phase)[number]["HStrain"][1]
    flags[list(strain_names(phase)).index(name)] = True


def constrain_strains(session: Session) -> None:
    """Let the mixed terms of oblique cells follow the strains of their two axes, which keep the angles.

    To first order in the strains, with the cell at the start of the stage: dA_ij = A_ij/2 (dA_ii/A_ii + dA_jj/A_jj).
    """
    for phase in session.phases:
        names, terms = strain_names(phase), reciprocal_terms(phase.data["General"]["Cell"][1:7])
        for number, hap in enumerate(session.haps(phase)):
            flags = hap["HStrain"][1]
            varied = {i for i, on in zip(names.values(), flags, strict=True) if on and i is not None}
            for position, (name, index) in enumerate(names.items()):
                if index is None or index < 3:
                    continue
                leaders = [i for i in TERM_AXES[index] if i in varied] or [0] * (0 in varied and "D22" not in names)
                if leaders and abs(terms[index]) > 1e-12:
                    flags[position] = True
                    share = 1.0 if "D22" not in names else 0.5
                    head = f"{phase.id}:{number}:"
                    follow = tuple((share * terms[index] / terms[i], f"{head}D{i + 1}{i + 1}") for i in leaders)
                    add_constraint(session, Constraint(head + name, follow, 0.0))


def set_hap_flag(hap: Any, name: str, dotted: str) -> None:
    """Vary a scale, a broadening or a texture parameter."""
    if name == "Size;i" and hap["Size"][1][0] >= NO_SIZE_MICROMETRE:
        raise bad_input(f"{dotted} is free but has no start value")
    if name == "Scale":
        hap["Scale"][1] = True
    elif name == "MD":
        hap["Pref.Ori."][2] = True
    else:
        hap[name.split(";")[0]][2][0] = True


def set_atom_flag(phase: Any, number: int, name: str, dotted: str) -> None:
    """Vary an occupancy, a displacement parameter or coordinates of one atom."""
    record = phase.data["Atoms"][number]
    letter = {"Afrac": "F", "AUiso": "U"}.get(name, "X")
    if letter == "U" and record[9] == "A":
        raise unsupported(f"{dotted}: the site is anisotropic, GSAS-II has no U_iso for it")
    if letter not in record[2]:
        record[2] += letter


def coordinate_holds(session: Session, free: set[str]) -> list[str]:
    """Coordinates GSAS-II would vary with their atom although the stage keeps them fixed."""
    holds = []
    for phase in session.phases:
        for number, record in enumerate(phase.data["Atoms"]):
            names = [f"{phase.id}::dA{axis}:{number}" for axis in "xyz"]
            terms = [int(t) for t in session.g2.spacegroups.GetCSxinel(record[7])[0]]
            dotted = {p.variable: p.dotted for p in session.table.values()}
            for axis, name in enumerate(names):
                if name in free:
                    check_site_symmetry(dotted[name], terms, axis)
            wanted = {terms[i] for i, name in enumerate(names) if name in free}
            if wanted:
                firsts = {t: terms.index(t) for t in terms if t and t not in wanted}
                holds += [names[i] for i in firsts.values()]
    return holds


def cell_holds(session: Session, free: set[str]) -> list[str]:
    """Reciprocal terms to hold when only some axes of an orthogonal cell are free."""
    holds = []
    for phase in session.phases:
        laue = phase.data["General"]["SGData"]["SGLaue"]
        cells = [p for p in session.table.values() if is_cell_of(p, phase.id)]
        wanted = [p for p in cells if p.dotted in free]
        rest = [p for p in cells if p.dotted not in free]
        if not wanted or not rest:
            continue
        if laue not in ORTHOGONAL_AXES:
            raise unsupported(
                f"{rest[0].dotted} is fixed while {wanted[0].dotted} is free: GSAS-II refines "
                f"the whole cell of an oblique lattice"
            )
        holds += [p.variable for p in rest if p.index < 3]
    return holds


def is_cell_of(parameter: Parameter, phase_id: int) -> bool:
    """True for a cell parameter of the phase."""
    return parameter.kind == "cell" and parameter.variable.startswith(f"{phase_id}::")


def add_constraint(session: Session, constraint: Constraint) -> None:
    """Hand a tie to GSAS-II as an equivalence or as an equation."""
    var = session.g2.objects.G2VarObj
    names = [constraint.target, *(name for _, name in constraint.terms)]
    scopes = {session.g2.scriptable._constr_type(var(name)) for name in names}
    if len(scopes) > 1:
        raise unsupported(f"GSAS-II cannot tie variables of different scope: {', '.join(names)}")
    if constraint.constant == 0.0 and len(constraint.terms) == 1:
        ((factor, name),) = constraint.terms
        # GSAS-II keeps m1*v1 = m2*v2 = ... in an equivalence
        entry: list[Any] = [[1.0, var(name)], [1.0 / factor, var(constraint.target)], None, None, "e"]
    else:
        entry = [[1.0, var(constraint.target)]]
        entry += [[-factor, var(name)] for factor, name in constraint.terms]
        entry += [constraint.constant, None, "c"]
    session.project.add_constraint_raw(scopes.pop(), entry)


def add_hold(session: Session, name: str) -> None:
    """Keep one GSAS-II variable fixed."""
    var = session.g2.objects.G2VarObj(name)
    scope = session.g2.scriptable._constr_type(var)
    session.project.add_constraint_raw(scope, [[1.0, var], None, None, "h"])


def prepare_stage(session: Session, stage: Mapping[str, Any]) -> set[str]:
    """Flags, holds, ties and bounds of one stage; returns the tied targets in use."""
    session.stage_warnings = []
    free = set(stage["free"])
    for one in session.patterns:
        set_background(session, one, leading_background(free, session.values, one.n_terms, one.prefix))
    reset_strains(session)
    clear_flags(session)
    session.project.index_ids()
    ties = {
        tie["target"]: constraint
        for tie in session.task.get("ties", [])
        if (constraint := tie_constraint(tie, session.table, free, session.values))
    }
    for dotted in free | set(ties):
        set_flag(session, session.table[dotted])
    constrain_strains(session)
    varied = {session.table[d].variable for d in free | set(ties)}
    for name in coordinate_holds(session, varied) + cell_holds(session, free | set(ties)):
        add_hold(session, name)
    for dotted in free | set(ties):
        parameter = session.table[dotted]
        for other in parameter.others:
            factor = relation(session, parameter, other, free)
            if factor is not None:
                add_constraint(session, Constraint(other, ((factor, parameter.variable),), 0.0))
    for constraint in ties.values():
        add_constraint(session, constraint)
    set_bounds(session, free)
    controls = session.project.data["Controls"]["data"]
    controls["max cyc"] = int(stage.get("max_cycles") or 20)
    return set(ties)


def relation(session: Session, parameter: Parameter, other: str, free: set[str]) -> float | None:
    """Factor between the variable of a further pattern and that of the first; None when it is free on its own."""
    own = next((p for p in session.table.values() if p.kind == "share" and p.variable == other), None)
    if own is None:
        return 1.0
    return None if own.dotted in free else session.values[own.dotted] or 0.0


def reset_strains(session: Session) -> None:
    """Make every strain equal in all directions for the cell as it is now."""
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        for measured, hap in zip(session.patterns[1:], session.haps(phase)[1:], strict=True):
            head = f"{measured.prefix}.strain.{entry['name']}"
            set_strain(phase, hap, axis_strains(phase, session.values, head))


def set_bounds(session: Session, free: set[str]) -> None:
    """Limits of the free parameters, in GSAS-II's units; earlier freezes are lifted."""
    low: dict[Any, float] = {}
    high: dict[Any, float] = {}
    for dotted in sorted(free):
        parameter, entry = session.table[dotted], session.task["parameters"][dotted]
        for key, bound in zip((low, high), gsas2_bounds(session, parameter, entry), strict=True):
            if bound is not None:
                key[session.g2.objects.G2VarObj(parameter.variable)] = bound
    controls = session.project.data["Controls"]["data"]
    controls["parmMinDict"], controls["parmMaxDict"] = low, high
    controls["parmFrozen"] = {"FrozenList": []}


def gsas2_bounds(session: Session, parameter: Parameter, entry: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Lower and upper limit for the GSAS-II variable; None where it cannot hold one."""
    low, high = entry.get("min"), entry.get("max")
    if parameter.kind in ("background", "strain", "share"):
        return None, None
    if parameter.kind == "cell":
        return cell_bounds(session, parameter, low, high)
    if parameter.variable.endswith(":Size;i"):
        low, high = max(low or 0.0, SIZE_RANGE_NM[0]), min(high or math.inf, SIZE_RANGE_NM[1])
    return (
        None if low is None else (low - parameter.offset) / parameter.factor,
        None if high is None else (high - parameter.offset) / parameter.factor,
    )


def cell_bounds(
    session: Session, parameter: Parameter, low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """Limits on a reciprocal term from limits on an axis; none for oblique cells."""
    phase = session.phases[int(parameter.variable.split(":")[0])]
    laue = phase.data["General"]["SGData"]["SGLaue"]
    if laue not in ORTHOGONAL_AXES or parameter.index > 2:
        return None, None
    cell = phase.data["General"]["Cell"][1:7]
    angle = math.radians(cell[5]) if parameter.index < 2 else math.pi / 2

    def term(length: float | None) -> float | None:
        return None if length is None else (length * math.sin(angle)) ** -2.0

    return term(high), term(low)


# --------------------------------------------------------------------------
# Start values of the scales
# --------------------------------------------------------------------------


def start_scales(session: Session) -> None:
    """Sensible start for every scale left at 1, and the unit the scales are kept in."""
    names = [f"phase.{phase['name']}.scale" for phase in session.task["phases"]]
    freed = {name for stage in session.task["stages"] for name in stage["free"]}
    freed |= {tie["target"] for tie in session.task.get("ties", [])}
    unknown = [n for n in names if session.values.get(n) in (None, 1.0) and n in freed]
    others = [one for one in session.patterns[1:] if f"{one.prefix}.scale" in freed]
    if unknown or others:
        estimate_all_scales(session, names, unknown, others)
    largest = max((session.values.get(n) or 0.0 for n in names), default=1.0)
    session.scale_unit = power_of_ten(largest)
    session.table = parameter_table(session.task, session.scale_unit, session.shifts)
    set_values(session)


def estimate_all_scales(session: Session, names: list[str], unknown: list[str], others: list[Measured]) -> None:
    """Scales of the phases from the first pattern, then one scale for each further pattern."""
    curves = calculate(session)
    unit = {n: (session.values.get(n) or 1.0) for n in names}
    columns = [[profile / unit[n] for n, profile in zip(names, one.phases, strict=True)] for one in curves]
    if unknown:
        scales = estimated_scales(session, session.patterns[0], columns[0])
        floor = 1e-3 * max(scales)
        for name, scale in zip(names, scales, strict=True):
            if name in unknown:
                session.values[name] = float(max(scale, floor))
    for measured in others:
        name = f"{measured.prefix}.scale"
        scales = [session.values[n] or 0.0 for n in names]
        total = np.sum([s * column for s, column in zip(scales, columns[measured.number], strict=True)], axis=0)
        if session.values.get(name) in (None, 1.0):
            session.values[name] = max(estimated_scales(session, measured, [total / (session.values.get(name) or 1.0)]))


def estimated_scales(session: Session, measured: Measured, columns: list[np.ndarray]) -> list[float]:
    """Linear least squares of a pattern on calculated curves and the background, which is corrected on the way.

    At least one is positive.
    """
    weight = 1.0 / measured.sigma
    terms = background_columns(session, measured)
    target = measured.intensity - fixed_background(session, measured)
    design = np.column_stack([*columns, *terms]) * weight[:, None]
    norm = np.where(np.linalg.norm(design, axis=0) > 0, np.linalg.norm(design, axis=0), 1.0)
    solution = np.linalg.lstsq(design / norm, target * weight, rcond=1e-10)[0] / norm
    for name, correction in zip(measured.background(), solution[len(columns) :], strict=False):
        session.values[name] = (session.values.get(name) or 0.0) + float(correction)
    scales = [float(v) for v in solution[: len(columns)]]
    if max(scales) <= 0.0:
        return [1e-3 * peak_ratio(target, columns)] * len(columns)
    return scales


def peak_ratio(target: np.ndarray, columns: list[np.ndarray]) -> float:
    """Fallback scale: highest observed over highest calculated point."""
    highest = max(float(column.max()) for column in columns)
    return float(np.ptp(target)) / highest if highest > 0.0 else 1.0


def background_columns(session: Session, measured: Measured) -> list[np.ndarray]:
    """Chebyshev terms to fit together with the scales: those the first stage frees."""
    freed = session.task["stages"][0]["free"]
    n_used = sum(name in freed for name in measured.background())
    limits = measured.entry["background"]["range"]
    return [chebyshev_curve(row, measured.x, limits) for row in np.eye(measured.n_terms)[:n_used]]


def fixed_background(session: Session, measured: Measured) -> np.ndarray:
    """Background at its start values, on the measured points."""
    start = [session.values.get(name) or 0.0 for name in measured.background()]
    return chebyshev_curve(np.array(start), measured.x, measured.entry["background"]["range"])


@dataclass(frozen=True)
class Calculation:
    """Curves at the measured points and the reflection list of each phase, from the task's order."""

    calculated: np.ndarray
    background: np.ndarray
    phases: list[np.ndarray]
    reflections: list[np.ndarray]


def calculate(session: Session) -> list[Calculation]:
    """Calculate every pattern and the share of each phase without refining.

    GSAS-II writes its per-phase sums ("partials") in a run without cycles.
    That runs on a copy of the project, because it would erase the covariance.
    The arrays left by a refinement cannot be used: after a rejected last step
    they belong to that step.
    """
    work = Path(tempfile.mkdtemp(dir=session.gpx.parent))
    session.project.save()
    copy_path, dump = work / "partials.gpx", work / "partials.dat"
    shutil.copy(session.gpx, copy_path)
    copy = session.g2.scriptable.G2Project(gpxfile=str(copy_path))
    controls = copy.data["Controls"]["data"]
    controls["max cyc"], controls["PhasePartials"] = 0, str(dump)
    copy.save()
    ok, found = session.g2.main.Refine(str(copy_path), dlg=Quiet(), makeBack=False)
    if not ok:
        raise WorkerError("diverged", f"GSAS-II cannot calculate the pattern: {found.get('msg')}")
    copy.reload()
    partials = read_partials(dump)
    found = [
        calculation_of(copy.histogram(i), [phase.name for phase in session.phases], given, partials.get(i, {}))
        for i, given in enumerate(session.given)
    ]
    shutil.rmtree(work, ignore_errors=True)
    return found


def calculation_of(
    histogram: Any, names: list[str], given: np.ndarray, partials: Mapping[str, np.ndarray]
) -> Calculation:
    """Curves of one histogram at its measured points."""
    data = [np.ma.getdata(column) for column in histogram.data["data"][1]]
    missing = [name for name in names if name not in partials]
    if missing and len(names) > 1:
        raise WorkerError("internal", f"GSAS-II gave no profile for {', '.join(missing)}")
    # GSAS-II dumps nothing for a single phase
    phases = [partials[name] for name in names] if len(names) > 1 else [data[3] - data[4]]
    lists = histogram.data["Reflection Lists"]
    return Calculation(
        calculated=data[3][given],
        background=data[4][given],
        phases=[np.ma.getdata(profile)[given] for profile in phases],
        reflections=[np.asarray(lists[name]["RefList"], float) for name in names],
    )


def read_partials(path: Path) -> dict[int, dict[str, np.ndarray]]:
    """Profiles by histogram and phase from GSAS-II's dump: per histogram None, its number, x, background, then pairs."""
    found: dict[int, dict[str, np.ndarray]] = {}
    number = -1
    with path.open("rb") as stream, contextlib.suppress(EOFError):
        while True:
            name = pickle.load(stream)
            if name is None:
                number = int(pickle.load(stream))
                found[number] = {}
                for _ in range(2):
                    pickle.load(stream)
            else:
                found[number][str(name)] = np.asarray(pickle.load(stream))
    return found


# --------------------------------------------------------------------------
# Refinement
# --------------------------------------------------------------------------


@dataclass
class Fit:
    """What GSAS-II returned for one stage."""

    rvals: Mapping[str, Any]
    parameters: dict[str, Any]
    vary: list[str]
    covariance: np.ndarray
    frozen: list[str]
    seconds: float = 0.0
    stopped_short: bool = False


def refine(session: Session, is_last: bool) -> Fit:
    """Refine as closely as GSAS-II can; from a dead end go on with its coarse tolerance.

    A dead end of an earlier stage is left as it is unless the stage did nothing.
    """
    started = time.perf_counter()
    fit = refine_within_bounds(session, FINE)
    for _ in range(MAX_COARSE_RESTARTS):
        if not fit.rvals.get("Aborted") or (gain(fit) > COARSE and not is_last):
            break
        other = refine_coarsely(session, fit)
        if other is fit:
            fit.stopped_short = True
            break
        fit = other
    fit.seconds = time.perf_counter() - started
    return fit


def gain(fit: Fit) -> float:
    """Fraction by which the refinement lowered chi²."""
    before = fit.rvals.get("GOF0")
    return 1.0 - (float(fit.rvals["GOF"]) / float(before)) ** 2 if before else 0.0


def refine_coarsely(session: Session, fit: Fit) -> Fit:
    """A better fit by way of the coarse tolerance, or the same one with the project put back."""
    files = (session.gpx, session.gpx.with_suffix(".lst"))
    kept = [(path, path.with_suffix(path.suffix + ".kept")) for path in files]
    for path, copy in kept:
        shutil.copy(path, copy)
    refine_within_bounds(session, COARSE)
    other = refine_within_bounds(session, FINE)
    better = bool(other.rvals["chisq"] < (1.0 - COARSE) * fit.rvals["chisq"])
    for path, copy in kept:
        if better:
            copy.unlink()
        else:
            copy.replace(path)
    if not better:
        session.project.reload()
    return other if better else fit


def refine_within_bounds(session: Session, tolerance: float) -> Fit:
    """Repeat the refinement until it freezes no further parameter at a limit."""
    session.project.data["Controls"]["data"]["min dM/M"] = tolerance
    known: list[str] | None = None
    for _ in range(MAX_BOUND_RESTARTS):
        fit = refine_once(session)
        if known == fit.frozen or not fit.frozen:
            break
        known = fit.frozen
    return fit


def refine_once(session: Session) -> Fit:
    """One call of GSAS-II's least squares; raises on divergence."""
    restore_fixed_sizes(session)
    session.project.index_ids()
    ok, rvals = session.g2.main.Refine(str(session.gpx), dlg=Quiet(), makeBack=False)
    if not ok:
        message = " ".join(str(rvals.get("msg", "no reason given")).split())
        raise WorkerError("diverged", f"GSAS-II gave up: {rename(session, message)}")
    session.project.reload()
    restore_fixed_sizes(session)
    session.project.save()
    found = session.project.data["Covariance"]["data"]
    vary = [str(name) for name in rvals.get("parmDictSigDict", {})]
    frozen = session.project.data["Controls"]["data"].get("parmFrozen", {}).get("FrozenList", [])
    return Fit(
        rvals=rvals,
        parameters=dict(rvals["parmDictAfterFit"]),
        vary=vary,
        covariance=np.asarray(found["covMatrix"], float) if vary else np.zeros((0, 0)),
        frozen=[str(name) for name in frozen],
    )


def restore_fixed_sizes(session: Session) -> None:
    """Take back the 10 µm to which GSAS-II cuts every size after a refinement.

    That would broaden by 0.001 degrees where the task asks for no broadening.
    """
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        nanometres = session.values.get(f"phase.{entry['name']}.crystallite_size_nm")
        for hap in session.haps(phase):
            if not hap["Size"][2][0]:
                hap["Size"][1][0] = nanometres / 1e3 if nanometres else NO_SIZE_MICROMETRE


def rename(session: Session, message: str) -> str:
    """GSAS-II's variable names in a message replaced by the dotted ones."""
    for parameter in sorted(session.table.values(), key=lambda p: -len(p.variable)):
        message = re.sub(rf"(?<![\w:;]){re.escape(parameter.variable)}(?![\w;:])", parameter.dotted, message)
    return message


def read_values(session: Session, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Every parameter of the task in xtal units from GSAS-II's parameter dictionary."""
    values: dict[str, float] = {}
    backgrounds = read_backgrounds(session, parameters)
    cells = {
        i: cell_from_reciprocal([parameters[f"{i}::A{k}"] for k in range(6)])
        for i in range(len(session.task["phases"]))
    }
    for dotted, parameter in session.table.items():
        if parameter.kind == "background":
            values[dotted] = backgrounds[dotted]
        elif parameter.kind == "share":
            phase_id, _, name = parameter.variable.split(":")
            first = float(parameters[f"{phase_id}:0:{name}"])
            values[dotted] = float(parameters[parameter.variable]) / first if first else 1.0
        elif parameter.kind == "strain":
            term = float(parameters[f"{parameter.variable.split(':')[0]}::A{parameter.index}"])
            values[dotted] = (1.0 + float(parameters[parameter.variable]) / term) ** -0.5 - 1.0
        elif parameter.kind == "cell":
            values[dotted] = float(cells[int(parameter.variable.split(":")[0])][parameter.index])
        elif parameter.kind == "coordinate":
            total = parameters[parameter.variable.replace("dA", "A")]
            total += parameters[parameter.variable]
            values[dotted] = float(total + parameter.offset)
        elif parameter.variable in parameters:
            values[dotted] = float(parameter.factor * parameters[parameter.variable]) + parameter.offset
    return values


def read_backgrounds(session: Session, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Background coefficients of every pattern on the task's range, zero above those that GSAS-II has."""
    found: dict[str, float] = {}
    for one in session.patterns:
        n = session.n_used(one.number)
        theirs = np.array([parameters[f":{one.number}:Back;{i}"] for i in range(n)], float)
        ours = np.linalg.solve(one.to_gsas2_background()[:n, :n], theirs)
        found |= {name: float(ours[i]) if i < n else 0.0 for i, name in enumerate(one.background())}
    return found


def without_shifts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The dictionary with the applied coordinate shifts set to zero."""
    return {k: 0.0 if re.search(r"::dA[xyz]:", k) else v for k, v in parameters.items()}


def jacobian(session: Session, fit: Fit) -> dict[str, np.ndarray]:
    """Derivative of every parameter (xtal units) with respect to GSAS-II's variables.

    Central differences over one esd through GSAS-II's own constraint mapping,
    which is linear; only the cell is not, and very nearly so over that range.
    """
    sigma = np.sqrt(np.abs(np.diag(fit.covariance)))
    rows: dict[str, list[float]] = {name: [] for name in session.table}
    for variable, width in zip(fit.vary, sigma, strict=True):
        step = float(width) or 1e-8
        up, down = (displaced(session, fit, variable, s) for s in (step, -step))
        for name, row in rows.items():
            row.append((up.get(name, 0.0) - down.get(name, 0.0)) / (2.0 * step))
    return {name: np.array(row) for name, row in rows.items()}


def displaced(session: Session, fit: Fit, variable: str, step: float) -> dict[str, float]:
    """Values with one GSAS-II variable moved by ``step``."""
    moved = dict(fit.parameters)
    moved[variable] = moved[variable] + step
    session.g2.mapvars.Dict2Map(moved)
    return read_values(session, moved)


def covariance_of(rows: Mapping[str, np.ndarray], names: list[str], covariance: np.ndarray) -> np.ndarray:
    """Covariance of the named parameters by propagation through their derivatives."""
    matrix = np.array([rows[name] for name in names])
    return np.asarray(matrix @ covariance @ matrix.T)


# --------------------------------------------------------------------------
# Outcome
# --------------------------------------------------------------------------


def outcome(session: Session, stage: Mapping[str, Any], fit: Fit, tied: set[str]) -> dict[str, Any]:
    """Complete result after a stage, in xtal units."""
    rows = jacobian(session, fit) if fit.vary else {}
    values = read_values(session, without_shifts(fit.parameters))
    for name, value in values.items():
        if session.values[name] is not None:
            session.values[name] = value
    parameters = describe_parameters(session, stage, fit, rows, tied)
    converged, message = verdict(session, fit)
    log_stage(session, stage, fit, converged)
    curves = calculate(session)
    profiles = [describe_profile(session, one, found) for one, found in zip(session.patterns, curves, strict=True)]
    reflections = [
        describe_reflections(session, one, found) for one, found in zip(session.patterns, curves, strict=True)
    ]
    described: dict[str, Any] = {"profile": profiles[0], "reflections": reflections[0]}
    if "patterns" in session.task:
        described = {
            "patterns": {
                one.name: {"agreement": figures([profile], len(fit.vary)), "profile": profile, "reflections": rows}
                for one, profile, rows in zip(session.patterns, profiles, reflections, strict=True)
            }
        }
    return {
        "engine": {"name": ENGINE, "version": session.g2.version},
        "converged": converged,
        "max_shift_over_esd": last_shift(fit),
        "message": message,
        "agreement": agreement(fit, profiles),
        "parameters": parameters,
        "covariance": describe_covariance(stage, fit, rows, parameters),
        "mass_factor": mass_factors(session),
        "engine_weight_fractions": weight_fractions(session, fit),
        **described,
        "derived_cells": describe_cells(session, fit),
        "stages": list(session.stages),
        "warnings": [*session.warnings, *session.stage_warnings],
        "files": ["refinement.gpx", "refinement.lst", *(data_file(one) for one in session.patterns)],
    }


def describe_parameters(
    session: Session, stage: Mapping[str, Any], fit: Fit, rows: Mapping[str, np.ndarray], tied: set[str]
) -> dict[str, Any]:
    """Value, esd, freedom and reason of every parameter of the task."""
    described: dict[str, Any] = {}
    for name, parameter in session.table.items():
        esd = None
        if rows and (name in stage["free"] or name in tied):
            variance = float(rows[name] @ fit.covariance @ rows[name])
            esd = math.sqrt(variance) if variance > 0.0 else None
        reason = reason_of(session, parameter, stage, fit, esd)
        if parameter.variable in singular_variables(fit):
            esd = None
        if reason and name in stage["free"]:
            session.warn_of_stage(f"{name}: {reason}")
        described[name] = {
            "value": session.values[name],
            "esd": esd,
            "free": name in stage["free"],
            "reason": "tied" if name in tied else reason,
        }
    return described


def singular_variables(fit: Fit) -> set[str]:
    """GSAS-II variables in a direction its singular value decomposition has thrown away.

    GSAS-II sets such a direction to zero and goes on: the esds it then gives
    to these variables mean nothing. Its message is the only place that names them.
    """
    if not fit.rvals.get("SVD0"):
        return set()
    message = str(fit.rvals.get("msg") or "")
    _, _, blamed = message.partition("SVD problem(s) likely from:")
    names = set(re.split(r"[\s,]+", blamed.partition("Note")[0]))
    for first, second, percent in re.findall(r"(\S+) and (\S+) \(@([\d.]+)%\)", message):
        if float(percent) > 99.5:
            names |= {first, second}
    return names & set(fit.vary)


def reason_of(
    session: Session, parameter: Parameter, stage: Mapping[str, Any], fit: Fit, esd: float | None
) -> str | None:
    """Why a free parameter is not an ordinary refined value; None if it is."""
    if parameter.dotted not in stage["free"]:
        return None
    if parameter.variable in fit.frozen:
        return "at bound"
    entry, value = session.task["parameters"][parameter.dotted], session.values[parameter.dotted]
    low, high = entry.get("min"), entry.get("max")
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        return "outside its bounds, which GSAS-II cannot keep for this parameter"
    if parameter.variable.endswith(":SH/L") and (value or 0.0) <= SMALLEST_AXIAL:
        return f"below {SMALLEST_AXIAL}, where GSAS-II keeps the profile at that value"
    if parameter.variable in singular_variables(fit):
        return "not determined by the data beside the other free parameters (singular)"
    return None if esd else "dropped by GSAS-II as singular"


def describe_covariance(
    stage: Mapping[str, Any], fit: Fit, rows: Mapping[str, np.ndarray], parameters: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Covariance of the free parameters that have an esd; includes GOF² as GSAS-II's does."""
    names = [name for name in stage["free"] if parameters[name]["esd"] is not None]
    if not names:
        return None
    return {"names": names, "matrix": covariance_of(rows, names, fit.covariance)}


def verdict(session: Session, fit: Fit) -> tuple[bool, str]:
    """GSAS-II's own convergence flag and a sentence; singularities become warnings."""
    converged = bool(fit.rvals.get("converged"))
    message = "converged" if converged else "GSAS-II stopped at the largest number of cycles"
    if fit.stopped_short:
        converged = True
        message = f"converged to {COARSE:g} of chi²; GSAS-II's profile is not smooth below that"
    elif fit.rvals.get("Aborted"):
        converged, message = False, "GSAS-II is stuck: no step lowers chi²"
    if fit.rvals.get("SVD0"):
        message += f"; {fit.rvals['SVD0']} combination(s) of parameters are not determined"
    reported = " ".join(str(fit.rvals.get("msg") or "").split())
    if reported:
        session.warn_of_stage("GSAS-II: " + rename(session, reported))
    return converged, message


def last_shift(fit: Fit) -> float | None:
    """Largest shift over esd in the last cycle."""
    sigma = np.sqrt(np.abs(np.diag(fit.covariance))) if fit.vary else np.zeros(0)
    shifts = fit.rvals.get("lastShifts") or {}
    ratios = [
        abs(float(shifts[name])) / width
        for name, width in zip(fit.vary, sigma, strict=True)
        if name in shifts and width > 0.0
    ]
    return max(ratios, default=None)


def agreement(fit: Fit, profiles: list[dict[str, Any]]) -> dict[str, Any]:
    """Agreement factors over all patterns as fractions; R_wp and GOF are GSAS-II's own."""
    own = {"rwp": float(fit.rvals["Rwp"]) / 100.0, "gof": float(fit.rvals["GOF"])}
    return figures(profiles, len(fit.vary)) | own


def figures(profiles: list[dict[str, Any]], n_free: int) -> dict[str, Any]:
    """Agreement factors of some patterns together; ``n_free`` counts the parameters of the whole fit."""
    observed, sigma, calculated = (
        np.concatenate([np.asarray(profile[key]) for profile in profiles])
        for key in ("observed", "sigma", "calculated")
    )
    total = float(np.sum((observed / sigma) ** 2))
    rwp = math.sqrt(float(np.sum(((observed - calculated) / sigma) ** 2)) / total)
    rexp = math.sqrt(max(int(observed.size) - n_free, 0) / total)
    return {
        "rwp": rwp,
        "rexp": rexp,
        "rp": float(np.sum(np.abs(observed - calculated)) / np.sum(np.abs(observed))),
        "gof": rwp / rexp if rexp > 0.0 else None,
        "n_points": int(observed.size),
        "n_free": n_free,
    }


def describe_profile(session: Session, measured: Measured, pattern: Calculation) -> dict[str, Any]:
    """Observed and calculated curves at the measured points."""
    names = [phase["name"] for phase in session.task["phases"]]
    check_sum(session, pattern.calculated - pattern.background, pattern.phases)
    return {
        measured.axis: list(measured.entry["pattern"][measured.axis]),
        "observed": list(measured.entry["pattern"]["intensity"]),
        "sigma": list(measured.entry["pattern"]["sigma"]),
        "calculated": pattern.calculated,
        "background": pattern.background,
        "phases": dict(zip(names, pattern.phases, strict=True)),
    }


def check_sum(session: Session, total: np.ndarray, profiles: list[np.ndarray]) -> None:
    """Warn when the phases do not add up to the calculated pattern."""
    difference = float(np.max(np.abs(total - np.sum(profiles, axis=0))))
    if difference > 1e-3 * float(np.max(np.abs(total))):
        session.warn_of_stage(f"GSAS-II's phase profiles miss the total by up to {difference:.3g} counts")


def describe_reflections(session: Session, measured: Measured, pattern: Calculation) -> dict[str, Any]:
    """Reflections of each phase at their first-line positions, or at their times of flight.

    The width at a time of flight (µs) is that of the Voigt part plus the half-lives of rise and decay.
    """
    described = {}
    for rows, entry in zip(pattern.reflections, session.task["phases"], strict=True):
        widths = voigt_fwhm(rows[:, 6], rows[:, 7])
        if measured.axis == "tof":
            widths = 100.0 * widths + math.log(2.0) * (1.0 / rows[:, 12] + 1.0 / rows[:, 13])
        described[entry["name"]] = [
            describe_reflection(row, width, measured.axis) for row, width in zip(rows, widths, strict=True)
        ]
    return described


def describe_reflection(row: np.ndarray, width: float, axis: str) -> dict[str, Any]:
    """One line of GSAS-II's reflection list; intensity is integrated, in counts times the unit of the axis."""
    h, k, ell, multiplicity = (int(v) for v in row[:4])
    return {
        "h": h,
        "k": k,
        "l": ell,
        "multiplicity": multiplicity,
        "d": float(row[4]),
        axis: float(row[5]),
        "f_squared": float(row[9]),
        "intensity": float(row[9] * row[11]),
        "fwhm": float(width),
    }


def describe_cells(session: Session, fit: Fit) -> dict[str, dict[str, float]]:
    """All six cell parameters and the volume of each phase."""
    described = {}
    for i, phase in enumerate(session.task["phases"]):
        cell = cell_from_reciprocal([fit.parameters[f"{i}::A{k}"] for k in range(6)])
        described[phase["name"]] = {
            **dict(zip(CELL_NAMES, (float(v) for v in cell), strict=True)),
            "volume": cell_volume(cell),
        }
    return described


def cell_mass(phase: Any) -> float:
    """Mass of the unit cell in atomic mass units, from the current occupancies."""
    general = phase.data["General"]
    masses = dict(zip(general["AtomTypes"], general["AtomMass"], strict=True))
    return float(sum(masses[atom[1]] * atom[6] * atom[8] for atom in phase.data["Atoms"]))


def mass_factors(session: Session) -> dict[str, float]:
    """GSAS-II's phase fraction counts unit cells: its weight is the mass of the cell."""
    return {
        entry["name"]: cell_mass(phase) for phase, entry in zip(session.phases, session.task["phases"], strict=True)
    }


def weight_fractions(session: Session, fit: Fit) -> dict[str, Any] | None:
    """GSAS-II's own weight fractions and their esd; None for a single phase."""
    if len(session.phases) < 2 or not fit.vary:
        return None
    phases = {phase.name: phase.data for phase in session.phases}
    for phase in session.phases:
        phase.data["General"]["Mass"] = cell_mass(phase)
    session.project.index_ids()
    session.g2.io.ReadCheckConstraints(str(session.gpx))
    values, esds = session.g2.math.calcMassFracs(fit.vary, fit.covariance, phases, session.histogram(0).name, 0)
    found = {}
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        key = f"{phase.id}:0:WgtFrac"
        if key not in values:
            return None
        esd = float(esds[key])
        found[entry["name"]] = {"value": float(values[key]), "esd": esd if esd > 0.0 else None}
    return found


def log_stage(session: Session, stage: Mapping[str, Any], fit: Fit, converged: bool) -> None:
    """Remember what the stage did."""
    session.stages.append(
        {
            "name": stage["name"],
            "free": list(stage["free"]),
            "rwp": float(fit.rvals["Rwp"]) / 100.0,
            "seconds": fit.seconds,
            "converged": converged,
        }
    )


def run_task(g2: Gsas2, task: Mapping[str, Any], emit: Emit) -> dict[str, Any]:
    """Refine all stages of a task, with an event after each; returns the last outcome."""
    session = open_session(g2, task)
    result: dict[str, Any] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        tied = prepare_stage(session, stage)
        fit = refine(session, is_last=index == len(task["stages"]) - 1)
        result = outcome(session, stage, fit, tied)
        emit(
            {
                "event": "stage",
                "index": index,
                "name": stage["name"],
                "rwp": result["agreement"]["rwp"],
                "seconds": fit.seconds,
                "snapshot": result,
            }
        )
    if not result:
        raise bad_input("the task has no stages")
    return result


# --------------------------------------------------------------------------
# The process
# --------------------------------------------------------------------------


def handle(g2: Gsas2, command: Mapping[str, Any], emit: Emit) -> bool:
    """Answer one command; False when the worker is to end."""
    name = command.get("cmd")
    if name == "quit":
        return False
    if name == "version":
        emit({"event": "version", "engine": ENGINE, "version": g2.version})
    elif name == "refine":
        emit({"event": "done", "outcome": run_task(g2, command["task"], emit)})
    else:
        raise bad_input(f"unknown command {name!r}; known are refine, version and quit")
    return True


def error_event(error: BaseException) -> dict[str, Any]:
    """The event for an exception."""
    kind = error.kind if isinstance(error, WorkerError) else "internal"
    message = str(error) or type(error).__name__
    if isinstance(error, KeyError):
        kind, message = "internal", f"missing entry {error} in the task or in GSAS-II's answer"
    detail = "".join(traceback.format_exception(error))
    return {"event": "error", "kind": kind, "message": message, "detail": detail}


def claim_stdout() -> Emit:
    """Keep the real stdout for events; everything printed goes to stderr from now on."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(finite(event), allow_nan=False) + "\n")
        events.flush()

    return emit


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even in the middle of a fit."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os._exit(1)


def main() -> int:
    """Serve commands until ``quit`` or the end of stdin."""
    emit = claim_stdout()
    threading.Thread(target=end_with_parent, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="xtal-gsas2-") as home:
        # GSAS-II would read and write its settings in the home directory of the user.
        os.environ["HOME"] = home
        try:
            g2 = load_gsas2()
        except Exception as error:
            emit(error_event(error))
            return 1
        emit({"event": "ready", "engine": ENGINE, "version": g2.version})
        for line in sys.stdin:
            if not line.strip():
                continue
            try:
                if not handle(g2, json.loads(line), emit):
                    break
            except Exception as error:
                emit(error_event(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
