"""A job after everything it names was read: what the engines get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..instrument import Instrument
from ..pattern import Pattern
from ..structure import Structure

__all__ = ["Job", "JobPattern", "JobPhase", "Mode", "Parameter", "Peak", "Restraint", "Stage", "Tie"]

Mode = Literal["rietveld", "lebail", "pawley"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of the model: start value and bounds, units of the job file."""

    start: float
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class Tie:
    """``target = constant + Σ coefficient · parameter``."""

    target: str
    terms: tuple[tuple[float, str], ...]
    constant: float = 0.0


@dataclass(frozen=True)
class Restraint:
    """A bond length of a phase, Å, known within `sigma`; `weight` multiplies its share of χ²."""

    phase: str
    site_a: str
    site_b: str
    distance: float
    sigma: float
    weight: float = 1.0


@dataclass(frozen=True)
class Peak:
    """A peak or hump that no phase makes: start values on the pattern's axis, area in counts times its unit."""

    name: str
    position: float
    area: float
    fwhm: float
    eta: float = 0.0


@dataclass(frozen=True)
class Stage:
    """A stage with the complete set of parameters that are free in it; `notes` say what its wildcards passed over."""

    name: str
    why: str
    free: tuple[str, ...]
    max_cycles: int = 20
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobPhase:
    """A phase of a resolved job.

    `hold_when_weak`: when the first fit finds less than five esds of the phase, it is refitted with only its scale free,
    so that a phase that isn't there can't wander into noise. `harmonics` are the orders l and numbers n of the texture's
    symmetrised harmonics. `grain_size_um` is the grain diameter for microabsorption, µm.
    """

    name: str
    structure: Structure
    texture_axis: tuple[int, int, int] | None = None
    hold_when_weak: bool = False
    anisotropic_strain: bool = False
    size_axis: tuple[int, int, int] | None = None
    harmonics: tuple[tuple[int, int], ...] = ()
    grain_size_um: float | None = None


@dataclass(frozen=True, eq=False)
class JobPattern:
    """A measured pattern of a job, with its instrument and background.

    Parameters
    ----------
    name : str
        Its name in dotted names and results; empty for the only pattern of a job.
    pattern : Pattern
        Already cut to range and exclusions.
    instrument : Instrument
        What it was measured on.
    dispersion : bool
        Whether f′ and f″ are used (X-rays).
    background_terms : int
        Chebyshev coefficients.
    background_range : tuple of float
        What the background's variable spans, on the pattern's axis.
    peaks : tuple of Peak
        Peaks and humps that no phase makes.
    """

    name: str
    pattern: Pattern
    instrument: Instrument
    dispersion: bool
    background_terms: int
    background_range: tuple[float, float]
    peaks: tuple[Peak, ...] = ()

    @property
    def prefix(self) -> str:
        """What its dotted names start with: ``pattern`` or ``pattern.NAME``."""
        return f"pattern.{self.name}" if self.name else "pattern"


@dataclass(frozen=True, eq=False)
class Job:
    """A resolved job: everything read, every name known, ready for an engine.

    Parameters
    ----------
    pattern : Pattern
        Already cut to range and exclusions.
    background_range : tuple of float
        Lowest and highest position that the background's variable spans, on the pattern's axis.
    patterns : tuple of JobPattern
        All patterns of a joint refinement, else empty; the fields above are those of the first.
    parameters : dict of Parameter
        Every parameter of the model by dotted name.
    stages : tuple of Stage
        In order.
    inputs : dict of str
        sha256 of every input by its file name, with its folder or a number where two files share a name.
    peaks : tuple of Peak
        Peaks and humps of the first pattern that no phase makes.
    mode : {"rietveld", "lebail", "pawley"}
        Where the intensities come from.
    restraints : tuple of Restraint
        Known bond lengths.
    """

    title: str
    engine: str
    pattern: Pattern
    instrument: Instrument
    dispersion: bool
    background_terms: int
    background_range: tuple[float, float]
    phases: tuple[JobPhase, ...]
    parameters: Mapping[str, Parameter]
    ties: tuple[Tie, ...]
    stages: tuple[Stage, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    output_folder: str | None = None
    notes: tuple[str, ...] = ()
    patterns: tuple[JobPattern, ...] = ()
    peaks: tuple[Peak, ...] = ()
    mode: Mode = "rietveld"
    restraints: tuple[Restraint, ...] = ()

    @property
    def has_fractions(self) -> bool:
        """Whether the intensities come from the structures, so that scale factors and fractions exist."""
        return self.mode == "rietveld"

    @property
    def all_patterns(self) -> tuple[JobPattern, ...]:
        """The patterns of the job, also when there is only one."""
        only = JobPattern(
            "", self.pattern, self.instrument, self.dispersion, self.background_terms, self.background_range, self.peaks
        )
        return self.patterns or (only,)

    @property
    def free_names(self) -> tuple[str, ...]:
        """Every parameter that is free in some stage, in the order of the model."""
        freed = {name for stage in self.stages for name in stage.free}
        return tuple(name for name in self.parameters if name in freed)

    def phase(self, name: str) -> JobPhase:
        """The phase of this name."""
        return next(phase for phase in self.phases if phase.name == name)
