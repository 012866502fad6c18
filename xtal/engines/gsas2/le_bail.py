"""Le Bail's extraction of intensities, also for reflections that the range of the pattern cuts off.

GSAS-II puts all of a reflection's intensity onto the points of its window that lie in range. Where only a tail of it
does, or where its second line lies outside, the intensity grows without end from cycle to cycle.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .program import Gsas2

# An intensity that reaches zero could never come back.
LARGEST_FALL = 0.05
# Of its area: with less of it in range, a reflection keeps its intensity.
SMALLEST_PART = 0.02


def correct_extraction(g2: Gsas2) -> None:
    """Share the counts of each point among the reflections by what each of them has there."""
    g2.workers.ComputeFobsSqCW = lambda refl, _: extracted(g2.workers, refl, *constant_wavelength(g2, refl))
    g2.workers.ComputeFobsSqTOF = lambda refl, _: extracted(g2.workers, refl, *time_of_flight(g2, refl))


def constant_wavelength(g2: Gsas2, refl: Any) -> tuple[list[tuple[slice, np.ndarray]], float]:
    """Windows of a reflection with its lines there, per point and unit of intensity, and the whole of all lines."""
    state, powder = g2.workers, g2.powder
    lines = [(float(refl[5]), 1.0)]
    if state.Ka2:
        lines.append((lines[0][0] + state.lamRatio * np.tan(np.radians(lines[0][0] / 2.0)), state.kRatio))
    parts = []
    for position, weight in lines:
        _, below, above = powder.getWidthsCW(position, refl[6], refl[7], state.shl)
        window, x = window_of(state, position - below, position + above)
        if x.size > 1:
            values = powder.getFCJVoigt3(position, refl[6], refl[7], state.shl, x)[0]
            parts.append((window, 100.0 * weight * values * np.asarray(state.cw)[window]))
    return parts, sum(weight for _, weight in lines)


def time_of_flight(g2: Gsas2, refl: Any) -> tuple[list[tuple[slice, np.ndarray]], float]:
    """The same at time of flight."""
    state, powder = g2.workers, g2.powder
    shape = (refl[12], refl[13], refl[6], refl[7])
    _, below, above = powder.getWidthsTOF(refl[5], *shape)
    window, x = window_of(state, refl[5] - below, refl[5] + above)
    if x.size < 2:
        return [], 1.0
    return [(window, powder.getEpsVoigt(refl[5], *shape, x)[0] * np.asarray(state.cw)[window])], 1.0


def window_of(state: Any, low: float, high: float) -> tuple[slice, np.ndarray]:
    """The points of a pattern in range between two positions."""
    x = np.ma.getdata(state.x)
    window = slice(max(state.xB, int(np.searchsorted(x, low))), min(state.xF, int(np.searchsorted(x, high))))
    return window, x[window]


def extracted(state: Any, refl: Any, parts: list[tuple[slice, np.ndarray]], whole: float) -> Any:
    """F² that the counts under a reflection give, and its intensity; GSAS-II's codes for one without points."""
    if not parts:
        return -2 if refl[5] > np.ma.getdata(state.x)[state.xF - 1] else 0
    ratio, mask = np.ma.getdata(state.ratio), np.asarray(state.xMask)
    if all(bool(mask[window].all()) for window, _ in parts):
        return -1
    own = sum(float(np.sum(values[~mask[window]])) for window, values in parts)
    counted = sum(float(np.sum((values * ratio[window])[~mask[window]])) for window, values in parts)
    factor = max(counted / own, LARGEST_FALL) if own > SMALLEST_PART * whole else 1.0
    return refl[9] * factor, refl[11] * refl[9] * whole
