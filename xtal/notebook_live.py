"""A refinement to watch in a notebook: stage, Rwp and curve, or a line per stage where there are no widgets."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .notebook_parts import empty_figure, png

if TYPE_CHECKING:
    from .engines.protocol import EventListener
    from .job import Job
    from .result import Result

__all__ = ["live_refine", "shows_widgets"]


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
            image.value = png(_curves_figure(_first_profile(event["snapshot"])))

    return show


def _first_profile(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Curves of the only pattern, or of the first of several."""
    parts = list(snapshot["patterns"].values()) if "patterns" in snapshot else [snapshot]
    profile: dict[str, Any] = parts[0]["profile"]
    return profile


def _curves_figure(profile: dict[str, Any]) -> Any:
    """Observed and calculated curve of an engine's snapshot."""
    from .plot import style

    x, label = (profile["tof"], "time of flight (µs)") if "tof" in profile else (profile["two_theta"], "2θ (°)")
    figure, axes = empty_figure(label)
    axes.plot(x, profile["observed"], ".", markersize=1, color=style.OBSERVED, label="observed")
    axes.plot(x, profile["calculated"], color=style.CALCULATED, linewidth=0.7, label="calculated")
    axes.legend(loc="upper right")
    return figure
