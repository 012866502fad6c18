"""Read a series file and what it names: the base job, the frames with their axis values, properties."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ..errors import InputError, JobError, PatternError
from ..job import Job
from ..job.messages import job_error
from ..job.schema import PatternTable
from ..pattern import Pattern
from ..series.frames import Frame, natural_key, ramps, value_in
from ..series.series_file import AxisTable, PropertyTable, SeriesFile
from .job_places import sha256
from .jobs import job_from_template, read_job_file, read_template, resolve_job
from .pdf_series import PdfBaseJob, is_pdf_job, pdf_base_job
from .read_pattern import read_pattern
from .toml_files import read_toml

__all__ = ["SeriesInput", "base_job", "list_frames", "property_values", "read_frame", "read_series_file"]

HEADER = 16_384
SAME_WAVELENGTH = 2e-3


@dataclass(frozen=True, eq=False)
class SeriesInput:
    """A series file that was read and checked, with the folder that its paths are relative to."""

    series: SeriesFile
    folder: Path
    name: str
    digest: str

    @property
    def title(self) -> str:
        """Its title, or the file's name."""
        return self.series.title or Path(self.name).stem


def read_series_file(path: str | Path) -> SeriesInput:
    """A series file checked against its schema.

    Raises
    ------
    JobError
        The file is missing, is not TOML, or has a table or key that isn't allowed.
    """
    file = Path(path)
    content = read_toml(file, "series")
    try:
        series = SeriesFile.model_validate(content)
    except ValidationError as error:
        raise job_error(error, file.name, SeriesFile) from None
    return SeriesInput(series, file.resolve().parent, file.name, sha256(file))


def list_frames(given: SeriesInput) -> tuple[Frame, ...]:
    """The frames in order, each with its value on the axis, ramp and direction.

    Raises
    ------
    InputError
        No pattern matches, two have one name, or a value can't be found; the file is named.
    """
    files = _matching_files(given)
    axis = given.series.axis
    column: dict[str, float] = {}
    if axis.source == "csv":
        column = _csv_column(given.folder / (axis.file or ""), axis.file_column, axis.column or axis.name)
    values = [_axis_value(file, index, given, column) for index, file in enumerate(files)]
    order = np.argsort(values, kind="stable") if given.series.patterns.order == "axis" else range(len(files))
    sorted_files, sorted_values = [files[i] for i in order], [values[i] for i in order]
    numbers, directions = ramps(sorted_values)
    return tuple(
        Frame(index, *rest)
        for index, rest in enumerate(zip(sorted_files, sorted_values, numbers, directions, strict=True))
    )


def _matching_files(given: SeriesInput) -> list[Path]:
    table = given.series.patterns
    where = f"{given.name}, [patterns], key 'glob'"
    pattern = Path(table.glob)
    top = Path(pattern.anchor) if pattern.is_absolute() else given.folder
    relative = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else table.glob
    try:
        found = [path for path in top.glob(relative) if path.is_file() and not path.name.startswith(".")]
    except (ValueError, NotImplementedError) as error:
        raise InputError(f"{table.glob!r}: {error};", where=where, remedy="write it as 'frames/*.xye'.") from None
    kept = [path for path in found if not any(fnmatchcase(path.name, one) for one in table.exclude)]
    if not kept:
        raise InputError(f"no pattern matches {table.glob!r};", where=where,
                         remedy=f"paths are relative to the series file; {len(found)} matched before 'exclude'.")  # fmt: skip
    names = [path.name for path in kept]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise InputError(f"two patterns are called {repeated!r};", where=where, remedy="give each its own name.")
    return sorted(kept, key=lambda path: natural_key(str(path)))


def _axis_value(file: Path, index: int, given: SeriesInput, column: Mapping[str, float]) -> float:
    axis, where = given.series.axis, f"{given.name}, [axis], for {file.name}"
    match axis.source:
        case "name":
            value = value_in(file.name, axis.pattern or "", where)
        case "header":
            value = _header_value(file, axis, where)
        case "csv":
            value = column.get(file.name, np.nan)
            if not np.isfinite(value):
                raise InputError(
                    f"{axis.file} has no number for {file.name};", where=where, remedy="add a row or exclude the file."
                )
        case _:
            value = float(index)
    return value * axis.factor + axis.offset


def _header_value(file: Path, axis: AxisTable, where: str) -> float:
    if axis.pattern is not None:
        with file.open("rb") as stream:
            return value_in(stream.read(HEADER).decode("utf-8", "replace"), axis.pattern, where)
    known = read_pattern(file).metadata
    value = known.get(str(axis.key))
    if not isinstance(value, (int, float)):
        raise InputError(f"its header holds no number called {axis.key!r} (found: {', '.join(known) or 'nothing'});",
                         where=where, remedy="name another key, or use pattern = a regular expression.")  # fmt: skip
    return float(value)


def property_values(given: SeriesInput, table: PropertyTable) -> dict[str, float]:
    """Values of a property by the name of the frame's file."""
    values = _csv_column(given.folder / table.file, table.file_column, table.column or table.name)
    if not table.logarithm:
        return values
    for name, value in values.items():
        if value <= 0:
            raise InputError(f"{table.name} of {name} is {value:g} and has no logarithm;", where=table.file,
                             remedy="mend or empty that cell, or leave out logarithm = true.")  # fmt: skip
    return {name: float(np.log10(value)) for name, value in values.items()}


