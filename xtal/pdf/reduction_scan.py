r"""A reduction repeated over background scale, rpoly and Qmax, with what is left at low r as the guide.

Two measures, both root mean squares of :math:`G(r) + 4\pi\rho_0 r` below the first pair, over that of the line
:math:`4\pi\rho_0 r` itself:

* the slow misfit, with Lorch's window, which takes ripples and noise away: errors of background and normalisation. It chooses
  background scale and rpoly, and hardly depends on Qmax;
* the full misfit, without a window: ripples, which come and go with Qmax, and noise, which rises with it. The largest Qmax is chosen
  whose misfit is within a fifth of the smallest: resolution is bought until noise costs.

Both need ρ₀: a wrong background changes the slope, so that a slope left free would fit any background.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, PatternError
from ..pattern import Pattern
from .conventions import slope_line
from .reduce import Reduction, reduce_pattern
from .reduction_settings import ReductionSettings
from .transform import r_grid, sine_transform

__all__ = ["ScanPoint", "ScanResult", "misfits", "scan_reduction"]

FloatArray = NDArray[np.float64]
Progress = Callable[[int, int], None]

MOST_REDUCTIONS = 2000
R_STEP = 0.02
NOISE_TOLERANCE = 1.2


@dataclass(frozen=True)
class ScanPoint:
    """Settings tried and how they did.

    Parameters
    ----------
    background_scale, r_poly, q_max : float
        What was set; Å and Å⁻¹. `r_poly` is None without polynomial.
    slow_misfit, full_misfit : float
        See the module.
    """

    background_scale: float
    r_poly: float | None
    q_max: float
    slow_misfit: float
    full_misfit: float


@dataclass(frozen=True)
class ScanResult:
    """A scan.

    Parameters
    ----------
    points : tuple of ScanPoint
        Background scale × rpoly at the starting Qmax, then Qmax at the best of these.
    best : ScanPoint
        Background scale and rpoly of the smallest slow misfit, then Qmax by the full misfit.
    on_edge : tuple of str
        Settings whose best value is the first or last tried: the scan should go farther there.
    low_r_range : (float, float)
        Å.
    refused : tuple of str
        Combinations that can't be reduced (too much background, say), and why.
    """

    points: tuple[ScanPoint, ...]
    best: ScanPoint
    on_edge: tuple[str, ...]
    low_r_range: tuple[float, float]
    refused: tuple[str, ...] = ()


def scan_reduction(
    data: Pattern, settings: ReductionSettings, background: Pattern | None = None, *,
    background_scales: Sequence[float] = (), r_polys: Sequence[float] = (), q_maxima: Sequence[float] = (),
    progress: Progress | None = None,
) -> ScanResult:  # fmt: skip
    """Reduce with every combination of the background scales and rpoly given, then with every Qmax; the rest as in `settings`.

    Parameters
    ----------
    data, settings, background
        As for `reduce_pattern`; the settings must have a number density. Their `r_cut` (Å) ends the range looked at, by default
        0.8 × the first peak.
    background_scales, r_polys, q_maxima : sequence of float
        Values to try, Å and Å⁻¹; empty for the settings' own.
    progress : callable, optional
        Called with (done, total).

    Raises
    ------
    InputError
        No number density, too many combinations, or what `reduce_pattern` raises.
    """
    if settings.number_density is None:
        raise InputError("a scan without a number density, to which G(r) could be compared at low r;", where="scan",
                         remedy="give --density in g/cm³ or --number-density in atoms/Å³.")  # fmt: skip
    pairs = [(scale, r_poly) for scale in background_scales or (settings.background_scale,)
             for r_poly in r_polys or (settings.r_poly,)]  # fmt: skip
    total = len(pairs) + len(q_maxima)
    if total > MOST_REDUCTIONS:
        raise InputError(f"{total} reductions;", where="scan", remedy=f"try at most {MOST_REDUCTIONS} at once.")
    cut = settings.r_cut or reduce_pattern(data, settings.changed(r_max=15.0, r_step=R_STEP), background).low_r.cut
    report = progress or (lambda done, total: None)
    first: list[ScanPoint] = []
    refused: list[str] = []
    for done, (scale, r_poly) in enumerate(pairs, start=1):
        try:
            first.append(_tried(data, settings.changed(background_scale=scale, r_poly=r_poly), background, cut))
        except PatternError as error:
            refused.append(f"background scale {scale:g}: {error}")
        report(done, total)
    if not first:
        raise InputError(refused[0], where="scan", remedy="Nothing could be reduced.")
    best = min(first, key=lambda point: point.slow_misfit)
    chosen = settings.changed(background_scale=best.background_scale, r_poly=best.r_poly)
    second: list[ScanPoint] = []
    for q_max in q_maxima:
        second.append(_tried(data, chosen.changed(q_max=q_max), background, cut))
        report(len(pairs) + len(second), total)
    best = _largest_good(second) if second else best
    edges = _edges(best, background_scales, r_polys, q_maxima)
    return ScanResult((*first, *second), best, edges, (0.0, cut), tuple(refused))


def _tried(data: Pattern, settings: ReductionSettings, background: Pattern | None, cut: float) -> ScanPoint:
    # The grid of the reduction itself isn't used; a single pair of points keeps it quick.
    made = reduce_pattern(data, settings.changed(r_min=0.0, r_max=2.0, r_step=1.0), background)
    assert made.settings.q_max is not None
    return ScanPoint(settings.background_scale, settings.r_poly, made.settings.q_max, *misfits(made, cut))


def misfits(made: Reduction, cut: float) -> tuple[float, float]:
    """Slow and full misfit (see the module) of a reduction whose settings have a number density, below `cut` (Å)."""
    settings = made.settings
    assert settings.q_max is not None and settings.number_density is not None
    used = (made.fq.x >= settings.q_min) & (made.fq.x <= settings.q_max + 1e-9)
    q, fq = made.fq.x[used], made.fq.intensity[used]
    low = r_grid(R_STEP, cut, R_STEP)
    line = slope_line(low, settings.number_density)
    slow = sine_transform(r=low, q=q, fq=fq, window="lorch") + line
    full = sine_transform(r=low, q=q, fq=fq) + line
    return _relative(slow, line), _relative(full, line)


def _relative(difference: FloatArray, line: FloatArray) -> float:
    return float(np.sqrt(np.sum(difference**2) / np.sum(line**2)))


def _largest_good(points: Sequence[ScanPoint]) -> ScanPoint:
    smallest = min(point.full_misfit for point in points)
    return max(
        (point for point in points if point.full_misfit <= NOISE_TOLERANCE * smallest), key=lambda point: point.q_max
    )


def _edges(
    best: ScanPoint, scales: Sequence[float], r_polys: Sequence[float], q_maxima: Sequence[float]
) -> tuple[str, ...]:
    tried = {"background_scale": scales, "r_poly": r_polys, "q_max": q_maxima}
    return tuple(name for name, values in tried.items()
                 if len(values) > 1 and getattr(best, name) in (min(values), max(values)))  # fmt: skip
