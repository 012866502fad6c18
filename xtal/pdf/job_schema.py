"""The tables of a PDF job file as pydantic models. Schema ``xtal-pdf-job/1``; Å, Å⁻¹, Å² (U) and degrees throughout."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..job.schema import Bounds, ParameterTable, PhaseName, Range, StageTable, TieTable

__all__ = [
    "PDF_JOB_SCHEMA",
    "BondTable",
    "BoxCarTable",
    "DataTable",
    "PdfJobFile",
    "PdfPhaseTable",
    "pdf_job_json_schema",
]

PDF_JOB_SCHEMA = "xtal-pdf-job/1"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DataTable(_Table):
    """A measured G(r)."""

    name: PhaseName | None = Field(None, description="Name in parameters and results; default: the file's name.")
    file: str = Field(description="G(r) in columns, relative to the job file.")
    probe: Literal["xray", "neutron"] | None = Field(None, description="Needed unless the file's header says it.")
    range: Range | None = Field(
        None, description="First and last r that are fitted, Å; default: all of the data above 1 Å."
    )
    q_max: float | None = Field(None, ge=0, description="Å⁻¹; 0 for none. Default: what the header says.")
    q_damp: float | None = Field(None, ge=0, description="Start value, Å⁻¹; default: the header's, else 0.")
    q_broad: float | None = Field(None, ge=0, description="Start value, Å⁻¹; default: the header's, else 0.")
    scale: float | None = Field(None, gt=0, description="Start value; default: what fits the start model best.")
    weights: Literal["file", "unit"] = Field("file", description="1/σ² of the file where it has σ, or equal weights.")


class PdfPhaseTable(_Table):
    """A phase: its structure, shape, start values and bounds."""

    name: PhaseName | None = Field(None, description="Name in results; default: the reference's or the file's name.")
    structure: str = Field(description="Name of a reference structure, or a CIF path relative to the job file.")
    diameter: float | None = Field(
        None, gt=0, description="Of spherical particles, Å, start value; without it a bulk crystal."
    )
    anisotropic: list[str] = Field(
        default_factory=list, description="Labels of sites with Uij instead of Uiso; '*' for all."
    )
    leave_out: list[str] = Field(
        default_factory=list,
        description="Elements or labels of sites that are not calculated, for example ['H'] with X-rays: split sites are dear.",
    )
    refine: list[str] | None = Field(None, description="What wildcards in stages may free in this phase; default all.")
    start: dict[str, float] = Field(default_factory=dict, description="Start values by name within the phase.")
    bounds: dict[str, Bounds] = Field(default_factory=dict, description="[min, max] by name within the phase.")


class BondTable(_Table):
    """Distances to report."""

    first: str = Field(description="Element or label of the central site.")
    second: str = Field(description="Element or label of its neighbours.")
    range: Range = Field(description="Shortest and longest, Å.")


class BoxCarTable(_Table):
    """A series of fits over a window that moves along r."""

    width: float = Field(gt=0, description="Of the window, Å.")
    step: float = Field(gt=0, description="From one window to the next, Å.")
    start: float | None = Field(None, description="Beginning of the first window, Å; default: that of the range.")
    stop: float | None = Field(None, description="End of the last window, Å; default: that of the range.")
    free: list[str] | None = Field(
        None, description="What is refined in each window; default: what the last stage frees."
    )


class OutputTable(_Table):
    """Where results go."""

    folder: str | None = Field(None, description="Result folder, relative to the working directory.")


class PdfJobFile(_Table):
    """A whole PDF job file."""

    schema_: Literal["xtal-pdf-job/1"] = Field("xtal-pdf-job/1", alias="schema", description="Version of this format.")
    title: str = Field("", description="Title of the result; default: the first data file's name.")
    data: list[DataTable] = Field(min_length=1, description="The measured G(r), one or several, fitted together.")
    phase: list[PdfPhaseTable] = Field(min_length=1, description="The phases, at least one.")
    stage: list[StageTable] = Field(default_factory=list, description="Default: scale; cell; displacements; positions.")
    tie: list[TieTable] = Field(default_factory=list, description="Linear relations between parameters.")
    bond: list[BondTable] = Field(
        default_factory=list, description="Distances to report; default: first shells of unlike elements."
    )
    parameters: dict[str, ParameterTable] = Field(
        default_factory=dict, description="By dotted name, wildcards allowed."
    )
    box_car: BoxCarTable | None = Field(None, description="A series of fits over a window that moves along r.")
    output: OutputTable = Field(default_factory=lambda: OutputTable.model_validate({}), description="Where results go.")

    @model_validator(mode="after")
    def _one_of_each_name(self) -> PdfJobFile:
        for kind, tables in (("data", self.data), ("phase", self.phase)):
            given = [table.name for table in tables if table.name]
            repeated = sorted({name for name in given if given.count(name) > 1})
            if repeated:
                raise ValueError(f"{kind} {repeated[0]!r} is there twice; give each its own name")
        return self


def pdf_job_json_schema() -> dict[str, Any]:
    """JSON schema of the PDF job file."""
    return PdfJobFile.model_json_schema(by_alias=True)
