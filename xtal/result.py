"""What a refinement found: values with standard uncertainties, agreement, checks and where everything came from.

`Result.to_dict` gives what `result.json` holds, schema ``xtal-result/1``; docs/reference/result-keys.md lists its keys.
An esd is null, with a reason, when no covariance stands behind it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Bootstrap
from .defence import Defence
from .errors import InputError
from .information import Information

__all__ = [
    "SCHEMA",
    "Agreement",
    "CellResult",
    "Check",
    "Correlation",
    "ParameterResult",
    "PatternResult",
    "PhaseResult",
    "ProfileCurves",
    "ReflectionRow",
    "RestraintResult",
    "Result",
    "Severity",
    "StageResult",
    "Status",
    "Value",
    "Verdict",
    "format_value",
]

SCHEMA = "xtal-result/1"
CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")

Status = Literal["converged", "not_converged", "timeout", "failed"]
Verdict = Literal["pass", "review", "fail"]
Severity = Literal["info", "warning", "severe"]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Value:
    """A number with its standard uncertainty.

    Parameters
    ----------
    value : float or None
        The number; None when there is none, with a reason.
    esd : float or None
        Standard uncertainty; None, with a reason, when no covariance stands behind it.
    reason : str or None
        Why value or esd is missing.
    """

    value: float | None
    esd: float | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return format_value(self.value, self.esd)


def format_value(value: float | None, esd: float | None, decimals: int = 5) -> str:
    """Number with its esd in parentheses, two digits while they are below 20: ``3.91102(14)``, ``0.912(8)``."""
    if value is None:
        return "–"
    if esd is None or not np.isfinite(esd) or esd <= 0:
        return f"{value:.{decimals}f}"
    exponent = int(np.floor(np.log10(esd)))
    digits = 1 if round(esd / 10**exponent * 10) >= 20 else 2
    places = max(digits - 1 - exponent, 0)
    last_digits = round(esd * 10**places)
    return f"{value:.{places}f}({last_digits})"


@dataclass(frozen=True)
class Agreement:
    """Figures of merit as fractions, not percent.

    Rwp² = Σw(o−c)²/Σwo², Rexp² = (n_points − n_free)/Σwo², Rp = Σ|o−c|/Σo, GOF = Rwp/Rexp
    (R. A. Young (ed.), The Rietveld Method, 1993, table 1.3; background included).

    Parameters
    ----------
    rwp : float
        Weighted profile R.
    rexp : float
        The Rwp that counting statistics allow.
    rp : float
        Unweighted profile R.
    gof : float
        Goodness of fit, 1 when the model is right and the sigmas are.
    n_points : int
        Points of the pattern used.
    n_free : int
        Parameters refined.
    serial_correlation : float or None
        Factor by which serially correlated residuals enlarge every esd (Bérar & Lelann, J. Appl. Cryst. 24 (1991) 1); the esds are printed without it.
    """

    rwp: float
    rexp: float
    rp: float
    gof: float
    n_points: int
    n_free: int
    serial_correlation: float | None = None


@dataclass(frozen=True)
class CellResult:
    """Refined cell. A parameter fixed by symmetry has esd None and a reason.

    Parameters
    ----------
    a, b, c : Value
        Å.
    alpha, beta, gamma : Value
        Degrees.
    """

    a: Value
    b: Value
    c: Value
    alpha: Value
    beta: Value
    gamma: Value

    @property
    def values(self) -> tuple[float, ...]:
        """The six numbers without their uncertainties."""
        return tuple(float(getattr(self, name).value) for name in CELL_NAMES)


@dataclass(frozen=True)
class PhaseResult:
    """What was found of one phase.

    Parameters
    ----------
    formula : str
        Content of the refined cell.
    space_group : str
        Hermann–Mauguin symbol of the setting.
    quality : str
        Of the structure that it started from: experiment, dft, model or unknown.
    source : str
        Where that structure comes from.
    weight_fraction : Value
        Share of all crystalline phases in the job, by weight, 0–1.
    group_share : Value
        Share within the phase's group, by weight; value None when the job has no group for it.
    intensity_share : Value
        Share of the calculated Bragg intensity in the fitted range.
    density : Value
        X-ray density, g/cm³.
    volume : Value
        Of the cell, Å³.
    crystallite_size_nm : Value
        Apparent size, nm; value None, with a reason, when not refined or the instrument isn't calibrated.
    microstrain : Value
        Dimensionless; value None, with a reason, when not refined or the instrument isn't calibrated.
    cell : CellResult
        Lattice parameters.
    mass_factor : float or None
        Weight per unit of scale, in the engine's units: scales times mass factors compare fits of one engine.
    defence : Defence or None
        What stands behind the fraction, when that was asked for.
    corrected_fraction : Value or None
        Weight fraction corrected for microabsorption, when the job gives grain sizes.
    """

    formula: str
    space_group: str
    quality: str
    source: str
    weight_fraction: Value
    group_share: Value
    intensity_share: Value
    density: Value
    volume: Value
    crystallite_size_nm: Value
    microstrain: Value
    cell: CellResult
    mass_factor: float | None = None
    defence: Defence | None = None
    corrected_fraction: Value | None = None


@dataclass(frozen=True)
class ParameterResult:
    """One parameter of the model, in the units of the job file.

    Parameters
    ----------
    value : float
        At the end.
    esd : float or None
        Standard uncertainty, with the factor GOF in it.
    start : float
        At the beginning.
    min : float or None
        Lower bound; None for none.
    max : float or None
        Upper bound; None for none.
    free : bool
        Whether it was refined at the end.
    stages : tuple of str
        Finished stages in which it was free.
    reason : str or None
        Why there is no esd.
    """

    value: float
    esd: float | None
    start: float
    min: float | None
    max: float | None
    free: bool
    stages: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Correlation:
    """A pair of parameters with |r| > 0.9.

    Parameters
    ----------
    first : str
        Dotted name.
    second : str
        Dotted name.
    r : float
        Correlation coefficient, with its sign.
    """

    first: str
    second: str
    r: float


@dataclass(frozen=True)
class Check:
    """Something a referee would ask about.

    Parameters
    ----------
    code : str
        Stable name of the check (``"phase-not-carried"``).
    severity : {"info", "warning", "severe"}
        A severe check makes the verdict ``review`` or ``fail``.
    phase : str or None
        The phase it is about.
    sentence : str
        What was found and what to do.
    """

    code: str
    severity: Severity
    phase: str | None
    sentence: str


@dataclass(frozen=True)
class StageResult:
    """One stage of the refinement.

    Parameters
    ----------
    name : str
        From the job.
    why : str
        Its reason, from the job.
    free : tuple of str
        Everything that was free in it.
    rwp : float
        Where it got to, a fraction.
    seconds : float
        How long it took.
    converged : bool
        Whether it came to rest.
    notes : tuple of str
        What its wildcards passed over: atoms on one position, the origin of a polar group.
    """

    name: str
    why: str
    free: tuple[str, ...]
    rwp: float
    seconds: float
    converged: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestraintResult:
    """What became of a restrained bond length.

    Parameters
    ----------
    phase : str
        Its phase.
    site_a : str
        Label of the first site.
    site_b : str
        Label of the second site.
    distance : float
        As the job wants it, Å.
    sigma : float
        Within what, Å.
    weight : float
        Multiplies its share of χ².
    n_bonds : int
        Bonds of one atom A to images of B in the shortest shell at the start.
    mean_distance : float
        Their mean length at the end, Å.
    chi2 : float
        Σ weight · ((d − distance)/sigma)² over the bonds.
    """

    phase: str
    site_a: str
    site_b: str
    distance: float
    sigma: float
    weight: float
    n_bonds: int
    mean_distance: float
    chi2: float


@dataclass(frozen=True)
class ReflectionRow:
    """One reflection family as the engine calculated it.

    `two_theta` is its position on the pattern's axis: degrees 2θ at the first wavelength, or µs at time of flight;
    `fwhm` has the same unit. Extracted intensities (Le Bail, Pawley) give `f_squared` to a factor that all reflections of the
    phase share; Pawley's have an esd.
    """

    h: int
    k: int
    l: int
    multiplicity: int
    d: float
    two_theta: float
    f_squared: float | None = None
    intensity: float | None = None
    fwhm: float | None = None
    esd_f_squared: float | None = None


@dataclass(frozen=True, eq=False)
class ProfileCurves:
    """Observed and calculated pattern, arrays of one length; `phases` hold Bragg intensity without background.

    `extra_peaks` is what extra peaks and humps make of the background, which holds them.
    """

    x: FloatArray
    observed: FloatArray
    sigma: FloatArray
    calculated: FloatArray
    background: FloatArray
    phases: Mapping[str, FloatArray] = field(default_factory=dict)
    axis: str = "two_theta"
    extra_peaks: FloatArray | None = None

    @property
    def difference(self) -> FloatArray:
        """Observed minus calculated."""
        return np.asarray(self.observed - self.calculated)


@dataclass(frozen=True, eq=False)
class PatternResult:
    """One of several patterns that were refined together.

    Parameters
    ----------
    agreement : Agreement
        On this pattern alone; `n_free` counts the parameters of the whole fit.
    pattern : dict
        What was measured: the keys of the top-level ``pattern``.
    profile : ProfileCurves or None
        Not in result.json; written to pattern-NAME.csv.
    reflections : dict of tuple of ReflectionRow
        Not in result.json; written to reflections-NAME.csv.
    """

    agreement: Agreement
    pattern: Mapping[str, Any]
    profile: ProfileCurves | None = None
    reflections: Mapping[str, tuple[ReflectionRow, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Result:
    """Everything a refinement found. See the module for the file it becomes.

    Parameters
    ----------
    title : str
        From the job.
    status : {"converged", "not_converged", "timeout", "failed"}
        How the fit ended.
    verdict : {"pass", "review", "fail"}
        What the checks say of it.
    message : str
        One or two plain sentences.
    engine : dict
        ``name`` and ``version``.
    agreement : Agreement or None
        None when no stage was finished.
    phases : dict of PhaseResult
        By phase name.
    groups : dict of tuple of str
        Group name to its phases.
    parameters : dict of ParameterResult
        By dotted name.
    correlations, checks, stages
        As their classes say.
    pattern : dict
        What was fitted: ``source``, ``range``, ``n_points``, ``sigma_origin``, ``instrument``, ``notes`` …;
        of several patterns the first.
    provenance : dict
        ``inputs`` (name → sha256), ``versions``, ``command``, ``seed``, ``seconds``, ``created`` …; no absolute paths.
    profile : ProfileCurves or None
        Not in result.json; written to pattern.csv.
    reflections : dict of tuple of ReflectionRow
        Not in result.json; ticks of the report.
    structures : dict
        Refined structures by phase; written as CIF files.
    files : dict of bytes
        Files of the engine that are kept (name → content).
    log : str
        Text for log.txt.
    patterns : dict of PatternResult
        By name when several patterns were refined together, else empty; then `agreement` is that over all of them, and
        `pattern`, `profile` and `reflections` are those of the first.
    information : dict of Information
        By dotted name: refined occupancies, and refined displacement parameters of light atoms.
    bootstrap : Bootstrap or None
        Spread of refits of resampled patterns, where it was asked for.
    mode : {"rietveld", "lebail", "pawley"}
        Where the intensities come from; in result.json when it isn't ``rietveld``.
    constraints : tuple of str
        Ties of the job as equations, in result.json when there are any.
    restraints : tuple of RestraintResult
        Restrained bond lengths, in result.json when there are any.
    """

    title: str
    status: Status
    verdict: Verdict
    message: str
    engine: Mapping[str, str]
    agreement: Agreement | None
    phases: Mapping[str, PhaseResult]
    groups: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, ParameterResult]
    correlations: tuple[Correlation, ...]
    checks: tuple[Check, ...]
    stages: tuple[StageResult, ...]
    pattern: Mapping[str, Any]
    provenance: Mapping[str, Any]
    profile: ProfileCurves | None = None
    reflections: Mapping[str, tuple[ReflectionRow, ...]] = field(default_factory=dict)
    structures: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    log: str = ""
    patterns: Mapping[str, PatternResult] = field(default_factory=dict)
    information: Mapping[str, Information] = field(default_factory=dict)
    bootstrap: Bootstrap | None = None
    mode: str = "rietveld"
    restraints: tuple[RestraintResult, ...] = ()
    constraints: tuple[str, ...] = ()

    def by_pattern(self) -> dict[str, Result]:
        """The result as each pattern shows it: its curves, reflections, agreement and facts, the rest being shared.

        The only pattern of a fit has an empty name.
        """
        if not self.patterns:
            return {"": self}
        return {
            name: replace(self, agreement=one.agreement, pattern=one.pattern, profile=one.profile,
                          reflections=one.reflections, patterns={})
            for name, one in self.patterns.items()
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Content of result.json: plain numbers, strings, lists and dicts; NaN and infinity become None."""
        content = {
            "schema": SCHEMA,
            "title": self.title,
            "status": self.status,
            "verdict": self.verdict,
            "message": self.message,
            "engine": dict(self.engine),
            "agreement": None if self.agreement is None else asdict(self.agreement),
            "phases": {name: _phase_to_dict(phase) for name, phase in self.phases.items()},
            "groups": {name: list(members) for name, members in self.groups.items()},
            "parameters": {name: _fields(parameter) for name, parameter in self.parameters.items()},
            "correlations": [_fields(pair) for pair in self.correlations],
            "checks": [_fields(check) for check in self.checks],
            "stages": [_fields(stage) for stage in self.stages],
            "pattern": dict(self.pattern),
            "provenance": dict(self.provenance),
        }
        if self.patterns:
            content["patterns"] = {
                name: {"agreement": asdict(one.agreement), "pattern": dict(one.pattern)}
                for name, one in self.patterns.items()
            }
        if self.information:
            content["information"] = {name: asdict(item) for name, item in self.information.items()}
        if self.bootstrap is not None:
            content["bootstrap"] = asdict(self.bootstrap)
        if self.mode != "rietveld":
            content["mode"] = self.mode
        if self.constraints:
            content["constraints"] = _plain(self.constraints)
        if self.restraints:
            content["restraints"] = [asdict(restraint) for restraint in self.restraints]
        return {key: _plain(value) for key, value in content.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Result:
        """Result from the content of a result.json; curves, reflections and structures stay empty.

        Raises
        ------
        InputError
            Another schema, or a key is missing.
        """
        schema = content.get("schema")
        if schema != SCHEMA:
            raise InputError(
                f"result schema {schema!r};", remedy=f"this version reads {SCHEMA!r}; update xtal or refine again."
            )
        try:
            return _from_dict(content)
        except (KeyError, TypeError) as error:
            raise InputError(f"result without {error};", remedy="the file is damaged: refine again.") from error

    def _repr_html_(self) -> str:
        """Table of phases for notebooks."""
        from .notebook import result_html

        return result_html(self)


def _from_dict(content: Mapping[str, Any]) -> Result:
    return Result(
        title=content["title"],
        status=content["status"],
        verdict=content["verdict"],
        message=content["message"],
        engine=content["engine"],
        agreement=None if content["agreement"] is None else Agreement(**content["agreement"]),
        phases={name: _phase_from_dict(phase) for name, phase in content["phases"].items()},
        groups={name: tuple(members) for name, members in content["groups"].items()},
        parameters={
            name: ParameterResult(**{**item, "stages": tuple(item["stages"])})
            for name, item in content["parameters"].items()
        },
        correlations=tuple(Correlation(**pair) for pair in content["correlations"]),
        checks=tuple(Check(**check) for check in content["checks"]),
        stages=tuple(
            StageResult(**{**stage, "free": tuple(stage["free"]), "notes": tuple(stage.get("notes", ()))})
            for stage in content["stages"]
        ),
        pattern=content["pattern"],
        provenance=content["provenance"],
        patterns={
            name: PatternResult(Agreement(**one["agreement"]), one["pattern"])
            for name, one in content.get("patterns", {}).items()
        },
        information={name: Information(**item) for name, item in content.get("information", {}).items()},
        bootstrap=Bootstrap.from_dict(content.get("bootstrap")),
        mode=content.get("mode", "rietveld"),
        restraints=tuple(RestraintResult(**one) for one in content.get("restraints", ())),
        constraints=tuple(content.get("constraints", ())),
    )


def _fields(row: Any) -> dict[str, Any]:
    """Fields of a dataclass that holds no other; `asdict` would copy every value."""
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _phase_to_dict(phase: PhaseResult) -> dict[str, Any]:
    """A phase's part of the result; optional keys are there only when they hold something."""
    content = asdict(phase)
    return {key: value for key, value in content.items() if key not in _OPTIONAL or value is not None}


_OPTIONAL = ("mass_factor", "defence", "corrected_fraction")


def _phase_from_dict(content: Mapping[str, Any]) -> PhaseResult:
    cell = CellResult(**{name: Value(**content["cell"][name]) for name in CELL_NAMES})
    texts: dict[str, Any] = {key: content[key] for key in ("formula", "space_group", "quality", "source")}
    others = {*texts, "cell", *_OPTIONAL}
    values: dict[str, Any] = {key: Value(**item) for key, item in content.items() if key not in others}
    defence, factor = Defence.from_dict(content.get("defence")), content.get("mass_factor")
    corrected = content.get("corrected_fraction")
    return PhaseResult(
        cell=cell, mass_factor=factor, defence=defence, corrected_fraction=None if corrected is None else Value(**corrected),
        **texts, **values,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is str or value is None or kind is bool or kind is int:
        return value
    if kind is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value
