"""The job file's tables as pydantic models; their JSON schema is published. Schema ``xtal-job/1``.

Units: Å, degrees 2θ, deg² for Gaussian variances, nm for sizes, mm for displacement, Å² for U.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from ..instrument import Geometry

__all__ = [
    "JOB_SCHEMA",
    "BackgroundTable",
    "InstrumentTable",
    "JobFile",
    "OutputTable",
    "ParameterTable",
    "PatternTable",
    "PeakTable",
    "PhaseTable",
    "RestraintTable",
    "StageTable",
    "TemplateTable",
    "TieTable",
    "VariantTable",
    "job_json_schema",
]

JOB_SCHEMA = "xtal-job/1"

Bounds = Annotated[list[float | None], Field(min_length=2, max_length=2)]


def _ascending(limits: list[float]) -> list[float]:
    if limits[0] >= limits[1]:
        raise ValueError(f"{limits} found where [smaller, larger] belongs")
    return limits


def _direction(hkl: list[int]) -> list[int]:
    if not any(hkl):
        raise ValueError(f"{hkl} is no direction")
    return hkl


Range = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
Direction = Annotated[list[int], Field(min_length=3, max_length=3), AfterValidator(_direction)]
PhaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_\-]+$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InstrumentTable(_Table):
    """An instrument written in the job; what is given replaces what `base` says."""

    base: str | None = Field(None, description="Preset or instrument file to start from.")
    radiation: str | None = Field(None, description="'CuKa', 'CuKa1', '0.4139A', 'neutron:1.594A' …")
    geometry: Geometry | None = Field(None, description="Flat plate in reflection, or capillary.")
    u: float | None = Field(None, description="Gaussian variance coefficient of tan²θ, deg².")
    v: float | None = Field(None, description="Gaussian variance coefficient of tanθ, deg².")
    w: float | None = Field(None, description="Gaussian variance, deg².")
    x: float | None = Field(None, description="Lorentzian FWHM coefficient of 1/cosθ, degrees.")
    y: float | None = Field(None, description="Lorentzian FWHM coefficient of tanθ, degrees.")
    axial: float | None = Field(None, description="Axial divergence (S+H)/L.")
    goniometer_radius: float | None = Field(None, gt=0, description="mm; needed for a displacement in mm.")
    monochromator_two_theta: float | None = Field(None, description="2θ of a crystal monochromator, degrees.")
    polarization: float | None = Field(None, ge=0, le=1, description="Polarised fraction (synchrotron).")
    zero: float | None = Field(None, description="Zero shift, degrees 2θ.")
    calibrated: bool | None = Field(None, description="Whether the profile was measured on a standard.")


class BackgroundTable(_Table):
    """The background."""

    kind: Literal["chebyshev"] = Field("chebyshev", description="Chebyshev polynomial of the first kind.")
    terms: int = Field(6, ge=1, le=36, description="Number of coefficients.")


class PeakTable(_Table):
    """A peak or hump that no phase makes: sample holder, Kapton, beryllium window, glass."""

    name: PhaseName = Field(description="Name in dotted names: pattern.peak.NAME.area …")
    position: float = Field(description="Where it is, degrees 2θ, or µs.")
    area: float = Field(0.0, ge=0, description="Area, counts · degree, or counts · µs.")
    fwhm: float = Field(gt=0, description="Full width at half maximum, degrees 2θ, or µs; wide for a hump.")
    eta: float = Field(0.0, ge=0, le=1, description="Pseudo-Voigt: 0 Gaussian, 1 Lorentzian.")


class PatternTable(_Table):
    """The pattern and the instrument it was measured on; several as [[pattern]] are refined together."""

    name: PhaseName | None = Field(None, description="Name among several patterns; default: the file's.")
    file: str | None = Field(None, description="Pattern file, relative to the job file. Absent in a template.")
    instrument: str | InstrumentTable = Field("lab-cuka", description="Preset, instrument file, or inline table.")
    bank: int | None = Field(
        None, description="Bank of a file that holds several; of the instrument's file the same one is taken."
    )
    axis: Literal["two_theta", "tof"] | None = Field(
        None, description="What the positions are, where a file of plain columns doesn't say so; default: degrees 2θ."
    )
    range: Range | None = Field(None, description="Lowest and highest position used: degrees 2θ, or µs.")
    excluded: list[Range] = Field(default_factory=list, description="Regions left out: degrees 2θ, or µs.")
    dispersion: bool = Field(True, description="Anomalous dispersion f′, f″ for X-rays.")
    background: BackgroundTable | None = Field(None, description="Its own background; default: the job's [background].")
    peak: list[PeakTable] = Field(
        default_factory=list, description="Extra peaks and humps; held unless a stage frees their parameters."
    )


ONE_PATTERN, SEVERAL_PATTERNS = "one pattern", "several patterns"


def _one_or_several(value: Any) -> str:
    return SEVERAL_PATTERNS if isinstance(value, list) else ONE_PATTERN


Patterns = Annotated[
    Annotated[PatternTable, Tag(ONE_PATTERN)]
    | Annotated[list[PatternTable], Field(min_length=1), Tag(SEVERAL_PATTERNS)],
    Discriminator(_one_or_several),
]


class ParameterTable(_Table):
    """Start value and bounds of one parameter."""

    start: float | None = Field(None, description="Start value; default: the structure's or the instrument's.")
    min: float | None = Field(None, description="Lower bound; with `max` given alone there is none.")
    max: float | None = Field(None, description="Upper bound; with `min` given alone there is none.")


class PhaseTable(_Table):
    """A phase: its structure, what may be refined, start values and bounds."""

    name: PhaseName | None = Field(None, description="Name in results; default: the reference's or the file's name.")
    structure: str = Field(description="Name of a reference structure, or a CIF path relative to the job file.")
    optional: bool = Field(False, description="In a template: only taken when asked for.")
    about: str = Field("", description="Why it is here.")
    refine: list[str] | None = Field(
        None,
        description="What wildcards in stages may free in this phase ('scale', 'cell', 'site.Cl1.u_iso'); default all.",
    )
    isotopes: dict[str, int] = Field(
        default_factory=dict,
        description="Mass numbers by element, for neutrons ({ B = 11 }); default: natural abundance.",
    )
    start: dict[str, float] = Field(default_factory=dict, description="Start values by name within the phase.")
    bounds: dict[str, Bounds] = Field(default_factory=dict, description="[min, max] by name within the phase.")
    hold_when_weak: bool = Field(
        False,
        description="Refit with everything of this phase but its scale at the start values when the first fit finds less than five esds of it.",
    )
    grain_size_um: float | None = Field(
        None,
        gt=0,
        description="Diameter of its grains, µm: the result gives fractions corrected for microabsorption too.",
    )
    texture_axis: Direction | None = Field(
        None, description="March–Dollase axis hkl; without it the phase has no texture."
    )
    harmonics_order: Literal[2, 4, 6, 8] | None = Field(
        None, description="Texture as symmetrised harmonics up to this order; not together with texture_axis."
    )
    anisotropic_strain: bool = Field(
        False, description="Stephens's anisotropic microstrain: parameters stephens.s400 …"
    )
    size_axis: Direction | None = Field(
        None,
        description="Normal hkl of plates or needles: crystallite_size_axial_nm along it, crystallite_size_nm across.",
    )
    anisotropic: list[str] = Field(
        default_factory=list,
        description='Sites that start isotropic and get u11, u22 …; ["*"] for all. Sites with Uij in the CIF have them.',
    )

    @model_validator(mode="after")
    def _one_texture(self) -> PhaseTable:
        if self.texture_axis is not None and self.harmonics_order is not None:
            raise ValueError("texture_axis and harmonics_order are both given: a phase has one model of texture")
        return self


class StageTable(_Table):
    """A stage frees parameters on top of those that the stages before it freed."""

    name: str = Field(description="Name in the report.")
    why: str = Field("", description="Why now.")
    free: list[str] = Field(
        default_factory=list, description="Dotted names; * and ? match; 'A | B' frees the first that the model has."
    )
    fix: list[str] = Field(default_factory=list, description="Dotted names held from this stage on.")
    max_cycles: int = Field(20, ge=1, le=500, description="Cycles of least squares at most.")
    when: Literal["always", "calibrated", "uncalibrated"] = Field(
        "always", description="Taken only on an instrument that was, or was not, calibrated on a standard."
    )


class TieTable(_Table):
    """A linear relation: `equal` values, a `sum`, `target` = `expression`, or `charge_balance` of a phase."""

    equal: list[str] | None = Field(None, min_length=1, description="The first leads, the others follow.")
    sum: list[str] | None = Field(None, min_length=2, description="The last follows: value minus the others.")
    value: float = Field(1.0, description="What `sum` amounts to.")
    target: str | None = Field(None, description="The parameter that follows.")
    expression: str | None = Field(None, description="Linear, names in braces: '1 - 2*{phase.a.site.K1.occupancy}'.")

    charge_balance: str | None = Field(None, description="Phase whose charges shall sum to zero.")
    follower: str | None = Field(
        None, description="With charge_balance: the occupancy that follows, 'site.Cl1.occupancy'."
    )
    charges: dict[str, float] = Field(
        default_factory=dict,
        description="With charge_balance: charges by site or element; default: −2 of O, +1 of H, else those of the ions.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> TieTable:
        linear = self.target is not None or self.expression is not None
        balance = self.charge_balance is not None or self.follower is not None or bool(self.charges)
        whole = (self.target is None) == (self.expression is None) and (
            not balance or (self.charge_balance is not None and self.follower is not None)
        )
        if [self.equal is not None, self.sum is not None, linear, balance].count(True) != 1 or not whole:
            raise ValueError(
                "give exactly one of: equal = […]; sum = […]; target = … with expression = …; charge_balance = … with follower = …"
            )
        return self


class RestraintTable(_Table):
    """A bond length that is known within `sigma`: every such bond adds weight · ((d − distance)/sigma)² to χ²."""

    atoms: Annotated[list[str], Field(min_length=2, max_length=2)] = Field(
        description="The two sites, 'phase.NAME.site.A' and 'phase.NAME.site.B', of one phase."
    )
    distance: float = Field(gt=0, description="Å.")
    sigma: float = Field(0.02, gt=0, description="Å.")
    weight: float = Field(1.0, gt=0, description="Multiplies its share of χ².")


class OutputTable(_Table):
    """Where results go."""

    folder: str | None = Field(None, description="Result folder, relative to the working directory.")


class VariantTable(_Table):
    """A rival model: tables that replace those of the job, for ``xtal compare-models``."""

    name: PhaseName = Field(description="Name of the variant.")
    about: str = Field("", description="The hypothesis in words.")
    phase: list[PhaseTable] | None = Field(None, description="Replaces every [[phase]].")
    stage: list[StageTable] | None = Field(None, description="Replaces every [[stage]].")
    tie: list[TieTable] | None = Field(None, description="Replaces every [[tie]].")
    restraint: list[RestraintTable] | None = Field(None, description="Replaces every [[restraint]].")
    parameters: dict[str, ParameterTable] | None = Field(None, description="Merged into [parameters].")
    groups: dict[str, list[str]] | None = Field(None, description="Replaces [groups].")
    include: list[str] | None = Field(None, description="Replaces include.")
    background: BackgroundTable | None = Field(None, description="Replaces [background].")


class TemplateTable(_Table):
    """What a template says about itself."""

    name: str = Field(description="Name by which it is called.")
    title: str = Field(description="Title in lists, and of results whose job gives none.")
    about: str = Field(description="What it is for.")
    patterns: list[PhaseName] = Field(
        default_factory=list,
        description="Names of the [[pattern]] tables that a job must have; by default any one pattern will do.",
    )
    literature: list[str] = Field(description="Where its structures and expectations come from.")
    cannot_tell: list[str] = Field(description="What no fit with it can say.")


class JobFile(_Table):
    """A whole job file."""

    schema_: Literal["xtal-job/1"] = Field("xtal-job/1", alias="schema", description="Version of this format.")
    title: str = Field("", description="Title of the result; default: the pattern's name.")
    engine: Literal["rietx", "gsas2", "native"] = Field("rietx", description="Refinement engine; --engine replaces it.")
    mode: Literal["rietveld", "lebail", "pawley"] = Field(
        "rietveld",
        description="Intensities from the structures, or extracted without them (Le Bail, Pawley): no fractions.",
    )
    seed: int | None = Field(None, description="Recorded in the result; nothing in a plain refinement is random.")
    pattern: Patterns = Field(description="The measured pattern and its instrument, or several.")
    background: BackgroundTable = Field(
        default_factory=lambda: BackgroundTable.model_validate({}), description="The background."
    )
    phase: list[PhaseTable] = Field(default_factory=list, description="The phases, at least one.")
    stage: list[StageTable] = Field(
        min_length=1, description="The stages in order, at least one; `extends` brings those of its template."
    )
    tie: list[TieTable] = Field(default_factory=list, description="Linear relations between parameters.")
    restraint: list[RestraintTable] = Field(default_factory=list, description="Known bond lengths.")
    groups: dict[str, list[str]] = Field(
        default_factory=dict, description="Phases whose shares of each other are wanted."
    )
    parameters: dict[str, ParameterTable] = Field(
        default_factory=dict, description="By dotted name, wildcards allowed."
    )
    output: OutputTable = Field(default_factory=lambda: OutputTable.model_validate({}), description="Where results go.")
    template: TemplateTable | None = Field(None, description="Only in a template: what it says about itself.")
    extends: str | None = Field(
        None, description="Template that this job completes; its tables are replaced by those here."
    )
    include: list[str] = Field(default_factory=list, description="Optional phases of the template to take.")
    variant: list[VariantTable] = Field(
        default_factory=list, description="Rival models, for xtal compare-models; a plain refinement leaves them out."
    )

    @property
    def patterns(self) -> list[PatternTable]:
        """The patterns, also when there is only one."""
        return self.pattern if isinstance(self.pattern, list) else [self.pattern]


def job_json_schema() -> dict[str, Any]:
    """JSON schema of the job file. A job that completes a template takes its stages from there."""
    schema = JobFile.model_json_schema(by_alias=True)
    schema["required"].remove("stage")
    schema["anyOf"] = [{"required": ["stage"]}, {"required": ["extends"]}]
    return schema
