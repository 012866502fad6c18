"""What commands refuse before they begin: files that are there already, and words that mean nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import InputError, OutputError

__all__ = ["refuse_taken", "refuse_unknown"]


def refuse_taken(paths: Iterable[Path | None], force: bool) -> None:
    """Refuse files that would be replaced without ``--force``.

    Raises
    ------
    OutputError
        One of them exists.
    """
    for path in paths:
        if path is not None and path.exists() and not force:
            raise OutputError(f"{path} exists already; choose another name, or replace it with --force.")


def refuse_unknown(option: str, value: str, known: Iterable[str]) -> None:
    """Refuse a word that an option doesn't know.

    Raises
    ------
    InputError
        It isn't among the known ones, which are named.
    """
    if value not in (words := tuple(known)):
        raise InputError(f"{value!r};", where=option, remedy=f"it is one of {', '.join(words)}.")
