"""Where GSAS-II lives: at most users' places in a Python interpreter of its own.

Searched in this order: the interpreter that runs now, ``$XTAL_GSAS2_PYTHON``, ``[gsas2] python`` in the user's settings,
the usual folders of GSAS-II's installers. A place that the user names is not passed over: when it doesn't work, that is
said. GSAS-II's own installers put the package beside the interpreter (``gsas2main/GSAS-II/GSASII``) without making it
importable, so `gsas2_command` adds that folder to the path.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..errors import EngineMissingError, InputError
from ..io.settings import settings_file, user_settings

__all__ = ["GSAS2_REMEDY", "PYTHON_VARIABLE", "find_gsas2", "gsas2_command", "gsas2_version", "usual_interpreters"]

PYTHON_VARIABLE = "XTAL_GSAS2_PYTHON"
GSAS2_REMEDY = (
    "Install GSAS-II with the installer that its home page offers, then set XTAL_GSAS2_PYTHON to the Python "
    "interpreter it lives in (or [gsas2] python in the settings file of xtal)."
)
PROBE_SECONDS = 120.0

_INSTALLER_FOLDERS = ("gsas2main", "gsas2full", "g2full", "g2main", "GSASII", "GSAS-II", "gsas2")
_CONDA_FOLDERS = ("miniforge3", "mambaforge", "micromamba", "miniconda3", "anaconda3", ".conda")
_ENVIRONMENTS = ("GSASII", "GSAS-II", "gsas2", "gsasii")
_PIXI = Path("pixi", ".pixi", "envs", "default")

_PROBE = """
import sys
sys.path[:0] = sys.argv[1:]
from GSASII import GSASIIpath
import GSASII.GSASIIscriptable
try:
    version = "%s (%s)" % (GSASIIpath.GetVersionTag(), GSASIIpath.GetVersionNumber())
except Exception:
    version = "unknown"
sys.stdout.write("\\nxtal-probe:" + version + "\\n")
"""
_RUN = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"


def find_gsas2() -> Path | None:
    """Interpreter that imports GSAS-II; None when there is none.

    Raises
    ------
    EngineMissingError
        The interpreter that the user named can't import GSAS-II.
    """
    if find_spec("GSASII") is not None and gsas2_version(Path(sys.executable)) is not None:
        return Path(sys.executable)
    for said_by, interpreter in _named_interpreters():
        if gsas2_version(interpreter) is None:
            raise EngineMissingError(f"{said_by} names {interpreter}, which can't import GSAS-II. {GSAS2_REMEDY}")
        return interpreter
    return next((path for path in usual_interpreters() if gsas2_version(path) is not None), None)


def usual_interpreters() -> Iterator[Path]:
    """Interpreters that exist in the usual folders of GSAS-II's installers, conda and pixi."""
    home = Path.home()
    folders = [home / name for name in _INSTALLER_FOLDERS]
    folders += [home / name / _PIXI for name in _INSTALLER_FOLDERS]
    folders += [home / name / "GSAS-II" / _PIXI for name in _INSTALLER_FOLDERS]
    folders += [home / conda / "envs" / name for conda in _CONDA_FOLDERS for name in _ENVIRONMENTS]
    folders += [home / ".pixi" / "envs" / name for name in _ENVIRONMENTS]
    return (path for folder in folders if (path := folder / "bin" / "python").is_file())


@cache
def gsas2_version(interpreter: Path) -> str | None:
    """Version of the GSAS-II that an interpreter imports; None when it can't. Asked once per process."""
    command = [str(interpreter), "-c", _PROBE, *map(str, _package_folders(interpreter))]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next(
        (line.removeprefix("xtal-probe:") for line in answer.stdout.splitlines() if line.startswith("xtal-probe:")),
        None,
    )


def gsas2_command(interpreter: Path, script: Path) -> tuple[str, ...]:
    """Command line that runs a script where GSAS-II can be imported.

    Parameters
    ----------
    interpreter : Path
        From `find_gsas2`.
    script : Path
        A script of the standard library and GSASII.
    """
    for folder in _package_folders(interpreter):
        return (str(interpreter), "-c", _RUN, str(folder), str(script))
    return (str(interpreter), str(script))


def _package_folders(interpreter: Path) -> list[Path]:
    """Folder beside or above an interpreter that holds the package GSASII, if there is one."""
    candidates = [folder for above in interpreter.parents for folder in (above, above / "GSAS-II")]
    return [folder for folder in candidates if (folder / "GSASII" / "GSASIIscriptable.py").is_file()][:1]


def _named_interpreters() -> Iterator[tuple[str, Path]]:
    """Where the user says that GSAS-II lives: who says it, and the interpreter."""
    if named := os.environ.get(PYTHON_VARIABLE):
        yield PYTHON_VARIABLE, Path(named).expanduser()
    section = user_settings().get("gsas2", {})
    named = section.get("python") if isinstance(section, dict) else section
    if named is None:
        return
    if not isinstance(named, str):
        raise InputError(f"[gsas2] python is {named!r};", where=str(settings_file()), remedy="give a path as text.")
    yield f"[gsas2] python in {settings_file()}", Path(named).expanduser()
