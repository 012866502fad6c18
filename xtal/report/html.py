"""The report as one HTML file that needs no network: tables, and a plot that zooms.

Own script instead of a plotting library: a library would add 4.5 MB to every report. The page forbids itself, by its
content security policy, to load anything or to run any script but its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files

from ..result import Result
from . import sections
from .bootstrap_section import bootstrap_section
from .curves import plot_json
from .defence_section import defence_section
from .figures import figure_file
from .information_section import information_section
from .restraints_section import restraints_section

__all__ = ["report_html"]


def report_html(result: Result, tabs: Mapping[str, str] | None = None) -> str:
    """Text of report.html.

    Parameters
    ----------
    result : Result
        Curves and reflections are drawn where it has them.
    tabs : mapping, optional
        Further tabs beside the refinement: heading to HTML.

    Returns
    -------
    str
        A whole HTML document, self-contained.
    """
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; img-src data:"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(result.title)} · xtal</title><style>{style}</style></head>\n<body><main>"
        f"{_tabbed(_body(result), tabs or {})}</main>"
        f"{_plot_data(result)}\n<script>{script}</script></body></html>\n"
    )


def _tabbed(body: str, tabs: Mapping[str, str]) -> str:
    """The body, behind tabs when there are others; radio buttons, so that no script is needed."""
    if not tabs:
        return body
    panels = {"Refinement": body, **tabs}
    buttons = "".join(
        f'<input type="radio" name="tab" id="tab{index}"{" checked" if index == 0 else ""}><label for="tab{index}">{escape(heading)}</label>'
        for index, heading in enumerate(panels)
    )
    sheets = "".join(f'<div class="panel">{content}</div>' for content in panels.values())
    return f'<div class="tabs">{buttons}{sheets}</div>'


def _body(result: Result) -> str:
    parts = (
        sections.head_section(result),
        *_plot_sections(result),
        sections.phases_section(result),
        sections.checks_section(result),
        defence_section(result),
        bootstrap_section(result),
        information_section(result),
        restraints_section(result),
        sections.parameters_section(result),
        sections.stages_section(result),
        sections.correlations_section(result),
        sections.provenance_section(result),
    )
    return "\n".join(part for part in parts if part)


def _plot_data(result: Result) -> str:
    return "".join(
        f'<script type="application/json" id="data{_number(index)}">{plot_json(one)}</script>'
        for index, one in enumerate(result.by_pattern().values())
    )


def _number(index: int) -> str:
    """What is added to the names of the elements of further patterns."""
    return f"-{index + 1}" if index else ""


def _plot_sections(result: Result) -> list[str]:
    return [_plot_section(one, name, _number(i)) for i, (name, one) in enumerate(result.by_pattern().items())]


def _plot_section(result: Result, name: str, number: str) -> str:
    if result.profile is None:
        return "<section><h2>Pattern</h2><p>No curves: the fit ended before one was calculated.</p></section>"
    heading = f"Pattern {escape(name)}{sections.rwp_of(result)}" if name else "Pattern"
    return (
        f'<section id="pattern{number}" class="pattern"><h2>{heading}</h2><div id="controls{number}" class="controls screen"></div>'
        f'<div id="plot{number}" class="plot"></div>'
        '<p class="screen hint">Drag to zoom; wheel to zoom once the plot has the focus (click it) or with Ctrl; '
        "double click, or Esc, to reset; arrow keys to move, + and − to zoom.</p>"
        "<noscript><p>The plot needs JavaScript; the same picture is in "
        f"{figure_file(name)}.</p></noscript></section>"
    )


def _asset(name: str) -> str:
    return (files("xtal.report") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
