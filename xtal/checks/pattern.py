"""Checks on the fit as a whole: agreement against counting statistics, peaks that no phase explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..job import JobPattern
from ..result import Check, ProfileCurves, ReflectionRow
from .evidence import Evidence

__all__ = ["pattern_checks", "unexplained_peaks"]

FloatArray = NDArray[np.float64]

GOF_WARNING, GOF_SEVERE = 3.0, 10.0
RWP_SEVERE = 0.30
PEAK_SIGNIFICANCE = 8.0
"""Height of an unexplained peak over its own standard uncertainty."""
PEAK_HEIGHT = 0.01
"""Least height of an unexplained peak as a fraction of the strongest Bragg intensity."""
_MOST_PEAKS = 5


def pattern_checks(facts: Evidence) -> Iterator[Check]:
    """Checks on agreement and residual, in no order."""
    yield from _agreement(facts)
    yield from _residual(facts)


def _agreement(facts: Evidence) -> Iterator[Check]:
    gof, rwp = facts.agreement.gof, facts.agreement.rwp
    if gof > GOF_WARNING or rwp > RWP_SEVERE:
        severe = gof > GOF_SEVERE or rwp > RWP_SEVERE
        yield Check(
            "rwp-above-rexp", "severe" if severe else "warning", None,
            f"Rwp {100 * rwp:.1f} % is {gof:.1f} times what counting statistics allow ({100 * facts.agreement.rexp:.1f} %): "
            "esds are too small by an unknown factor; look at the difference curve.",
        )  # fmt: skip


def _residual(facts: Evidence) -> Iterator[Check]:
    for one, curves, reflections in facts.measured():
        yield from _residual_of(one, curves, reflections)


def _residual_of(
    one: JobPattern, curves: ProfileCurves, reflections: Mapping[str, tuple[ReflectionRow, ...]]
) -> Iterator[Check]:
    rows = [row for family in reflections.values() for row in family]
    lines, fwhm = np.array([row.two_theta for row in rows]), _typical_fwhm(rows)
    widths = np.array([row.fwhm or fwhm for row in rows])
    if one.instrument.radiation.lines:
        lines, widths = _all_lines(lines, widths, [wavelength for wavelength, _ in one.instrument.radiation.lines])
    unit = "°" if curves.axis == "two_theta" else " µs"
    peaks = unexplained_peaks(curves, lines, fwhm, widths)
    if not peaks:
        return
    listed = ", ".join(f"{position:.2f}{unit} ({100 * height:.1f} %)" for position, height in peaks[:_MOST_PEAKS])
    more = f" and {len(peaks) - _MOST_PEAKS} more" if len(peaks) > _MOST_PEAKS else ""
    where = f"Pattern {one.name}: peaks" if one.name else "Peaks"
    yield Check(
        "unexplained-peaks", "severe", None,
        f"{where} that no phase explains, height relative to the strongest: {listed}{more}. A phase may be missing.",
    )  # fmt: skip


def _all_lines(two_theta: FloatArray, widths: FloatArray, wavelengths: list[float]) -> tuple[FloatArray, FloatArray]:
    """Positions of every reflection for every wavelength, degrees, given those of the first, each with its width."""
    sine = np.sin(np.radians(two_theta / 2))
    scaled = np.concatenate([sine * wavelength / wavelengths[0] for wavelength in wavelengths])
    seen = scaled < 1
    return np.degrees(2 * np.arcsin(scaled[seen])), np.tile(widths, len(wavelengths))[seen]


def _typical_fwhm(rows: Sequence[ReflectionRow]) -> float:
    widths = [row.fwhm for row in rows if row.fwhm and row.fwhm > 0]
    return float(np.median(widths)) if widths else 0.15


def unexplained_peaks(
    curves: ProfileCurves, lines: FloatArray, fwhm: float, widths: FloatArray | None = None
) -> list[tuple[float, float]]:
    """Peaks of the difference curve that stand away from every calculated line.

    Parameters
    ----------
    curves : ProfileCurves
        Observed and calculated pattern.
    lines : ndarray
        Positions of calculated lines, degrees 2θ.
    fwhm : float
        Typical peak width, degrees 2θ; the difference is averaged over it.
    widths : ndarray, optional
        Widths of the lines, where they are wider than the typical one: at time of flight they grow with d.

    Returns
    -------
    list of (position, height)
        Degrees 2θ, and height relative to the strongest Bragg intensity; highest first.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import find_peaks

    step = float(np.median(np.diff(curves.x)))
    width = max(round(fwhm / step), 1)
    smooth = uniform_filter1d(curves.difference, width)
    noise = np.sqrt(uniform_filter1d(curves.sigma**2, width) / width)
    strongest = float(np.max(curves.observed - curves.background))
    floor = np.maximum(PEAK_SIGNIFICANCE * noise, PEAK_HEIGHT * strongest)
    candidates, found = find_peaks(smooth, distance=2 * width, prominence=0.0)
    # A peak must rise above its surroundings too: ripples on the tail of a misfitted line don't.
    high = candidates[np.minimum(smooth[candidates], found["prominences"]) > floor[candidates]]
    wide = np.full(lines.shape, fwhm) if widths is None else np.maximum(widths, fwhm)
    far = [i for i in high if _distance(curves.x[i], lines, wide) > 1.5]
    peaks = [(float(curves.x[i]), float(smooth[i] / strongest)) for i in far]
    return sorted(peaks, key=lambda peak: -peak[1])


def _distance(position: float, lines: FloatArray, widths: FloatArray) -> float:
    """To the nearest line, in widths."""
    return float(np.min(np.abs(lines - position) / widths)) if lines.size else np.inf
