"""Folders of data that travel with the toolkit: at the top of a clone, inside the package of an installed wheel."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from ..errors import MissingPartError

__all__ = ["data_folder"]


def data_folder(name: str) -> Path:
    """Folder ``"reference_cifs"`` or ``"refinement_templates"``.

    Raises
    ------
    MissingPartError
        The installation has no such folder.
    """
    package = Path(str(resources.files("xtal")))
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise MissingPartError(f"the folder {name} is missing from this installation of xtal; install it again.")
