"""Schema of the series file: a base job, patterns, what their axis is, and what differs between frames."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..job.schema import ParameterTable

__all__ = [
    "SERIES_SCHEMA",
    "AxisTable",
    "OverrideTable",
    "PatternsTable",
    "RunTable",
    "SeriesFile",
    "series_json_schema",
]

SERIES_SCHEMA = "xtal-series/1"


def _in_order(region: list[float]) -> list[float]:
    if not region[0] < region[1]:
        raise ValueError(f"region {region} is empty; write [low, high]")
    return region


Region = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_in_order)]
Strategy = Literal["bisect", "chain", "cold"]


TAKEN_COLUMNS = ("file", "ramp", "direction", "status", "verdict", "rwp", "gof", "seconds", "started_from", "message",
                 "quantity", "estimate", "esd")  # fmt: skip
"""Columns of a series' tables that the axis can't be called like."""


class _Table(BaseModel):
    """A table that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class PatternsTable(_Table):
    """Which files are the frames."""

    glob: str = Field(description="Patterns, relative to the series file: 'frames/*.xye'.")
    exclude: list[str] = Field(default_factory=list, description="Names to leave out; * and ? match.")
    order: Literal["name", "axis"] = Field(
        "name", description="Order of the frames: by name with numbers counted, or by the axis."
    )


class AxisTable(_Table):
    """What changes along the series, and where each frame's value stands."""

    name: str = Field(
        "frame", pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="temperature, time, composition, voltage …"
    )
    unit: str = Field("", description="Unit of the values.")
    source: Literal["order", "name", "header", "csv"] = Field(
        "order",
        alias="from",
        description="Where the values stand: file name, file header, a CSV; or the frame's number.",
    )
    pattern: str | None = Field(
        None, description="Regular expression whose first group is the value, for name and header."
    )
    key: str | None = Field(None, description="Entry of the header that the reader knows ('temperature', K).")
    file: str | None = Field(None, description="CSV with one row per frame.")
    column: str | None = Field(None, description="Its column of values; default: the axis's name.")
    file_column: str = Field("file", description="Its column of file names.")
    factor: float = Field(1.0, description="Values are multiplied by it,")
    offset: float = Field(0.0, description="then this is added (-273.15 from K to °C).")

    @model_validator(mode="after")
    def _complete(self) -> AxisTable:
        if self.name in TAKEN_COLUMNS:
            raise ValueError(f"name = {self.name!r} is a column of its own in every table; choose another name")
        if self.source == "name" and self.pattern is None:
            raise ValueError("from = 'name' needs pattern = 'a regular expression with one group'")
        if self.source == "header" and (self.pattern is None) == (self.key is None):
            raise ValueError("from = 'header' needs either key = … or pattern = …")
        if self.source == "csv" and self.file is None:
            raise ValueError("from = 'csv' needs file = …")
        return self


class SharedTable(_Table):
    """What is the same in every frame and not refined there."""

    fixed: list[str] = Field(
        default_factory=list, description="Dotted names held in every frame at the job's values; * and ? match."
    )
    excluded: list[Region] = Field(
        default_factory=list, description="Regions left out of every frame besides the job's: peaks of the holder."
    )


class OverrideTable(_Table):
    """What is different in some frames."""

    frames: str = Field(description="Range of frame numbers, '10:20' or '7'; the first is 0, the last isn't included.")
    parameters: dict[str, ParameterTable] = Field(default_factory=dict, description="Start values and bounds.")
    excluded: list[Region] = Field(default_factory=list, description="Further regions left out.")
    fixed: list[str] = Field(default_factory=list, description="Dotted names held in these frames.")


class RunTable(_Table):
    """How frames are refined."""

    strategy: Strategy = Field("bisect", description="Who starts from whose answer; see the guide.")
    spacing: int | None = Field(
        None,
        ge=2,
        description="bisect: every so many frames one starts cold; chain: frames in a block. Default: 32, or a 32nd of a series"
        " with more than 1,024 frames.",
    )
    timeout: float = Field(300.0, gt=0, description="Limit for one frame, seconds.")
    retries: int = Field(1, ge=0, description="How often a frame that failed, hung or lost its worker is tried again.")
    warm_stages: Literal["last", "all"] = Field(
        "last", description="Stages of a frame that starts from a neighbour's answer: the last alone, or all."
    )


class PropertyTable(_Table):
    """A measured property to correlate with what is refined, such as conductivity."""

    name: str = Field(description="Its name.")
    unit: str = Field("", description="Its unit.")
    file: str = Field(description="CSV with one row per frame.")
    column: str | None = Field(None, description="Column of values; default: the property's name.")
    file_column: str = Field("file", description="Column of file names.")
    logarithm: bool = Field(False, description="Take log10 of the values.")


class TransitionTable(_Table):
    """A transition to look for."""

    name: str = Field("transition", description="Its name in report and export.")
    phase: str = Field(description="Phase that disappears or appears.")
    group: bool = Field(True, description="Use its share of the group where the job has one, else its weight fraction.")
    splitting: dict[str, float] = Field(
        default_factory=dict,
        description="Divisors that make its axes comparable ({ a = 1, b = 1, c = 2 }); without them no cell splitting.",
    )


class SeriesFile(_Table):
    """A whole series file."""

    schema_: Literal["xtal-series/1"] = Field("xtal-series/1", alias="schema", description="Version of this format.")
    title: str = Field("", description="Title of the report; default: the file's name.")
    job: str | None = Field(None, description="Base job, relative to this file; its pattern's file is not used.")
    template: str | None = Field(None, description="Template in place of a job.")
    phases: list[str] = Field(default_factory=list, description="Phases to add to the template.")
    instrument: str | None = Field(None, description="Preset or instrument file; replaces the template's.")
    engine: str | None = Field(None, description="Replaces the job's engine.")
    patterns: PatternsTable = Field(description="Which files are the frames.")
    axis: AxisTable = Field(default_factory=lambda: AxisTable.model_validate({}), description="The axis.")
    shared: SharedTable = Field(default_factory=lambda: SharedTable.model_validate({}), description="The same in all.")
    override: list[OverrideTable] = Field(default_factory=list, description="What differs in some frames.")
    run: RunTable = Field(default_factory=lambda: RunTable.model_validate({}), description="How frames are refined.")
    property: list[PropertyTable] = Field(default_factory=list, description="Properties to correlate with.")
    transition: list[TransitionTable] = Field(default_factory=list, description="Transitions to look for.")

    @model_validator(mode="after")
    def _one_base(self) -> SeriesFile:
        if (self.job is None) == (self.template is None):
            raise ValueError("give exactly one of: job = 'job.toml'; template = 'name'")
        if self.job is not None and (self.phases or self.instrument):
            raise ValueError("phases and instrument go with template; a job names its own")
        return self


def series_json_schema() -> dict[str, Any]:
    """JSON schema of the series file."""
    return SeriesFile.model_json_schema(by_alias=True)
