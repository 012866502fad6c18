"""GSAS powder data: BANK records with STD, ESD, FXYE, FXY or ALT points.

Formats: A. C. Larson & R. B. Von Dreele, GSAS, Los Alamos report LAUR 86-748, "GSAS raw powder data files". At constant wavelength
(CONS, CONST) positions are centidegrees and are turned to degrees here and nowhere else; RALF and SLOG banks are microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import PatternError
from ..pattern import Axis, Pattern, SigmaOrigin
from .text_columns import refuse_bad_sigma, refuse_unsorted
from .text_header import header_values

__all__ = ["is_gsas", "pattern_from_gsas"]

BANK_LINE = re.compile(r"^BANK\s+\d+\s", re.M)
CENTIDEGREES = {"CONS", "CONST"}
MICROSECONDS = {"RALF", "SLOG", "TIME_MAP"}
LAYOUTS = ("STD", "ESD", "FXYE", "FXY", "ALT")
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class _Bank:
    """One BANK record: its words, the line it stands on, the lines of its points and the comments above it."""

    number: int
    n_points: int
    binning: str
    constants: tuple[float, ...]
    layout: str
    line: int
    points: tuple[str, ...]
    header: tuple[str, ...]


def is_gsas(text: str) -> bool:
    """Whether a text holds a GSAS BANK record."""
    return BANK_LINE.search(text) is not None


def pattern_from_gsas(text: str, name: str, bank: int | None = None) -> Pattern:
    """Pattern from GSAS data.

    Parameters
    ----------
    text : str
        The whole file.
    name : str
        File name for messages.
    bank : int, optional
        Number on the BANK line; needed when the file holds several.

    Raises
    ------
    PatternError
        No such bank, several banks and none named, a binning without a 2θ or flight-time axis, points that can't be read.
    """
    chosen = _choose(_banks(text, name), bank, name)
    axis = _axis(chosen, name)
    x, intensity, sigma, lines = _points(chosen, name)
    if x is None:
        x = _computed_axis(chosen, intensity.size, name)
    elif axis == "two_theta":
        x = x / 100.0
    refuse_unsorted(x, lines, name)
    refuse_bad_sigma(sigma, lines, name)
    _refuse_truncated(chosen, intensity.size, name)
    origin: SigmaOrigin = "poisson" if sigma is None else "file"
    metadata = header_values(chosen.header, axis) | {"format": f"GSAS {chosen.layout}", "bank": float(chosen.number)}
    return Pattern(x, intensity, sigma, axis=axis, sigma_origin=origin, source=name, metadata=metadata)


def _banks(text: str, name: str) -> list[_Bank]:
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if BANK_LINE.match(line)]
    banks, top = [], 0
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        body = [*lines[start + 1 : stop]]
        # What follows a '#' below the points is the next bank's header or a time map.
        end = next((i for i, line in enumerate(body) if line.startswith(("#", "TIME_MAP"))), len(body))
        header = tuple(line for line in lines[top:start] if not BANK_LINE.match(line))
        banks.append(_bank(lines[start], start + 1, tuple(body[:end]), header, name))
        top = start + 1 + end
    return banks


def _bank(record: str, line: int, points: tuple[str, ...], header: tuple[str, ...], name: str) -> _Bank:
    words = record.split()
    try:
        layout = words[-1] if words[-1] in LAYOUTS else "STD"
        constants = tuple(float(word) for word in words[5:] if word not in LAYOUTS)
        return _Bank(int(words[1]), int(words[2]), words[4], constants, layout, line, points, header)
    except (IndexError, ValueError):
        raise PatternError(
            f"BANK record {record.strip()!r} can't be understood;",
            where=f"{name}, line {line}",
            remedy="it reads 'BANK number points records CONS start step 0 0 STD|ESD|FXYE'.",
        ) from None


def _choose(banks: list[_Bank], number: int | None, name: str) -> _Bank:
    listed = ", ".join(str(bank.number) for bank in banks)
    if not banks:
        raise PatternError("no BANK record;", where=name, remedy="GSAS data hold a line that starts with BANK.")
    if number is None:
        if len(banks) > 1:
            raise PatternError(f"{len(banks)} banks ({listed}) and none was chosen;", where=name,
                               remedy=f"choose one with bank={banks[0].number}.")  # fmt: skip
        return banks[0]
    for bank in banks:
        if bank.number == number:
            return bank
    raise PatternError(f"no bank {number};", where=name, remedy=f"the file holds {listed}.")


def _axis(bank: _Bank, name: str) -> Axis:
    if bank.binning in CENTIDEGREES:
        return "two_theta"
    if bank.binning in MICROSECONDS:
        return "tof"
    raise PatternError(
        f"binning {bank.binning!r} is neither 2θ nor time of flight;",
        where=f"{name}, line {bank.line}",
        remedy="export the data as FXYE with CONS (2θ) or SLOG (time of flight) binning.",
    )


def _points(bank: _Bank, name: str) -> tuple[FloatArray | None, FloatArray, FloatArray | None, NDArray[np.int64]]:
    """Positions in the file's unit (None where they follow from the BANK record), intensities, sigmas, lines."""
    if bank.layout in ("FXYE", "FXY"):
        return _free_points(bank, name)
    width = {"STD": (2, 6), "ESD": (8, 8), "ALT": (8, 7, 5)}[bank.layout]
    table, lines = _fixed_points(bank, width, name)
    if bank.layout == "ALT":
        return table[:, 0] / 32.0, table[:, 1] / 1000.0, table[:, 2] / 1000.0, lines
    if bank.layout == "ESD":
        return None, table[:, 0], table[:, 1], lines
    # A value that is the mean of n counters has the variance I/n.
    counters = np.maximum(table[:, 0], 1.0)
    counts = table[:, 1]
    sigma = np.sqrt(np.maximum(counts, 1.0) / counters) if np.any(counters > 1) else None
    return None, counts, sigma, lines


