"""Tables of a refinement for a manuscript, Markdown and LaTeX, esds in parentheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..io.cif_text import number_with_esd
from ..result import CELL_NAMES, Agreement, Result, Value, format_value

if TYPE_CHECKING:
    from ..rietveld.geometry import Length

__all__ = ["latex_tables", "markdown_tables"]

Table = tuple[str, list[str], list[list[str]]]
RADIATIONS = {"xray": "X-rays", "neutron_cw": "neutrons", "neutron_tof": "neutrons, time of flight"}
_LATEX = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "Å": r"\AA{}", "³": "$^3$", "°": r"$^\circ$", "α": r"$\alpha$",
          "β": r"$\beta$", "γ": r"$\gamma$", "–": "--", "σ": r"$\sigma$", "²": "$^2$", "µ": r"$\mu$"}  # fmt: skip


def markdown_tables(
    result: Result, lengths: Mapping[str, Sequence[Length]], fractions: Mapping[str, Mapping[str, Value]] | None = None
) -> str:
    """Markdown text; `fractions` are weight fractions by pattern, then phase, where a pattern has its own."""
    parts = []
    for caption, head, rows in _tables(result, lengths, fractions or {}):
        lines = [f"**{caption}**", "", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        parts.append("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]))
    return "\n\n".join(parts) + "\n"


def latex_tables(
    result: Result, lengths: Mapping[str, Sequence[Length]], fractions: Mapping[str, Mapping[str, Value]] | None = None
) -> str:
    """LaTeX text, as `markdown_tables`; needs the package booktabs."""
    parts = []
    for caption, head, rows in _tables(result, lengths, fractions or {}):
        body = "\n".join(f"  {' & '.join(map(_latex, row))} \\\\" for row in rows)
        parts.append(
            f"\\begin{{table}}\n\\caption{{{_latex(caption)}}}\n\\begin{{tabular}}{{{'l' * len(head)}}}\n\\toprule\n"
            f"  {' & '.join(map(_latex, head))} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}"
        )
    return "\n\n".join(parts) + "\n"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _tables(
    result: Result, lengths: Mapping[str, Sequence[Length]], fractions: Mapping[str, Mapping[str, Value]]
) -> list[Table]:
    tables = [_refinement(result), _phases(result), _further_patterns(result, fractions), _sites(result)]
    tables += [
        (f"Bond lengths of {name}, Å", ["from", "to", "length", "times"],
         [[b.first, b.second, number_with_esd(round(b.length, 4), b.esd), str(b.count)] for b in found])
        for name, found in lengths.items()
    ]  # fmt: skip
    return [table for table in tables if table[2]]


def _refinement(result: Result) -> Table:
    """One column for each pattern, of several a last one for all of them."""
    columns = [[*_facts(one), *_figures(one.agreement)] for one in result.by_pattern().values()]
    overall = [[*[("", "")] * len(_facts(result)), *_figures(result.agreement)]] if result.patterns else []
    head = ["", *result.patterns, "all"] if overall else ["", "value"]
    rows = [[cells[0][0], *(text for _, text in cells)] for cells in zip(*columns, *overall, strict=True)]
    program = ["program", *[""] * len(result.patterns), " ".join(result.engine.values())]
    shared = (
        [] if result.agreement is None else [["parameters", *[""] * len(result.patterns), str(result.agreement.n_free)]]
    )
    return "Refinement", head, [*rows, *shared, program]


def _facts(one: Result) -> list[tuple[str, str]]:
    facts = one.pattern
    low, high = facts.get("range", (None, None))
    unit = "µs" if facts.get("axis") == "tof" else "°"
    wavelength = facts.get("wavelength")
    return [
        ("data", str(facts.get("source", "–")) + (" (synthetic)" if facts.get("synthetic") else "")),
        ("radiation", RADIATIONS.get(str(facts.get("radiation")), "–")),
        ("range", f"{low:g}–{high:g} {unit}" if low is not None else "–"),
        ("wavelength, Å", "–" if wavelength is None else f"{wavelength:g}"),
    ]


def _figures(agreement: Agreement | None) -> list[tuple[str, str]]:
    if agreement is None:
        return []
    a = agreement
    return [("Rwp, %", f"{100 * a.rwp:.2f}"), ("Rexp, %", f"{100 * a.rexp:.2f}"), ("GOF", f"{a.gof:.2f}"), ("points", str(a.n_points))]  # fmt: skip


def _further_patterns(result: Result, fractions: Mapping[str, Mapping[str, Value]]) -> Table:
    """How further patterns differ from the first: scale, shares and strains, and fractions where they are their own."""
    rows = []
    for name in list(result.patterns)[1:]:
        prefix = f"pattern.{name}."
        rows += [
            [name, key.removeprefix(prefix), number_with_esd(item.value, item.esd)]
            for key, item in result.parameters.items()
            if key.startswith((f"{prefix}scale", f"{prefix}share.", f"{prefix}strain.")) and (item.free or item.esd is not None)
        ]  # fmt: skip
        rows += [
            [name, f"wt% of {phase}", _percent(weight)]
            for phase, weight in fractions.get(name, {}).items()
            if weight != result.phases[phase].weight_fraction
        ]
    return "Further patterns against the first", ["pattern", "parameter", "value"], rows


def _percent(weight: Value) -> str:
    if weight.value is None:
        return "–"
    return format_value(100 * weight.value, None if weight.esd is None else 100 * weight.esd, 2)


def _phases(result: Result) -> Table:
    head = ["phase", "space group", "wt%", "a, Å", "b, Å", "c, Å", "α, °", "β, °", "γ, °", "V, Å³"]
    rows = []
    for name, phase in result.phases.items():
        cell = [_cell(getattr(phase.cell, key)) for key in CELL_NAMES]
        rows.append(
            [
                name,
                phase.space_group,
                _percent(phase.weight_fraction),
                *cell,
                format_value(phase.volume.value, phase.volume.esd, 3),
            ]
        )
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