def _csv_column(path: Path, file_column: str, column: str) -> dict[str, float]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows, columns = list(reader), reader.fieldnames or []
    except OSError as error:
        raise InputError(f"{path.name} can't be read ({error.strerror});", remedy="check the path.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"is no CSV in UTF-8 ({error});", where=path.name, remedy="save it as such.") from None
    for wanted in (file_column, column):
        if wanted not in columns:
            raise InputError(f"no column {wanted!r};", where=path.name,
                             remedy=f"its columns, parted by commas, are {', '.join(columns) or 'none: it is empty'}.")  # fmt: skip
    found: dict[str, float] = {}
    for row in rows:
        if row[file_column] and row[column]:
            name = Path(row[file_column].strip()).name
            value = _as_number(row[column], path.name)
            if found.setdefault(name, value) != value:
                raise InputError(f"two rows for {name}, {found[name]:g} and {value:g};", where=path.name,
                                 remedy="keep one.")  # fmt: skip
    return found


def _as_number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{text!r} is no number;", where=where, remedy="mend that row.") from None


@dataclass(frozen=True, eq=False)
class BaseJob:
    """The job that every frame is refined with, and how its pattern is to be cut."""

    job: Job
    table: PatternTable

    @property
    def engine(self) -> str:
        """Name of its engine."""
        return self.job.engine

    def facts(self) -> dict[str, Any]:
        """What a reader of the series wants to know of it."""
        lines = self.job.instrument.radiation.lines
        return {
            "phases": [phase.name for phase in self.job.phases],
            "groups": {name: list(members) for name, members in self.job.groups.items()},
            "wavelength": lines[0][0] if lines else None,
            "pattern_axis": self.job.pattern.axis,
        }

    def content(self) -> dict[str, Any]:
        """Everything that a frame's answer depends on besides its pattern."""
        job = self.job
        return {
            "parameters": {name: [one.start, one.min, one.max] for name, one in job.parameters.items()},
            "stages": [[stage.name, stage.free, stage.max_cycles] for stage in job.stages],
            "ties": [[tie.target, tie.terms, tie.constant] for tie in job.ties],
            "inputs": dict(job.inputs),
            "cut": self.table.model_dump(mode="json", exclude={"file"}),
        }


def base_job(given: SeriesInput, frames: tuple[Frame, ...], engine: str | None = None) -> BaseJob | PdfBaseJob:
    """The base job, resolved on the first frame that can be read; that of a series of G(r) is a `PdfBaseJob`.

    Raises
    ------
    JobError, PatternError
        What the job has wrong, or that no frame can be read.
    """
    series, last = given.series, None
    if series.job is not None and is_pdf_job(given.folder / series.job):
        return pdf_base_job(given, frames, engine)
    for frame in frames:
        try:
            read_pattern(frame.path)
        except PatternError as error:
            last = error
            continue
        found = _resolved(given, frame.path, engine or series.engine)
        if found.job.patterns:
            raise JobError(
                "the base job has several patterns;", where=given.name, remedy="a series takes one per frame."
            )
        return found
    raise PatternError(f"none of {len(frames)} frames can be read;", where=given.name, remedy=f"the last: {last}")


def _resolved(given: SeriesInput, pattern: Path, engine: str | None) -> BaseJob:
    series = given.series
    if series.template is not None:
        instrument = series.instrument
        if instrument is not None and (given.folder / instrument).is_file():
            instrument = str(given.folder / instrument)
        job = job_from_template(series.template, pattern, phases=series.phases, instrument=instrument, engine=engine)
        table = PatternTable.model_validate(read_template(series.template).get("pattern", {}))
    else:
        file, folder = read_job_file(given.folder / str(series.job))
        if len(file.patterns) > 1:
            raise JobError(
                "the base job has several patterns;", where=given.name, remedy="a series takes one per frame."
            )
        table = file.patterns[0]
        named = file.model_copy(update={"pattern": table.model_copy(update={"file": str(pattern.resolve())})})
        job = resolve_job(named, folder.resolve(), where=str(series.job), engine=engine, inputs={})
    inputs = {name: digest for name, digest in job.inputs.items() if name != pattern.name}
    excluded = [*table.excluded, *series.shared.excluded]
    return BaseJob(replace(job, inputs=inputs), table.model_copy(update={"excluded": excluded}))


def read_frame(path: Path, base: BaseJob, excluded: list[list[float]]) -> tuple[Pattern, str]:
    """A frame's pattern, cut as the job says, and the sha256 of its file.

    Raises
    ------
    PatternError
        It can't be read, or was measured on another kind of axis or with another wavelength than the base job's.
    """
    table = base.table
    pattern = read_pattern(path, bank=table.bank) if table.bank is not None else read_pattern(path)
    _refuse_other_instrument(pattern, base.job)
    low, high = table.range or (None, None)
    regions = [(start, stop) for start, stop in [*table.excluded, *excluded]]
    return pattern.cut(low, high, regions), sha256(path)


def _refuse_other_instrument(pattern: Pattern, job: Job) -> None:
    if pattern.axis != job.pattern.axis:
        raise PatternError(f"its axis is {pattern.axis}, that of the series {job.pattern.axis};", where=pattern.source,
                           remedy="frames of another instrument need a series of their own.")  # fmt: skip
    stated = pattern.metadata.get("wavelength")
    lines = job.instrument.radiation.lines
    if isinstance(stated, float) and lines and abs(stated / lines[0][0] - 1) > SAME_WAVELENGTH:
        raise PatternError(f"measured with {stated:g} Å, the series with {lines[0][0]:g} Å;", where=pattern.source,
                           remedy="frames of another instrument need a series of their own.")  # fmt: skip
