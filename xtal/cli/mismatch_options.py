"""What the options of ``xtal mismatch`` say, as objects."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..result import Value

if TYPE_CHECKING:
    from ..interface.measured_cell import MeasuredCell
    from ..interface.mismatch import AxisMismatch, Definition, DirectionPair
    from ..interface.series import CompositionSeries
    from ..lattice import Lattice
    from ..result import Result
    from ..structure import Structure

__all__ = [
    "cell_of",
    "directions_of",
    "number_with_esd",
    "plane_pairs",
    "series_of",
    "stiffness_of",
]

_NUMBER = re.compile(r"([+-]?\d*\.?\d+)(?:\((\d+)\))?(?:[eE]([+-]?\d+))?$")
PLANES_REMEDY = "write film and substrate plane with a slash between them, 1,0,0/0,0,1."
CELL_REMEDY = "write parameter=number, with the esd in parentheses where it is known: a=3.9025(12),c=7.742(2)."


def number_with_esd(text: str, where: str) -> Value:
    """A number such as ``3.9025(12)`` or ``4.5(3)e-5`` with its esd; without parentheses the esd is None.

    Raises
    ------
    InputError
        Not such a number.
    """
    match = _NUMBER.match(text.strip())
    if match is None:
        raise InputError(f"{text!r} is not a number;", where=where, remedy="write it as 3.9025 or 3.9025(12).")
    mantissa, digits, exponent = match.groups()
    power = 10.0 ** int(exponent or 0)
    places = len(mantissa.partition(".")[2])
    esd = None if digits is None else int(digits) * 10.0**-places * power
    return Value(float(mantissa) * power, esd, None if esd is not None else "none was given")


def plane_pairs(texts: Sequence[str]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of planes from ``1,0,0/0,0,1``."""
    from ..reciprocal.indices import parse_indices

    pairs = []
    for text in texts:
        halves = text.split("/")
        if len(halves) != 2:
            raise InputError(f"{text!r} is not a pair of planes;", where="--planes", remedy=PLANES_REMEDY)
        pairs.append((parse_indices(halves[0]), parse_indices(halves[1])))
    return pairs


def directions_of(text: str) -> list[DirectionPair]:
    """Pairs of directions from ``1,0,0//1,0,0;0,0,1//0,0,0.5``; fractions of a cell vector are allowed."""
    pairs: list[tuple[Sequence[float], Sequence[float]]] = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        halves = part.split("//")
        if len(halves) != 2:
            raise InputError(
                f"{part!r} is not a pair of directions;",
                where="--directions",
                remedy="write 1,0,0//1,0,0;0,1,0//0,1,0.",
            )
        pairs.append((_direction(halves[0]), _direction(halves[1])))
    return pairs


def _direction(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(piece) for piece in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != 3:
        raise InputError(f"{text!r} is not a direction;", where="--directions", remedy="write three numbers u,v,w.")
    return numbers


def cell_of(
    structure: Structure,
    role: str,
    cell: str | None,
    expansion: str | None,
    temperatures: tuple[float, float],
    result: Result | None,
) -> MeasuredCell:
    """A structure with its measured cell: from the option, else from the result's phase of the same name, else as it is."""
    from dataclasses import replace

    from ..interface.measured_cell import MeasuredCell, cell_from_result

    if result is not None and structure.name in result.phases:
        measured = cell_from_result(result, structure.name, structure)
    else:
        measured = MeasuredCell(structure)
    if cell is not None:
        values = _named_values(cell, f"--{role}-cell")
        esds = {name: value.esd for name, value in values.items() if value.esd is not None}
        measured = measured.with_cell({name: float(value.value or 0) for name, value in values.items()}, esds)
    grown = _expansions(expansion, structure, f"--{role}-expansion") if expansion else {}
    return replace(measured, expansion=grown, temperature=temperatures[0], reference_temperature=temperatures[1])


def _named_values(text: str, where: str) -> dict[str, Value]:
    values = {}
    for part in text.split(","):
        name, sign, number = part.partition("=")
        if not sign or name.strip() not in ("a", "b", "c", "alpha", "beta", "gamma"):
            raise InputError(f"{part!r} is not a cell parameter;", where=where, remedy=CELL_REMEDY)
        values[name.strip()] = number_with_esd(number, where)
    return values


def _expansions(text: str, structure: Structure, where: str) -> dict[str, Value]:
    """One number for all axes, or one per axis."""
    if "=" in text:
        return _named_values(text, where)
    free = [name for name in structure.space_group.free_cell_parameters() if name in ("a", "b", "c")]
    return dict.fromkeys(free, number_with_esd(text, where))


def series_of(path: Path, axis: AxisMismatch, lattice: Lattice, definition: Definition) -> CompositionSeries:
    """Series from a CSV with the columns ``x``, a cell length ``a``, ``b`` or ``c``, and if known ``esd``.

    Parameters
    ----------
    path : Path
        The table; numbers may carry their esd in parentheses instead of a column.
    axis : AxisMismatch
        Matched lengths; the film's scales with the cell length of the table.
    lattice : Lattice
        Of the film, where `axis` was measured.
    definition : str
        Of the mismatch.
    """
    from ..interface.series import fit_composition_series

    rows = _rows(path)
    length = next((name for name in ("a", "b", "c") if name in rows[0]), None)
    if "x" not in rows[0] or length is None:
        raise InputError(
            f"columns {', '.join(rows[0])};", where=str(path), remedy="give x, one of a, b, c, and esd if it is known."
        )
    multiple = float(axis.film.value or 0) / float(getattr(lattice, length))
    values = [number_with_esd(row[length], f"{path}, row {number}") for number, row in enumerate(rows, 2)]
    esds = [
        number_with_esd(row["esd"], f"{path}, row {number}").value if row.get("esd", "").strip() else value.esd
        for number, (row, value) in enumerate(zip(rows, values, strict=True), 2)
    ]
    return fit_composition_series(
        [float(number_with_esd(row["x"], f"{path}, row {number}").value or 0) for number, row in enumerate(rows, 2)],
        [multiple * float(value.value or 0) for value in values],
        axis.substrate,
        [multiple * esd for esd in esds if esd is not None] if all(esd is not None for esd in esds) else None,
        definition,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the table can't be read ({error});", where=str(path), remedy="give a CSV with the columns x, a, esd."
        ) from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    rows = [
        {(key or "").strip().lower(): (value or "").strip() for key, value in row.items()}
        for row in csv.DictReader(StringIO("\n".join(lines)))
    ]
    if not rows:
        raise InputError("no rows;", where=str(path), remedy="give a header x,a,esd and one row per composition.")
    return rows


def stiffness_of(path: Path) -> list[list[float]]:
    """A 6 x 6 stiffness in GPa from a file of numbers, separated by blanks or commas."""
    try:
        text = path.read_text(encoding="utf-8").replace(",", " ")
        return [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InputError(
            f"no stiffness ({error});", where=str(path), remedy="give six lines of six numbers, GPa, Voigt order."
        ) from error
