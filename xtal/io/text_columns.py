"""Columns of numbers in text files: .xy, .xye, .csv, .dat, .prn, .chi, .gr and their relatives.

Lines that start with ``# ! ; ' / %`` are comments. Text before the first row of numbers is a header; text after it is an error.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import PatternError
from ..pattern import Axis, Pattern, SigmaOrigin
from .text_header import axis_from_header, column_roles, header_values

__all__ = ["TextTable", "is_number", "pattern_from_text", "table_from_text"]

COMMENT_SIGNS = "#!;'/%"
COLUMNS_REMEDY = "give two columns (position, intensity) or three (position, intensity, sigma)."
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, eq=False)
class TextTable:
    """Rows of numbers with the lines that they stand on.

    Parameters
    ----------
    header : tuple of str
        Comments and text above the first row.
    numbers : ndarray, shape (n_rows, n_columns)
        Finite values.
    lines : ndarray of int, shape (n_rows,)
        Line numbers in the file, from 1.
    """

    header: tuple[str, ...]
    numbers: NDArray[np.float64]
    lines: NDArray[np.int64]


def pattern_from_text(text: str, name: str, axis: Axis | None = None) -> Pattern:
    """Pattern from columns of numbers.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        File name for messages and `Pattern.source`.
    axis : {"two_theta", "tof", "q", "d", "r"}, optional
        What the first column is, when the file doesn't say it (default: what its header says, else two_theta).

    Raises
    ------
    PatternError
        The columns can't be read as a pattern.
    """
    table = table_from_text(text, name)
    stated, factor = axis_from_header(table.header)
    chosen: Axis = axis or stated or "two_theta"
    position, intensity, sigma = _columns(table, name)
    x = position * (factor if chosen == stated else 1.0)
    refuse_unsorted(x, table.lines, name)
    refuse_bad_sigma(sigma, table.lines, name)
    if chosen == "two_theta":
        refuse_beyond_180(x, name)
    # A G(r) has no counts to take a square root of.
    origin: SigmaOrigin | None = "none" if sigma is None and chosen == "r" else None
    return Pattern(x, intensity, np.ones_like(x) if origin else sigma, axis=chosen, sigma_origin=origin, source=name,
                   metadata=header_values(table.header, chosen))  # fmt: skip


def table_from_text(text: str, name: str) -> TextTable:
    """Rows of finite numbers, all of the same length, and the header above them.

    Raises
    ------
    PatternError
        No numbers, text or blanks among them, rows of different lengths, NaN or infinity.
    """
    header: list[str] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    content = text.splitlines()
    announced = _announced(content)
    for number, line in enumerate(content, start=1):
        stripped = line.strip().strip("\ufeff\x1a")
        if not stripped or stripped[0] in COMMENT_SIGNS or number <= announced:
            if not rows:
                header.append(stripped)
            continue
        words = _words(stripped)
        if not rows and not is_number(words[0]):
            header.append(stripped)
            continue
        if not rows and (plain := _plain_numbers(content[number - 1 :])) is not None:
            return TextTable(tuple(header), plain, np.arange(number, number + len(plain)))
        rows.append(_numbers(words, stripped, f"{name}, line {number}"))
        lines.append(number)
    table = TextTable(tuple(header), _rectangle(rows, lines, name), np.array(lines, dtype=np.int64))
    return table if len(rows) > 1 else _refuse_single_row(table, name)


def refuse_unsorted(x: NDArray[np.float64], lines: NDArray[np.int64], name: str) -> None:
    """Raise PatternError, with the line, unless x increases strictly."""
    steps = np.diff(x)
    if np.all(steps > 0):
        return
    if np.all(steps < 0):
        raise PatternError(f"positions run downwards, from {x[0]:g} to {x[-1]:g};", where=name,
                           remedy="reverse the order of the lines.")  # fmt: skip
    index = int(np.flatnonzero(steps <= 0)[0]) + 1
    found = f"position {x[index]:g} repeats the one before it;" if steps[index - 1] == 0 else (
        f"position {x[index]:g} is below the one before it ({x[index - 1]:g});")  # fmt: skip
    remedy = (
        "merge repeated positions." if steps[index - 1] == 0 else "sort the lines, or give each scan a file of its own."
    )
    raise PatternError(found, where=f"{name}, line {lines[index]}", remedy=remedy)


def refuse_bad_sigma(sigma: NDArray[np.float64] | None, lines: NDArray[np.int64], name: str) -> None:
    """Raise PatternError, with the line, for a negative sigma."""
    if sigma is None or np.all(sigma >= 0):
        return
    index = int(np.flatnonzero(sigma < 0)[0])
    raise PatternError(
        f"negative sigma {sigma[index]:g};",
        where=f"{name}, line {lines[index]}",
        remedy="the third column must hold standard uncertainties; delete the column if it holds something else.",
    )


def refuse_beyond_180(two_theta: NDArray[np.float64], name: str) -> None:
    """Raise PatternError where an axis said to be 2θ in degrees can't be one."""
    if two_theta[-1] <= 180 and two_theta[0] > -180:
        return
    raise PatternError(
        f"positions run from {two_theta[0]:g} to {two_theta[-1]:g}, but 2θ ends at 180°;",
        where=name,
        remedy="say what the axis is (axis='tof' for microseconds), or divide by 100 if these are centidegrees.",
    )


