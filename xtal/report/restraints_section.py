"""The report's section on restrained bond lengths."""

from __future__ import annotations

from html import escape

from ..result import Result
from .values import number, row, table

__all__ = ["restraints_section"]


def restraints_section(result: Result) -> str:
    """What each restraint asked for and got; empty without restraints."""
    if not result.restraints:
        return ""
    rows = (
        row(
            (f"{one.distance:.3f}({one.sigma:.3f})", str(one.n_bonds), f"{one.mean_distance:.4f}", number(one.chi2, 2)),
            escape(f"{one.phase}: {one.site_a}–{one.site_b}"),
        )
        for one in result.restraints
    )
    caption = "Knowledge of the job, not of the data: χ² = Σ weight · ((d − distance)/sigma)² comes on top of that of the pattern."
    headings = ("bond", "wanted (sigma) / Å", "bonds", "mean length / Å", "χ²")
    return f"<section><h2>Restrained bond lengths</h2>{table('restraints', caption, headings, rows)}</section>"
