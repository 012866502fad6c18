"""The files of a result: result.json, pattern.csv, reflections.csv, one CIF per phase, log.txt.

With several patterns there are pattern-NAME.csv and reflections-NAME.csv for each.

pattern.csv has the columns axis (``two_theta`` in degrees …), observed, sigma, calculated, background, difference and
then the Bragg intensity of each phase. The folder as a whole, with its pictures, is written by `xtal.report.folder`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import numpy as np

from ..errors import InputError, OutputError
from ..pattern import Axis
from ..result import CELL_NAMES, ProfileCurves, ReflectionRow, Result

__all__ = [
    "pattern_csv",
    "phase_esds",
    "portable_content",
    "read_result",
    "reflections_csv",
    "result_json",
    "without_folders",
    "write_result_files",
]

JSON_NAME, PATTERN_NAME, REFLECTIONS_NAME, LOG_NAME = "result.json", "pattern.csv", "reflections.csv", "log.txt"
CURVES = ("observed", "sigma", "calculated", "background", "difference")
REFLECTION_COLUMNS = ("h", "k", "l", "multiplicity", "d", "two_theta", "f_squared", "intensity", "fwhm")

EXTRA_PEAKS = "(extra peaks)"
"""Column of pattern.csv with the part of the background that extra peaks and humps make; no phase can have this name."""

# A slash that starts a word and is followed by another: the start of an absolute path, not of g/cm³ or of an address.
_ABSOLUTE_PATH = re.compile(r"(?<![\w./:°²³⁻¹)])/(?:[^\s/'\"<>]+/)+")


def result_json(result: Result) -> str:
    """Text of result.json."""
    return json.dumps(result.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def pattern_csv(profile: ProfileCurves) -> str:
    """Text of pattern.csv."""
    extra = {} if profile.extra_peaks is None else {EXTRA_PEAKS: profile.extra_peaks}
    columns = [profile.x, *(getattr(profile, name) for name in CURVES), *profile.phases.values(), *extra.values()]
    return _csv_text(
        (profile.axis, *CURVES, *profile.phases, *extra),
        ([f"{value:.10g}" for value in row] for row in zip(*columns, strict=True)),
    )


def pattern_file(name: str) -> str:
    """File of the curves of a pattern; the only one has an empty name."""
    return f"pattern-{name}.csv" if name else PATTERN_NAME


def reflections_file(name: str) -> str:
    """File of the reflections of a pattern; the only one has an empty name."""
    return f"reflections-{name}.csv" if name else REFLECTIONS_NAME


def reflections_csv(reflections: Mapping[str, tuple[ReflectionRow, ...]], axis: str = "two_theta") -> str:
    """Text of reflections.csv: d in Å, 2θ in degrees at the first wavelength (or tof in µs); empty where the engine says nothing.

    Pawley's intensities have a column more, esd_f_squared.
    """
    has_esds = any(row.esd_f_squared is not None for family in reflections.values() for row in family)
    names = (*REFLECTION_COLUMNS, "esd_f_squared") if has_esds else REFLECTION_COLUMNS
    rows = (
        [phase, *(_number_text(getattr(row, name)) for name in names)]
        for phase, family in reflections.items()
        for row in family
    )
    columns = (axis if name == "two_theta" else name for name in names)
    return _csv_text(("phase", *columns), rows)


def phase_esds(result: Result, phase: str) -> dict[str, float]:
    """Standard uncertainties of one phase for its CIF: ``cell.a``, ``site.Cl1.x`` … → esd, without the missing ones."""
    prefix = f"phase.{phase}."
    found = {name.removeprefix(prefix): item.esd for name, item in result.parameters.items() if name.startswith(prefix)}
    if phase in result.phases:
        cell = result.phases[phase].cell
        found.update({f"cell.{name}": getattr(cell, name).esd for name in CELL_NAMES})
    return {name: esd for name, esd in found.items() if esd is not None}


def write_result_files(result: Result, folder: Path) -> None:
    """Write everything but report and picture into an existing, empty folder.

    Raises
    ------
    OutputError
        A phase or a file of the engine has a name that can't be a file in this folder, or two have the same.
    OSError
        From the file system.
    """
    from .cif import cif_text

    texts = {JSON_NAME: result_json(result), LOG_NAME: result.log}
    for name, one in result.by_pattern().items():
        if one.profile is not None:
            texts[pattern_file(name)] = pattern_csv(one.profile)
        if one.reflections:
            texts[reflections_file(name)] = reflections_csv(one.reflections, _axis(one))
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    for phase, structure in result.structures.items():
        _add_file(contents, f"{phase}.cif", cif_text(structure, phase_esds(result, phase)).encode("utf-8"))
    for name, content in result.files.items():
        _add_file(contents, name, content)
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read_result(path: Path | str) -> Result:
    """Result from its folder or its result.json, with curves, reflections and log where their files lie beside it.

    Raises
    ------
    InputError
        Nothing there, not JSON, another schema, or a damaged file.
    """
    location = Path(path)
    json_path = location / JSON_NAME if location.is_dir() else location
    result = Result.from_dict(_read_json(json_path))
    folder = json_path.parent
    log = folder / LOG_NAME
    patterns = {
        name: replace(
            one,
            profile=_read_pattern_csv(folder / pattern_file(name)),
            reflections=_read_reflections_csv(folder / reflections_file(name)),
        )
        for name, one in result.patterns.items()
    }
    first = next(iter(patterns), "")
    return replace(
        result,
        patterns=patterns,
        profile=_read_pattern_csv(folder / pattern_file(first)),
        reflections=_read_reflections_csv(folder / reflections_file(first)),
        log=log.read_text(encoding="utf-8") if log.is_file() else "",
    )


def portable_content(result: Result) -> dict[str, Any]:
    """Content of result.json with every absolute path in its texts cut to the file's name."""
    content: dict[str, Any] = _without_folders(result.to_dict())
    return content


