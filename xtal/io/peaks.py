"""Peak lists of simulated patterns as ``peaks.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from .atomic import write_text_atomic

__all__ = ["PEAK_COLUMNS", "peaks_text", "write_peaks"]

PEAK_COLUMNS = ("phase", "h", "k", "l", "multiplicity", "d", "two_theta", "f_squared", "intensity")
"""Å, degrees 2θ (``tof`` in µs stands in its place for time of flight), squared electrons or fm, counts · axis unit."""

Row = Mapping[str, float | int | str | None]


def peaks_text(rows: Iterable[Row]) -> str:
    """CSV of the rows of `Simulation.peaks`; the digits read back to the same numbers."""
    listed = list(rows)
    columns = list(PEAK_COLUMNS)
    if listed and "tof" in listed[0]:
        columns[columns.index("two_theta")] = "tof"
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue()


def write_peaks(rows: Iterable[Row], path: str | Path) -> Path:
    """Write a peak list; an existing file is replaced.

    Raises
    ------
    OutputError
        The file can't be written.
    """
    return write_text_atomic(path, peaks_text(rows))
