"""How things show themselves in a notebook: HTML for Jupyter's rich display, captioned pictures and tables, a live refinement.

Pictures are PNG inside the HTML, so that an exported notebook needs nothing else.
"""

from __future__ import annotations

import base64
import io
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
    from .structure import Structure

__all__ = ["Picture", "Table", "live_refine", "match_html", "pattern_html", "result_html", "structure_html"]

_SCREEN_DPI = 110


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
    """Picture of a pattern, with points, range and source, as HTML."""
    return f"<figure>{_image(_pattern_figure(pattern), pattern.source)}<figcaption>{escape(repr(pattern))}</figcaption></figure>"


def result_html(result: Result) -> str:
    """Verdict, agreement, phases, checks and, where there is one, the picture of a refinement as HTML."""
    heads = ("phase", "cell content", "weight fraction", "share in group", "a (Å)", "b (Å)", "c (Å)")
    rows = [
        (name, phase.formula, phase.weight_fraction, phase.group_share, phase.cell.a, phase.cell.b, phase.cell.c)
        for name, phase in result.phases.items()
    ]
    rwp = "–" if result.agreement is None else f"{100 * result.agreement.rwp:.2f} %"
    checks = "".join(f"<li>{check.severity}: {escape(check.sentence)}</li>" for check in result.checks)
    return (
        f"<p><b>{escape(result.title)}</b>: {result.status}, verdict <b>{result.verdict}</b>, Rwp {rwp}. "
        f"{escape(result.message)}</p>{Table(heads, rows)._repr_html_()}<ul>{checks}</ul>{_result_image(result)}"
    )


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

    return refine(job, engine=engine, timeout=timeout, on_event=_widget(job) if _shows_widgets() else _print_stage)


def _shows_widgets() -> bool:
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


def _result_image(result: Result) -> str:
    if result.profile is None:
        return ""
    from .plot.refinement import plot_refinement
    from .plot.style import is_synthetic

    kind = "Synthetic pattern" if is_synthetic(result.pattern) else "Pattern"
    text = f"{kind} {result.pattern.get('source', '')}: observed, calculated and difference."
    return Picture(plot_refinement(result), text)._repr_html_()


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
