"""The four-line header of FIT2D and pyFAI .chi files: title, axis label, intensity label, number of points."""

from __future__ import annotations

import re

__all__ = ["chi_as_columns"]


def chi_as_columns(text: str) -> str:
    """The same text with the header, if it has one, turned to comments, so that line numbers stay as they are."""
    lines = text.splitlines()
    if len(lines) < 5 or not re.fullmatch(r"\s*\d+(\s+\d+)?\s*", lines[3]) or lines[0].lstrip().startswith("#"):
        return text
    title, label, intensity = (f"# {line}" for line in lines[:3])
    # The axis label comes last: a header's last line names its columns.
    return "\n".join((title, intensity, "#", label, *lines[4:]))
