"""How Sphinx builds the documentation: pages in MyST, tutorials that run, reference made from the code.

``make docs`` builds it; a warning, a broken link or a tutorial that fails ends the build.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("MPLBACKEND", "Agg")
# Figures leave plotly.js to the page: it is one file of the site, loaded by the pages that need it.
os.environ["XTAL_PLOTLYJS"] = "page"

import plotly  # noqa: E402
import reference_pages  # noqa: E402

import xtal  # noqa: E402

reference_pages.write_pages(HERE / "generated")

project = "xtal"
author = "The xtal developers"
copyright = author
version = release = xtal.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml", "glossary_links"]
exclude_patterns = [
    "_build",
    "conf.py",
    "reference_pages.py",
    "mathml.py",
    "glossary_links.py",
    "check_links.py",
    "jupyter_execute",
]
source_suffix = {".md": "myst-nb", ".py": "myst-nb", ".ipynb": "myst-nb"}
suppress_warnings = ["mystnb.unknown_mime_type"]

# -- tutorials: py:percent files that run while the documentation is built; no outputs are kept in the repository
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 180
nb_merge_streams = True

# -- pages
smartquotes = False
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 4
# Broken references are errors. Names of other packages can't be looked up offline.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!xtal\.).*")]

# -- reference: types stand in the docstrings, with shapes and units
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_inherit_docstrings = False
autoclass_content = "class"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# -- looks: everything comes from the build, nothing from the network
html_theme = "furo"
html_title = f"xtal {version}"
html_static_path = ["_static", str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js")]
html_css_files = ["xtal.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"

_CODE = re.compile(r"``.*?``|`[^`]*`|:math:`[^`]*`", re.DOTALL)


def _keep_bars(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Amounts such as \\|F\\|² in a docstring are no references of reStructuredText."""
    for index, line in enumerate(lines):
        pieces, last = [], 0
        for match in _CODE.finditer(line):
            pieces += [_escaped(line[last : match.start()]), match[0]]
            last = match.end()
        lines[index] = "".join(pieces) + _escaped(line[last:])


def _escaped(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _load_plotly(app: object, page: str, template: str, context: dict[str, object], doctree: object) -> None:
    """plotly.js on pages with a figure to zoom into, and only there."""
    if 'class="xtal-plot"' in str(context.get("body", "")):
        app.add_js_file("plotly.min.js", loading_method="defer")  # type: ignore[attr-defined]


def setup(app: object) -> None:
    """Sphinx's hook."""
    app.connect("html-page-context", _load_plotly)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", _keep_bars, priority=400)  # type: ignore[attr-defined]
