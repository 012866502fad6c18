"""Importing this loads everything that the first fit of a process would wait for, the compiled code on disk included."""

from __future__ import annotations

import scipy.fft
import scipy.sparse  # noqa: F401

from .kernels import kernel_name

if kernel_name() == "numba":
    from . import compiled_kernel, compiled_spread  # noqa: F401
