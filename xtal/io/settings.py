"""The user's own settings: ``xtal/config.toml`` in the folder of settings (``~/.config`` unless XDG_CONFIG_HOME)."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from ..errors import InputError

__all__ = ["settings_file", "user_settings"]


def settings_file() -> Path:
    """Path of the settings, whether they exist or not; a relative XDG_CONFIG_HOME is ignored, as its standard says."""
    named = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    folder = named if named.is_absolute() else Path.home() / ".config"
    return folder / "xtal" / "config.toml"


def user_settings() -> dict[str, Any]:
    """Content of the settings; empty when there are none.

    Raises
    ------
    InputError
        The file is not TOML.
    """
    file = settings_file()
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not valid TOML: {error};", where=str(file), remedy="mend or remove it.") from None
