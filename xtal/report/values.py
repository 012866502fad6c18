"""Numbers as HTML: an esd in parentheses, or a dash that says why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ..result import Value, format_value

__all__ = ["missing", "number", "percent", "row", "table", "value_with_esd"]

Cells = Iterable[str]


def missing(reason: str | None) -> str:
    """A dash whose reason shows on hover and is read aloud."""
    text = escape(reason or "no reason was recorded", quote=True)
    return f'<span class="missing" title="{text}">–<span class="aloud"> ({text})</span></span>'


def number(value: float | None, digits: int = 6) -> str:
    """A number with so many significant digits; a dash for none."""
    return "–" if value is None else f"{value:.{digits}g}"


def value_with_esd(value: float | None, esd: float | None, reason: str | None, decimals: int = 5) -> str:
    """``3.91102(14)``, or the number and a dash with the reason in place of its esd."""
    if value is None:
        return missing(reason)
    if esd is None:
        return f"{value:.{decimals}f}({missing(reason)})"
    return escape(format_value(value, esd, decimals))


def percent(value: Value, decimals: int = 1) -> str:
    """A fraction as percent with its esd."""
    scaled = [None if item is None else 100 * item for item in (value.value, value.esd)]
    return value_with_esd(scaled[0], scaled[1], value.reason, decimals)


def row(cells: Cells, head: str = "") -> str:
    """A table row of cells that are HTML already; `head` becomes its heading."""
    first = f'<th scope="row">{head}</th>' if head else ""
    return f"<tr>{first}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def table(name: str, caption: str, headings: Cells, rows: Cells) -> str:
    """A table with a caption; headings and rows are HTML already."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    return (
        f'<div class="wide"><table id="{name}"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
