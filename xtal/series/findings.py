"""What the frames of a series say together: trends, transitions, change points, correlations, alarms, disagreements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..errors import InputError
from ..result import ProfileCurves
from .alarms import Alarm, find_alarms, index_against_library
from .change_points import ChangePoint, change_points
from .correlation import PropertyCorrelation, correlate
from .series import Disagreement, Series
from .transitions import Hysteresis, StepFit, fit_step, hysteresis, splitting
from .trends import Trend, fit_trend

__all__ = ["FINDINGS_SCHEMA", "Findings", "TransitionFinding", "TrendFinding", "analyse"]

FINDINGS_SCHEMA = "xtal-series-findings/1"
GOOD = ("converged", "not_converged")


@dataclass(frozen=True, eq=False)
class TrendFinding:
    """A straight line through a quantity of one ramp."""

    quantity: str
    ramp: int
    direction: str
    trend: Trend


@dataclass(frozen=True, eq=False)
class TransitionFinding:
    """A transition as one kind of evidence shows it: ``share`` or ``splitting``."""

    name: str
    evidence: str
    up: StepFit | None
    down: StepFit | None
    hysteresis: Hysteresis | None


@dataclass(frozen=True, eq=False)
class Findings:
    """Everything that was found; `to_dict` is what findings.json holds."""

    trends: tuple[TrendFinding, ...] = ()
    transitions: tuple[TransitionFinding, ...] = ()
    changes: Mapping[str, tuple[ChangePoint, ...]] = field(default_factory=dict)
    correlations: Mapping[str, PropertyCorrelation] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts under the schema ``xtal-series-findings/1``."""
        return {
            "schema": FINDINGS_SCHEMA,
            "trends": [
                {"quantity": one.quantity, "ramp": one.ramp, "direction": one.direction, **asdict(one.trend)}
                for one in self.trends
            ],
            "transitions": [asdict(one) for one in self.transitions],
            "change_points": {name: [asdict(point) for point in points] for name, points in self.changes.items()},
            "correlations": {name: asdict(one) for name, one in self.correlations.items()},
            "alarms": [asdict(one) for one in self.alarms],
            "disagreements": [asdict(one) for one in self.disagreements],
        }


def analyse(series: Series, *, alarms: bool = True) -> Findings:
    """Look at a series as a whole.

    Parameters
    ----------
    series : Series
        Frames that failed, or wait, are left out.
    alarms : bool
        Also look through the residuals of all frames for peaks that grow, which takes a second per few hundred frames.
    """
    table = series.table()
    table = table[table["status"].isin(GOOD)]
    found = _alarms(series, [int(frame) for frame in table["frame"]]) if alarms else ()
    return Findings(
        trends=tuple(_trends(series, table)),
        transitions=tuple(_transitions(series, table)),
        changes=_changes(series, table),
        correlations=_correlations(series, table),
        alarms=found,
        disagreements=tuple(series.disagreements()),
    )


def axis_column(series: Series) -> str:
    """Column of the table that holds the axis."""
    return series.axis_name if series.axis_name != "frame" else "value"


def _lattice_columns(table: Any) -> list[str]:
    names = [name for name in table.columns if f"{name}.esd" in table.columns and name.startswith("phase.")]
    return [name for name in names if ".cell." in name or ".bond." in name or name.endswith(".volume")]


def _trend_columns(table: Any) -> list[str]:
    """Lattice, and shares where they vary: a phase alone has none."""
    shares = [
        name
        for name in table.columns
        if name.endswith((".weight_fraction", ".group_share"))
        and f"{name}.esd" in table.columns
        and np.ptp(table[name].dropna()) > 0
    ]
    return [*_lattice_columns(table), *shares]


def _ramps(table: Any) -> Iterator[tuple[int, str, Any]]:
    for ramp, part in table.groupby("ramp"):
        yield int(ramp), str(part["direction"].iloc[0]), part


