"""Tables of a refinement for a manuscript, Markdown and LaTeX, esds in parentheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..io.cif_text import number_with_esd
from ..result import CELL_NAMES, Result, Value, format_value

if TYPE_CHECKING:
    from ..rietveld.geometry import Length

__all__ = ["latex_tables", "markdown_tables"]

Table = tuple[str, list[str], list[list[str]]]
_LATEX = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "Å": r"\AA{}", "³": "$^3$", "°": r"$^\circ$", "α": r"$\alpha$",
          "β": r"$\beta$", "γ": r"$\gamma$", "–": "--", "σ": r"$\sigma$", "²": "$^2$"}  # fmt: skip


def markdown_tables(result: Result, lengths: Mapping[str, Sequence[Length]]) -> str:
    """Markdown text."""
    parts = []
    for caption, head, rows in _tables(result, lengths):
        lines = [f"**{caption}**", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        parts.append("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]))
    return "\n\n".join(parts) + "\n"


def latex_tables(result: Result, lengths: Mapping[str, Sequence[Length]]) -> str:
    """LaTeX text; needs the package booktabs."""
    parts = []
    for caption, head, rows in _tables(result, lengths):
        body = "\n".join(f"  {' & '.join(map(_latex, row))} \\\\" for row in rows)
        parts.append(
            f"\\begin{{table}}\n\\caption{{{_latex(caption)}}}\n\\begin{{tabular}}{{{'l' * len(head)}}}\n\\toprule\n"
            f"  {' & '.join(map(_latex, head))} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}"
        )
    return "\n\n".join(parts) + "\n"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _tables(result: Result, lengths: Mapping[str, Sequence[Length]]) -> list[Table]:
    tables = [_refinement(result), _phases(result), _sites(result)]
    tables += [
        (f"Bond lengths of {name}, Å", ["from", "to", "length", "times"],
         [[b.first, b.second, number_with_esd(round(b.length, 4), b.esd), str(b.count)] for b in found])
        for name, found in lengths.items()
    ]  # fmt: skip
    return [table for table in tables if table[2]]


def _refinement(result: Result) -> Table:
    facts = result.pattern
    low, high = facts.get("range", (None, None))
    rows = [["data", str(facts.get("source", "–")) + (" (synthetic)" if facts.get("synthetic") else "")],
            ["range, °", f"{low:g}–{high:g}" if low is not None else "–"], ["wavelength, Å", str(facts.get("wavelength", "–"))],
            ["program", " ".join(result.engine.values())]]  # fmt: skip
    if result.agreement is not None:
        a = result.agreement
        rows += [["Rwp, %", f"{100 * a.rwp:.2f}"], ["Rexp, %", f"{100 * a.rexp:.2f}"], ["GOF", f"{a.gof:.2f}"],
                 ["points", str(a.n_points)], ["parameters", str(a.n_free)]]  # fmt: skip
    return "Refinement", ["", "value"], rows


def _phases(result: Result) -> Table:
    head = ["phase", "space group", "wt%", "a, Å", "b, Å", "c, Å", "α, °", "β, °", "γ, °", "V, Å³"]
    rows = []
    for name, phase in result.phases.items():
        weight = phase.weight_fraction
        percent = (
            "–"
            if weight.value is None
            else format_value(100 * weight.value, None if weight.esd is None else 100 * weight.esd, 2)
        )
        cell = [_cell(getattr(phase.cell, key)) for key in CELL_NAMES]
        rows.append([name, phase.space_group, percent, *cell, format_value(phase.volume.value, phase.volume.esd, 3)])
    return "Phases; standard uncertainties hold the factor GOF", head, rows


def _cell(value: Value) -> str:
    if value.value is not None and value.esd is None:
        return f"{value.value:.6g}"
    return format_value(value.value, value.esd)


def _sites(result: Result) -> Table:
    """What was refined of the sites."""
    rows = []
    for name, item in result.parameters.items():
        if ".site." in name and (item.free or item.esd is not None):
            _, phase, _, label, key = name.split(".", 4)
            rows.append([phase, label, key, number_with_esd(round(item.value, 6), item.esd)])
    return "Refined parameters of sites; U in Å²", ["phase", "site", "parameter", "value"], rows
