"""GSAS-II's modules, imported once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from .errors import WorkerError


@dataclass(frozen=True)
class Gsas2:
    """The GSAS-II modules in use, imported once and only where they are needed."""

    scriptable: Any
    main: Any
    io: Any
    math: Any
    mapvars: Any
    objects: Any
    spacegroups: Any
    elements: Any
    powder: Any
    workers: Any
    version: str


def load_gsas2() -> Gsas2:
    """Import GSAS-II; raises WorkerError with what to do when it is not there."""
    try:
        from GSASII import (  # type: ignore[import-not-found, unused-ignore]
            GSASIIElem,
            GSASIImapvars,
            GSASIImpsubs,
            GSASIIobj,
            GSASIIpath,
            GSASIIpwd,
            GSASIIscriptable,
            GSASIIspc,
            GSASIIstrIO,
            GSASIIstrMain,
            GSASIIstrMath,
        )
    except ImportError as error:
        raise WorkerError(
            "internal",
            f"the interpreter {sys.executable} cannot import GSASII ({error}); "
            "install GSAS-II there or point XTAL_GSAS2_PYTHON at an interpreter that has it",
        ) from error
    GSASIIscriptable.LoadG2fil()
    version = f"{GSASIIpath.GetVersionTag()} ({GSASIIpath.GetVersionNumber()})"
    return Gsas2(
        GSASIIscriptable,
        GSASIIstrMain,
        GSASIIstrIO,
        GSASIIstrMath,
        GSASIImapvars,
        GSASIIobj,
        GSASIIspc,
        GSASIIElem,
        GSASIIpwd,
        GSASIImpsubs,
        version,
    )


class Quiet:
    """Stands in for GSAS-II's progress dialogue; with one, ``Refine`` returns its results."""

    def Update(self, *_: Any, **__: Any) -> tuple[bool, bool]:
        """Always asks GSAS-II to go on."""
        return True, False
