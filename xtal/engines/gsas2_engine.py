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
        from .gsas2_location import find_gsas2

        interpreter = find_gsas2()
        if interpreter is None:
            raise EngineMissingError(
                "GSAS-II was not found. Install it with its own installer, then set XTAL_GSAS2_PYTHON to the Python "
                "interpreter it lives in, or [gsas2] python in ~/.config/xtal/config.toml; `xtal doctor` shows what is found."
            )
        return (str(interpreter), str(Path(__file__).with_name("gsas2_worker.py")))
