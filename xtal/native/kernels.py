"""Which kernel sums the peaks: numba's where it is installed, else numpy's. Both do the same arithmetic."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import compiled_kernel, vectorised_kernel

__all__ = ["USE_NUMBA", "kernel", "kernel_name", "must_compile"]

USE_NUMBA = "XTAL_NATIVE_NUMBA"
"""Environment variable: 0 leaves numba out though it is installed."""


def kernel() -> Any:
    """The function that adds peaks, with the arguments of `compiled_kernel.accumulate_peaks`."""
    if os.environ.get(USE_NUMBA, "1") != "0" and (made := compiled_kernel.compiled()) is not None:
        return made
    return vectorised_kernel.accumulate_peaks


def kernel_name() -> str:
    """``numba`` or ``numpy``."""
    return "numpy" if kernel() is vectorised_kernel.accumulate_peaks else "numba"


def must_compile() -> bool:
    """Whether the next sum has to compile first, because no compiled code is on disk."""
    chosen = kernel()
    if chosen is vectorised_kernel.accumulate_peaks or chosen.signatures:
        return False
    folder = Path(chosen.stats.cache_path)
    return not any(folder.glob("compiled_kernel.accumulate_peaks*.nbi"))
