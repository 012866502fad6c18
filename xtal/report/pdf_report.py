"""The report of a PDF fit and the folder that holds everything it found."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..io.pdf_results import write_pdf_result_files
from ..pdf.result import PdfResult
from ..pdf.rivals import PdfRivals
from ..plot.pair_distribution import plot_comparison, plot_fit, plot_windows
from ..result import CELL_NAMES, CellResult
from .folder import check_folder, new_folder
from .values import missing, number, percent, row, table, value_with_esd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pdf_report_html", "write_pdf_comparison", "write_pdf_result"]

VERDICTS = {
    "pass": "Pass: nothing was found that stands against these numbers.",
    "review": "Review: read the remarks before you use these numbers.",
    "fail": "Fail: don't use these numbers.",
}
WINDOW_PANELS = 6


def write_pdf_result(result: PdfResult, folder: Path | str, force: bool = False) -> Path:
    """Write result.json, report.html, the curves, CIFs, pictures and log into a folder, whole or not at all.

    Raises
    ------
    OutputError
        The folder exists, or it could not be written; the file system is then as it was.
    """
    target = Path(folder).resolve()
    check_folder(target, force)
    pictures = dict(_pictures(result))
    try:
        with new_folder(target) as temporary:
            write_pdf_result_files(result, temporary)
            for name, content in pictures.items():
                (temporary / name).write_bytes(content)
            (temporary / "report.html").write_text(pdf_report_html(result, pictures), encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{folder}: the result could not be written ({error.strerror or error}); nothing was left half-written."
            " Free some space or choose another folder with -o."
        ) from error
    return Path(folder)


def write_pdf_comparison(
    comparison: PdfRivals, results: Mapping[str, PdfResult], folder: Path | str, force: bool = False
) -> Path:
    """Write result.json, comparison.png and a folder for each model, whole or not at all.

    Raises
    ------
    OutputError
        The folder exists, or it could not be written.
    """
    target = Path(folder).resolve()
    check_folder(target, force)
    try:
        with new_folder(target) as temporary:
            content = json.dumps(comparison.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
            (temporary / "result.json").write_text(content + "\n", encoding="utf-8")
            if comparison.windows:
                (temporary / "comparison.png").write_bytes(_png(plot_comparison(comparison, results)))
            for name, result in results.items():
                write_pdf_result(result, temporary / name)
    except OSError as error:
        raise OutputError(
            f"{folder}: the comparison could not be written ({error.strerror or error}); nothing was left half-written."
        ) from error
    return Path(folder)


def _pictures(result: PdfResult) -> Iterator[tuple[str, bytes]]:
    if result.curves:
        yield "fit.png", _png(plot_fit(result.title, result.curves))
    fitted = [window for window in result.windows if window.rw is not None]
    if fitted:
        yield "windows.png", _png(plot_windows(result.windows, _window_names(result)))


def _window_names(result: PdfResult) -> list[str]:
    """Parameters worth a panel: what is of the structure first."""
    names = list(next(window.values for window in result.windows if window.rw is not None))
    return sorted(names, key=lambda name: (not name.startswith("phase."), ".cell." not in name))[:WINDOW_PANELS]


def _png(figure: Figure) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def pdf_report_html(result: PdfResult, pictures: dict[str, bytes]) -> str:
    """Text of report.html: one file that needs no network."""
    style = (files("xtal.report") / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    body = "\n".join(
        [_head(result), _images(pictures), _phases(result), _bonds(result), _parameters(result), _windows(result),
         _stages(result), _provenance(result)]
    )  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{escape(result.title)} · xtal</title><style>{style}</style></head>\n<body><main>{body}</main></body></html>\n"
    )


def _head(result: PdfResult) -> str:
    agreement = result.agreement
    figures = "" if agreement is None else (
        f"<p>R<sub>w</sub> {agreement.rw:.4f}, {agreement.n_free} parameters, {agreement.n_points} points of which "
        f"{agreement.n_independent:.0f} are independent, BIC {agreement.bic:.1f}.</p>")  # fmt: skip
    remarks = "".join(f"<li>{escape(text)}</li>" for text in result.warnings)
    return (
        f'<header><h1>{escape(result.title)}</h1><div class="verdict {escape(result.verdict)}">'
        f"<strong>{VERDICTS[result.verdict]}</strong><p>{escape(result.message)}</p></div>{figures}"
        f"{f'<ul>{remarks}</ul>' if remarks else ''}</header>"
    )


def _images(pictures: dict[str, bytes]) -> str:
    names = {"fit.png": "Observed and calculated G(r), difference and partials", "windows.png": "Box-car series over r"}
    return "".join(
        f'<section><h2>{names[name]}</h2><img alt="{names[name]}" width="100%" src="data:image/png;base64,'
        f'{base64.b64encode(content).decode("ascii")}"></section>'
        for name, content in pictures.items()
    )


def _phases(result: PdfResult) -> str:
    if not result.phases:
        return ""
    headings = ("phase", "space group", *(f"{name} / {'Å' if name in 'abc' else '°'}" for name in CELL_NAMES),
                "weight / wt%", "diameter / Å", "structure")  # fmt: skip
    rows = (
        row([escape(phase.space_group), *_cell(phase.cell), percent(phase.weight_fraction),
             value_with_esd(phase.diameter.value, phase.diameter.esd, phase.diameter.reason, 1),
             escape("; ".join(text for text in (phase.quality, phase.source) if text))], escape(name))
        for name, phase in result.phases.items()
    )  # fmt: skip
    return f"<section><h2>Phases</h2>{table('phases', 'Refined cells and shares.', headings, rows)}</section>"


def _cell(cell: CellResult) -> list[str]:
    values = (getattr(cell, name) for name in CELL_NAMES)
    return [value_with_esd(value.value, value.esd, value.reason, 4) for value in values]


def _bonds(result: PdfResult) -> str:
    if not result.bonds:
        return ""
    rows = (
        row([escape(bond.phase), escape(bond.second), value_with_esd(bond.length, bond.esd, bond.reason, 4), str(bond.count)],
            escape(bond.first))
        for bond in result.bonds
    )  # fmt: skip
    caption = "Distances in the average structure of the fitted range."
    headings = ("from", "phase", "to", "length / Å", "number")
    return f"<section><h2>Bond lengths</h2>{table('bonds', caption, headings, rows)}</section>"


def _parameters(result: PdfResult) -> str:
    rows = (
        row([number(item.start), value_with_esd(item.value, item.esd, item.reason), number(item.min), number(item.max),
             "yes" if item.free else "no"], escape(name))
        for name, item in result.parameters.items()
    )  # fmt: skip
    caption = "Å, degrees, Å² (U, δ₂), Å⁻¹ (Q). Esds count independent points only; systematic errors are not in them."
    headings = ("parameter", "start", "value", "min", "max", "refined")
    pairs = "".join(f"<li>{escape(c.first)} and {escape(c.second)}: {c.r:+.3f}</li>" for c in result.correlations)
    correlations = f"<p>Correlations beyond 0.9:</p><ul>{pairs}</ul>" if pairs else ""
    return f"<section><h2>Parameters</h2>{table('parameters', caption, headings, rows)}{correlations}</section>"


def _windows(result: PdfResult) -> str:
    if not result.windows:
        return ""
    names = list(dict.fromkeys(name for window in result.windows for name in window.values))
    rows = (
        row(["–" if window.rw is None else f"{window.rw:.4f}", escape(window.status.replace("_", " ")),
             *(_window_value(window.values.get(name)) for name in names)], f"{window.low:g}–{window.high:g}")
        for window in result.windows
    )  # fmt: skip
    headings = ("r / Å", "R<sub>w</sub>", "status", *(escape(name) for name in names))
    return f"<section><h2>Windows</h2>{table('windows', 'Box-car series; numbers in windows.csv.', headings, rows)}</section>"


def _window_value(value: object) -> str:
    from ..result import Value

    if not isinstance(value, Value):
        return missing("the window has no fit")
    return value_with_esd(value.value, value.esd, value.reason)


def _stages(result: PdfResult) -> str:
    rows = (
        row([escape(", ".join(stage.free)), f"{stage.rwp:.4f}", f"{stage.seconds:.1f}", "yes" if stage.converged else "no"],
            escape(stage.name))
        for stage in result.stages
    )  # fmt: skip
    headings = ("stage", "free", "R<sub>w</sub>", "seconds", "converged")
    return f"<section><h2>Stages</h2>{table('stages', 'In order.', headings, rows)}</section>"


def _provenance(result: PdfResult) -> str:
    provenance = result.provenance
    versions = ", ".join(f"{name} {text}" for name, text in provenance["versions"].items())
    inputs = "".join(f"<li>{escape(name)}: {escape(digest)}</li>" for name, digest in provenance["inputs"].items())
    return (
        f"<section><h2>Provenance</h2><p>{escape(provenance['command'])}</p><p>{escape(provenance['created'])}; "
        f"{escape(versions)}</p><p>sha256 of inputs:</p><ul>{inputs}</ul></section>"
    )
