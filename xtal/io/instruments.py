"""Instruments by preset or file, and back to files."""

from __future__ import annotations

import difflib
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..errors import InputError, OutputError
from ..instrument import Instrument
from .atomic import write_text_atomic
from .fullprof_irf import instrument_from_irf, is_irf
from .gsas2_instprm import instrument_from_instprm, instrument_to_instprm, is_instprm
from .gsas_prm import instrument_from_prm, is_prm
from .instrument_toml import instrument_from_table, instrument_to_toml, with_overrides

__all__ = ["instrument_presets", "load_instrument", "with_overrides", "write_instrument"]

FILE_SUFFIXES = {".instprm", ".prm", ".inst", ".ins", ".irf", ".toml"}


def instrument_presets() -> list[str]:
    """Names of the presets."""
    return list(_presets())


def load_instrument(preset_or_file: str | Path, *, bank: int | None = None) -> Instrument:
    """Instrument from a preset's name, a GSAS-II .instprm, a GSAS .prm or .inst, a FullProf .irf of time of flight, or our own TOML.

    Parameters
    ----------
    preset_or_file : str or path
        A preset (`instrument_presets`) or a file; what a file is follows from its content.
    bank : int, optional
        Bank of a file with several.

    Returns
    -------
    Instrument
        `calibrated` is False for presets; a TOML file says it; .instprm, .prm and .irf files count as calibrated unless they hold
        the line ``# calibrated: false``.

    Raises
    ------
    InputError
        Neither a preset nor a file, a file of another kind, a missing wavelength, values that can't be read.
    """
    text = str(preset_or_file)
    presets = _presets()
    if text in presets:
        return instrument_from_table(presets[text], f"preset {text}", text)
    path = Path(preset_or_file)
    if not path.is_file():
        raise _unknown(text, path)
    return _from_file(path, bank)


def write_instrument(instrument: Instrument, path: str | Path) -> Path:
    """Write an instrument to .toml (everything) or .instprm (for GSAS-II).

    Raises
    ------
    OutputError
        Another extension, or the file can't be written.
    InputError
        The instrument doesn't fit into the format.
    """
    target = Path(path)
    writers = {".toml": instrument_to_toml, ".instprm": instrument_to_instprm}
    if target.suffix.lower() not in writers:
        raise OutputError(
            f"{target}: instruments are written as .toml or .instprm, not {target.suffix or 'without extension'}."
        )
    return write_text_atomic(target, writers[target.suffix.lower()](instrument))


@cache
def _presets() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("xtal") / "instrument_presets.toml").read_text(encoding="utf-8"))


def _unknown(text: str, path: Path) -> InputError:
    if path.suffix.lower() in FILE_SUFFIXES or len(path.parts) > 1:
        return InputError("no such instrument file;", where=text, remedy="check the name and the folder.")
    near = difflib.get_close_matches(text, _presets(), n=2, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return InputError(f"instrument {text!r} is neither a preset nor a file;",
                      remedy=f"{hint}presets: {', '.join(_presets())}.")  # fmt: skip


def _from_file(path: Path, bank: int | None) -> Instrument:
    content = path.read_bytes()
    if b"\0" in content:
        raise _other_kind(path)
    text = content.decode("utf-8-sig", errors="replace")
    if is_prm(text):
        return instrument_from_prm(text, path.name, bank)
    if is_instprm(text):
        return instrument_from_instprm(text, path.name, bank)
    if is_irf(text):
        return instrument_from_irf(text, path.name, bank)
    if path.suffix.lower() == ".toml":
        return _from_toml(text, path)
    raise _other_kind(path)


def _from_toml(text: str, path: Path) -> Instrument:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML ({error});", where=path.name, remedy="mend the line named.") from None
    if not isinstance(table.get("instrument"), dict):
        raise InputError("no table [instrument];", where=path.name, remedy="put the keys under [instrument].")
    return instrument_from_table(table["instrument"], f"{path.name}, [instrument]", path.name)


def _other_kind(path: Path) -> InputError:
    return InputError(
        "not an instrument file;",
        where=path.name,
        remedy="it must be a GSAS-II .instprm, a GSAS .prm or .inst, a FullProf .irf of time of flight, or TOML with a table [instrument].",
    )