def without_folders(result: Result) -> Result:
    """The same result with every absolute path in its texts cut to the file's name, so that the folder can travel."""
    content = portable_content(result)
    structures = {
        name: replace(item, source=_without_folders(item.source), notes=tuple(map(_without_folders, item.notes)))
        for name, item in result.structures.items()
    }
    return replace(
        Result.from_dict(content),
        profile=result.profile,
        reflections=result.reflections,
        structures=structures,
        files=result.files,
        log=_without_folders(result.log),
        patterns={name: replace(one, pattern=_without_folders(one.pattern)) for name, one in result.patterns.items()},
    )


def _without_folders(value: Any) -> Any:
    if value is None or isinstance(value, (float, int)):
        return value
    if isinstance(value, str):
        return _ABSOLUTE_PATH.sub("", value) if "/" in value else value
    if type(value) is dict:
        return {_without_folders(key): _without_folders(item) for key, item in value.items()}
    if isinstance(value, Mapping):
        return {_without_folders(key): _without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_folders(item) for item in value]
    return value


def _add_file(contents: dict[str, bytes], name: str, content: bytes) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name or "\\" in name or "\0" in name:
        raise OutputError(f"{name!r} can't be the name of a file of the result; rename the phase or the file.")
    if name in contents:
        raise OutputError(f"two files of the result would be called {name!r}; rename the phase.")
    contents[name] = content


def _csv_text(header: tuple[str, ...], rows: Any) -> str:
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def _number_text(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _axis(result: Result) -> str:
    return "two_theta" if result.profile is None else result.profile.axis


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no result here;", where=str(path), remedy="give a folder that xtal refine wrote.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"not a result file ({error});", where=str(path), remedy="refine again.") from error
    if not isinstance(content, dict):
        raise InputError("not a result file (no JSON object);", where=str(path), remedy="refine again.")
    return content


def _read_table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _read_pattern_csv(path: Path) -> ProfileCurves | None:
    if not path.is_file():
        return None
    header, *rows = _read_table(path) or [[]]
    n_fixed = 1 + len(CURVES)
    if tuple(header[1:n_fixed]) != CURVES or header[0] not in get_args(Axis):
        raise InputError(f"columns {header[:n_fixed]};", where=str(path), remedy="refine again: the file is damaged.")
    try:
        columns = np.array(rows, dtype=float).reshape(len(rows), len(header)).T
    except ValueError as error:
        raise InputError(f"{error};", where=str(path), remedy="refine again: the file is damaged.") from error
    x, observed, sigma, calculated, background = columns[:5]
    phases = dict(zip(header[n_fixed:], columns[n_fixed:], strict=True))
    extra = phases.pop(EXTRA_PEAKS, None)
    return ProfileCurves(x, observed, sigma, calculated, background, phases, axis=header[0], extra_peaks=extra)


def _read_reflections_csv(path: Path) -> dict[str, tuple[ReflectionRow, ...]]:
    if not path.is_file():
        return {}
    families: dict[str, list[ReflectionRow]] = {}
    try:
        for phase, *cells in _read_table(path)[1:]:
            families.setdefault(phase, []).append(_reflection(cells))
    except (ValueError, TypeError) as error:
        raise InputError(f"{error};", where=str(path), remedy="refine again: the file is damaged.") from error
    return {phase: tuple(rows) for phase, rows in families.items()}


def _reflection(cells: list[str]) -> ReflectionRow:
    h, k, l, multiplicity = (int(cell) for cell in cells[:4])
    d, two_theta = (float(cell) for cell in cells[4:6])
    f_squared, intensity, fwhm, *esd = (float(cell) if cell else None for cell in cells[6:])
    return ReflectionRow(h, k, l, multiplicity, d, two_theta, f_squared, intensity, fwhm, *esd)
