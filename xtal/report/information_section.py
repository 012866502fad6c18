"""The report's section on how much the data say of each refined occupancy and light atom."""

from __future__ import annotations

from html import escape

from ..information import Information
from ..result import ParameterResult, Result
from .values import number, row, table, value_with_esd

__all__ = ["information_section"]


def information_section(result: Result) -> str:
    """Independent share of the information on each parameter; empty when there is none to tell of."""
    if not result.information:
        return ""
    rows = (row(_cells(result.parameters[name], item), escape(name)) for name, item in result.information.items())
    caption = (
        "Own: the part of the pattern's information (inverse variance) on a parameter that is left when everything else is refined too, 1 − R². "
        "Shared: what knowing that other parameter would take off its variance."
    )
    headings = ("parameter", "value", "esd, all else held", "own / %", "shares most with", "shared / %")
    return f"<section><h2>Information on occupancies and light atoms</h2>{table('information', caption, headings, rows)}</section>"


def _cells(found: ParameterResult, item: Information) -> tuple[str, ...]:
    return (
        value_with_esd(found.value, found.esd, found.reason),
        number(item.esd_held, 2),
        f"{100 * item.independent:.2g}",
        escape(item.most_shared_with or "–"),
        f"{100 * item.shared:.0f}",
    )
