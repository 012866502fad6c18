"""The files of a PDF fit: result.json, one .csv with the curves of each data set, windows.csv, one CIF per phase, log.txt."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..pdf.result import PDF_RESULT_SCHEMA, PdfCurves, PdfResult, PdfWindow

__all__ = ["curves_csv", "pdf_result_json", "read_pdf_result", "windows_csv", "write_pdf_result_files"]


def pdf_result_json(result: PdfResult) -> str:
    """Text of result.json."""
    return json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def curves_csv(curves: PdfCurves) -> str:
    """Columns r (Å), observed, calculated, difference and the partials (Å⁻²)."""
    columns = [curves.r, curves.observed, curves.calculated, curves.difference, *curves.partials.values()]
    names = ["r", "observed", "calculated", "difference", *curves.partials]
    return _csv(names, ([f"{value:.7g}" for value in row] for row in zip(*columns, strict=True)))


def windows_csv(windows: tuple[PdfWindow, ...]) -> str:
    """One row for each window of a box-car series; value and esd of each parameter, empty where there is none."""
    names = list(dict.fromkeys(name for window in windows for name in window.values))
    header = ["low", "high", "status", "rw", *(f"{name}{end}" for name in names for end in ("", ".esd"))]
    return _csv(header, (_window_row(window, names) for window in windows))


def _window_row(window: PdfWindow, names: list[str]) -> list[str]:
    cells = [f"{window.low:g}", f"{window.high:g}", window.status, _text(window.rw)]
    for name in names:
        value = window.values.get(name)
        cells += ["", ""] if value is None else [_text(value.value), _text(value.esd)]
    return cells


def write_pdf_result_files(result: PdfResult, folder: Path) -> None:
    """Write everything but report and pictures into an existing folder.

    Raises
    ------
    OSError
        From the file system.
    """
    from .cif import cif_text

    texts = {"result.json": pdf_result_json(result), "log.txt": result.log}
    texts |= {f"{name}.csv": curves_csv(curves) for name, curves in result.curves.items()}
    if result.windows:
        texts["windows.csv"] = windows_csv(result.windows)
    for name, structure in result.structures.items():
        prefix = f"phase.{name}."
        esds = {key.removeprefix(prefix): item.esd for key, item in result.parameters.items()
                if key.startswith(prefix) and item.esd is not None}  # fmt: skip
        texts[f"{name}.cif"] = cif_text(structure, esds)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def read_pdf_result(path: Path | str) -> dict[str, Any]:
    """Content of the result.json of a PDF fit, from its folder or the file itself.

    Raises
    ------
    InputError
        Nothing there, or not the result of a PDF fit.
    """
    location = Path(path)
    file = location / "result.json" if location.is_dir() else location
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no result here;", where=str(path), remedy="give a folder that xtal pdf fit wrote.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"not a result file ({error});", where=str(path), remedy="fit again.") from error
    if not isinstance(content, dict) or content.get("schema") != PDF_RESULT_SCHEMA:
        raise InputError("not the result of a PDF fit;", where=str(path), remedy=f"it must say {PDF_RESULT_SCHEMA}.")
    return content


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def _csv(header: list[str], rows: Any) -> str:
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
