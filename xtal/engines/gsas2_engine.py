"""The GSAS-II engine: a worker of one file, run by the interpreter that GSAS-II lives in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import EngineMissingError

__all__ = ["Gsas2Engine"]


class Gsas2Engine:
    """Refinement by GSAS-II's scripting interface."""

    name = "gsas2"

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker.

        Raises
        ------
        EngineMissingError
            No interpreter with GSAS-II was found.
        """
        from .gsas2_location import GSAS2_REMEDY, find_gsas2, gsas2_command

        interpreter = find_gsas2()
        if interpreter is None:
            raise EngineMissingError(f"GSAS-II was not found. {GSAS2_REMEDY} `xtal doctor` shows what is found.")
        return gsas2_command(interpreter, Path(__file__).with_name("gsas2_worker.py"))
