"""Read the G(r) that a PDF job names."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..errors import JobError
from ..pattern import Pattern
from ..pdf.job import PdfData
from ..pdf.job_schema import DataTable
from ..pdf.site_scattering import Probe
from .job_places import sha256
from .read_pattern import read_pattern

__all__ = ["name_of", "read_data", "stated_number"]

FIRST_R = 1.0
"""Where a fit begins when the job names no range, Å: below it no pair of atoms lies."""

_EDGE = 1e-6
_UNEVEN = 1e-3


def name_of(stem: str) -> str:
    """A name for parameters from that of a file."""
    return re.sub(r"[^A-Za-z0-9_\-]+", "_", stem)


def read_data(table: DataTable, folder: Path, where: str, inputs: dict[str, str]) -> PdfData:
    """A data set cut to its range; its checksum is added to `inputs`.

    Raises
    ------
    JobError, PatternError
        A file that can't be read, another axis than r, a range outside the data, uneven points, no radiation or Qmax.
    """
    path = folder / table.file
    pattern = read_pattern(path)
    inputs[path.name] = sha256(path)
    name = table.name or name_of(path.stem)
    place = f"{where}, [[data]] {name}"
    if pattern.axis != "r":
        raise JobError(f"{path.name} has the axis {pattern.axis};", where=place, remedy="give a G(r) with r in Å.")
    q_max = table.q_max if table.q_max is not None else stated_number(pattern, "qmax")
    if q_max is None:
        raise JobError(
            "neither the job nor the data's header gives Qmax;", where=place, remedy="add q_max (0 for none)."
        )
    cut = _cut(pattern, table.range, place)
    _refuse_uneven(cut, place)
    weighted = table.weights == "file" and cut.sigma_origin == "file" and bool(np.all(cut.sigma > 0))
    return PdfData(name, cut, table.probe or _probe(pattern, place), q_max, weighted)


def stated_number(pattern: Pattern, name: str) -> float | None:
    """A number that a file's header says, or None."""
    value = pattern.metadata.get(name)
    return float(value) if isinstance(value, int | float) else None


def _probe(pattern: Pattern, place: str) -> Probe:
    text = str(pattern.metadata.get("mode", "")).lower()
    if text in ("x", "xray", "x-ray"):
        return "xray"
    if text in ("n", "neutron", "sas-neutron"):
        return "neutron"
    raise JobError("neither the job nor the data's header says the radiation;", where=place,
                   remedy="add probe = 'xray' or 'neutron'.")  # fmt: skip


def _cut(pattern: Pattern, span: list[float] | None, place: str) -> Pattern:
    first, last = float(pattern.x[0]), float(pattern.x[-1])
    low, high = span or (max(FIRST_R, first), last)
    if low >= high:
        raise JobError(f"range [{low:g}, {high:g}];", where=place, remedy="give [smaller, larger], Å.")
    if low < first - _EDGE or high > last + _EDGE:
        raise JobError(f"the range {low:g}-{high:g} Å goes beyond the data, which span {first:g}-{last:g} Å;",
                       where=place, remedy="narrow the range.")  # fmt: skip
    if low <= 0:
        raise JobError(
            "the range begins at r = 0;", where=place, remedy="begin above the first ripple, at 1 Å or more."
        )
    return pattern.cut(low - _EDGE, high + _EDGE)


def _refuse_uneven(pattern: Pattern, place: str) -> None:
    steps = np.diff(pattern.x)
    if np.ptp(steps) > _UNEVEN * steps.mean():
        raise JobError("the points are not evenly spaced;", where=place, remedy="PDFfit2 needs a constant step in r.")
