"""Structures to and from pymatgen, diffpy.structure and gemmi.

pymatgen and diffpy hold every atom of the cell, so the asymmetric unit travels along as metadata; the way back uses it
as long as it still describes the atoms, and finds the symmetry anew with spglib when it doesn't. gemmi holds the
asymmetric unit itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .diffpy_structure import from_diffpy, to_diffpy
    from .gemmi_structure import from_gemmi, to_gemmi
    from .pymatgen_structure import from_pymatgen, to_pymatgen

__all__ = ["from_diffpy", "from_gemmi", "from_pymatgen", "to_diffpy", "to_gemmi", "to_pymatgen"]


def __getattr__(name: str) -> Any:
    """Load a conversion with the library it needs."""
    if name not in __all__:
        raise AttributeError(f"module 'xtal.convert' has no attribute {name!r}")
    return getattr(import_module(f".{name.split('_')[1]}_structure", __name__), name)
