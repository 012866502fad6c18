"""What this installation has, what it lacks, and how to get it.

`Examination.to_dict` is what ``xtal doctor --json`` prints, schema ``xtal-doctor/1``:

- ``schema``, ``xtal`` (version), ``ok`` (the default engine works);
- ``python``: ``version``, ``executable``, ``supported``; ``platform``;
- ``engines.rietx``, ``engines.gsas2``, ``parts.pdffit2``, ``parts.xrayutilities``, ``parts.numba``, ``parts.chromium``: each with
  ``found``, ``version``, ``location``, ``purpose`` and ``remedy`` (a sentence when something is wrong, else null);
- ``warnings``: sentences, such as another package of the same name.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ._version import __version__
from .errors import XtalError

__all__ = ["DEFAULT_ENGINE", "DISTRIBUTION", "Examination", "Part", "examine"]

SCHEMA = "xtal-doctor/1"
DISTRIBUTION = "xtal-toolkit"
DEFAULT_ENGINE = "rietx"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
IMPORT_SECONDS = 120.0


@dataclass(frozen=True)
class Part:
    """An engine or another part: whether it works, and if it doesn't, what to do."""

    found: bool
    version: str | None
    location: str | None
    purpose: str
    remedy: str | None = None


@dataclass(frozen=True)
class Examination:
    """What was found. See the module for the keys of its JSON."""

    engines: Mapping[str, Part]
    parts: Mapping[str, Part]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the default engine works."""
        return self.engines[DEFAULT_ENGINE].found

    def to_dict(self) -> dict[str, Any]:
        """Content of ``xtal doctor --json``."""
        return {
            "schema": SCHEMA,
            "xtal": __version__,
            "ok": self.ok,
            "python": {
                "version": platform.python_version(),
                "executable": sys.executable,
                "supported": OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON,
            },
            "platform": platform.platform(),
            "engines": {name: asdict(part) for name, part in self.engines.items()},
            "parts": {name: asdict(part) for name, part in self.parts.items()},
            "warnings": list(self.warnings),
        }


def examine() -> Examination:
    """Look at the interpreter, the engines, the optional parts, and at packages of the same name."""
    return Examination(
        engines={"rietx": _rietx(), "gsas2": _gsas2()},
        parts={"pdffit2": _pdffit2(), "xrayutilities": _xrayutilities(), "numba": _numba(), "chromium": _chromium()},
        warnings=(*_python_warnings(), *_pin_warnings(), *_namesakes()),
    )


def _rietx() -> Part:
    purpose = "the default refinement engine"
    version = _version("rietx")
    remedy = f"Install it: pip install '{_requirement('rietx')}'."
    if version is None:
        return Part(False, None, None, purpose, remedy)
    if (fault := _import_fault("rietx")) is not None:
        return Part(
            False, version, sys.executable, purpose, f"It is installed but can't be imported ({fault}). {remedy}"
        )
    return Part(True, version, sys.executable, purpose)


def _gsas2() -> Part:
    from .engines.gsas2_location import GSAS2_REMEDY, find_gsas2, gsas2_version

    purpose = "the second refinement engine"
    try:
        interpreter = find_gsas2()
    except XtalError as error:
        return Part(False, None, None, purpose, str(error))
    if interpreter is None:
        return Part(False, None, None, purpose, GSAS2_REMEDY)
    return Part(True, gsas2_version(interpreter), str(interpreter), purpose)


def _pdffit2() -> Part:
    """Version 1.5.2 installs without its compiled extension where the headers of GSL are missing."""
    purpose = "fits of the pair distribution function"
    version = _version("diffpy.pdffit2")
    remedy = f"Install the version that has wheels: pip install '{_requirement('diffpy.pdffit2')}'."
    if version is None or _import_fault("diffpy.pdffit2") is not None:
        return Part(False, version, None, purpose, remedy)
    return Part(True, version, sys.executable, purpose)


def _xrayutilities() -> Part:
    purpose = "optional cross-checks; licence GPL"
    version = _version("xrayutilities")
    if version is None:
        return Part(False, None, None, purpose, "Install it: pip install 'xtal-toolkit[xrayutilities]'.")
    return Part(True, version, sys.executable, purpose)


def _numba() -> Part:
    purpose = "makes the native refinement engine faster"
    version = _version("numba")
    if version is None:
        return Part(False, None, None, purpose, "Install it: pip install 'xtal-toolkit[native]'.")
    return Part(True, version, sys.executable, purpose)


def _chromium() -> Part:
    purpose = "tests that open the report in a browser"
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        remedy = "Install Chromium from your distribution's packages (on Debian: apt-get install chromium)."
        return Part(False, None, None, purpose, remedy)
    return Part(True, _program_version(browser), browser, purpose)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _requirement(distribution: str) -> str:
    """Requirement on a distribution as the installed metadata has it (``rietx==1.10.0``)."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return distribution
    return next((text for text in requirements if text.split("==")[0] == distribution), distribution)


def _program_version(program: str) -> str | None:
    """First dotted number in what ``program --version`` prints; None when it fails."""
    try:
        done = subprocess.run(
            [program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30.0, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\d+(\.\d+)+", done.stdout)
    return number.group() if number else None


def _import_fault(module: str) -> str | None:
    """Last line of the traceback when a fresh interpreter can't import the module."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {IMPORT_SECONDS:g} s"
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"exit code {done.returncode}").split("\n")[-1]


def _python_warnings() -> list[str]:
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return []
    return [f"Python {platform.python_version()} is not supported; use 3.11, 3.12 or 3.13."]


def _pin_warnings() -> list[str]:
    """The engine's interface changes between releases, so only the pinned one is known to work."""
    wanted, found = _requirement("rietx").partition("==")[2], _version("rietx")
    if not wanted or found is None or found == wanted:
        return []
    return [f"rietx {found} is installed, xtal is made for {wanted}: pip install rietx=={wanted}."]


def _namesakes() -> list[str]:
    """Another distribution called ``xtal``, and other folders from which ``import xtal`` could be served."""
    remedy = f"remove it (pip uninstall xtal) and install {DISTRIBUTION} again."
    warnings = []
    if (version := _version("xtal")) is not None:
        warnings.append(f"An unrelated distribution named xtal ({version}) is installed and shadows this one: {remedy}")
    own = Path(__file__).resolve().parent
    folders = {(Path(entry or ".") / "xtal").resolve() for entry in sys.path}
    warnings += [
        f"Another package named xtal lies on the import path: {folder}."
        for folder in sorted(folders - {own})
        if (folder / "__init__.py").is_file()
    ]
    return warnings
