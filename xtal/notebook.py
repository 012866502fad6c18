"""How things show themselves in a notebook: HTML for Jupyter's rich display, captioned pictures and tables, a live refinement.

Pictures are PNG inside the HTML. Figures to zoom into hold such a picture too, and plotly.js comes along once per notebook, so
that JupyterLab, VS Code and an exported page show them without a network. Where plotly.js is on the page already (this
documentation), the environment variable ``XTAL_PLOTLYJS=page`` leaves it out.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engines.protocol import EventListener
    from .interface.match import Match
    from .job import Job
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

_SCREEN_DPI = 110
_FRAMES_SHOWN = 5


@dataclass(frozen=True)
class Table:
    """A small table that shows itself in a notebook, and as text elsewhere.

    Parameters
    ----------
    heads : sequence of str
        Column heads.
    rows : sequence of sequence
        Cells; shown with ``str``.
    caption : str
        What the table says, and whether its numbers are measured or synthetic.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""

    def __str__(self) -> str:
        lines = [[str(cell) for cell in row] for row in (self.heads, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )
        return f"{text}\n{self.caption}" if self.caption else text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}{_row('th', self.heads)}{''.join(_row('td', row) for row in self.rows)}</table>"


@dataclass(frozen=True, eq=False)
class Picture:
    """A matplotlib figure with its caption.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show.
    caption : str
        What is seen, and whether it is measured or synthetic.
    """

    figure: Any
    caption: str

    def __repr__(self) -> str:
        return f"Picture({self.caption!r})"

    def _repr_html_(self) -> str:
        return f"<figure>{_image(self.figure, self.caption)}<figcaption>{escape(self.caption)}</figcaption></figure>"


@dataclass(frozen=True, eq=False)
class Interactive:
    """A plotly figure with its caption, to zoom into and to point at.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        What to show; `xtal.plot.interactive` makes them.
    caption : str
        What is seen, and whether it is measured or synthetic.
    still : matplotlib.figure.Figure, optional
        Stands in its place where no script may run.
    """

    figure: Any
    caption: str
    still: Any = None

    def __repr__(self) -> str:
        return f"Interactive({self.caption!r})"

    def _repr_html_(self) -> str:
        from .plot.embedding import figure_fragment

        still = "" if self.still is None else _image(self.still, self.caption)
        return _library() + figure_fragment(self.figure, self.caption, still)


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


def live_refine(job: Job, *, engine: str | None = None, timeout: float = 600.0) -> Result:
    """Refine a job while the notebook shows stage, Rwp and curve; one line per stage where it can't show widgets.

    Parameters
    ----------
    job : Job
        Resolved job.
    engine : str, optional
        Replaces the job's engine.
    timeout : float
        Wall-clock limit, seconds.

    Returns
    -------
    Result
        As `xtal.refine` gives it.

    Raises
    ------
    XtalError
        As `xtal.refine`.
    """
    from .rietveld.run import refine

    return refine(job, engine=engine, timeout=timeout, on_event=_widget(job) if shows_widgets() else _print_stage)


def shows_widgets() -> bool:
    """Whether this runs in a Jupyter kernel with ipywidgets installed."""
    from importlib.util import find_spec

    if find_spec("ipywidgets") is None or find_spec("IPython") is None:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _stage_text(event: dict[str, Any]) -> str:
    return f"stage {event['index'] + 1}: {event['name']}, Rwp {100 * event['rwp']:.2f} %"


def _print_stage(event: dict[str, Any]) -> None:
    if event["event"] == "stage":
        print(_stage_text(event), flush=True)


def _widget(job: Job) -> EventListener:
    """Show a progress bar, a line and a picture, and return what keeps them up to date."""
    from IPython.display import display
    from ipywidgets import HTML, Image, IntProgress, VBox

    bar, line, image = IntProgress(max=len(job.stages)), HTML("starting the engine"), Image(format="png")
    display(VBox([bar, line, image]))  # type: ignore[no-untyped-call]

    def show(event: dict[str, Any]) -> None:
        if event["event"] == "stage_start":
            line.value = escape(f"stage {event['index'] + 1}: {event['name']} …")
        elif event["event"] == "stage":
            bar.value, line.value = event["index"] + 1, escape(_stage_text(event))
            image.value = _png(_curves_figure(_first_profile(event["snapshot"])))

    return show


def _first_profile(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Curves of the only pattern, or of the first of several."""
    parts = list(snapshot["patterns"].values()) if "patterns" in snapshot else [snapshot]
    profile: dict[str, Any] = parts[0]["profile"]
    return profile


def _row(tag: str, cells: Sequence[Any]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _png(figure: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_SCREEN_DPI)
    return stream.getvalue()


def _image(figure: Any, text: str) -> str:
    data = base64.b64encode(_png(figure)).decode()
    return f'<img alt="{escape(text)}" style="max-width:100%" src="data:image/png;base64,{data}">'


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


_library_shown: dict[str, tuple[Any, Any]] = {}
"""Cell and run that brought plotly.js last. Run again, that cell brings it again, because its former output is gone."""


def _library() -> str:
    """plotly.js for the first figure of a notebook, nothing for the others."""
    if os.environ.get("XTAL_PLOTLYJS") == "page":
        return ""
    cell, run = _running_cell()
    shown = _library_shown.get("last")
    if shown is not None and (cell is None or shown[0] != cell or shown[1] == run):
        return ""
    from .plot.embedding import library_fragment

    _library_shown["last"] = cell, run
    return library_fragment()


def _running_cell() -> tuple[str | None, int]:
    """Identifier of the cell that runs, None where the notebook doesn't tell it, and the number of the run."""
    from IPython import get_ipython

    shell = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return (parent or {}).get("metadata", {}).get("cellId"), getattr(shell, "execution_count", 0)


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


def _empty_figure(label: str) -> tuple[Any, Any]:
    """A figure of the usual look, and its axes."""
    from matplotlib.figure import Figure

    from .plot import style

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xlabel(label)
        axes.set_ylabel("intensity (counts)")
    return figure, axes


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
    figure, axes = _empty_figure(f"{AXIS_NAMES[pattern.axis]} ({unit})")
    axes.plot(pattern.x, pattern.intensity, color=style.OBSERVED, linewidth=0.6)
    return figure


def _curves_figure(profile: dict[str, Any]) -> Any:
    """Observed and calculated curve of an engine's snapshot."""
    from .plot import style

    x, label = (profile["tof"], "time of flight (µs)") if "tof" in profile else (profile["two_theta"], "2θ (°)")
    figure, axes = _empty_figure(label)
    axes.plot(x, profile["observed"], ".", markersize=1, color=style.OBSERVED, label="observed")
    axes.plot(x, profile["calculated"], color=style.CALCULATED, linewidth=0.7, label="calculated")
    axes.legend(loc="upper right")
    return figure
