"""What Dask loads into every process of a local cluster: Ctrl-C belongs to the driver, which lets running frames finish."""

from __future__ import annotations

import signal
from typing import Any

__all__ = ["dask_setup"]


def dask_setup(worker: Any) -> None:
    """Ignore SIGINT in this process; called by Dask, also for a worker that replaces a lost one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