def _free_points(bank: _Bank, name: str) -> tuple[FloatArray, FloatArray, FloatArray | None, NDArray[np.int64]]:
    width = 3 if bank.layout == "FXYE" else 2
    rows, lines = [], []
    for offset, line in enumerate(bank.points, start=bank.line + 1):
        words = line.split()
        if not words:
            continue
        rows.append(_values(words, width, line, f"{name}, line {offset}"))
        lines.append(offset)
    table = np.array(rows, dtype=float).reshape(len(rows), width)
    return table[:, 0], table[:, 1], table[:, 2] if width == 3 else None, np.array(lines, dtype=np.int64)


def _fixed_points(bank: _Bank, widths: tuple[int, ...], name: str) -> tuple[FloatArray, NDArray[np.int64]]:
    """Points of a fixed-column layout, `widths` characters per field; blank fields count as zero."""
    rows: list[list[float]] = []
    lines: list[int] = []
    size = sum(widths)
    for offset, line in enumerate(bank.points, start=bank.line + 1):
        padded = line.rstrip("\x1a \r\n")
        for start in range(0, len(padded), size):
            if len(rows) == bank.n_points:
                break
            field = padded[start : start + size]
            rows.append(_fields(field, widths, f"{name}, line {offset}"))
            lines.append(offset)
    return np.array(rows, dtype=float).reshape(len(rows), len(widths)), np.array(lines, dtype=np.int64)


def _fields(field: str, widths: tuple[int, ...], where: str) -> list[float]:
    ends = np.cumsum(widths)
    words = [field[end - width : end].strip() or "0" for end, width in zip(ends, widths, strict=True)]
    return _values(words, len(widths), field, where)


def _values(words: list[str], width: int, line: str, where: str) -> list[float]:
    try:
        values = [float(word) for word in words[:width]]
    except ValueError:
        raise PatternError(f"{line.strip()[:60]!r} where numbers belong;", where=where,
                           remedy="mend the record.") from None  # fmt: skip
    if len(values) < width or not np.all(np.isfinite(values)):
        raise PatternError(f"{line.strip()[:60]!r} does not hold {width} finite numbers;", where=where,
                           remedy="mend the record.")  # fmt: skip
    return values


def _computed_axis(bank: _Bank, n_points: int, name: str) -> FloatArray:
    if bank.binning not in CENTIDEGREES or len(bank.constants) < 2:
        raise PatternError(
            f"{bank.binning} binning with {bank.layout} points does not list its flight times;",
            where=f"{name}, line {bank.line}",
            remedy="export the data as FXYE, which lists them.",
        )
    start, step = bank.constants[:2]
    if step <= 0:
        raise PatternError(f"step {step:g} centidegrees;", where=f"{name}, line {bank.line}",
                           remedy="the step on the BANK record must be positive.")  # fmt: skip
    return np.asarray((start + step * np.arange(n_points)) / 100.0, dtype=np.float64)


def _refuse_truncated(bank: _Bank, n_points: int, name: str) -> None:
    if n_points < bank.n_points:
        raise PatternError(
            f"bank {bank.number} announces {bank.n_points} points but {n_points} follow;",
            where=f"{name}, line {bank.line}",
            remedy="the file is cut short; get it again, or correct the BANK record.",
        )
