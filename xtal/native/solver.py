r"""Bounded Levenberg–Marquardt on the normal equations.

The damping acts on unit-scaled parameters: :math:`(N + \lambda\,\mathrm{diag} N)\,\delta = g` (D. W. Marquardt, J. SIAM 11 (1963) 431), solved over
the parameters that don't press against a bound; steps are cut at the bounds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .corners import cornered
from .pattern_model import Calculated
from .refusals import NativeError

__all__ = ["OutOfTime", "State", "minimise", "time_limit"]

FloatArray = NDArray[np.float64]
Evaluate = Callable[[FloatArray], Calculated]

_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-4, 1e-12, 1e8
_SOFTER, _HARDER = 0.04, 10.0
_GOOD_GAIN, _POOR_GAIN = 0.7, 0.3
"""Actual over predicted fall of the cost above which the damping is eased, and below which it is raised."""

_POINTS_AT_ONCE = 4096
_SMALL_SHIFT, _NEAR = 0.05, 0.3
"""Over the esd: what the last step of a converged search may have been, and what the next one, undamped, would be."""

_NO_SHIFT = 0.01
"""Over its esd; a search from whose last point no parameter would move further than this has arrived."""

_SINGULAR = 1e-12
_NOTHING_LEFT = 1e-6
"""Share of the cost; a search that finds no better point is converged when no more than this was to be gained."""

_CRAWL, _LOOKS = 0.05, (3, 6, 12)
"""Share of the foreseen fall of the cost below which a step crawls, and after how many such steps in a row a corner is looked for."""

_TOO_FAR, _DRAWN = 10.0, 0.3
"""In esds: a search that is to move further crawls for other reasons; and as a share of the largest shift, what a corner must be drawn by."""

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)


class OutOfTime(Exception):  # noqa: N818 - no error of the fit
    """The time limit passed before the search had ended."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Searches within end with `OutOfTime` at the first evaluation after so many seconds."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


