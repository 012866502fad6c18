"""The covariance of a fit as a file of its result: covariance.json."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVARIANCE_NAME", "read_covariance"]

COVARIANCE_NAME = "covariance.json"


def read_covariance(folder: str | Path) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """Names and covariance matrix, (n, n), from the folder of a result; None when it has none."""
    path = Path(folder) / COVARIANCE_NAME
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return tuple(content["names"]), np.array(content["matrix"], dtype=float)
