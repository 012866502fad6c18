"""Names and files as a job means them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError, JobError

__all__ = ["as_name", "near", "placed", "sha256", "with_input"]


def as_name(stem: str) -> str:
    """A file's name as a phase's or a pattern's: dots would break dotted names, brackets would be wildcards."""
    return re.sub(r"[^A-Za-z0-9_\-]+", "_", stem)


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say where in the job a name stands that could not be found."""
    try:
        yield
    except InputError as error:
        if error.where is not None:
            raise
        raise JobError(error.found, where=where, remedy=error.remedy) from error


def near(name: str, folder: Path) -> str:
    """Path beside the job file when there is such a file, else the name as it is."""
    beside = folder / name
    return str(beside) if beside.is_file() else name


def with_input(inputs: Mapping[str, str], path: Path) -> dict[str, str]:
    """Inputs with the checksum of one more file, by its name; with its folder or a number where another file has that name."""
    digest = sha256(path)
    folder = path.resolve().parent.name
    names = [path.name, f"{folder}/{path.name}", *(f"{folder}/{path.name} ({n})" for n in range(2, len(inputs) + 3))]
    name = next(name for name in names if inputs.get(name, digest) == digest)
    return {**inputs, name: digest}


def sha256(path: Path) -> str:
    """Checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
