"""How things show themselves in a notebook: HTML for Jupyter's rich display. What it is made of: `xtal.notebook_parts`."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .notebook_live import live_refine, shows_widgets
from .notebook_parts import Interactive, Picture, Table, empty_figure

if TYPE_CHECKING:
    from .interface.match import Match
    from .pattern import Pattern
    from .result import Result
    from .series.series import Series
    from .structure import Structure

__all__ = [
    "Interactive",
    "Picture",
    "Table",
    "live_refine",
    "match_html",
    "pattern_html",
    "result_html",
    "series_html",
    "shows_widgets",
    "structure_html",
]

_FRAMES_SHOWN = 5


def structure_html(structure: Structure) -> str:
    """Formula, cell, quality and sites of a structure as HTML."""
    heads = ("site", "ion", "x", "y", "z", "occupancy", "U (Å²)")
    rows = [
        (site.label, site.ion, *(f"{value:.5f}" for value in site.xyz), f"{site.occupancy:.4g}",
         "–" if site.u_equivalent is None else f"{site.u_equivalent:.4f}")
        for site in structure.sites
    ]  # fmt: skip
    notes = "".join(f"<li>{escape(note)}</li>" for note in structure.notes)
    return (
        f"<p><b>{escape(structure.name)}</b> {escape(structure.formula)}, {escape(str(structure.space_group))}, "
        f"{escape(str(structure.lattice))}, {structure.density:.3f} g/cm³; quality: {structure.quality}</p>"
        f"{Table(heads, rows)._repr_html_()}<p>{escape(structure.source)}</p><ul>{notes}</ul>"
    )


def pattern_html(pattern: Pattern) -> str:
    """Figure of a pattern, with points, range and source, as HTML."""
    from .plot.interactive import interactive_pattern

    return Interactive(interactive_pattern(pattern), _pattern_caption(pattern), _pattern_figure(pattern))._repr_html_()


def result_html(result: Result) -> str:
    """Verdict, agreement, phases, checks and, where there is a curve, the figure of a refinement as HTML."""
    heads = ("phase", "cell content", "weight fraction", "share in group", "a (Å)", "b (Å)", "c (Å)")
    rows = [
        (name, phase.formula, phase.weight_fraction, phase.group_share, phase.cell.a, phase.cell.b, phase.cell.c)
        for name, phase in result.phases.items()
    ]
    rwp = "–" if result.agreement is None else f"{100 * result.agreement.rwp:.2f} %"
    checks = "".join(f"<li>{check.severity}: {escape(check.sentence)}</li>" for check in result.checks)
    return (
        f"<p><b>{escape(result.title)}</b>: {result.status}, verdict <b>{result.verdict}</b>, Rwp {rwp}. "
        f"{escape(result.message)}</p>{Table(heads, rows)._repr_html_()}<ul>{checks}</ul>{_result_figures(result)}"
    )


def series_html(series: Series) -> str:
    """Progress, table of frames and map of all patterns of a series as HTML."""
    from .plot.interactive import interactive_map

    done, total = series.n_steps()
    table = series.table()
    head = f"<p><b>{escape(str(series.meta['title']))}</b>: {len(series)} frames, {done} of {total} refinements done; "
    verdicts = ", ".join(f"{count} {name}" for name, count in table["verdict"].value_counts().items())
    text = f"{head}verdicts: {escape(verdicts or 'none yet')}.</p>{_frames_table(series, table)._repr_html_()}"
    if all(series.curves(frame.index) is None for frame in series.frames):
        return text
    from .plot.series import plot_map
    from .plot.style import is_synthetic

    first = next((one for frame in series.frames if (one := series.result(frame.index)) is not None), None)
    kind = "Synthetic patterns" if first is not None and is_synthetic(first.pattern) else "Patterns"
    caption = f"{kind}: square root of intensity, one row per frame."
    return text + Interactive(interactive_map(series), caption, plot_map(series))._repr_html_()


def match_html(match: Match) -> str:
    """Planes, directions, area, strain and rotation of a coincidence cell as HTML."""
    low, high = match.principal_misfits
    rows = [
        ("film", match.film.structure.name),
        ("substrate", match.substrate.structure.name),
        ("orientation", match.orientation),
        ("area", f"{match.area:.2f} Å²"),
        ("largest strain of the film", f"{100 * match.strain:.3f} %"),
        ("principal misfits", f"{100 * low:.3f} %, {100 * high:.3f} %"),
        ("rotation", f"{match.rotation:.2f}°"),
        ("atoms", f"{match.atoms:.4g}"),
    ]
    return Table(("coincidence cell", ""), rows)._repr_html_()


def _result_figures(result: Result) -> str:
    """One figure per pattern that has curves."""
    return "".join(_fit_figure(one) for one in result.by_pattern().values() if one.profile is not None)


def _fit_figure(result: Result) -> str:
    from .plot.interactive import interactive_refinement
    from .plot.refinement import plot_refinement
    from .plot.style import is_synthetic

    kind = "Synthetic pattern" if is_synthetic(result.pattern) else "Pattern"
    text = f"{kind} {result.pattern.get('source', '')}: observed, calculated and difference."
    return Interactive(interactive_refinement(result), text, plot_refinement(result))._repr_html_()


def _frames_table(series: Series, table: Any) -> Table:
    """First and last frames of a series."""
    from .plot.series import quantity_label

    quantities = [name for name in table.columns if f"{name}.esd" in table.columns and ".cell." in name][:4]
    axis = series.axis_name if series.axis_name != "frame" else "value"
    shown = table if len(table) <= 2 * _FRAMES_SHOWN else table.iloc[[*range(_FRAMES_SHOWN), *range(-_FRAMES_SHOWN, 0)]]
    rows = [
        (row["frame"], f"{row[axis]:g}", row["status"], _number(100 * row["rwp"], "{:.2f}") if row["rwp"] is not None else "–",
         *(_number(row[name], "{:.4f}") for name in quantities))
        for row in shown.to_dict("records")
    ]  # fmt: skip
    more = "" if shown is table else f"First and last {_FRAMES_SHOWN} of {len(table)} frames."
    heads = ("frame", series.axis_label, "status", "Rwp (%)", *map(quantity_label, quantities))
    return Table(heads, rows, more)


def _number(value: float, form: str) -> str:
    return "–" if value != value else form.format(value)  # NaN is the one number that differs from itself


def _pattern_caption(pattern: Pattern) -> str:
    from .pattern import AXIS_UNITS

    errors = {"poisson": "uncertainties of counting", "file": "uncertainties from the file", "none": "no uncertainties"}
    span = f"{pattern.x[0]:g}–{pattern.x[-1]:g} {AXIS_UNITS[pattern.axis]}"
    return f"{pattern.source or 'Pattern'}. {len(pattern)} points, {span}; {errors[pattern.sigma_origin]}."


def _pattern_figure(pattern: Pattern) -> Any:
    from .pattern import AXIS_UNITS
    from .plot import style
    from .plot.refinement import AXIS_NAMES

    unit = "°" if pattern.axis == "two_theta" else AXIS_UNITS[pattern.axis]
    figure, axes = empty_figure(f"{AXIS_NAMES[pattern.axis]} ({unit})")
    axes.plot(pattern.x, pattern.intensity, color=style.OBSERVED, linewidth=0.6)
    return figure
