"""The reference structures that travel with the toolkit, by name; their index is authoritative for source and quality."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import CifError
from ..structure import Structure
from .cif import read_cif
from .data_folders import data_folder

__all__ = [
    "find_structure",
    "missing_references",
    "reference_index",
    "reference_names",
    "reference_path",
    "reference_structure",
]

_FOLDER = "reference_cifs"
_NOT_FOUND = "not_found"


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return tomllib.loads((data_folder(_FOLDER) / "index.toml").read_text(encoding="utf-8"))


def reference_index() -> Mapping[str, Mapping[str, Any]]:
    """Tables of ``index.toml`` by structure name: formula, space group, cell, density, source, quality, uncertain …"""
    return MappingProxyType({name: table for name, table in _tables().items() if name != _NOT_FOUND})


def missing_references() -> Mapping[str, str]:
    """What was looked for and not found, with the paper that should hold it."""
    return MappingProxyType(dict(_tables().get(_NOT_FOUND, {})))


def reference_names() -> tuple[str, ...]:
    """Names of the reference structures, in the order of the index."""
    return tuple(reference_index())


def reference_path(name: str) -> Path:
    """CIF of a reference structure.

    Raises
    ------
    CifError
        No such reference; the text names the nearest ones.
    """
    if name not in reference_index():
        raise CifError(f"there is no reference structure {name!r};", remedy=_suggestion(name))
    return data_folder(_FOLDER) / f"{name}.cif"


@lru_cache(maxsize=128)
def reference_structure(name: str) -> Structure:
    """A reference structure, with source, quality and notes of the index.

    Raises
    ------
    CifError
        No such reference; the text names the nearest ones.
    """
    structure, entry = read_cif(reference_path(name)), reference_index()[name]
    uncertain = tuple(entry.get("uncertain", ()))
    notes = uncertain + tuple(note for note in structure.notes if note not in uncertain)
    return replace(structure, name=name, source=entry["source"], quality=entry["quality"], notes=notes)


def find_structure(name_or_path: str | Path) -> Structure:
    """A reference structure by name, or the structure in a CIF.

    Raises
    ------
    CifError
        Neither a reference nor a readable CIF with one structure.
    """
    text = str(name_or_path)
    if text in reference_index():
        return reference_structure(text)
    if isinstance(name_or_path, Path) or Path(text).is_file() or "/" in text or text.lower().endswith(".cif"):
        return read_cif(text)
    raise CifError(f"{text!r} is neither a reference structure nor a file;", remedy=_suggestion(text))


def _suggestion(name: str) -> str:
    if name in missing_references():
        return f"it was looked for and not found: {missing_references()[name]}"
    near = get_close_matches(name.lower(), reference_names(), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{hint}'xtal phases list' shows all {len(reference_names())}; a path to a CIF will do as well."
