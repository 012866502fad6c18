"""What Dask loads into every process of a local cluster, also into one that replaces a lost one."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from typing import Any

from ..errors import XtalError

__all__ = ["dask_setup"]


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the driver, which lets running frames finish, and start the engine before its first frame."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # a heartbeat that meets a closed connection at the end is no news
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    os.environ.setdefault("RIETX_COMPILED_THREADS", "1")
    from ..engines import engine_named
    from ..engines.process import start_worker
    from ..engines.protocol import RunsHere
    from ..rietveld import run  # noqa: F401 - imported while there is nothing else to do

    engine = engine_named(os.environ.get("XTAL_SERIES_ENGINE", "rietx"))
    with suppress(XtalError):
        if isinstance(engine, RunsHere):
            engine.prepare()
        else:
            start_worker(engine.worker_command())
