"""``xtal demo``: refine the shipped example."""

from __future__ import annotations

from pathlib import Path

from .options import AsJson, EngineOption, Force, Output, Quiet, Timeout
from .running import refine_and_write, start_engine

__all__ = ["demo"]


def demo(
    output: Output = Path("demo-result"),
    engine: EngineOption = None,
    timeout: Timeout = 600.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Refine the shipped example.

    A synthetic pellet of cubic and orthorhombic Li2OHCl with LLTO, whose true fractions are known.
    """
    start_engine(engine)
    from ..rietveld.example import example_job

    folder = output or Path("demo-result")
    refine_and_write(example_job(engine=engine), folder, timeout=timeout, force=force, as_json=as_json, quiet=quiet)
