"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AsJson", "EngineChoice", "EngineOption", "Force", "Output", "Overwrite", "Quiet", "Timeout"]


class EngineChoice(StrEnum):
    """Names of the refinement engines."""

    RIETX = "rietx"
    GSAS2 = "gsas2"
    NATIVE = "native"


Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")]
EngineOption = Annotated[EngineChoice | None, typer.Option("--engine", help="Replaces the job's engine.")]
Timeout = Annotated[float, typer.Option("--timeout", metavar="S", min=0.1, help="Limit for the fit, in seconds.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result in that folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print result.json, and nothing else, to standard output.")]
Overwrite = Annotated[bool, typer.Option("--force", help="Replace existing files.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
