"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import OutputError

__all__ = ["write_bytes_atomic", "write_text_atomic"]


def write_text_atomic(path: str | Path, text: str) -> Path:
    """Write UTF-8 text so that no reader ever sees half of it.

    Parameters
    ----------
    path : path
        Its folder must exist; an existing file is replaced.
    text : str
        Written as it is, without newline translation.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    OutputError
        The disk is full, the folder is absent or can't be written; the former file, if any, is untouched.
    """
    return write_bytes_atomic(path, text.encode())


def write_bytes_atomic(path: str | Path, content: bytes) -> Path:
    """Write bytes so that no reader ever sees half of them; see `write_text_atomic`."""
    target = Path(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise OutputError(
            f"{target} could not be written: {error.strerror or error}. Nothing half-written was left; "
            "free some space or choose another folder."
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()
    return target


def _umask() -> int:
    """Permissions that the user withholds from new files; mkstemp alone would leave them private."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
