"""Read a PDF job file, and the data and structures it names, into a `PdfJob`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ..errors import JobError
from ..job.freedom import with_origins_held
from ..job.messages import job_error
from ..job.parameters import adjusted
from ..job.resolved import Parameter, Stage, Tie
from ..job.schema import StageTable
from ..job.stages import resolve_stages
from ..job.ties import resolve_ties
from ..pdf.job import BoxCar, PdfBond, PdfData, PdfJob, PdfJobPhase, default_stages, pdf_parameters
from ..pdf.job_schema import BoxCarTable, PdfJobFile
from .job_places import sha256
from .pdf_job_data import read_data, stated_number
from .pdf_job_phases import left_out_notes, read_phase
from .toml_files import read_toml

__all__ = ["load_pdf_job", "read_pdf_job_file", "resolve_pdf_job"]

SMALL_RESOLUTION = 0.01
"""Start value of a Qdamp or Qbroad that is refined and not given, Å⁻¹."""

_EDGE = 1e-6


def load_pdf_job(path: str | Path) -> PdfJob:
    """Read a PDF job.

    Parameters
    ----------
    path : str or Path
        TOML file of schema ``xtal-pdf-job/1``; paths in it are relative to it.

    Returns
    -------
    PdfJob

    Raises
    ------
    InputError
        A file that is absent or can't be read, an unknown key, name or value, a range outside the data.
    """
    tables = read_pdf_job_file(path)
    file = Path(path)
    return resolve_pdf_job(tables, file.parent, file.name, {file.name: sha256(file)})


def read_pdf_job_file(path: str | Path) -> PdfJobFile:
    """The tables of a PDF job, checked against their schema.

    Raises
    ------
    JobError
        The file is absent, is no TOML, or has an unknown key or value.
    """
    file = Path(path)
    content = read_toml(file, "job")
    try:
        return PdfJobFile.model_validate(content)
    except ValidationError as error:
        raise job_error(error, file.name, PdfJobFile) from None


def resolve_pdf_job(tables: PdfJobFile, folder: Path, where: str, inputs: Mapping[str, str]) -> PdfJob:
    """The job of its tables, with everything read that they name.

    Parameters
    ----------
    tables : PdfJobFile
        From `read_pdf_job_file`.
    folder : Path
        What paths in it are relative to.
    where : str
        What messages call the job.
    inputs : mapping of str
        sha256 of files that were read already, by name.

    Raises
    ------
    InputError
        As `load_pdf_job`.
    """
    known = dict(inputs)
    data = tuple(read_data(table, folder, where, known) for table in tables.data)
    _refuse_repeated([item.name for item in data], "data", where)
    notes: list[str] = []
    phases = tuple(read_phase(table, folder, where, known, notes) for table in tables.phase)
    _refuse_repeated([phase.name for phase in phases], "phase", where)
    parameters = _started(tables, data, phases, where)
    ties = resolve_ties(tables.tie, list(parameters), where)
    allowed = {phase.name: table.refine for phase, table in zip(phases, tables.phase, strict=True)}
    followers = {tie.target for tie in ties}
    stage_tables = list(tables.stage) or default_stages(list(parameters), len(phases))
    stages = resolve_stages(stage_tables, list(parameters), followers, allowed, where)
    held = with_origins_held(stages, phases, (), ties)
    stages = held.stages
    notes += [*left_out_notes(data, phases), *held.notes]
    _refuse_loose_scales(stages, data, phases, where)
    parameters = _away_from_zero(parameters, stages)
    job = PdfJob(
        tables.title or data[0].pattern.source, data, phases, parameters, ties, stages,
        tuple(PdfBond(bond.first, bond.second, bond.range[0], bond.range[1]) for bond in tables.bond),
        _box_car(tables.box_car, data, phases, stages, list(parameters), ties, allowed, where), known, tables.output.folder,
        tuple(notes),
    )  # fmt: skip
    return _with_fitting_scales(job, tables)


def _refuse_repeated(names: Sequence[str], kind: str, where: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise JobError(
            f"{kind} {repeated[0]!r} is there twice;", where=where, remedy=f"give each [[{kind}]] its own name."
        )


def _started(
    tables: PdfJobFile, data: Sequence[PdfData], phases: Sequence[PdfJobPhase], where: str
) -> dict[str, Parameter]:
    parameters = pdf_parameters(phases, [item.name for item in data])
    for item, data_table in zip(data, tables.data, strict=True):
        starts = {}
        for key, stated in (("q_damp", "qdamp"), ("q_broad", "qbroad"), ("scale", "")):
            value = getattr(data_table, key)
            value = stated_number(item.pattern, stated) if value is None and stated else value
            if value is not None:
                starts[f"data.{item.name}.{key}"] = value
        parameters = adjusted(parameters, starts, {}, f"{where}, [[data]] {item.name}")
    for phase, table in zip(phases, tables.phase, strict=True):
        prefix = f"phase.{phase.name}."
        starts = {prefix + name: value for name, value in table.start.items()}
        bounds = {prefix + name: value for name, value in table.bounds.items()}
        parameters = adjusted(parameters, starts, bounds, f"{where}, [[phase]] {phase.name}")
    starts = {name: item.start for name, item in tables.parameters.items() if item.start is not None}
    limits = {name: [item.min, item.max] for name, item in tables.parameters.items()
              if item.min is not None or item.max is not None}  # fmt: skip
    return adjusted(parameters, starts, limits, f"{where}, [parameters]")


def _away_from_zero(parameters: dict[str, Parameter], stages: Sequence[Stage]) -> dict[str, Parameter]:
    """Resolutions that are refined start above zero, where G(r) doesn't change with them and no fit can begin."""
    freed = {name for stage in stages for name in stage.free if name.endswith((".q_damp", ".q_broad"))}
    return {
        name: replace(item, start=SMALL_RESOLUTION) if name in freed and item.start == 0 else item
        for name, item in parameters.items()
    }


