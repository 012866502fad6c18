"""Read a powder pattern or a pair distribution function from a file of any known kind."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import PatternError
from ..pattern import Axis, Pattern
from .chi_file import chi_as_columns
from .gsas_data import is_gsas, pattern_from_gsas
from .powder_cif import is_powder_cif, pattern_from_powder_cif
from .text_columns import pattern_from_text
from .vendor_files import is_vendor_text, pattern_from_vendor_file

__all__ = ["read_pattern"]

START_OF_DATA = re.compile(r"^#+\s*start data\s*$", re.M)
HEAD = 4096


def read_pattern(
    path: str | Path,
    *,
    axis: Axis | None = None,
    bank: int | None = None,
    block: str | None = None,
    scan: int | None = None,
) -> Pattern:
    """Read a pattern.

    Formats: columns of text (.xy, .xye, .csv, .dat, .txt, .prn, .asc, .chi, .gr, .fq …), GSAS data with BANK records under any
    name, powder CIF, PANalytical .xrdml, Rigaku .ras and .rasx, Bruker .raw, .brml and .uxd. What the file is follows from its
    content. Its own sigma is used when it has one; else Poisson's, and `Pattern.sigma_origin` says which.

    Parameters
    ----------
    path : path
        The file.
    axis : {"two_theta", "tof", "q", "d", "r"}, optional
        What the first column of a text file is, where the file doesn't say so.
    bank : int, optional
        Bank of GSAS data with several.
    block : str, optional
        Data block of a powder CIF with several.
    scan : int, optional
        Scan, from 0, of a maker's file with several.

    Returns
    -------
    Pattern
        Degrees 2θ, µs, Å⁻¹ or Å by its axis; `metadata` may hold wavelength (Å), wavelength_alpha2 (Å), anode,
        temperature (K), goniometer_radius (mm), count_time (s), scan_date, sample and what PDF programs write.

    Raises
    ------
    PatternError
        Names file, line and remedy.
    """
    file = Path(path)
    content = _content(file)
    if _is_binary(content[:HEAD]):
        return pattern_from_vendor_file(file, scan)
    text = _decoded(content)
    suffix = file.suffix.lower()
    if is_vendor_text(text[:HEAD], suffix):
        return pattern_from_vendor_file(file, scan)
    if is_gsas(text):
        return pattern_from_gsas(text, file.name, bank)
    if suffix == ".cif" or is_powder_cif(text):
        return pattern_from_powder_cif(text, file.name, block)
    if suffix == ".chi":
        text = chi_as_columns(text)
    return pattern_from_text(_without_preamble(text), file.name, axis or _axis_of_suffix(suffix))


def _content(file: Path) -> bytes:
    if not file.exists():
        raise PatternError("no such file;", where=str(file), remedy="check the name and the folder.")
    if file.is_dir():
        raise PatternError("a folder, not a file;", where=str(file), remedy="name one pattern in it.")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PatternError(
            f"can't be opened ({error.strerror});", where=str(file), remedy="check its permissions."
        ) from error
    if not content.strip():
        raise PatternError("the file is empty;", where=file.name, remedy="export or copy it again.")
    return content


def _is_binary(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    return b"\0" in head or head.startswith(b"PK\x03\x04")


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _without_preamble(text: str) -> str:
    """Comment out what PDF programs write above '##### start data', whose lines may start with numbers."""
    start = START_OF_DATA.search(text)
    if start is None:
        return text
    above = "\n".join(f"# {line}" for line in text[: start.start()].split("\n")[:-1])
    return f"{above}\n{text[start.start() :]}" if above else text


def _axis_of_suffix(suffix: str) -> Axis | None:
    return {".gr": "r", ".fq": "q", ".sq": "q", ".iq": "q"}.get(suffix)  # type: ignore[return-value]
