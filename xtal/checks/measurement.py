"""Checks on the measurement itself: a saturated detector, a wavelength that isn't the one stated."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..diffraction.lorentz_polarization import instrument_factor
from ..diffraction.reflections import calculate_reflections
from ..errors import XtalError
from ..instrument import Instrument
from ..job import JobPattern
from ..radiation import KALPHA_LINES
from ..result import Check
from ..structure import Structure
from .evidence import Evidence

__all__ = ["flat_tops", "measurement_checks", "wavelength_factor"]

FloatArray = NDArray[np.float64]

FLAT_RUN = 3
FLAT_FROM = 100.0
"""Counts from which equal neighbours at the maximum are no chance of counting."""
BAD_FIT = 2.0
"""GOF from which the positions are looked at."""
_SPAN, _STEP, _FEW = 0.03, 5e-4, 0.003
_BETTER = 1.5
_ALONE = 1.4
"""How far the best wavelength must stand out from all others: chance meetings of lines and peaks differ by less."""
_NEAR = 1.5e-3
_ALIKE = 0.2
_TENTH = 5e-3


def measurement_checks(facts: Evidence) -> Iterator[Check]:
    """Checks on the measurement, in no order."""
    yield from _saturation(facts)
    yield from _negative(facts)
    yield from _wavelength(facts)


def _saturation(facts: Evidence) -> Iterator[Check]:
    for one, curves, _ in facts.measured():
        runs = flat_tops(curves.observed)
        if not runs:
            continue
        unit = "°" if curves.axis == "two_theta" else " µs"
        where = ", ".join(f"{curves.x[start]:.2f}{unit}" for start, _ in runs[:4])
        yield Check(
            "saturated-detector", "severe", None,
            f"{_named(one)}{len(runs)} peak{'s have' if len(runs) > 1 else ' has'} a flat top at exactly {curves.observed.max():g} counts ({where}): the detector or the "
            "file's format was full there. Strong lines are too low and fractions wrong; measure with less beam, or leave those regions out.",
        )  # fmt: skip


def _negative(facts: Evidence) -> Iterator[Check]:
    for one, curves, _ in facts.measured():
        below = curves.observed < 0
        if not np.any(below):
            continue
        taken_off = one.pattern.sigma_origin == "file"
        yield Check(
            "negative-counts", "info" if taken_off else "warning", None,
            f"{_named(one)}{int(below.sum())} of {below.size} intensities are negative, the lowest {curves.observed.min():g}: no detector counts below zero. "
            + ("If a background was taken off, the file's esds must hold its noise too." if taken_off
               else "If a background was taken off, esds from counting statistics don't hold: refine the counts as measured."),
        )  # fmt: skip


def _named(one: JobPattern) -> str:
    return f"Pattern {one.name}: " if one.name else ""


def flat_tops(observed: FloatArray) -> list[tuple[int, int]]:
    """Runs of at least three neighbours at exactly the pattern's maximum: first index and length."""
    highest = float(observed.max())
    if highest < FLAT_FROM:
        return []
    full = np.concatenate([[0], (observed == highest).astype(int), [0]])
    starts, stops = np.flatnonzero(np.diff(full) == 1), np.flatnonzero(np.diff(full) == -1)
    return [(int(a), int(b - a)) for a, b in zip(starts, stops, strict=True) if b - a >= FLAT_RUN]


def _wavelength(facts: Evidence) -> Iterator[Check]:
    if facts.job.instrument.radiation.kind == "neutron_tof":
        return
    wavelength = facts.job.instrument.radiation.wavelength
    tube = next((name for name, (line, _) in KALPHA_LINES.items() if abs(10 * wavelength / line - 1) < _TENTH), None)
    if tube is not None and facts.agreement.gof >= BAD_FIT:
        yield Check(
            "wavelength-suspect", "severe", None,
            f"The wavelength {wavelength:g} Å is a tenth of {tube} Kα1, and nothing fits: was it given in nm?",
        )  # fmt: skip
        return
    factor = common_cell_factor(facts)
    if factor is None and facts.agreement.gof >= BAD_FIT:
        factor = wavelength_factor(
            facts.curves.x, facts.curves.observed - facts.curves.background,
            [phase.structure for phase in facts.job.phases], facts.job.instrument,
        )  # fmt: skip
    if factor is None:
        return
    yield Check(
        "wavelength-suspect", "severe", None,
        f"With a wavelength {100 * (factor - 1):+.1f} % from the stated {facts.job.instrument.radiation.wavelength:g} Å the starting cells of all phases would "
        "meet the peaks, which they don't with the stated one. Check the instrument's wavelength, or whether all starting cells are that far off (DFT).",
    )  # fmt: skip


