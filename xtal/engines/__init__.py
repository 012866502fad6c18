"""Refinement engines behind one protocol. Each engine's own units and words stay in its worker."""

from __future__ import annotations

from ..errors import JobError
from .gsas2_engine import Gsas2Engine
from .native_engine import NativeEngine
from .protocol import Engine, EngineRun
from .rietx_engine import RietxEngine

__all__ = ["ENGINES", "Engine", "EngineRun", "engine_named"]

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (RietxEngine(), Gsas2Engine(), NativeEngine())}


def engine_named(name: str) -> Engine:
    """The engine that jobs call by this name.

    Raises
    ------
    JobError
        No such engine.
    """
    if name not in ENGINES:
        raise JobError(f"engine {name!r} is not known;", remedy=f"engines are {', '.join(ENGINES)}.")
    return ENGINES[name]
