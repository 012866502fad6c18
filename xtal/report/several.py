"""A folder with several results and a page about them, written whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from ..errors import OutputError
from ..result import Result
from .folder import write_result

__all__ = ["check_several", "write_several"]


def check_several(folder: Path, marker: str, force: bool) -> None:
    """Refuse a folder that is taken; with `force` one that holds an earlier `marker` may be replaced.

    Raises
    ------
    OutputError
        It exists and isn't such a folder, or `force` is not given.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not force:
        raise OutputError(f"{folder} exists already; choose another folder with -o, or replace it with --force.")
    if not (folder / marker).is_file():
        raise OutputError(f"{folder} holds no {marker}, so --force doesn't replace it; choose another folder with -o.")


def write_several(
    folder: Path,
    results: Mapping[str, Result],
    files: Mapping[str, str | bytes],
    *,
    marker: str,
    force: bool = False,
    tabs: Mapping[str, str] | None = None,
) -> Path:
    """Write each result into a folder of its name, and `files` beside them; `tabs` are added to every report.

    Raises
    ------
    OutputError
        The folder is taken, or the file system refused; nothing half-written is left.
    """
    check_several(folder, marker, force)
    target = folder.resolve()
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        temporary.mkdir(parents=True)
        for name, result in results.items():
            write_result(result, temporary / name, tabs=tabs)
        for name, content in files.items():
            (temporary / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    except OSError as error:
        raise OutputError(
            f"{folder}: could not be written ({error.strerror or error}); choose another folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
