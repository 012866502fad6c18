"""How things show themselves in a notebook: HTML for Jupyter's rich display."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pattern import Pattern
    from .result import Result
    from .structure import Structure

__all__ = ["pattern_html", "result_html", "structure_html"]


def structure_html(structure: Structure) -> str:
    """Formula, cell, quality and sites of a structure as HTML."""
    rows = "".join(
        f"<tr><td>{escape(site.label)}</td><td>{escape(site.ion)}</td>"
        + "".join(f"<td>{value:.5f}</td>" for value in site.xyz)
        + f"<td>{site.occupancy:.4g}</td><td>{'–' if site.u_equivalent is None else f'{site.u_equivalent:.4f}'}</td></tr>"
        for site in structure.sites
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in structure.notes)
    return (
        f"<p><b>{escape(structure.name)}</b> {escape(structure.formula)}, {escape(str(structure.space_group))}, "
        f"{escape(str(structure.lattice))}, {structure.density:.3f} g/cm³; quality: {structure.quality}</p>"
        "<table><tr><th>site</th><th>ion</th><th>x</th><th>y</th><th>z</th><th>occupancy</th><th>U (Å²)</th></tr>"
        f"{rows}</table><p>{escape(structure.source)}</p><ul>{notes}</ul>"
    )


def pattern_html(pattern: Pattern) -> str:
    """One line about a pattern as HTML."""
    return f"<p>{escape(repr(pattern))}</p>"


def result_html(result: Result) -> str:
    """Verdict, agreement and table of phases of a refinement as HTML."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(phase.formula)}</td><td>{phase.weight_fraction}</td>"
        f"<td>{phase.group_share}</td><td>{phase.cell.a}</td><td>{phase.cell.b}</td><td>{phase.cell.c}</td></tr>"
        for name, phase in result.phases.items()
    )
    rwp = "–" if result.agreement is None else f"{100 * result.agreement.rwp:.2f} %"
    return (
        f"<p><b>{escape(result.title)}</b>: {result.status}, verdict <b>{result.verdict}</b>, Rwp {rwp}. "
        f"{escape(result.message)}</p><table><tr><th>phase</th><th>cell content</th><th>weight fraction</th>"
        f"<th>share in group</th><th>a (Å)</th><th>b (Å)</th><th>c (Å)</th></tr>{rows}</table>"
    )
