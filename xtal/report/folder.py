"""The folder of a result, written whole or not at all."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import OutputError
from ..io.results import JSON_NAME, without_folders, write_result_files
from ..plot.refinement import plot_refinement
from ..result import Result
from .figures import figure_file
from .html import report_html

__all__ = ["check_folder", "new_folder", "write_result"]

REPORT_NAME = "report.html"


def write_result(
    result: Result, folder: Path | str, force: bool = False, tabs: Mapping[str, str] | None = None
) -> Path:
    """Write the folder of a result: result.json, report.html, pattern.csv, CIFs, fit.png, log.txt, files of the engine.

    Several patterns have pattern-NAME.csv and fit-NAME.png each.

    Everything is written into a hidden folder beside it, which is renamed when it is whole. Absolute paths in texts are
    cut to the file's name.

    Parameters
    ----------
    result : Result
        What to write. Without a profile there is no pattern.csv and no fit.png.
    folder : Path or str
        Where to; must not exist, or be empty.
    force : bool
        Replace the folder of an earlier result, with everything in it. Any other folder is refused all the same.
    tabs : mapping, optional
        Further tabs of the report: heading to HTML.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        The folder exists, or it could not be written; the file system is then as it was.
    """
    target = Path(folder).resolve()
    check_folder(target, force)
    portable = without_folders(result)
    try:
        with new_folder(target) as temporary:
            write_result_files(portable, temporary)
            (temporary / REPORT_NAME).write_text(report_html(portable, tabs), encoding="utf-8")
            for name, one in portable.by_pattern().items():
                if one.profile is not None:
                    plot_refinement(one).savefig(temporary / figure_file(name))
    except OSError as error:
        raise OutputError(
            f"{folder}: the result could not be written ({error.strerror or error}); no half-written folder was left, and nothing was"
            " replaced."
            " Free some space or choose another folder with -o."
        ) from error
    return Path(folder)


def check_folder(folder: Path | str, force: bool = False) -> None:
    """Refuse a folder that must not be written to; worth calling before a long refinement.

    Raises
    ------
    OutputError
        It exists and is not empty, without `force`; or it is not the folder of an earlier result.
    """
    path = Path(folder)
    if not path.exists():
        return
    if not path.is_dir():
        raise OutputError(f"{folder} is a file; choose another folder with -o.")
    if not any(path.iterdir()):
        return
    if not force:
        raise OutputError(f"{folder} exists already; choose another folder with -o, or replace it with --force.")
    if not _holds_result(path):
        raise OutputError(
            f"{folder} exists and is not the folder of a result, so --force doesn't replace it;"
            " choose another folder with -o."
        )


def _holds_result(folder: Path) -> bool:
    try:
        content = json.loads((folder / JSON_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and str(content.get("schema", "")).startswith(("xtal-result/", "xtal-pdf-"))


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A sibling folder that takes the target's place on success and vanishes on any exception, Ctrl-C included."""
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _put_in_place(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _put_in_place(new: Path, target: Path) -> None:
    """Rename `new` to `target`; an old folder is moved aside first, and back if that fails."""
    if not target.exists():
        new.rename(target)
        return
    old = new.with_suffix(".old")
    try:
        target.rename(old)
        new.rename(target)
    finally:
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)
