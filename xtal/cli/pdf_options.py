"""What options of ``xtal pdf`` mean: ranges of values, kinds of pictures, and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ..errors import InputError, OutputError

__all__ = ["PICTURES", "counted", "refuse_pictures", "value_text", "values_of"]

PICTURES = (".png", ".svg", ".pdf")


def refuse_pictures(plot: Path | None) -> None:
    """Raise OutputError, before anything is calculated, for a picture of another kind than `PICTURES`."""
    if plot is not None and plot.suffix.lower() not in PICTURES:
        raise OutputError(f"{plot}: pictures are written as {', '.join(PICTURES)}.")


def values_of(text: str | None, option: str) -> list[float]:
    """Numbers from ``A:B:STEP`` (both ends included) or a list with commas; none from None.

    Raises
    ------
    InputError
        Text that isn't either, or a range that runs backwards.
    """
    if text is None:
        return []
    remedy = "write START:STOP:STEP, as in 0.5:1.5:0.1, or numbers with commas."
    try:
        numbers = [float(word) for word in text.split(":" if ":" in text else ",")]
    except ValueError:
        raise InputError(f"{text!r};", where=option, remedy=remedy) from None
    if ":" not in text:
        return numbers
    if len(numbers) != 3 or numbers[2] <= 0 or numbers[1] < numbers[0]:
        raise InputError(f"{text!r};", where=option, remedy=remedy)
    start, stop, step = numbers
    return [round(start + step * index, 10) for index in range(int((stop - start) / step + 1e-9) + 1)]


def counted(what: str) -> Callable[[int, int], None]:
    """Progress that overwrites one line of a terminal, and is silent elsewhere."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{what}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)

    return show


def value_text(value: float, esd: float | None, decimals: int) -> str:
    """Value with its esd in brackets, or with none where there is none."""
    from ..result import format_value

    return format_value(value, esd, decimals)
