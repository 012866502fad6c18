"""The rietx engine: comes with pip, runs in this interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["RietxEngine"]


class RietxEngine:
    """Refinement by rietx 1.10."""

    name = "rietx"

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker."""
        return (sys.executable, "-m", "xtal.engines.rietx_worker")
