"""The comparison of two engines as HTML and as JSON."""

from __future__ import annotations

from html import escape

from ..result import Value, format_value
from ..rietveld.compare import Comparison, Difference
from ..strict_json import strict_json
from .page import plain_page
from .values import number, row, table

__all__ = ["comparison_html", "comparison_json", "comparison_tab"]


def comparison_json(comparison: Comparison) -> str:
    """Text of comparison.json."""
    return strict_json(comparison.to_dict(), indent=1) + "\n"


def comparison_html(comparison: Comparison) -> str:
    """Text of comparison.html; reports of the engines lie in folders beside it."""
    return plain_page(
        f"Two engines: {comparison.title}", f"{_head(comparison)}{_engines(comparison, '')}{_table(comparison)}"
    )


def comparison_tab(comparison: Comparison) -> str:
    """The same as a tab of an engine's report.html, one folder deeper."""
    page = '<p><a href="../comparison.html">This comparison as a page of its own</a></p>'
    return f"{_head(comparison)}{_engines(comparison, '../')}{_table(comparison)}{page}"


def _head(comparison: Comparison) -> str:
    kind = "pass" if comparison.differences and not comparison.disagreements else "review"
    refusals = "".join(
        f"<li><strong>{escape(engine)}</strong> couldn't: {escape(why)}</li>"
        for engine, why in comparison.refusals.items()
    )
    return f'<div class="verdict {kind}"><p>{escape(comparison.sentence)}</p></div><ul>{refusals}</ul>'


def _engines(comparison: Comparison, up: str) -> str:
    rows = (
        row(
            (
                escape(str(result.engine["version"])), escape(result.status), escape(result.verdict),
                "–" if result.agreement is None else f"{100 * result.agreement.rwp:.2f}",
                "–" if result.agreement is None else f"{result.agreement.gof:.2f}",
                number(result.provenance.get("seconds"), 3), f'<a href="{up}{escape(name)}/report.html">report</a>',
            ),
            escape(name),
        )
        for name, result in comparison.results.items()
    )  # fmt: skip
    headings = ("engine", "version", "status", "verdict", "R<sub>wp</sub> / %", "GOF", "seconds", "whole result")
    return f"<section><h2>Engines</h2>{table('engines', 'Each with its own report.', headings, rows)}</section>"


def _table(comparison: Comparison) -> str:
    if not comparison.differences:
        return ""
    names = [escape(name) for name in comparison.results][:2]
    rows = (row(_cells(item), escape(item.name)) for item in comparison.differences)
    caption = (
        "Free parameters and what follows from them. Both engines saw the same data: a difference in combined esds "
        "compares it with what either claims to know, it is no test of chance. Scales are in each engine's own units and left out."
    )
    headings = ("number", *names, "difference", "in combined esds", "within tolerance")
    return f"<section><h2>Differences</h2>{table('differences', caption, headings, rows)}</section>"


def _cells(item: Difference) -> tuple[str, ...]:
    words = {None: "", True: "yes", False: "<strong>no</strong>"}
    in_esds = "–" if item.in_esds is None else f"{item.in_esds:+.1f}"
    return _value(item.first), _value(item.second), f"{item.difference:+.3g}", in_esds, words[item.tolerated]


def _value(value: Value) -> str:
    if value.value is None or value.esd is None:
        return number(value.value)
    return escape(format_value(value.value, value.esd))
