"""What the frames of a series say together, as tables of its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..plot.series import with_unit
from ..result import format_value
from ..series.alarms import Candidate
from ..series.findings import Findings
from ..series.series import Series
from ..series.transitions import StepFit
from .values import row, table

__all__ = ["findings_sections", "frame_ranges"]

SHOWN_CORRELATIONS = 20


def findings_sections(
    series: Series, findings: Findings, remarks: Mapping[int, Sequence[Mapping[str, Any]]] | None = None
) -> str:
    """HTML of the tables; those that would be empty are left out. `remarks` are what `Series.remarks` says, by frame."""
    parts = (
        _remarks(remarks or {}),
        _transitions(series, findings),
        _trends(series, findings),
        _changes(series, findings),
        _correlations(findings),
        _alarms(findings),
        _disagreements(findings),
        _provenance(series),
    )
    return "\n".join(part for part in parts if part)


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{heading}</h2>{body}</section>"


def _remarks(remarks: Mapping[int, Sequence[Mapping[str, Any]]]) -> str:
    found: dict[tuple[str, str], list[int]] = {}
    example: dict[tuple[str, str], str] = {}
    for frame, checks in remarks.items():
        for check in checks:
            key = str(check["code"]), str(check["phase"] or "")
            if frame not in found.setdefault(key, []):
                found[key].append(frame)
            example.setdefault(key, str(check["sentence"]))
    rows = [
        row((escape(phase) or "–", str(len(frames)), frame_ranges(frames), escape(example[code, phase])), escape(code))
        for (code, phase), frames in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
    caption = "What the verdicts rest on: checks that speak against a number, and in how many frames."
    heads = ("check", "phase", "frames", "which", "in the first of them")
    return _section("Checks", table("remarks-of-all", caption, heads, rows)) if rows else ""


def frame_ranges(frames: Sequence[int]) -> str:
    """Ascending frame numbers in few words: ``0–2, 7``."""
    parts: list[list[int]] = []
    for frame in frames:
        if parts and frame == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], frame]
        else:
            parts.append([frame])
    return ", ".join("–".join(map(str, part)) for part in parts)


def _transitions(series: Series, findings: Findings) -> str:
    if not findings.transitions:
        return ""
    unit = series.meta["axis"]["unit"]
    heads = (
        "evidence",
        f"axis rising ({escape(unit)})",
        "width",
        f"axis falling ({escape(unit)})",
        "width",
        "hysteresis",
    )
    rows = []
    for one in findings.transitions:
        gap = "–" if one.hysteresis is None else format_value(one.hysteresis.value, one.hysteresis.esd, 2)
        cells = (one.evidence, _position(one.up), _width(one.up), _position(one.down), _width(one.down), gap)
        rows.append(row(cells, escape(one.name)))
    caption = "Middle of the step, and its width from 10 to 90 %. Splitting is that of the cell times the share that is split."
    return _section("Transitions", table("transitions", caption, ("transition", *heads), rows))


def _position(step: StepFit | None) -> str:
    return "no step found" if step is None else format_value(step.position, step.position_esd, 2)


def _width(step: StepFit | None) -> str:
    return "–" if step is None else f"{step.width:.2f}"


def _trends(series: Series, findings: Findings) -> str:
    if not findings.trends:
        return ""
    unit = series.meta["axis"]["unit"] or "unit"
    rows = [
        row(
            (
                f"{one.ramp} ({one.direction})",
                format_value(one.trend.coefficients[0], one.trend.esds[0]),
                f"{one.trend.slope:.3e} ± {one.trend.slope_esd:.1e}",
                f"{one.trend.relative_slope:.3e} ± {one.trend.relative_slope_esd:.1e}",
                f"{one.trend.chi2_red:.2f}",
                str(one.trend.n_points),
            ),
            escape(one.quantity + with_unit(one.quantity)),
        )
        for one in findings.trends
    ]
    heads = (
        "quantity",
        "ramp",
        "at the mean of the axis",
        f"slope per {escape(unit)}",
        "slope / value",
        "χ²/ν",
        "frames",
    )
    caption = "Weighted straight lines; slope / value is the expansion coefficient on a temperature axis. A χ²/ν far above 1 says that no line describes it."
    return _section("Slopes and expansion", table("slopes", caption, heads, rows))


def _changes(series: Series, findings: Findings) -> str:
    rows = [
        row((f"{point.position:.5g}", f"{point.low:.5g} to {point.high:.5g}", f"{point.delta_bic:.0f}"), escape(name))
        for name, points in findings.changes.items()
        for point in points
    ]
    heads = ("quantity", f"at {escape(series.axis_label)}", "95 %", "ΔBIC")
    return (
        _section("Change points", table("changes", "Where a smooth course ends and another begins.", heads, rows))
        if rows
        else ""
    )


def _correlations(findings: Findings) -> str:
    strongest = sorted(findings.correlations.items(), key=lambda item: -abs(item[1].spearman))[:SHOWN_CORRELATIONS]
    rows = [
        row(
            (
                f"{one.pearson:+.3f} ({one.pearson_p:.1e})",
                f"{one.spearman:+.3f} ({one.spearman_p:.1e})",
                str(one.n_points),
            ),
            escape(name),
        )
        for name, one in strongest
    ]
    heads = ("property", "Pearson (p)", "Spearman (p)", "frames")
    return _section("Correlations", table("correlations", "A correlation is no cause.", heads, rows)) if rows else ""


def _candidate(one: Candidate) -> str:
    cell = "" if one.stretch == 1 else f", cell × {one.stretch:.3f}"
    return f"{one.name} ({one.matched} of {one.expected} lines{cell})"


def _alarms(findings: Findings) -> str:
    rows = [
        row(
            (
                f"{one.d:.4f}",
                f"{one.strength:.1f} σ",
                f"{one.first_frame} to {one.last_frame}",
                escape(", ".join(map(_candidate, one.candidates))) or "–",
            ),
            f"{one.two_theta:.2f}°",
        )
        for one in findings.alarms
    ]
    heads = ("2θ", "d (Å)", "strength", "frames", "reference structures whose strongest lines are among them")
    caption = "Peaks that the fits leave over and that grow along the series: perhaps a new phase."
    return _section("New peaks", table("alarms", caption, heads, rows)) if rows else ""


def _disagreements(findings: Findings) -> str:
    rows = [
        row(
            (
                escape(one.name),
                escape(", ".join(f"{route} {value:.6g}" for route, value in one.values.items())),
                f"{one.esd:.2g}",
            ),
            str(one.frame),
        )
        for one in findings.disagreements
    ]
    heads = ("frame", "quantity", "routes", "esd")
    caption = "The answer depends on where the refinement started."
    return _section("Frames that disagree", table("disagreements", caption, heads, rows)) if rows else ""


def _provenance(series: Series) -> str:
    facts = {**series.meta["versions"], "series file": series.meta["series_file"], **series.meta["inputs"]}
    rows = [row((escape(str(value)),), escape(str(name))) for name, value in facts.items()]
    return _section("Provenance", table("provenance", "Versions, and sha256 of what was read.", ("what", ""), rows))
