"""``xtal phases list``: every reference structure on a line."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["list"]


def list(
    missing: Annotated[bool, typer.Option("--missing", help="What could not be found, and the paper to get.")] = False,
) -> None:
    """List the reference structures: name, quality, space group, cell, formula."""
    from ..io.library import missing_references, reference_index

    if missing:
        for name, paper in missing_references().items():
            print(f"{name:<24} {paper}")
        return
    for name, entry in reference_index().items():
        cell = " ".join(f"{value:g}" for value in entry["cell"])
        print(f"{name:<24} {entry['quality']:<11} {entry['space_group']:<12} {cell:<44} {entry['formula']}")
