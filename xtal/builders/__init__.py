"""Model builders: each returns a new structure of quality "model" whose source and notes say what was done."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chloride_frameworks import oxychloride
    from .potassium import potassium_on_cluster_site, potassium_on_lithium_site
    from .snapshots import ordered_snapshots
    from .spinel_series import chlorospinel
    from .substitution import substituted
    from .supercells import supercell

_HOME = {
    "chlorospinel": "spinel_series",
    "ordered_snapshots": "snapshots",
    "oxychloride": "chloride_frameworks",
    "potassium_on_cluster_site": "potassium",
    "potassium_on_lithium_site": "potassium",
    "substituted": "substitution",
    "supercell": "supercells",
}

__all__ = [
    "chlorospinel",
    "ordered_snapshots",
    "oxychloride",
    "potassium_on_cluster_site",
    "potassium_on_lithium_site",
    "substituted",
    "supercell",
]


def __getattr__(name: str) -> Any:
    """Load a builder with the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module 'xtal.builders' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
