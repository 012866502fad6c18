"""Crystallographic characterization of solid electrolytes.

Names are loaded when they are first used, so that importing the package stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .instrument import Instrument, Profile
    from .lattice import Lattice
    from .pattern import Pattern
    from .radiation import Radiation
    from .structure import Site, Structure
    from .symmetry import SpaceGroup

_HOME = {
    "Instrument": "instrument",
    "Lattice": "lattice",
    "Pattern": "pattern",
    "Profile": "instrument",
    "Radiation": "radiation",
    "Site": "structure",
    "SpaceGroup": "symmetry",
    "Structure": "structure",
}

__all__ = ["Instrument", "Lattice", "Pattern", "Profile", "Radiation", "Site", "SpaceGroup", "Structure", "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module 'xtal' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    """Public names, loaded or not."""
    return __all__
