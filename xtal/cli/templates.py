"""``xtal templates``: list the refinement templates, or show one."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["templates"]


def templates(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Template to show.")] = None,
) -> None:
    """List the refinement templates, or show one.

    Shown are its phases, limits and stages, its literature, and what it can't tell.
    """
    from ..io.jobs import read_template, template_names
    from .template_text import template_line, template_text

    if name is None:
        print("\n".join(template_line(read_template(known)) for known in template_names()))
    else:
        print(template_text(read_template(name)))
