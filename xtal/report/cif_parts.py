"""Pieces of CIF text: loops, quoted values, values of several lines."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["loop", "quoted", "text_field"]


def loop(tags: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a loop; none without rows."""
    return ["loop_", *tags, *(" ".join(row) for row in rows)] if rows else []


def quoted(text: str) -> str:
    """A value in the quotes that it needs."""
    import gemmi

    return str(gemmi.cif.quote(text))


def text_field(text: str) -> str:
    """A value of several lines."""
    return f"\n;{text.replace(chr(10) + ';', chr(10) + ' ;')}\n;"
