"""The report's section on what stands behind each fraction."""

from __future__ import annotations

from html import escape

from ..defence import Defence, Interval
from ..result import PhaseResult, Result
from .values import missing, percent, row, table

__all__ = ["defence_section"]


def defence_section(result: Result) -> str:
    """Intervals, refits without each phase, detection limits, spread of starts; empty when none was asked for."""
    defended = {name: phase for name, phase in result.phases.items() if phase.defence is not None}
    if not defended:
        return ""
    headings = ("phase", "weight / wt%", "95 %, profile", "95 %, models tried", "95 %, share in group",
                "ΔR<sub>wp</sub> without / %", "ΔBIC without", "detection limit / wt%", "spread of starts / wt%")  # fmt: skip
    rows = (row(_cells(phase, phase.defence or Defence()), escape(name)) for name, phase in defended.items())
    sentences = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(phase.defence.sentence)}</li>"
        for name, phase in defended.items()
        if phase.defence is not None and phase.defence.sentence
    )
    caption = (
        "Profile: the fraction was fixed and the rest refitted, counting statistics only. Models tried: also with serially correlated residuals, "
        "displacement parameters free, texture, a more flexible background, and microabsorption; on mixtures that nobody tuned it for, "
        "this one holds about 70 % of the weighed fractions, not 95 %."
    )
    return f"<section><h2>Defence of the fractions</h2><ul>{sentences}</ul>{table('defence', caption, headings, rows)}</section>"


def _cells(phase: PhaseResult, defence: Defence) -> tuple[str, ...]:
    without, limit, starts = defence.without, defence.detection_limit, defence.starts
    return (
        percent(phase.weight_fraction, 2),
        _interval(defence.weight_interval),
        _interval(defence.model_interval),
        _interval(defence.share_interval),
        missing("the only phase, or that fit failed") if without is None else f"{100 * without.delta_rwp:+.2f}",
        missing("the only phase, or that fit failed") if without is None else f"{without.delta_bic:+.0f}",
        missing("no covariance") if limit is None else f"{100 * limit:.2g}",
        missing("no starts were scattered, or none came back") if starts is None or starts.spread is None
        else f"{100 * starts.spread:.3f}",
    )  # fmt: skip


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return missing("not asked for, or not to be had")
    text = f"{100 * interval.low:.2f} to {100 * interval.high:.2f}"
    return text if interval.reason is None else f'<span title="{escape(interval.reason, quote=True)}">{text}</span>'
