"""Curves, reflections and cells of an outcome."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .cells import CELL_NAMES, cell_from_reciprocal, cell_volume
from .chebyshev import chebyshev_curve
from .conversions import voigt_fwhm
from .curves import Calculation
from .extra_peaks import peak_names
from .fit import Fit
from .measured import Measured
from .pawley import complete_intensities
from .session import Session


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
        **({"extra_peaks": pattern.background - smooth_background(session, measured)} if peak_names(measured) else {}),
    }


def smooth_background(session: Session, measured: Measured) -> np.ndarray:
    """The Chebyshev part of the background."""
    coefficients = [session.values.get(name) or 0.0 for name in measured.background()]
    return chebyshev_curve(np.array(coefficients), measured.x, measured.entry["background"]["range"])


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
    esds = complete_intensities(session, pattern) if session.task.get("mode") == "pawley" else None
    for number, (rows, entry) in enumerate(zip(pattern.reflections, session.task["phases"], strict=True)):
        widths = voigt_fwhm(rows[:, 6], rows[:, 7])
        if measured.axis == "tof":
            widths = 100.0 * widths + math.log(2.0) * (1.0 / rows[:, 12] + 1.0 / rows[:, 13])
        described[entry["name"]] = [
            describe_reflection(row, width, measured.axis) for row, width in zip(rows, widths, strict=True)
        ]
        if esds:
            for reflection, esd in zip(described[entry["name"]], esds[number], strict=True):
                reflection["esd_f_squared"] = esd
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
