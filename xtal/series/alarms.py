"""New phases: peaks that the fits leave over and that grow along the series, compared with the reference structures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..result import ProfileCurves

__all__ = ["Alarm", "Candidate", "find_alarms", "index_against_library", "residual_strengths"]

FloatArray = NDArray[np.float64]
SIGNIFICANT = 6.0
"""Summed residual of a window in units of its sigma."""

RISE = 1e-3
"""Probability, by chance, of a rank correlation with the frame number as large as that of an alarm."""

LEAST_FRAMES = 3
LINES = 5
"""Strongest lines of a reference structure that are looked for."""

STRETCH = 0.03
STRETCHES = np.append(np.linspace(1 - STRETCH, 1 + STRETCH, 61), 1.0)
LEAST_STRETCHED = 3
ALLOWED = 0.1
"""Part of the calculated peaks that a residual may be before it counts."""


@dataclass(frozen=True)
class Candidate:
    """A reference structure whose strongest lines lie on peaks that were left over.

    Parameters
    ----------
    name : str
        Of the reference structure.
    matched, expected : int
        How many of its strongest lines within the range are among the peaks, and how many were looked for.
    stretch : float
        Factor on all its axes with which they are: a related phase with a cell of its own.
    """

    name: str
    matched: int
    expected: int
    stretch: float = 1.0


@dataclass(frozen=True)
class Alarm:
    """A residual peak that grows.

    Parameters
    ----------
    two_theta : float
        Position, degrees.
    d : float
        Å.
    first_frame, last_frame : int
        First frame in which it is significant, and that in which it is strongest.
    strength : float
        Largest strength, in sigmas of the window.
    p_value : float
        Of the rank correlation of its strength with the frame number.
    candidates : tuple of Candidate
        Reference structures with a strong line there.
    """

    two_theta: float
    d: float
    first_frame: int
    last_frame: int
    strength: float
    p_value: float
    candidates: tuple[Candidate, ...] = ()


def residual_strengths(curves: ProfileCurves, window: float) -> FloatArray:
    """Σ(observed − calculated)/sqrt(Σσ²) in a window of so many degrees about every point, misfit of the model allowed for.

    A tenth of the calculated peaks in the window is taken off, for an intensity or a width that is a little wrong is no new
    peak. The rest is divided by its own robust spread over the pattern (1.4826 · median |deviation|) where that exceeds 1, so
    that a model that fits badly everywhere raises no alarm anywhere.
    """
    step = float(np.median(np.diff(curves.x)))
    kernel = np.ones(max(round(window / step), 3))
    residual = np.where(curves.sigma > 0, curves.difference, 0.0)
    sigma = np.sqrt(np.maximum(np.convolve(curves.sigma**2, kernel, "same"), 1e-300))
    summed = np.convolve(residual, kernel, "same") / sigma
    spread = 1.4826 * float(np.median(np.abs(summed - np.median(summed))))
    peaks = np.maximum(curves.calculated - curves.background, 0.0)
    allowed = np.convolve(ALLOWED * peaks, kernel, "same") / sigma
    return np.asarray((summed - allowed) / max(spread, 1.0))


def find_alarms(
    profiles: Iterable[tuple[int, ProfileCurves]], wavelength: float, *, window: float = 0.25, exclude_ends: float = 0.5
) -> tuple[Alarm, ...]:
    """Peaks that the fits leave over and that grow along the series.

    Parameters
    ----------
    profiles : iterable of (frame, ProfileCurves)
        In order; taken one at a time.
    wavelength : float
        Å, for d.
    window : float
        Width of a peak, degrees.
    exclude_ends : float
        Degrees at either end that are not looked at.

    Returns
    -------
    tuple of Alarm
        By falling strength.
    """
    numbers, rows, grid = [], [], None
    for number, curves in profiles:
        if grid is None:
            grid = np.arange(curves.x[0] + exclude_ends, curves.x[-1] - exclude_ends, window / 4)
        strength = residual_strengths(curves, window)
        rows.append(np.interp(grid, curves.x, strength, left=0.0, right=0.0).astype(np.float32))
        numbers.append(number)
    if grid is None or len(rows) < LEAST_FRAMES + 1:
        return ()
    return _grown(np.array(rows, dtype=float), numbers, grid, wavelength)


def _grown(strength: FloatArray, numbers: Sequence[int], grid: FloatArray, wavelength: float) -> tuple[Alarm, ...]:
    from scipy.signal import find_peaks
    from scipy.stats import spearmanr

    level = np.median(strength, axis=0)
    strongest = np.sort(strength, axis=0)[-LEAST_FRAMES]
    places, _ = find_peaks(np.concatenate([[0.0], strongest, [0.0]]), height=SIGNIFICANT, distance=4)
    alarms = []
    for place in places - 1:
        column = strength[:, place]
        correlation = spearmanr(np.arange(len(column)), column)
        if column.max() - min(level[place], column.min() + SIGNIFICANT) < SIGNIFICANT or not (
            correlation.statistic > 0 and correlation.pvalue < RISE
        ):
            continue
        position = float(grid[place])
        alarms.append(
            Alarm(
                two_theta=position,
                d=wavelength / (2 * np.sin(np.radians(position / 2))),
                first_frame=int(numbers[int(np.argmax(column > SIGNIFICANT))]),
                last_frame=int(numbers[int(np.argmax(column))]),
                strength=float(column.max()),
                p_value=float(correlation.pvalue),
            )
        )
    return tuple(sorted(alarms, key=lambda alarm: -alarm.strength))


def index_against_library(
    alarms: Sequence[Alarm], names: Sequence[str], wavelength: float, two_theta: ArrayLike, tolerance: float = 0.15
) -> tuple[Candidate, ...]:
    """Reference structures, best first, whose strongest lines within the range lie on alarms.

    The strongest line must be among them, and half of all. The cell may be larger or smaller by up to `STRETCH`, the same along
    every axis, where at least three lines then say so; an unchanged cell wins where it matches as many.

    Parameters
    ----------
    alarms : sequence of Alarm
        Peaks.
    names : sequence of str
        Reference structures to try.
    wavelength : float
        Å.
    two_theta : array_like, shape (2,)
        Range, degrees.
    tolerance : float
        Degrees by which a line may be off.
    """
    low, high = map(float, np.asarray(two_theta, dtype=float))
    positions = np.array([alarm.two_theta for alarm in alarms])
    if not positions.size:
        return ()
    found = []
    for name in names:
        candidate = _candidate(name, wavelength, (low, high), positions, tolerance)
        if candidate is not None:
            found.append(candidate)
    return tuple(sorted(found, key=lambda one: (-one.matched / one.expected, -one.matched, abs(one.stretch - 1))))


def _candidate(
    name: str, wavelength: float, edges: tuple[float, float], positions: FloatArray, tolerance: float
) -> Candidate | None:
    """The structure with the stretch that brings most of its lines onto peaks; None where that is too few."""
    sines = np.array(_line_sines(name, wavelength, *edges))
    low, high = np.sin(np.radians(np.array(edges) / 2))
    best, best_off = None, np.inf
    for stretch in sorted(STRETCHES, key=lambda factor: abs(factor - 1)):
        moved = sines / stretch
        lines = 2 * np.degrees(np.arcsin(moved[(moved >= low) & (moved <= high)][:LINES]))
        off = np.min(np.abs(lines[:, None] - positions), axis=1)
        matched = off <= tolerance
        least = 1 if stretch == 1 else LEAST_STRETCHED
        if not lines.size or not matched[0] or matched.sum() < max(len(lines) / 2, least):
            continue
        found, spread = (
            Candidate(name, int(matched.sum()), len(lines), round(float(stretch), 4)),
            float(off[matched].mean()),
        )
        is_closer = best is not None and best.stretch != 1 and found.matched == best.matched and spread < best_off
        if best is None or found.matched > best.matched or is_closer:
            best, best_off = found, spread
    return best


@lru_cache(maxsize=1024)
def _line_sines(name: str, wavelength: float, low: float, high: float) -> tuple[float, ...]:
    """sin θ of lines within a range widened by `STRETCH`, strongest first."""
    from ..diffraction import PhaseProfile, simulate_pattern
    from ..instrument import Instrument, Profile
    from ..io.library import reference_structure
    from ..radiation import Radiation

    instrument = Instrument("candidates", Radiation("xray", ((wavelength, 1.0),)), "debye-scherrer", Profile(w=1e-3))
    sines = np.sin(np.radians(np.array([low, high]) / 2)) * [1 - STRETCH, 1 + STRETCH]
    wide = 2 * np.degrees(np.arcsin(np.minimum(sines, 0.999)))
    simulation = simulate_pattern(
        [(reference_structure(name), 1.0, PhaseProfile())],
        instrument,
        np.linspace(wide[0], wide[1], 500),
        neutral_atoms=True,
    )
    rows = sorted(simulation.peaks(), key=lambda row: -float(row["intensity"] or 0.0))
    return tuple(np.sin(np.radians(float(row["two_theta"] or 0.0) / 2)) for row in rows)
