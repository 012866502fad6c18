"""CIF text against CIF dictionaries: values and names by gemmi where it reads the dictionary, names only where it can't."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError

__all__ = ["cif_complaints"]

_NAME = re.compile(r"['\"](_[A-Za-z][^\s'\"]*)['\"]")
_DEFINED = re.compile(r"^\s*_definition\.id\s+(_\S+)", re.MULTILINE)
_UNKNOWN = "unknown tag "


def cif_complaints(text: str, dictionaries: Sequence[Path]) -> list[str]:
    """What dictionaries have against a CIF: values of the wrong kind, loops without their key, names that none of them holds.

    gemmi reads dictionaries in DDL1 and DDL2. Those in CIF 2 (DDLm: cif_pow.dic, and cif_core.dic since version 3) it doesn't; of them the names and
    aliases count as known, and nothing is said of their values.

    Parameters
    ----------
    text : str
        Of the CIF.
    dictionaries : sequence of Path
        Together they should hold every name: core and powder.

    Raises
    ------
    InputError
        A file can't be read, or is no dictionary.
    """
    import gemmi

    complaints: list[str] = []
    ddl = gemmi.cif.Ddl(lambda message: complaints.append(message.strip()), use_context=False, use_linked_groups=False, use_mandatory=False)  # fmt: skip
    names: set[str] = set()
    for path in dictionaries:
        content = _content(path)
        if content.startswith("#\\#CIF_2.0"):
            names |= {name.lower() for name in [*_NAME.findall(content), *_DEFINED.findall(content)]}
            continue
        try:
            ddl.read_ddl(gemmi.cif.read_string(content))
        except (ValueError, RuntimeError) as error:
            raise InputError(
                f"no CIF dictionary ({error});", where=str(path), remedy="give cif_core.dic, cif_pow.dic."
            ) from None
    complaints.clear()
    ddl.validate_cif(gemmi.cif.read_string(text))
    return [complaint for complaint in dict.fromkeys(complaints) if complaint and not _is_known(complaint, names)]


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror});", where=str(path), remedy="check the name.") from None


def _is_known(complaint: str, names: set[str]) -> bool:
    """A complaint about a name that a dictionary in CIF 2 holds."""
    _, found, name = complaint.partition(_UNKNOWN)
    return bool(found) and name.strip().lower() in names
