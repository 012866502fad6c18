"""Formulas as MathML, which browsers draw without a script: the documentation works offline. docutils translates the TeX."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

_LOG = logging.getLogger(__name__)


def _write(translator: Any, node: Any, as_block: bool) -> None:
    try:
        formula = tex2mathml(node.astext().replace("·", r"\cdot "), as_block=as_block)
    except MathError as error:
        _LOG.warning("formula %r: %s", node.astext(), error, location=node)
        formula = translator.encode(node.astext())
    translator.body.append(f'<div class="math">{formula}</div>' if as_block else formula)
    raise SkipNode


def _inline(translator: Any, node: Any) -> None:
    _write(translator, node, as_block=False)


def _block(translator: Any, node: Any) -> None:
    _write(translator, node, as_block=True)


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's hook."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