def _announced(lines: list[str]) -> int:
    """Lines of a header whose first line is the number of points (RMCProfile: the number, then a title)."""
    if not lines or not re.fullmatch(r"\s*\d+\s*", lines[0]):
        return 0
    rows = sum(1 for line in lines if line.strip()) - 1
    return {rows: 1, rows - 1: 2}.get(int(lines[0]), 0)


def _words(line: str) -> list[str]:
    """Fields of a line; decimal commas become points where blanks, tabs or semicolons separate the fields."""
    separated = line.split(";") if ";" in line else line.split()
    fields = [field.strip() for field in separated if field.strip()]
    if len(fields) > 1 and "." not in line and any(DECIMAL_COMMA.fullmatch(field) for field in fields):
        return [field.replace(",", ".") for field in fields]
    return [word for word in re.split(r"[\s,;]+", line) if word]


def is_number(word: str) -> bool:
    """Whether Python reads a word as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(words: list[str], line: str, where: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise PatternError(f"{line[:60]!r} where numbers belong;", where=where,
                           remedy="mend or delete the line, or start it with # if it is a comment.") from None  # fmt: skip
    if not all(map(math.isfinite, values)):
        raise PatternError(f"{line[:60]!r} holds a value that is not a finite number;", where=where,
                           remedy="delete the line or give its value.")  # fmt: skip
    return values


def _plain_numbers(lines: list[str]) -> NDArray[np.float64] | None:
    """Rows that numpy's own reader takes as they are, an order of magnitude faster; None where anything is odd."""
    if any("," in line or ";" in line for line in lines[:2]) or "" in map(str.strip, lines):
        return None
    try:
        numbers = np.loadtxt(lines, comments=None, ndmin=2)
    except ValueError:
        return None
    usual = len(numbers) == len(lines) > 1 and numbers.shape[1] > 1 and np.all(np.isfinite(numbers))
    return numbers if usual else None


def _rectangle(rows: list[list[float]], lines: list[int], name: str) -> NDArray[np.float64]:
    if not rows:
        raise PatternError("no row of numbers;", where=name, remedy=COLUMNS_REMEDY)
    width = len(rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise PatternError(f"{len(row)} numbers where the first row has {width};", where=f"{name}, line {line}",
                               remedy="complete or delete the line.")  # fmt: skip
    if width == 1:
        raise PatternError("one column of numbers;", where=f"{name}, line {lines[0]}", remedy=COLUMNS_REMEDY)
    return np.array(rows, dtype=float)


def _refuse_single_row(table: TextTable, name: str) -> TextTable:
    raise PatternError(f"a single row of numbers (line {table.lines[0]});", where=name,
                       remedy="a pattern needs at least two points.")  # fmt: skip


def _columns(
    table: TextTable, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]:
    width = table.numbers.shape[1]
    x, y, s = column_roles(table.header, width)
    if x is None or y is None:
        raise PatternError(
            f"{width} columns of which none is named;",
            where=f"{name}, line {table.lines[0]}",
            remedy="keep position, intensity and sigma, or name the columns: '# two_theta intensity sigma …'.",
        )
    sigma = table.numbers[:, s] if s is not None else None
    # A column of zeros is a placeholder, not a measurement without error.
    return table.numbers[:, x], table.numbers[:, y], sigma if sigma is not None and np.any(sigma) else None
