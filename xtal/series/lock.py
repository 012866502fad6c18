"""One run on a folder at a time. The lock is the kernel's: it goes with the process, also when that is killed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import OutputError

__all__ = ["run_lock"]

LOCK_NAME = "series.lock"


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the folder for this run.

    Raises
    ------
    OutputError
        Another run holds it, or it can't be written.
    """
    try:
        handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(f"{folder} can't be written ({error.strerror}); choose another folder with -o.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(handle, 100).decode("utf-8", "replace").strip()
            raise OutputError(
                f"{folder.name}: another run is at work on this series ({holder or 'unknown process'}). "
                "Wait for it or stop it; nothing was changed."
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {os.uname().nodename}\n".encode())
        yield
    finally:
        os.close(handle)
