"""What a plan says of a parameter on a candidate, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ...information import Information
from .candidates import Candidate

__all__ = ["PLAN_SCHEMA", "Forecast", "Outlook", "Plan", "Verdict"]

PLAN_SCHEMA = "xtal-plan/1"

Verdict = Literal["determined", "more counts", "not in practice", "not determined"]


@dataclass(frozen=True)
class Outlook:
    """A parameter on a candidate.

    Parameters
    ----------
    name : str
        Dotted.
    value : float
        That the pattern was simulated with.
    target : float
        Esd that is wanted.
    esd : float or None
        Expected at the planned counts for a model that is right; None when the pattern doesn't determine it.
    counts_needed : float or None
        Highest point with which the esd would be the wanted one.
    information : Information or None
        How much of the pattern's information on it is its own.
    carried : float or None
        Share of the phase's intensity that changes when the site is emptied; None where that isn't known.
    verdict : {"determined", "more counts", "not in practice", "not determined"}
        ``not in practice``: it would take more than a hundred times the counts, or the site carries less than 1 % of the intensity.
    sentence : str
        The verdict with its numbers.
    by_counts_only : bool
        A light atom by X-rays: the error of the heavier atoms' model is larger than the esd.
    """

    name: str
    value: float
    target: float
    esd: float | None
    counts_needed: float | None
    information: Information | None
    carried: float | None
    verdict: Verdict
    sentence: str
    by_counts_only: bool = False


@dataclass(frozen=True, eq=False)
class Forecast:
    """A candidate with its outlook on every wanted parameter, or why there is none."""

    candidate: Candidate
    outlooks: tuple[Outlook, ...] = ()
    total_counts: float = 0.0
    refusal: str | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan; `counts` is the height of the highest point above the background."""

    title: str
    counts: float
    forecasts: tuple[Forecast, ...]

    def sentences(self) -> list[str]:
        """Per wanted parameter, which candidates would determine it."""
        names = list(dict.fromkeys(outlook.name for forecast in self.forecasts for outlook in forecast.outlooks))
        return [_choice(name, self.forecasts) for name in names]

    def to_dict(self) -> dict[str, Any]:
        """Content of the JSON file."""
        return {
            "schema": PLAN_SCHEMA,
            "title": self.title,
            "counts": self.counts,
            "sentences": self.sentences(),
            "instruments": [_forecast_facts(forecast) for forecast in self.forecasts],
        }


def _forecast_facts(forecast: Forecast) -> dict[str, Any]:
    one = forecast.candidate
    return {
        "name": one.name,
        "about": one.about,
        "radiation": one.instrument.radiation.kind,
        "range": [float(one.axis[0]), float(one.axis[-1])],
        "n_points": int(one.axis.size),
        "background": one.background,
        "total_counts": forecast.total_counts,
        "refusal": forecast.refusal,
        "parameters": [asdict(outlook) for outlook in forecast.outlooks],
    }


def _choice(name: str, forecasts: Sequence[Forecast]) -> str:
    found = [(f.candidate.name, o) for f in forecasts for o in f.outlooks if o.name == name]
    words: dict[Verdict, list[str]] = {}
    for candidate_name, outlook in found:
        words.setdefault(outlook.verdict, []).append(f"{candidate_name} ({_short(outlook)})")
    heads = {"determined": "determined by", "more counts": "with more counts by", "not in practice": "not in practice by",
             "not determined": "not determined by"}  # fmt: skip
    return f"{name}: " + "; ".join(f"{heads[word]} {', '.join(words[word])}" for word in heads if word in words) + "."


def _short(outlook: Outlook) -> str:
    if outlook.esd is None:
        return "no esd"
    return f"±{outlook.esd:.2g}{', by counts alone' if outlook.by_counts_only else ''}"