def _trends(series: Series, table: Any) -> Iterator[TrendFinding]:
    for name in _trend_columns(table):
        for ramp, direction, part in _ramps(table):
            try:
                trend = fit_trend(part[axis_column(series)], part[name], part[f"{name}.esd"])
            except InputError:
                continue
            yield TrendFinding(name, ramp, direction, trend)


def _transitions(series: Series, table: Any) -> Iterator[TransitionFinding]:
    for wanted in series.meta["series"].get("transition", []):
        prefix = f"phase.{wanted['phase']}"
        kind = "group_share" if wanted["group"] and f"{prefix}.group_share" in table else "weight_fraction"
        if f"{prefix}.{kind}" not in table:
            continue
        share = table[f"{prefix}.{kind}"].to_numpy(float)
        share_esd = _with_usual_esd(table[f"{prefix}.{kind}.esd"].to_numpy(float))
        yield _transition(series, table, wanted["name"], "share", share, share_esd)
        divisors = wanted["splitting"]
        if divisors and all(f"{prefix}.cell.{name}" in table for name in divisors):
            cells = {name: table[f"{prefix}.cell.{name}"] for name in divisors}
            esds = {name: table[f"{prefix}.cell.{name}.esd"] for name in divisors}
            yield _transition(
                series, table, wanted["name"], "splitting", *splitting(cells, esds, divisors, share, share_esd)
            )


def _with_usual_esd(esds: Any) -> Any:
    """A share that ended on its bound has no esd; for the weight of its frame it gets the usual one of the series."""
    known = esds[np.isfinite(esds)]
    return np.where(np.isfinite(esds), esds, np.median(known)) if known.size else esds


def _transition(series: Series, table: Any, name: str, evidence: str, values: Any, esds: Any) -> TransitionFinding:
    """The first ramp of either direction in which there is a step."""
    axis = table[axis_column(series)].to_numpy(float)
    steps: dict[str, StepFit] = {}
    for ramp in sorted(set(table["ramp"])):
        inside = (table["ramp"] == ramp).to_numpy()
        direction = str(table["direction"][table["ramp"] == ramp].iloc[0])
        step = fit_step(axis[inside], values[inside], esds[inside], direction)
        if step is not None:
            steps.setdefault(direction, step)
    up, down = steps.get("up"), steps.get("down")
    return TransitionFinding(name, evidence, up, down, hysteresis(up, down))


def _changes(series: Series, table: Any) -> dict[str, tuple[ChangePoint, ...]]:
    """Change points of every cell length and volume by quantity and ramp; quantities without any are absent."""
    found = {}
    for name in _lattice_columns(table):
        for ramp, direction, part in _ramps(table):
            points = change_points(part[axis_column(series)], part[name], part[f"{name}.esd"])
            if points:
                found[f"{name} (ramp {ramp}, {direction})"] = points
    return found


def _correlations(series: Series, table: Any) -> dict[str, PropertyCorrelation]:
    found = {}
    for one in series.meta["properties"]:
        measured = np.array([one["values"].get(file, np.nan) for file in table["file"]], dtype=float)
        for name in _trend_columns(table):
            try:
                found[f"{one['name']} against {name}"] = correlate(table[name], measured)
            except InputError:
                continue
    return found


def _alarms(series: Series, frames: list[int]) -> tuple[Alarm, ...]:
    from dataclasses import replace

    from ..io.library import reference_names

    wavelength = series.meta["wavelength"]
    if wavelength is None or series.meta["pattern_axis"] != "two_theta" or not frames:
        return ()

    def profiles() -> Iterator[tuple[int, ProfileCurves]]:
        for frame in frames:
            curves = series.curves(frame)
            if curves is not None:
                yield frame, curves

    alarms = find_alarms(profiles(), wavelength)
    first = series.curves(frames[0])
    if not alarms or first is None:
        return alarms
    candidates = index_against_library(alarms, reference_names(), wavelength, (first.x[0], first.x[-1]))
    return tuple(replace(alarm, candidates=candidates[:5]) for alarm in alarms)
