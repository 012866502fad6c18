"""``xtal doctor``: what this installation has, what it lacks, and how to get it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..doctor import Examination

__all__ = ["doctor", "doctor_text"]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, schema xtal-doctor/1.")] = False,
) -> None:
    """Show what is installed, and what is missing.

    Exit code: 0 when the default engine works, else 2.
    """
    from ..doctor import examine

    found = examine()
    print(json.dumps(found.to_dict(), indent=2) if as_json else doctor_text(found))
    raise typer.Exit(0 if found.ok else 2)


def doctor_text(found: Examination) -> str:
    """An examination as plain text."""
    content = found.to_dict()
    lines = [
        f"xtal {content['xtal']}, Python {content['python']['version']} ({content['python']['executable']})",
        content["platform"],
    ]
    for name, part in {**found.engines, **found.parts}.items():
        state = (part.version or "version unknown") if part.found else "missing"
        lines.append(f"{name:<14}{state:<20}{part.purpose}{f' ({part.location})' if part.location else ''}")
        if part.remedy:
            lines.append(f"{'':<14}{part.remedy}")
    lines += [f"warning: {warning}" for warning in found.warnings]
    return "\n".join(lines)