def common_cell_factor(facts: Evidence) -> float | None:
    """Factor on the wavelength that would have left the cells of all phases where they started; None unless two or more moved alike."""
    moved = [
        np.mean(
            [
                item.value / item.start
                for name, item in facts.parameters.items()
                if _is_length(name, phase.name) and item.free
            ]
        )
        for phase in facts.job.phases
        if any(_is_length(name, phase.name) and item.free for name, item in facts.parameters.items())
    ]
    if len(moved) < 2 or len(moved) < len(facts.job.phases):
        return None
    shift = np.array(moved, dtype=float) - 1
    alike = float(np.ptp(shift)) < _ALIKE * float(np.abs(shift).min())
    return float(1 / (1 + shift.mean())) if alike and float(np.abs(shift).min()) > _FEW else None


def _is_length(name: str, phase: str) -> bool:
    return name in {f"phase.{phase}.cell.{axis}" for axis in "abc"}


def wavelength_factor(
    x: FloatArray, bragg: FloatArray, structures: list[Structure], instrument: Instrument
) -> float | None:
    """Factor on the wavelength at which the lines of given structures meet the peaks much better; None when 1 is good.

    Parameters
    ----------
    x, bragg : ndarray, shape (n,)
        Degrees 2θ, and counts without background.
    structures : list of Structure
        With their starting cells.
    instrument : Instrument
        With the stated wavelength.
    """
    lines = [
        found
        for structure in structures
        if (found := _lines(structure, instrument, (float(x[0]), float(x[-1])))) is not None
    ]
    if not lines:
        return None
    # Weak lines count as strong ones do, and every phase must gain: one tall peak under a wrong line decides nothing.
    root = np.sqrt(np.maximum(bragg, 0.0))
    factors = np.arange(1 - _SPAN, 1 + _SPAN + _STEP / 2, _STEP)
    logs = [np.log(_scores(x, root, np.outer(factors, sine), weight) + 1e-6) for sine, weight in lines]
    scores = np.exp(np.mean(np.array(logs), axis=0))
    best = int(np.argmax(scores))
    stated = float(scores[np.abs(factors - 1) <= _NEAR].max())
    elsewhere = float(scores[np.abs(factors - factors[best]) > 2 * _NEAR].max())
    is_other = abs(factors[best] - 1) > _FEW + _STEP / 2
    stands_out = scores[best] > max(_BETTER * stated, _ALONE * elsewhere)
    return float(factors[best]) if is_other and stands_out else None


@lru_cache(maxsize=64)
def _lines(
    structure: Structure, instrument: Instrument, two_theta: tuple[float, float]
) -> tuple[FloatArray, FloatArray] | None:
    """sin θ and relative weight of a structure's lines at the first wavelength."""
    try:
        table = calculate_reflections(structure, instrument.radiation, two_theta=two_theta)
    except XtalError:
        return None
    angle = table.two_theta(instrument.radiation.wavelength)
    weight = np.sqrt(np.nan_to_num(table.multiplicity * table.f_squared * instrument_factor(angle, instrument)))
    return np.sin(np.radians(angle / 2)), weight / weight.sum()


def _scores(x: FloatArray, root: FloatArray, sine: FloatArray, weight: FloatArray) -> FloatArray:
    """How well lines with sin θ in rows, (n_factors, n_lines), meet the peaks."""
    angle = np.degrees(2 * np.arcsin(np.clip(sine, 0.0, 1.0)))
    return np.asarray(np.interp(angle, x, root, left=0.0, right=0.0) @ weight)
