r"""Rival models of the same G(r): which fits better, at what price in parameters, and where along r.

Models are ranked by the Bayesian information criterion of their fits (`PdfAgreement.bic`), which counts independent points only. Along r the
evidence of a window is :math:`n_w \ln(\chi^2_w / \chi^2_{w,best})` with :math:`n_w = \Delta r\,Q_{max}/\pi`, from the fits of the whole range.
Where every model was fitted anew in the same windows (`refitting`), the BIC of these fits is compared as well: a model that is right only
locally then need not compromise with the rest of the range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .job import BoxCar, PdfJob, independent_points
from .result import PdfCurves, PdfResult, PdfWindow

__all__ = [
    "PDF_COMPARISON_SCHEMA",
    "PdfRefit",
    "PdfRival",
    "PdfRivalWindow",
    "PdfRivals",
    "compare_pdf_models",
    "refitting",
    "refuse_other_jobs",
]

FloatArray = NDArray[np.float64]

PDF_COMPARISON_SCHEMA = "xtal-pdf-comparison/1"

_EDGE = 1e-6

CLEAR = 10.0
"""ΔBIC above which a preference counts as clear (R. E. Kass & A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773)."""

STRONG = 6.0
"""ΔBIC above which the evidence of a single window is mentioned (strong, by the same authors)."""


@dataclass(frozen=True)
class PdfRival:
    """One model: its fit's status, Rw, parameters, and ΔBIC above the best; None where the fit gave none."""

    name: str
    status: str
    rw: float | None
    n_free: int | None
    delta_bic: float | None


@dataclass(frozen=True)
class PdfRivalWindow:
    """A window of r (Å) in one data set: Rw of each model, the best model, and how much better it is than each, n ln(χ²/χ²best)."""

    data: str
    low: float
    high: float
    rw: Mapping[str, float]
    evidence: Mapping[str, float]
    best: str


@dataclass(frozen=True)
class PdfRefit:
    """A window of r (Å) in which each model was fitted anew: Rw, ΔBIC above the best, and the best.

    A model has no ΔBIC where its fit failed, or has as many parameters as the window has independent points.
    """

    low: float
    high: float
    rw: Mapping[str, float | None]
    delta_bic: Mapping[str, float | None]
    best: str | None


