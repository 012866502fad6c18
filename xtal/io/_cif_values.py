"""Values in a CIF data block: loops as columns, numbers with their uncertainty dropped."""

from __future__ import annotations

import math
from typing import cast

import gemmi

from ..errors import CifError

_MISSING = ("", "?", ".")


def columns(block: gemmi.cif.Block, *key_tags: str) -> dict[str, list[str]]:
    """The loop that holds one of `key_tags`, as lower-case tag → unquoted values; a single row may stand outside a loop."""
    for tag in key_tags:
        column = block.find_loop(tag)
        loop = column.get_loop() if column else None
        if loop is not None:
            values = [gemmi.cif.as_string(value) for value in loop.values]
            return {name.lower(): values[index :: loop.width()] for index, name in enumerate(loop.tags)}
        if block.find_value(tag) is not None:
            return _single_row(block, tag[: tag.rindex("_") + 1] if tag.count("_") > 2 else tag)
    return {}


def _single_row(block: gemmi.cif.Block, stem: str) -> dict[str, list[str]]:
    pairs = cast(list[tuple[str, str]], [item.pair for item in block if item.pair is not None])
    return {name.lower(): [gemmi.cif.as_string(value)] for name, value in pairs if name.lower().startswith(stem)}


def text_value(block: gemmi.cif.Block, *tags: str) -> str:
    """The first of `tags` that has a value, unquoted; empty when none has."""
    for tag in tags:
        value = block.find_value(tag)
        text = gemmi.cif.as_string(value).strip() if value is not None else ""
        if text not in _MISSING:
            return text
    return ""


def number(text: str, where: str, what: str) -> float | None:
    """A CIF number without its standard uncertainty; None for ``?`` and ``.``.

    Raises
    ------
    CifError
        The text is not a number.
    """
    if text in _MISSING:
        return None
    try:
        value = float(text.split("(")[0])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CifError(f"{what} is {text!r};", where=where, remedy="write a number, such as 0.25 or 0.2534(2).")
    return value
