"""TOML files that users write: what can be wrong with the file itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ..errors import JobError

__all__ = ["read_toml"]


def read_toml(path: Path, kind: str) -> dict[str, Any]:
    """Content of a TOML file.

    Parameters
    ----------
    path : path
        The file.
    kind : str
        What it describes, for messages: ``job``, ``series``.

    Raises
    ------
    JobError
        The file is missing, isn't text, or isn't TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise JobError(f"no such {kind} file: {path};", remedy="check the path.") from None
    except UnicodeDecodeError:
        raise JobError("is not a text file;", where=path.name, remedy=f"a {kind} is a TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        named = path.suffix.lower() == ".toml"
        remedy = "mend that line." if named else "if it is a pattern, name a template for it: --template NAME."
        raise JobError(f"is not valid TOML: {error};", where=path.name, remedy=remedy) from None