def _refuse_loose_scales(
    stages: Sequence[Stage], data: Sequence[PdfData], phases: Sequence[PdfJobPhase], where: str
) -> None:
    """Scales of all data and of all phases multiply each other: free together, they have no values."""
    scales = {f"data.{item.name}.scale" for item in data} | {f"phase.{phase.name}.scale" for phase in phases}
    for stage in stages:
        if scales <= set(stage.free):
            raise JobError(f"stage {stage.name!r} frees the scales of all data and of all phases, which only have a product;",
                           where=where, remedy="hold one of them, for example data.*.scale.")  # fmt: skip


def _box_car(
    table: BoxCarTable | None,
    data: Sequence[PdfData],
    phases: Sequence[PdfJobPhase],
    stages: Sequence[Stage],
    names: list[str],
    ties: Sequence[Tie],
    allowed: Mapping[str, Sequence[str] | None],
    where: str,
) -> BoxCar | None:
    if table is None:
        return None
    low = max(float(item.pattern.x[0]) for item in data) if table.start is None else table.start
    high = min(float(item.pattern.x[-1]) for item in data) if table.stop is None else table.stop
    place = f"{where}, [box_car]"
    for item in data:
        if low < item.pattern.x[0] - _EDGE or high > item.pattern.x[-1] + _EDGE:
            raise JobError(f"windows from {low:g} to {high:g} Å go beyond the range of {item.name};", where=place,
                           remedy=f"stay within {item.pattern.x[0]:g}-{item.pattern.x[-1]:g} Å.")  # fmt: skip
    count = int((high - low - table.width) / table.step + _EDGE) + 1
    if high - low < table.width - _EDGE:
        raise JobError(f"a window of {table.width:g} Å doesn't fit between {low:g} and {high:g} Å;", where=place,
                       remedy="make it narrower.")  # fmt: skip
    windows = tuple((low + k * table.step, low + k * table.step + table.width) for k in range(count))
    free = stages[-1].free
    if table.free is not None:
        wanted = StageTable.model_validate({"name": "box_car", "free": table.free})
        resolved = resolve_stages([wanted], names, {tie.target for tie in ties}, allowed, where)
        free = with_origins_held(resolved, phases, (), ties).stages[0].free
    return BoxCar(windows, free)


def _with_fitting_scales(job: PdfJob, tables: PdfJobFile) -> PdfJob:
    """Data scales that the job doesn't give: those that fit the start model best."""
    parameters = dict(job.parameters)
    values = job.start_values()
    for data, table in zip(job.data, tables.data, strict=True):
        name = f"data.{data.name}.scale"
        if table.scale is not None or name in tables.parameters or any(tie.target == name for tie in job.ties):
            continue
        model = job.simulated(values, data).g
        best = float(model @ data.pattern.intensity / (model @ model))
        if best > 0:
            parameters[name] = replace(parameters[name], start=best)
    return replace(job, parameters=parameters)
