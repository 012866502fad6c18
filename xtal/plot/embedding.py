"""How a plotly figure gets into a notebook or a web page, so that it works offline, in JupyterLab, VS Code and exported HTML.

A figure is a fragment of HTML with its data; plotly.js comes along once per page. Until, or unless, plotly.js runs (mail,
code hosts, print), a still picture stands in its place.
"""

from __future__ import annotations

import json
import uuid
from html import escape
from typing import Any

__all__ = ["figure_fragment", "library_fragment"]

CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
}
"""Buttons by name, because the default set holds one that sends the figure to a server."""

_DRAW = """(() => {
  const spec = SPEC;
  let left = 600;
  const draw = () => {
    const place = document.getElementById("NAME");
    if (place && window.Plotly) { place.replaceChildren(); window.Plotly.newPlot(place, spec.data, spec.layout, spec.config); }
    else if (left-- > 0) setTimeout(draw, 100);
  };
  draw();
})();"""


def figure_fragment(figure: Any, caption: str, still: str = "") -> str:
    """A figure with its caption as HTML; it draws itself as soon as plotly.js is on the page.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        What to show.
    caption : str
        What is seen, and whether it is measured or synthetic.
    still : str
        HTML that stands there until then, as an ``<img>``.
    """
    name = f"xtal-{uuid.uuid4().hex[:12]}"
    height = figure.layout.height or 420
    spec = json.loads(figure.to_json())
    text = json.dumps({"data": spec["data"], "layout": spec["layout"], "config": CONFIG}, separators=(",", ":"))
    # Inside <script> only "<" could end the element or start a comment.
    script = _DRAW.replace("NAME", name).replace("SPEC", text.replace("<", "\\u003c"))
    return (
        f'<figure class="xtal-figure"><div id="{name}" class="xtal-plot" style="min-height:{height}px">{still}</div>'
        f"<figcaption>{escape(caption)}</figcaption><script>{script}</script></figure>"
    )


def library_fragment() -> str:
    """plotly.js as a script element, 4.8 MB; a page needs it once, before or after its figures."""
    from plotly.offline import get_plotlyjs

    return f"<script>if (!window.Plotly) {{ {get_plotlyjs()} }}</script>"