@dataclass(frozen=True)
class State:
    """A point of the search with the normal equations there.

    Parameters
    ----------
    theta : ndarray, shape (k,)
        Free parameters.
    calculated : Calculated
        Pattern, its derivatives spent.
    cost : float
        Σ ((observed − calculated)/σ)².
    normal, gradient : ndarray, shape (k, k) and (k,)
        :math:`J^T W J` and :math:`J^T W (y_o - y_c)`.
    converged : bool
        Whether the next step would be small against the esds, or the last one was and hardly lowered the cost.
    cycles : int
        Evaluations so far.
    shift_over_esd : float or None
        Largest next step over its esd where that ended the search, else the last one.
    held : ndarray of bool, shape (k,), or None
        Parameters that the search left where the cost has a corner; None for none.
    kept : dict
        What `spectrum` found.
    """

    theta: FloatArray
    calculated: Calculated
    cost: float
    normal: FloatArray
    gradient: FloatArray
    converged: bool = False
    cycles: int = 1
    shift_over_esd: float | None = None
    held: NDArray[np.bool_] | None = None

    kept: dict[bytes, tuple[FloatArray, FloatArray, FloatArray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def spectrum(self, inside: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scale of the parameters inside the bounds, eigenvalues and eigenvectors of their unit-scaled normal matrix."""
        key = inside.tobytes()
        if key not in self.kept:
            scale = np.sqrt(np.diag(self.normal)[inside])
            values, vectors = np.linalg.eigh(self.normal[np.ix_(inside, inside)] / np.outer(scale, scale))
            self.kept[key] = scale, values, vectors
        return self.kept[key]

    def inside(self, low: FloatArray, high: FloatArray) -> NDArray[np.bool_]:
        """Parameters that don't press against a bound and on which the pattern depends."""
        pressed = ((self.theta <= low) & (self.gradient <= 0)) | ((self.theta >= high) & (self.gradient >= 0))
        return np.asarray(~pressed & (np.diag(self.normal) > 0))


def minimise(
    evaluate: Evaluate, start: FloatArray, low: FloatArray, high: FloatArray, observed: FloatArray, sigma: FloatArray,
    max_cycles: int, tolerance: float, largest_shift: float = _SMALL_SHIFT, *, exact: bool = True,
) -> State:  # fmt: skip
    """Least squares from `start` within bounds.

    A search that a corner of the cost holds back leaves the parameters that make it where they are, and goes on with the others.

    Parameters
    ----------
    evaluate : callable
        Pattern and derivatives at free parameters (k,).
    start, low, high : ndarray, shape (k,)
        Start and bounds.
    observed, sigma : ndarray, shape (n,)
        Counts and their standard uncertainties.
    max_cycles : int
        Accepted steps at most.
    tolerance : float
        Relative fall of the cost that counts as none.
    largest_shift : float
        Over its esd; what a parameter may still have moved in the last step of a converged search.
    exact : bool
        Whether `evaluate` depends on nothing that it was asked before; else no corner is looked for and the next step isn't judged.

    Raises
    ------
    NativeError
        The start can't be evaluated (``diverged``).
    """
    state = _state_at(evaluate, start, observed, sigma, 0)
    if not np.isfinite(state.cost):
        raise NativeError("diverged", "the calculated pattern is not finite at the start; check start values.")
    damping, crawling = _FIRST_DAMPING, 0
    for _ in range(max_cycles):
        foreseen, foreseen_fall = _foreseen_shift(state, low, high, len(observed)), _foreseen_fall(state, low, high)
        if foreseen < _NO_SHIFT:
            return replace(state, converged=True, shift_over_esd=foreseen)
        found, damping = _step(evaluate, state, low, high, observed, sigma, damping)
        crawls = found is None or state.cost - found.cost < _CRAWL * foreseen_fall
        crawling = crawling + 1 if crawls else 0
        if found is None and foreseen_fall <= _NOTHING_LEFT * state.cost:
            return replace(state, converged=True)
        if exact and (found is None or (crawling in _LOOKS and foreseen < _TOO_FAR)):
            held = _corners(evaluate, found or state, low, high, observed, sigma)
            if np.any(held):
                state = replace(found or state, held=held if state.held is None else state.held | held)
                low, high = np.where(held, state.theta, low), np.where(held, state.theta, high)
                damping, crawling = _FIRST_DAMPING, 0
                continue
        if found is None:
            return replace(state, converged=foreseen < largest_shift)
        fall, state = (state.cost - found.cost) / max(state.cost, 1e-300), found
        rests = fall < tolerance and (state.shift_over_esd or 0.0) < largest_shift
        # a step can be short for its damping alone, far from any minimum
        if rests and (not exact or _foreseen_shift(state, low, high, len(observed)) < max(largest_shift, _NEAR)):
            return replace(state, converged=True)
    return state


def _corners(
    evaluate: Evaluate, state: State, low: FloatArray, high: FloatArray, observed: FloatArray, sigma: FloatArray
) -> NDArray[np.bool_]:
    """Parameters away from their bounds at which the cost has a corner, of those that are to move most."""
    within = state.inside(low, high) & (low < state.theta) & (state.theta < high)
    esd = _esds(state, within, len(observed))
    shift = np.abs(_move(state, within, 0.0)) / esd
    esd[shift < _DRAWN * np.max(shift, initial=0.0)] = np.inf

    def cost_at(theta: FloatArray) -> float:
        return _state_at(evaluate, theta, observed, sigma, 0).cost

    chi_squared = state.cost / max(len(observed) - len(state.theta), 1)
    return cornered(cost_at, state.theta, np.diag(state.normal), esd, chi_squared)


def _state_at(evaluate: Evaluate, theta: FloatArray, observed: FloatArray, sigma: FloatArray, cycles: int) -> State:
    if time.monotonic() > _DEADLINE.get():
        raise OutOfTime
    calculated = evaluate(theta)
    residual = (observed - calculated.total) / sigma
    cost, normal, gradient = float(residual @ residual), np.zeros((len(theta), len(theta))), np.zeros(len(theta))
    for start in range(0, len(sigma), _POINTS_AT_ONCE):
        points = slice(start, start + _POINTS_AT_ONCE)
        weighted = calculated.jacobian[:, points] / sigma[points]
        normal += weighted @ weighted.T
        gradient += weighted @ residual[points]
    if calculated.restrained is not None:
        off, slopes = calculated.restrained
        cost, normal, gradient = cost + float(off @ off), normal + slopes @ slopes.T, gradient + slopes @ off
    # the derivatives are the largest array of a fit; the normal equations are all that is needed of them
    spent = replace(calculated, jacobian=np.zeros((len(theta), 0)))
    return State(theta, spent, cost, normal, gradient, cycles=cycles + 1)


def _step(
    evaluate: Evaluate, state: State, low: FloatArray, high: FloatArray, observed: FloatArray, sigma: FloatArray,
    damping: float,
) -> tuple[State | None, float]:  # fmt: skip
    """The next better point, or None when no step in reach of the damping lowers the cost."""
    inside, cycles = state.inside(low, high), state.cycles
    if not np.any(inside):
        return None, damping
    esd = _esds(state, inside, len(observed))
    while damping < _MOST_DAMPING:
        move = _move(state, inside, damping)
        trial = np.clip(state.theta + move, low, high)
        shift = float(np.max(np.abs(trial - state.theta)[inside] / esd[inside]))
        if shift < 1e-6:
            return None, damping
        try:
            found = _state_at(evaluate, trial, observed, sigma, cycles)
        except NativeError:
            found = None
        cycles += 1
        if found is not None and found.cost < state.cost:
            return replace(found, shift_over_esd=shift, held=state.held), _next_damping(state, found, damping)
        damping = max(damping, _FIRST_DAMPING / 10) * _HARDER
    return None, damping


def _next_damping(before: State, after: State, damping: float) -> float:
    """Damping after a good step, by how well the normal equations foresaw the fall of the cost."""
    move = after.theta - before.theta
    foreseen = 2 * float(move @ before.gradient) - float(move @ before.normal @ move)
    gain = (before.cost - after.cost) / foreseen if foreseen > 0 else 1.0
    if gain > _GOOD_GAIN:
        return max(damping * _SOFTER, _LEAST_DAMPING)
    # a step that overshoots comes from curvature that the normal equations lack
    return max(damping, _FIRST_DAMPING) * _HARDER if gain < _POOR_GAIN else damping


def _foreseen_shift(state: State, low: FloatArray, high: FloatArray, n_points: int) -> float:
    """Largest shift over its esd of the undamped step; infinite where the step would leave the bounds."""
    inside = state.inside(low, high)
    if not np.any(inside):
        return 0.0
    move = _move(state, inside, 0.0)
    if np.any((state.theta + move < low) | (state.theta + move > high)):
        return float(np.inf)
    return float(np.max(np.abs(move[inside]) / _esds(state, inside, n_points)[inside]))


def _foreseen_fall(state: State, low: FloatArray, high: FloatArray) -> float:
    """By how much the undamped step would lower the cost if the model were linear."""
    inside = state.inside(low, high)
    return float(_move(state, inside, 0.0) @ state.gradient) if np.any(inside) else 0.0


def _move(state: State, inside: NDArray[np.bool_], damping: float) -> FloatArray:
    scale, values, vectors = state.spectrum(inside)
    values = np.maximum(values, _SINGULAR) + damping
    move = np.zeros(len(state.theta))
    move[inside] = vectors @ ((vectors.T @ (state.gradient[inside] / scale)) / values) / scale
    return move


def _esds(state: State, inside: NDArray[np.bool_], n_points: int) -> FloatArray:
    """Standard uncertainties with the factor GOF, for the convergence test."""
    scale, values, vectors = state.spectrum(inside)
    variance = (vectors**2 / np.maximum(values, _SINGULAR)).sum(axis=1)
    esd = np.full(len(state.theta), np.inf)
    chi_squared = state.cost / max(n_points - len(state.theta), 1)
    esd[inside] = np.sqrt(variance * chi_squared) / scale
    return esd
