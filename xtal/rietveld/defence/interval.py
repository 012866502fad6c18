r"""Profile-likelihood interval of a fraction: the fraction is fixed by a tie between scales, everything else is refitted.

With :math:`w = S_p f_p / \sum_j S_j f_j` the tie is :math:`S_p = \frac{w}{1-w} \sum_{j \ne p} (f_j/f_p) S_j`, linear in the scales. The ends
are where :math:`\Delta\chi^2/\chi^2_{red} = 3.84` (95 %, one parameter; W. A. Rolke, A. M. López, J. Conrad, Nucl. Instrum. Methods A 551 (2005)
493). The signed root :math:`\pm\sqrt{\Delta\chi^2}` is nearly straight, so that a secant finds an end in one to three refits.

Whether absence lies within is another question: the cell and width of a phase that isn't there are free to find a ripple, so that the rise on
removing a phase with k parameters is compared with the 95 % point of :math:`\chi^2_k` (R. B. Davies, Biometrika 64 (1977) 247, says why one is too few).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...defence import Interval
from ...job import Tie
from ...result import Result

__all__ = ["LEVEL", "fraction_tie", "profile_interval"]

LEVEL = 1.959964
"""Root of the 95 % point of χ² with one degree of freedom."""

Profile = Callable[[float], float | None]
_CLOSE = 0.08
_MOST_REFITS = 6
_LOWER = -1.0
_SMALLEST = 1e-4


def fraction_tie(result: Result, phase: str, members: Sequence[str], fraction: float) -> Tie:
    """Tie that fixes the fraction of a phase among `members` at a value between 0 and 1, both excluded.

    Of two members the first in the result follows, whichever is meant: GSAS-II's equivalences fail the other way round.
    """
    first_of_two = sorted(members, key=list(result.phases).index)[0]
    if len(members) == 2 and phase != first_of_two:
        return fraction_tie(result, first_of_two, members, 1.0 - fraction)
    own = result.phases[phase].mass_factor
    assert own is not None
    ratio = fraction / (1.0 - fraction)
    terms = tuple(
        (ratio * float(result.phases[other].mass_factor or 0.0) / own, f"phase.{other}.scale")
        for other in members
        if other != phase
    )
    return Tie(f"phase.{phase}.scale", terms)


def profile_interval(
    best: float,
    esd: float | None,
    profile: Profile,
    *,
    at_zero: tuple[float, int] | None = None,
    at_one: tuple[float, int] | None = None,
) -> Interval:
    """The 95 % interval around a fraction.

    Parameters
    ----------
    best : float
        Fraction of the best fit.
    esd : float or None
        Its esd, which is where the search starts.
    profile : callable
        Δχ² (in units of the reduced χ²) of the refit at a fraction; None when that refit failed.
    at_zero, at_one : (float, int) or None
        Δχ² without the phase, and without all others, with how many parameters went; None when unknown.
    """
    points: list[tuple[float, float]] = [(best, 0.0)]
    notes: list[str] = []
    low = _end(best, esd, profile, -1, at_zero, points, notes)
    high = _end(best, esd, profile, +1, at_one, points, notes)
    return Interval(low, high, tuple(sorted(points)), "; ".join(notes) or None)


def _end(
    best: float,
    esd: float | None,
    profile: Profile,
    side: int,
    at_limit: tuple[float, int] | None,
    points: list[tuple[float, float]],
    notes: list[str],
) -> float:
    """Where √Δχ² reaches the level on one side of the best value, or the physical limit."""
    limit = 0.0 if side < 0 else 1.0
    if at_limit is not None and at_limit[0] <= _point_95(at_limit[1]):
        points.append((limit, max(at_limit[0], 0.0)))
        notes.append("absence of the phase lies within the interval" if side < 0 else "the phase alone lies within it")
        return limit
    width = abs(limit - best)
    if width < _SMALLEST * _SMALLEST:
        return limit
    step = min(LEVEL * (esd or 0.1 * max(best, 0.05)), 0.9 * width)
    known: list[tuple[float, float]] = [(0.0, 0.0)]
    for _ in range(_MOST_REFITS):
        position = best + side * step
        if step < _SMALLEST * max(best, _SMALLEST):
            break
        rise = profile(position)
        if rise is None:
            notes.append(f"the refit at {position:.4f} failed")
            step = (known[-1][0] + step) / 2
            continue
        root = math.sqrt(max(rise, 0.0))
        points.append((position, rise))
        known.append((step, root))
        if rise < _LOWER:
            notes.append(
                f"the refit at {position:.4f} is better than the fit by {-rise:.1f}: that one was not at its minimum"
            )
        if abs(root - LEVEL) < _CLOSE * LEVEL:
            break
        step = min(_next_step(known), 0.98 * width)
    if len(known) == 1 and esd is not None:
        notes.append("no refit succeeded: this end follows from the esd")
        return float(np.clip(best + side * LEVEL * esd, 0.0, 1.0))
    reached = max(root for _, root in known)
    if reached < (1 - _CLOSE) * LEVEL:
        notes.append(f"the {'lower' if side < 0 else 'upper'} end is extrapolated: Δχ² came to {reached**2:.2f} only")
    return best + side * min(_crossing(known, width), 2.0 * max(item for item, _ in known), width)


def _point_95(n_parameters: int) -> float:
    """95 % point of χ² with as many degrees of freedom."""
    from scipy.special import chdtri

    return float(chdtri(max(n_parameters, 1), 0.05))


def _next_step(known: Sequence[tuple[float, float]]) -> float:
    crossing = _crossing(known, math.inf)
    last = known[-1][0]
    return float(np.clip(crossing, 0.2 * last, 3.0 * last)) if math.isfinite(crossing) else 3.0 * last


def _crossing(known: Sequence[tuple[float, float]], width: float) -> float:
    """Step at which a straight line through the two nearest roots reaches the level."""
    ordered = sorted(set(known), key=lambda point: abs(point[1] - LEVEL))[:2]
    if len(ordered) < 2:
        return width
    (step_a, root_a), (step_b, root_b) = sorted(ordered)
    if root_b - root_a < 1e-6:
        return width
    return float(min(step_a + (LEVEL - root_a) * (step_b - step_a) / (root_b - root_a), width))
