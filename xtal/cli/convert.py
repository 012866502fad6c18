"""``xtal convert``: write a powder pattern in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Overwrite
from .refusals import refuse_taken

__all__ = ["convert"]


def convert(
    pattern: Annotated[Path, typer.Argument(metavar="PATTERN", help="Pattern of any kind that xtal reads.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New file; its ending says the format.")],
    force: Overwrite = False,
) -> None:
    """Write a powder pattern in another format."""
    from ..io.read_pattern import read_pattern
    from ..io.write_pattern import write_pattern

    refuse_taken([out], force)
    read = read_pattern(pattern)
    write_pattern(read, out)
    print(f"{out}: {len(read.x)} points, {read.axis} {read.x[0]:g} to {read.x[-1]:g}")
