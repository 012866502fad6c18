"""The base job of a series of G(r): a PDF job whose only data set is taken from each frame."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import JobError, PatternError
from ..pdf.job import PdfJob
from ..pdf.job_schema import PdfJobFile
from ..series.frames import Frame
from .job_places import sha256
from .pdf_jobs import read_pdf_job_file, resolve_pdf_job

if TYPE_CHECKING:
    from .series_files import SeriesInput

__all__ = ["PdfBaseJob", "is_pdf_job", "pdf_base_job", "read_pdf_frame"]

DATA_NAME = "data"
"""Name of the frames' data set in parameters where the job gives none; file names would differ from frame to frame."""

_SCHEMA = "xtal-pdf-job/"


@dataclass(frozen=True, eq=False)
class PdfBaseJob:
    """The PDF job that every frame is fitted with, resolved on one of them."""

    job: PdfJob
    tables: PdfJobFile
    folder: Path
    name: str
    inputs: Mapping[str, str]

    engine = "pdffit2"

    def facts(self) -> dict[str, Any]:
        """What a reader of the series wants to know of it."""
        return {
            "phases": [phase.name for phase in self.job.phases],
            "groups": {},
            "wavelength": None,
            "pattern_axis": "r",
        }

    def content(self) -> dict[str, Any]:
        """Everything that a frame's answer depends on besides its data."""
        return {"job": self.tables.model_dump(by_alias=True, mode="json"), "inputs": dict(self.inputs)}


def is_pdf_job(path: Path) -> bool:
    """Whether a job file is one of G(r); False also for what can't be read."""
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8")).get("schema", "")).startswith(_SCHEMA)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def pdf_base_job(given: SeriesInput, frames: tuple[Frame, ...], engine: str | None = None) -> PdfBaseJob:
    """The base job, resolved on the first frame that can be read.

    Raises
    ------
    JobError, PatternError
        What the job or the series file has wrong, or that no frame can be read.
    """
    series, path = given.series, given.folder / str(given.series.job)
    tables = read_pdf_job_file(path)
    if len(tables.data) > 1 or tables.box_car is not None:
        raise JobError("has several [[data]] or a [box_car];", where=path.name,
                       remedy="a series takes one data set per frame, over its whole range.")  # fmt: skip
    if engine or series.engine:
        raise JobError("names an engine;", where=given.name, remedy="PDF jobs are fitted by PDFfit2: leave it out.")
    if series.shared.excluded or any(one.excluded for one in series.override):
        raise JobError("excludes regions;", where=given.name, remedy="PDFfit2 needs every point of the range.")
    named = tables.model_copy(
        update={"data": [tables.data[0].model_copy(update={"name": tables.data[0].name or DATA_NAME})]}
    )
    last: Exception | None = None
    for frame in frames:
        base = PdfBaseJob(None, named, path.parent.resolve(), path.name, {path.name: sha256(path)})  # type: ignore[arg-type]
        try:
            job, _ = read_pdf_frame(base, frame.path)
        except PatternError as error:
            last = error
            continue
        inputs = {name: digest for name, digest in job.inputs.items() if name != frame.path.name}
        return replace(base, job=job, inputs=inputs)
    raise PatternError(f"none of {len(frames)} frames can be read;", where=given.name, remedy=f"the last: {last}")


def read_pdf_frame(base: PdfBaseJob, path: Path) -> tuple[PdfJob, str]:
    """The job with a frame's G(r), and the sha256 of its file.

    Raises
    ------
    InputError, PatternError
        What the file, or its range, has wrong.
    """
    table = base.tables.data[0].model_copy(update={"file": str(path.resolve())})
    tables = base.tables.model_copy(update={"data": [table], "title": path.name})
    job = resolve_pdf_job(tables, base.folder, base.name, base.inputs)
    return job, job.inputs[path.name]
