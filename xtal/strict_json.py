"""JSON that every reader takes: numbers that aren't finite, for which JSON has no word, become null."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

__all__ = ["finite", "strict_json"]


def finite(value: Any) -> Any:
    """Tables, lists and numbers as plain Python has them, with None for what isn't finite."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def strict_json(value: Any, *, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """JSON text of `value`; letters beyond ASCII stay as they are."""
    return json.dumps(finite(value), indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
