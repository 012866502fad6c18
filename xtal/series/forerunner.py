"""The process from which those of a local cluster are forked: what all of them need is imported once, while the driver still reads its files."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

__all__ = ["WORKER_ENVIRONMENT", "start_forerunner", "start_method"]

KEPT_BYTES = 32 * 2**20
"""Free memory that a worker keeps for its next arrays."""

WORKER_ENVIRONMENT = {
    # several workers share this machine's cores
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    # Dask has every array that is freed given back to the kernel: a fifth of a warm frame's time
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES), "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
}  # fmt: skip
"""What has to be set before a worker's process begins."""

_IMPORTED = ("distributed", "xtal.series.cluster", "xtal.series.worker_setup", "xtal.rietveld.run", "xtal.io.cif_text")
_OF_ENGINE = {"native": ("xtal.native.batch", "xtal.native.warm_up")}


def start_method() -> str:
    """How processes of a local cluster begin on this system."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def start_forerunner(engine: str | None) -> None:
    """Begin its imports, where the system can fork and it isn't there yet; it ends with this process.

    Parameters
    ----------
    engine : str or None
        That the frames will want, as far as it is known.
    """
    if start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload([*_IMPORTED, *_OF_ENGINE.get(engine or "", ())])
    with _environment(WORKER_ENVIRONMENT):
        forkserver.ensure_running()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """This process's environment with other values, for a child that begins within."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
