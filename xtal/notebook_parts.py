"""What a notebook shows at the end of a cell: tables, captioned pictures, figures to zoom into.

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
from typing import Any

__all__ = ["Interactive", "Picture", "Table", "empty_figure", "png"]

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


def _row(tag: str, cells: Sequence[Any]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def png(figure: Any) -> bytes:
    """A matplotlib figure as PNG, at the size of a screen."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=_SCREEN_DPI)
    return stream.getvalue()


def _image(figure: Any, text: str) -> str:
    data = base64.b64encode(png(figure)).decode()
    return f'<img alt="{escape(text)}" style="max-width:100%" src="data:image/png;base64,{data}">'


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


def empty_figure(label: str) -> tuple[Any, Any]:
    """A figure of the usual look, and its axes."""
    from matplotlib.figure import Figure

    from .plot import style

    with style.print_style():
        figure = Figure(figsize=(style.WIDTH, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.set_xlabel(label)
        axes.set_ylabel("intensity (counts)")
    return figure, axes
