"""The comparison of rival models as HTML and JSON."""

from __future__ import annotations

import io
import math
from html import escape

from ..plot.rivals import plot_rivals
from ..rietveld.rivals import Rival, RivalModels
from ..strict_json import strict_json
from .page import picture, plain_page
from .values import missing, row, table

__all__ = ["rivals_html", "rivals_json", "rivals_png"]


def rivals_json(models: RivalModels) -> str:
    """Text of rivals.json; an infinite factor is null."""
    return strict_json(models.to_dict(), indent=1) + "\n"


def rivals_png(models: RivalModels) -> bytes:
    """The aligned difference curves as PNG; empty without a fitted model."""
    if not any(rival.result.profile is not None for rival in models.rivals):
        return b""
    content = io.BytesIO()
    plot_rivals(models).savefig(content, format="png", dpi=150)
    return content.getvalue()


def rivals_html(models: RivalModels, png: bytes) -> str:
    """Text of rivals.html; the reports of the models lie in folders beside it."""
    caption = (
        f"{models.n_points} points, worth {models.effective_points:.0f} independent ones by the correlation of the residual. "
        "ΔBIC with the latter decides; Hamilton's test counts every point."
    )
    headings = ("model", "R<sub>wp</sub> / %", "GOF", "parameters", "ΔBIC", "ΔBIC, effective", "Hamilton at 1 %",
                "against it", "whole result")  # fmt: skip
    rows = (row(_cells(rival), escape(rival.name)) for rival in models.rivals)
    pairs = (
        row((f"{math.sqrt(pair.distance):.1f}", "–" if not math.isfinite(pair.counts_factor) else f"{pair.counts_factor:.2g}"),
            f"{escape(pair.first)} and {escape(pair.second)}")
        for pair in models.pairs
    )  # fmt: skip
    body = (
        f'<div class="verdict review"><p>{escape(models.sentence)}</p></div>'
        f"<section><h2>Models</h2>{table('models', caption, headings, rows)}</section>"
        f"<section><h2>Differences</h2>{picture(png, 'Difference curves of all models') if png else ''}</section>"
        f"<section><h2>How far apart</h2>{table('pairs', 'Fitted patterns against each other.', ('models', 'σ', 'times the counts for three σ'), pairs)}</section>"
    )
    return plain_page(f"Rival models: {models.title}", body)


def _cells(rival: Rival) -> tuple[str, ...]:
    test = rival.hamilton
    if rival.rwp is None:
        return (*[missing("the fit failed")] * 6, escape(rival.unphysical[0]), "")
    verdict = (
        missing("the best model has no more parameters")
        if test is None
        else f"{test.ratio:.4f} against {test.critical:.4f}: {'rejected' if test.rejected else 'not rejected'}"
    )
    found = "<br>".join(escape(text) for text in rival.unphysical) or "nothing"
    return (
        f"{100 * rival.rwp:.2f}", f"{rival.gof:.2f}", str(rival.n_free), f"{rival.delta_bic:+.0f}",
        f"{rival.delta_bic_effective:+.1f}", verdict, found, f'<a href="{escape(rival.name)}/report.html">report</a>',
    )  # fmt: skip