@dataclass(frozen=True)
class PdfRivals:
    """Models by ΔBIC, windows along r, windows that were fitted anew, and what the whole range says in a sentence."""

    rivals: tuple[PdfRival, ...]
    windows: tuple[PdfRivalWindow, ...]
    sentence: str
    refits: tuple[PdfRefit, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready content."""
        return {
            "schema": PDF_COMPARISON_SCHEMA,
            "sentence": self.sentence,
            "models": [asdict(rival) for rival in self.rivals],
            "windows": [asdict(window) for window in self.windows],
            "refits": [asdict(window) for window in self.refits],
        }


def compare_pdf_models(results: Mapping[str, PdfResult], window: float = 5.0) -> PdfRivals:
    """Compare fits of rival models to the same data.

    Parameters
    ----------
    results : mapping of PdfResult
        By name of the model, at least two.
    window : float
        Width of the windows along r, Å.

    Raises
    ------
    InputError
        Fewer than two models, a window that isn't positive, or models fitted to different points.
    """
    if len(results) < 2:
        raise InputError(f"{len(results)} model;", where="comparison", remedy="give at least two.")
    _refuse_window(window)
    fitted = {name: result for name, result in results.items() if result.agreement is not None}
    _refuse_other_points(fitted)
    best = min((r.agreement.bic for r in fitted.values() if r.agreement is not None), default=0.0)
    rivals = tuple(sorted((_rival(name, result, best) for name, result in results.items()),
                          key=lambda rival: (rival.delta_bic is None, rival.delta_bic or 0.0)))  # fmt: skip
    windows = tuple(_windows(fitted, window)) if len(fitted) > 1 else ()
    refits = tuple(_refits(fitted))
    return PdfRivals(rivals, windows, _sentence(rivals) + _where_another_wins(rivals, refits), refits)


def refuse_other_jobs(jobs: Mapping[str, PdfJob], window: float) -> None:
    """Refuse jobs that can't be compared before they are fitted.

    Raises
    ------
    InputError
        A window (Å) that isn't positive, or jobs with different points.
    """
    _refuse_window(window)
    first, *others = ((name, {data.name: data for data in job.data}) for name, job in jobs.items())
    for name, found in others:
        same = found.keys() == first[1].keys() and all(
            np.array_equal(data.pattern.x, first[1][key].pattern.x)
            and np.array_equal(data.pattern.intensity, first[1][key].pattern.intensity)
            and data.weighted == first[1][key].weighted
            for key, data in found.items()
        )
        if not same:
            raise _other_points(name, first[0])


def _refuse_window(window: float) -> None:
    if not window > 0:
        raise InputError(f"window {window:g} Å;", where="comparison", remedy="it must be positive.")


def _other_points(name: str, first: str) -> InputError:
    return InputError(f"{name} and {first} are fits of different points;", where="comparison",
                      remedy="give both jobs the same data, names, ranges and weights.")  # fmt: skip


def refitting(job: PdfJob, window: float) -> PdfJob:
    """The job with windows of this width (Å), end to end, in each of which what its last stage frees is fitted anew.

    Raises
    ------
    InputError
        The width isn't positive, or wider than the data.
    """
    low = max(float(data.pattern.x[0]) for data in job.data)
    high = min(float(data.pattern.x[-1]) for data in job.data)
    if not 0 < window <= high - low + _EDGE:
        raise InputError(f"window {window:g} Å for data from {low:g} to {high:g} Å;", where="comparison",
                         remedy="make it narrower.")  # fmt: skip
    count = int((high - low) / window + _EDGE)
    windows = tuple((low + k * window, low + (k + 1) * window) for k in range(count))
    return replace(job, box_car=BoxCar(windows, job.stages[-1].free))


def _refits(results: Mapping[str, PdfResult]) -> Iterator[PdfRefit]:
    """Windows that all models have, compared."""
    limits = [[(window.low, window.high) for window in result.windows] for result in results.values()]
    if len(limits) < 2 or any(other != limits[0] for other in limits):
        return
    for place, (low, high) in enumerate(limits[0]):
        found = {name: (result, result.windows[place]) for name, result in results.items()}
        bic = {name: _window_bic(result, window) for name, (result, window) in found.items()}
        known = {name: value for name, value in bic.items() if value is not None}
        best = min(known, key=lambda name: known[name], default=None)
        yield PdfRefit(low, high, {name: window.rw for name, (_, window) in found.items()},
                       {name: None if value is None or best is None else value - known[best] for name, value in bic.items()}, best)  # fmt: skip


def _where_another_wins(rivals: tuple[PdfRival, ...], refits: Sequence[PdfRefit]) -> str:
    """What the windows that were fitted anew say against the ranking of the whole range."""
    first = rivals[0].name
    said = []
    for window in refits:
        gap = window.delta_bic[first]
        if window.best not in (None, first) and gap is not None and gap > STRONG:
            said.append(f"{window.best} is better at {window.low:g}-{window.high:g} Å (ΔBIC {gap:.1f})")
    return f" Fitted anew in windows, {', '.join(said)}." if said else ""


def _window_bic(result: PdfResult, window: PdfWindow) -> float | None:
    """BIC of a window's fit up to what all models of the same data share."""
    n = sum(independent_points(window.high - window.low, curves.q_max, curves.r) for curves in result.curves.values())
    if not window.rw or len(window.values) >= n:
        return None
    return float(2.0 * n * np.log(window.rw) + len(window.values) * np.log(n))


def _rival(name: str, result: PdfResult, best: float) -> PdfRival:
    agreement = result.agreement
    if agreement is None:
        return PdfRival(name, result.status, None, None, None)
    return PdfRival(name, result.status, agreement.rw, agreement.n_free, agreement.bic - best)


def _refuse_other_points(results: Mapping[str, PdfResult]) -> None:
    first, *others = results.items()
    for name, result in others:
        same = result.curves.keys() == first[1].curves.keys() and all(
            np.array_equal(curves.r, first[1].curves[key].r)
            and np.array_equal(curves.observed, first[1].curves[key].observed)
            and curves.weighted == first[1].curves[key].weighted
            for key, curves in result.curves.items()
        )
        if not same:
            raise _other_points(name, first[0])


def _windows(results: Mapping[str, PdfResult], width: float) -> list[PdfRivalWindow]:
    found = []
    for key, reference in next(iter(results.values())).curves.items():
        edges = np.arange(reference.r[0], reference.r[-1], width)
        for low in edges:
            inside = (reference.r >= low) & (reference.r <= min(low + width, reference.r[-1]))
            if np.ptp(reference.r[inside]) < 0.5 * width:
                continue
            found.append(_window(key, inside, {name: result.curves[key] for name, result in results.items()}))
    return found


def _window(key: str, inside: NDArray[np.bool_], curves: Mapping[str, PdfCurves]) -> PdfRivalWindow:
    first = next(iter(curves.values()))
    weight = 1.0 if first.sigma is None else 1.0 / first.sigma[inside] ** 2
    squares = {name: float(np.sum(weight * item.difference[inside] ** 2)) for name, item in curves.items()}
    total = float(np.sum(weight * first.observed[inside] ** 2))
    r = first.r[inside]
    independent = min(float(len(r)), float(np.ptp(r)) * first.q_max / np.pi) if first.q_max > 0 else float(len(r))
    best = min(squares, key=lambda name: squares[name])
    floor = max(squares[best], 1e-300)
    return PdfRivalWindow(
        key, float(r[0]), float(r[-1]), {name: float(np.sqrt(value / total)) for name, value in squares.items()},
        {name: float(independent * np.log(max(value, 1e-300) / floor)) for name, value in squares.items()}, best,
    )  # fmt: skip


def _sentence(rivals: tuple[PdfRival, ...]) -> str:
    ranked = [rival for rival in rivals if rival.delta_bic is not None]
    if len(ranked) < 2:
        return "Fewer than two models could be fitted: there is nothing to choose between."
    first, second = ranked[0], ranked[1]
    unsure = [rival.name for rival in ranked if rival.status != "converged"]
    caution = f" {', '.join(unsure)} did not converge, so that the ranking is provisional." if unsure else ""
    gap = second.delta_bic or 0.0
    if gap > CLEAR:
        return f"The data prefer {first.name} clearly: the next, {second.name}, has a BIC that is {gap:.1f} higher.{caution}"
    return f"{first.name} ranks first, but {second.name} is only {gap:.1f} behind in BIC: the data don't tell them apart clearly.{caution}"
