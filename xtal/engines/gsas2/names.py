"""Names shared by all of the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ENGINE = "gsas2"
Emit = Callable[[dict[str, Any]], None]
