"""The native engine: xtal's own forward model with exact derivatives; runs in this interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["NativeEngine"]


class NativeEngine:
    """Refinement by `xtal.native`; faster with numba, complete without it."""

    name = "native"

    def worker_command(self) -> Sequence[str]:
        """Command line of its worker."""
        return (sys.executable, "-m", "xtal.engines.native_worker")
