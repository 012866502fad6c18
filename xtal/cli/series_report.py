"""``xtal series report``: write the report of a series anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the series.")]) -> None:
    """Write report.html and findings.json of a series, also of one that is still running."""
    from ..report.series_html import write_series_report

    print(f"report: {write_series_report(folder)}")
