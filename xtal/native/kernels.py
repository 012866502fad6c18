"""Which kernel sums the peaks: numba's where it is installed, else numpy's. Both do the same arithmetic."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import vectorised_kernel
from .kernel_work import PeakWork, TofWork

__all__ = ["USE_NUMBA", "add_peaks", "add_tof_peaks", "kernel_name", "must_compile"]

FloatArray = NDArray[np.float64]

USE_NUMBA = "XTAL_NATIVE_NUMBA"
"""Environment variable: 0 leaves numba out though it is installed."""


def kernel_name() -> str:
    """``numba`` or ``numpy``."""
    return "numba" if os.environ.get(USE_NUMBA, "1") != "0" and _has_numba() else "numpy"


@cache
def _has_numba() -> bool:
    return find_spec("numba") is not None


def add_peaks(work: PeakWork, total: FloatArray) -> None:
    """Add peaks at constant wavelength to `total`."""
    (_compiled(False) if kernel_name() == "numba" else vectorised_kernel.accumulate_peaks)(work, total)


def add_tof_peaks(work: TofWork, total: FloatArray) -> None:
    """Add peaks at time of flight to `total`."""
    (_compiled(True) if kernel_name() == "numba" else vectorised_kernel.accumulate_tof_peaks)(work, total)


def _compiled(tof: bool) -> Any:
    """The compiled kernel; numba is imported here, when it is needed."""
    if tof:
        from .compiled_tof_kernel import accumulate_tof_peaks

        return accumulate_tof_peaks
    from .compiled_kernel import accumulate_peaks

    return accumulate_peaks


def must_compile(tof: bool = False) -> bool:
    """Whether the next sum has to compile first, because no compiled code is on disk."""
    if kernel_name() == "numpy":
        return False
    chosen = _compiled(tof)
    if chosen.signatures:
        return False
    folder, module = Path(chosen.stats.cache_path), chosen.py_func.__module__.rsplit(".", 1)[-1]
    return not any(folder.glob(f"{module}.{chosen.py_func.__name__}*.nbi"))
