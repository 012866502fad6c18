"""From an engine's outcome to a `Result`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checks import run_checks, verdict_of
from ..engines import EngineRun
from ..io.covariance import COVARIANCE_NAME
from ..job import Job, JobPattern, Tie
from ..result import (
    Agreement,
    ParameterResult,
    PatternResult,
    ProfileCurves,
    ReflectionRow,
    RestraintResult,
    Result,
    StageResult,
    Status,
)
from ..serial_correlation import serial_correlation
from .covariance import Covariance
from .information import information_of
from .phases import NO_FRACTIONS, phase_results
from .refined_structure import refined_structure

__all__ = ["assemble_result"]

_REPORTED_CORRELATION = 0.9


def assemble_result(
    job: Job, run: EngineRun, engine_name: str, provenance: Mapping[str, Any], files: Mapping[str, bytes]
) -> Result:
    """The result of a fit, also of one that failed: then without phases when no stage was finished."""
    if run.outcome is None:
        return _empty_result(job, run, engine_name, provenance, f"No stage was finished: {run.message.rstrip('.')}.")
    outcome = run.outcome
    if lost := _not_finite(outcome):
        message = f"The fit diverged: {lost} is no finite number any more. Free less at a time, or start closer."
        return _empty_result(job, run, engine_name, provenance, message)
    status = _status(run)
    covariance = Covariance.from_outcome(outcome["covariance"], job.ties)
    seen = _by_pattern(job, outcome)
    patterns = {one.name: found for one, found in zip(job.patterns, seen, strict=True)} if job.patterns else {}
    curves, reflections = seen[0].profile, seen[0].reflections
    assert curves is not None
    structures = {
        phase.name: refined_structure(phase.structure, _phase_values(phase.name, outcome)) for phase in job.phases
    }
    phases = phase_results(job, outcome, covariance, curves, structures)
    parameters = _parameters(job, outcome, covariance)
    correlations = () if covariance is None else covariance.correlations(_REPORTED_CORRELATION)
    agreement = _agreement(outcome["agreement"], [one.profile for one in seen if one.profile is not None])
    checks = run_checks(
        job=job,
        agreement=agreement,
        phases=phases,
        parameters=parameters,
        correlations=correlations,
        curves=curves,
        reflections=reflections,
        max_shift_over_esd=outcome.get("max_shift_over_esd"),
        has_covariance=covariance is not None,
        engine_warnings=tuple(outcome.get("warnings", ())),
        patterns=patterns,
    )
    return Result(
        title=job.title,
        status=status,
        verdict=verdict_of(status, checks),
        message=_message(status, run, agreement, checks) + _no_fractions(job),
        engine=outcome["engine"],
        agreement=agreement,
        phases=phases,
        groups=job.groups,
        parameters=parameters,
        correlations=correlations,
        checks=checks,
        stages=_stages(job, outcome),
        pattern=_pattern_facts(job.all_patterns[0], job.notes),
        provenance={**provenance, "seconds": round(run.seconds, 3)},
        profile=curves,
        reflections=reflections,
        structures=structures,
        files=files if covariance is None else {**files, COVARIANCE_NAME: covariance.to_json(list(job.parameters))},
        log=_log_text(job, run, _stages(job, outcome)),
        mode=job.mode,
        restraints=tuple(RestraintResult(**one) for one in outcome.get("restraints", ())),
        constraints=tuple(_equation(tie) for tie in job.ties),
        patterns=patterns,
        information=information_of(structures, covariance),
    )


def _by_pattern(job: Job, outcome: Mapping[str, Any]) -> list[PatternResult]:
    """What was found on each pattern; an outcome of several holds them under ``patterns``."""
    found = [outcome["patterns"][one.name] for one in job.patterns] if job.patterns else [outcome]
    return [
        PatternResult(
            agreement=_agreement(part["agreement"], [_curves(part["profile"])]),
            pattern=_pattern_facts(one, job.notes),
            profile=_curves(part["profile"]),
            reflections={name: tuple(map(_reflection, rows)) for name, rows in part["reflections"].items()},
        )
        for one, part in zip(job.all_patterns, found, strict=True)
    ]


def _agreement(figures: Mapping[str, Any], curves: Sequence[ProfileCurves]) -> Agreement:
    """Figures of the engine with what the residuals of all patterns say of the esds."""
    residual = np.concatenate([one.difference / one.sigma for one in curves])
    return Agreement(**figures, serial_correlation=serial_correlation(residual))


def _reflection(row: Mapping[str, Any]) -> ReflectionRow:
    """A row of the engine; a time of flight stands where 2θ does."""
    if "tof" not in row:
        return ReflectionRow(**row)
    return ReflectionRow(**{"two_theta" if key == "tof" else key: value for key, value in row.items()})


def _log_text(job: Job, run: EngineRun, stages: tuple[StageResult, ...]) -> str:
    """What log.txt holds: the course of the fit, then what the engine printed."""
    lines = [job.title, *job.notes, ""]
    lines += [
        f"{stage.name}: Rwp {100 * stage.rwp:.3f} %, {len(stage.free)} free, {stage.seconds:.2f} s"
        f"{'' if stage.converged else ', not converged'}"
        for stage in stages
    ]
    lines += [f"{run.status} after {run.seconds:.2f} s {run.message}".rstrip(), ""]
    printed = run.log.strip()
    return "\n".join([*lines, *(["The engine printed:", printed, ""] if printed else [])])


def _not_finite(outcome: Mapping[str, Any]) -> str | None:
    """Name of the first number that the engine lost; JSON carries NaN as null."""
    if any(outcome["agreement"][name] is None for name in ("rwp", "rexp", "gof")):
        return "Rwp"
    return next((name for name, item in outcome["parameters"].items() if item["value"] is None), None)


def _equation(tie: Tie) -> str:
    """A tie as a reader writes it: ``a = 0.5 + 2 b``."""
    terms = [name if factor == 1 else f"{factor:g} {name}" for factor, name in tie.terms]
    constant = [f"{tie.constant:g}"] if tie.constant or not terms else []
    return f"{tie.target} = {' + '.join([*constant, *terms])}"


def _empty_result(job: Job, run: EngineRun, engine_name: str, provenance: Mapping[str, Any], message: str) -> Result:
    status: Status = "timeout" if run.status == "timeout" else "failed"
    return Result(
        title=job.title,
        status=status,
        verdict="fail",
        message=message,
        engine={"name": engine_name, "version": ""},
        agreement=None,
        phases={},
        groups=job.groups,
        parameters={},
        correlations=(),
        checks=(),
        stages=(),
        pattern=_pattern_facts(job.all_patterns[0], job.notes),
        provenance={**provenance, "seconds": round(run.seconds, 3)},
        log=_log_text(job, run, ()),
        mode=job.mode,
    )


def _status(run: EngineRun) -> Status:
    if run.status == "timeout":
        return "timeout"
    if run.status != "done":
        return "failed"
    assert run.outcome is not None
    return "converged" if run.outcome["converged"] else "not_converged"


def _message(status: Status, run: EngineRun, agreement: Agreement, checks: tuple[Any, ...]) -> str:
    fit = f"Rwp {100 * agreement.rwp:.2f} % (expected {100 * agreement.rexp:.2f} %)"
    severe = sum(check.severity == "severe" for check in checks)
    concern = (
        "" if not severe else f" {severe} severe check{'s' if severe > 1 else ''}: read them before you use a number."
    )
    match status:
        case "converged":
            return f"The fit converged at {fit}.{concern}"
        case "not_converged":
            return f"The fit has not converged; it stands at {fit}.{concern}"
        case _:
            return f"The fit ended early: {run.message.rstrip('.')}. The last finished stage is kept, {fit}.{concern}"


def _no_fractions(job: Job) -> str:
    """What a reader of a fit without structures must know first."""
    return "" if job.has_fractions else f" {NO_FRACTIONS[job.mode]}."


def _curves(profile: Mapping[str, Any]) -> ProfileCurves:
    def array(key: str) -> NDArray[np.float64]:
        return np.asarray(profile[key], dtype=float)

    axis = "tof" if "tof" in profile else "two_theta"
    return ProfileCurves(
        x=array(axis),
        observed=array("observed"),
        sigma=array("sigma"),
        calculated=array("calculated"),
        background=array("background"),
        phases={name: np.asarray(curve, dtype=float) for name, curve in profile["phases"].items()},
        axis=axis,
        extra_peaks=array("extra_peaks") if "extra_peaks" in profile else None,
    )


def _phase_values(name: str, outcome: Mapping[str, Any]) -> dict[str, float]:
    prefix = f"phase.{name}."
    return {
        key.removeprefix(prefix): float(item["value"])
        for key, item in outcome["parameters"].items()
        if key.startswith(prefix)
    }


def _parameters(job: Job, outcome: Mapping[str, Any], covariance: Covariance | None) -> dict[str, ParameterResult]:
    finished = {stage["name"] for stage in outcome["stages"]}
    followers = {tie.target: tie for tie in job.ties}
    results = {}
    for name, parameter in job.parameters.items():
        item = outcome["parameters"][name]
        esd = None if covariance is None else covariance.esd(name)
        stages = tuple(stage.name for stage in job.stages if name in stage.free and stage.name in finished)
        results[name] = ParameterResult(
            value=float(item["value"]),
            esd=esd,
            start=parameter.start,
            min=parameter.min,
            max=parameter.max,
            free=bool(item["free"]),
            stages=stages,
            reason=None if esd is not None else item.get("reason") or _why_no_esd(name, bool(item["free"]), followers),
        )
    return results


def _why_no_esd(name: str, is_free: bool, followers: Mapping[str, Any]) -> str:
    if name in followers:
        return "follows a tie to parameters that were held"
    return "no covariance" if is_free else "held"


def _stages(job: Job, outcome: Mapping[str, Any]) -> tuple[StageResult, ...]:
    given = {stage.name: stage for stage in job.stages}
    return tuple(
        StageResult(
            name=stage["name"],
            why=given[stage["name"]].why if stage["name"] in given else "",
            notes=given[stage["name"]].notes if stage["name"] in given else (),
            free=tuple(stage["free"]),
            rwp=float(stage["rwp"]),
            seconds=float(stage["seconds"]),
            converged=bool(stage["converged"]),
        )
        for stage in outcome["stages"]
    )


def _pattern_facts(one: JobPattern, notes: Sequence[str]) -> dict[str, Any]:
    pattern, instrument = one.pattern, one.instrument
    lines = instrument.radiation.lines
    return {
        "source": pattern.source,
        "synthetic": "synthetic" in pattern.metadata or pattern.source.lower().startswith("synthetic"),
        "axis": pattern.axis,
        "range": [float(pattern.x[0]), float(pattern.x[-1])],
        "n_points": len(pattern),
        "sigma_origin": pattern.sigma_origin,
        "instrument": instrument.name,
        "calibrated": instrument.calibrated,
        "wavelength": lines[0][0] if lines else None,
        "radiation": instrument.radiation.kind,
        "lines": [list(line) for line in lines],
        "bank_two_theta": None if instrument.bank is None else instrument.bank.two_theta,
        "notes": list(notes),
    }
