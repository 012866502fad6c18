"""Arrays as compressed bytes for the store: exact where they were measured, to a hundredth of sigma where they were calculated."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..result import ProfileCurves

__all__ = ["pack_array", "pack_curves", "pack_json", "unpack_array", "unpack_curves", "unpack_json"]

FloatArray = NDArray[np.float64]
FINENESS = 0.01
"""Step of calculated curves in units of the smallest sigma; a hundredth can't be seen in any figure of merit."""

_LEVEL = 3
"""Of zlib: a third of the time of its default, for a store larger by 3 %."""


def pack_json(content: Any) -> bytes:
    """Compressed JSON."""
    return zlib.compress(json.dumps(content, allow_nan=False, separators=(",", ":")).encode(), _LEVEL)


def unpack_json(data: bytes) -> Any:
    """Content of `pack_json`."""
    return json.loads(zlib.decompress(data))


def pack_array(values: ArrayLike) -> bytes:
    """Exact float64; bytes of equal weight lie together, which compresses counts to two or three bytes a point."""
    array = np.ascontiguousarray(values, dtype="<f8")
    return zlib.compress(_shuffled(array.view(np.uint8), 8), _LEVEL)


def unpack_array(data: bytes) -> FloatArray:
    """Array of `pack_array`."""
    return np.frombuffer(_unshuffled(zlib.decompress(data), 8), dtype="<f8").astype(float)


def pack_curves(curves: ProfileCurves) -> bytes:
    """Every curve of a profile except its axis, which frames share."""
    counts, sigma = curves.observed, curves.sigma
    poisson = bool(np.array_equal(sigma, np.sqrt(np.maximum(counts, 1.0))))
    step = FINENESS * float(np.min(sigma[sigma > 0], initial=np.inf))
    step = step if np.isfinite(step) else 1e-6 * float(np.max(np.abs(counts), initial=1.0))
    parts = [pack_array(counts), b"" if poisson else pack_array(sigma)]
    parts += [_pack_rounded(curve, step) for curve in (curves.calculated, curves.background, *curves.phases.values())]
    head = json.dumps(
        {
            "axis": curves.axis,
            "step": step,
            "poisson": poisson,
            "phases": list(curves.phases),
            "sizes": [len(p) for p in parts],
        }
    ).encode()
    return len(head).to_bytes(4, "little") + head + b"".join(parts)


def unpack_curves(data: bytes, x: ArrayLike) -> ProfileCurves:
    """Curves of `pack_curves` on their axis."""
    length = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + length])
    parts, place = [], 4 + length
    for size in head["sizes"]:
        parts.append(data[place : place + size])
        place += size
    observed = unpack_array(parts[0])
    sigma = np.sqrt(np.maximum(observed, 1.0)) if head["poisson"] else unpack_array(parts[1])
    calculated, background, *phases = (_unpack_rounded(part, head["step"]) for part in parts[2:])
    return ProfileCurves(
        x=np.asarray(x, dtype=float),
        observed=observed,
        sigma=sigma,
        calculated=calculated,
        background=background,
        phases=dict(zip(head["phases"], phases, strict=True)),
        axis=head["axis"],
    )


def _pack_rounded(values: ArrayLike, step: float) -> bytes:
    """Multiples of a step, second differences of which are small where a curve is smooth."""
    whole = np.round(np.asarray(values, dtype=float) / step)
    steps = np.diff(whole.astype(np.int64), n=2, prepend=np.zeros(2, dtype=np.int64)).astype("<i8")
    return zlib.compress(_shuffled(np.ascontiguousarray(steps).view(np.uint8), 8), _LEVEL)


def _unpack_rounded(data: bytes, step: float) -> FloatArray:
    steps = np.frombuffer(_unshuffled(zlib.decompress(data), 8), dtype="<i8")
    return np.asarray(np.cumsum(np.cumsum(steps)) * step, dtype=float)


def _shuffled(data: NDArray[np.uint8], width: int) -> bytes:
    return np.ascontiguousarray(data.reshape(-1, width).T).tobytes()


def _unshuffled(data: bytes, width: int) -> bytes:
    return np.ascontiguousarray(np.frombuffer(data, dtype=np.uint8).reshape(width, -1).T).tobytes()
