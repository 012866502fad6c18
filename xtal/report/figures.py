"""Names of the pictures in the folder of a result."""

from __future__ import annotations

__all__ = ["figure_file"]


def figure_file(pattern: str) -> str:
    """Picture of a pattern; the only one has an empty name."""
    return f"fit-{pattern}.png" if pattern else "fit.png"
