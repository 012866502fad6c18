"""Slits of a diffractometer from a TOML file: the table ``[slits]`` for fundamental-parameters profiles."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from ..diffraction.fundamental_parameters import SlitOptics

__all__ = ["read_slit_optics"]


def read_slit_optics(path: str | Path) -> SlitOptics:
    """Slits and lengths of a Bragg–Brentano diffractometer; keys as the fields of `SlitOptics` (mm, degrees).

    Raises
    ------
    InputError
        No such file, not TOML, no table [slits], an unknown key, a value that isn't a positive number.
    """
    from ..diffraction.fundamental_parameters import SlitOptics

    file = Path(path)
    if not file.is_file():
        raise InputError("no such file;", where=str(path), remedy="name a TOML file with a table [slits].")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("slits")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid TOML ({error});", where=file.name, remedy="mend the line named.") from None
    if not isinstance(table, dict):
        raise InputError("no table [slits];", where=file.name, remedy="put the keys under [slits].")
    known = [field.name for field in fields(SlitOptics)]
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
            raise InputError(f"key {key!r} is not known;", where=f"{file.name}, [slits]", remedy=hint)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(
                f"{key} = {value!r};", where=f"{file.name}, [slits]", remedy="give a number (mm, degrees)."
            )
    return SlitOptics(**{key: float(value) for key, value in table.items()})
