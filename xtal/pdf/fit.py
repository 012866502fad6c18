"""`fit_pdf`: a resolved PDF job goes through PDFfit2 in a child process and comes back as a result."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .._version import __version__
from ..elements import atomic_mass
from ..engines.pdffit2_engine import Pdffit2Engine
from ..engines.process import run_task
from ..engines.protocol import EngineRun, EventListener
from ..result import CELL_NAMES, CellResult, Correlation, ParameterResult, StageResult, Status, Value, Verdict
from ..rietveld.fractions import weight_fractions
from ..structure import Structure
from .bonds import fitted_bonds
from .box_car import fitted_windows
from .job import PdfData, PdfJob, PdfJobPhase, structures_of
from .pdffit2_task import pdffit2_task
from .result import PdfAgreement, PdfCurves, PdfPhaseResult, PdfResult
from .site_scattering import cell_scattering
from .uncertainty import AT_REST, PdfCovariance, covariance_at_end, value_of

__all__ = ["DEFAULT_TIMEOUT", "fit_pdf"]

DEFAULT_TIMEOUT = 600.0
_PACKAGES = ("numpy", "scipy", "gemmi", "diffpy.pdffit2")
_POOR_RW = 0.35
_INSEPARABLE = 0.9
"""Correlation beyond which a particle's size is no answer."""
_COARSE = 0.05


def fit_pdf(
    job: PdfJob,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    on_event: EventListener | None = None,
    command: Sequence[str] = (),
) -> PdfResult:
    """Fit a PDF job, and its box-car series where it has one.

    Parameters
    ----------
    job : PdfJob
        Resolved job.
    timeout : float
        Wall-clock limit for all fits together, seconds.
    on_event : callable, optional
        Called with each stage as it starts and ends, and with ``{"event": "window", …}`` for each window.
    command : sequence of str, optional
        Command line to record in the result's provenance.

    Returns
    -------
    PdfResult
        Also of a fit that failed or ran out of time: `status` says so.
    """
    deadline = time.monotonic() + timeout
    stages: list[dict[str, Any]] = []

    def listen(event: dict[str, Any]) -> None:
        if event.get("event") == "stage":
            stages.append(event)
        if on_event is not None:
            on_event(event)

    run = run_task(Pdffit2Engine().worker_command(), pdffit2_task(job), timeout=timeout, on_event=listen)
    result = _assembled(job, run, stages, command)
    if job.box_car is None or result.agreement is None:
        return result
    windows = tuple(fitted_windows(job, result, deadline, on_event))
    short = tuple(
        f"window {w.low:g}-{w.high:g} Å: {w.status.replace('_', ' ')}." for w in windows if w.status != "converged"
    )
    return replace(result, windows=windows, warnings=result.warnings + short)


def _assembled(job: PdfJob, run: EngineRun, events: Sequence[dict[str, Any]], command: Sequence[str]) -> PdfResult:
    stages = tuple(
        StageResult(
            stage.name, stage.why, stage.free, event["rwp"], event["seconds"], bool(event["snapshot"]["converged"])
        )
        for stage, event in zip(job.stages, events, strict=False)
    )
    status = _status(run, stages)
    if run.outcome is None:
        return _without_fit(job, run, status, stages, command)
    values = {name: float(value) for name, value in run.outcome["parameters"].items()}
    values = job.completed(values)
    held = set(run.outcome["at_bounds"])
    free = tuple(name for name in job.stages[max(len(stages) - 1, 0)].free if name not in held)
    covariance = covariance_at_end(job, values, free, run.outcome, status)
    if status == "converged" and covariance.expected_drop > AT_REST:
        status = "not_converged"
        covariance = PdfCovariance(free, None, "the fit stopped before its minimum")
    agreement = _agreement(job, run.outcome, len(free))
    warnings = (*job.notes, *_warnings(job, values, held), *_faded_together(covariance))
    # No correlated motion is an answer like any other.
    doubtful = sorted(name for name in held if not (name.endswith((".delta1", ".delta2")) and values[name] == 0))
    verdict, message = _verdict(status, agreement, doubtful, run)
    structures = dict(zip((phase.name for phase in job.phases), structures_of(job, values), strict=True))
    return PdfResult(
        job.title, status, verdict, message, agreement,
        dict(_parameters(job, values, covariance, stages, held)),
        dict(_phases(job, values, structures, covariance)),
        fitted_bonds(job, values, covariance),
        tuple(Correlation(*item) for item in covariance.correlations()),
        stages, warnings, (), _provenance(job, command), _curves(job, values, run.outcome),
        {phase.name: phase.whole(structures[phase.name]) for phase in job.phases}, run.log,
    )  # fmt: skip


def _status(run: EngineRun, stages: Sequence[StageResult]) -> Status:
    if run.status == "timeout":
        return "timeout"
    if run.status != "done":
        return "failed"
    return "converged" if stages and stages[-1].converged else "not_converged"


def _without_fit(
    job: PdfJob, run: EngineRun, status: Status, stages: tuple[StageResult, ...], command: Sequence[str]
) -> PdfResult:
    values = job.start_values()
    parameters = {
        name: ParameterResult(values[name], None, item.start, item.min, item.max, False, (), "the fit gave no values")
        for name, item in job.parameters.items()
    }
    message = f"No fit: {run.message}."
    return PdfResult(job.title, status, "fail", message, None, parameters, {}, (), (), stages, job.notes, (),
                     _provenance(job, command), log=run.log)  # fmt: skip


def _agreement(job: PdfJob, outcome: Mapping[str, Any], n_free: int) -> PdfAgreement:
    n_points = sum(len(data.pattern) for data in job.data)
    independent = sum(data.n_independent for data in job.data)
    chi2 = float(outcome["chi2"])
    bic = independent * np.log(max(chi2, 1e-300) / n_points) + n_free * np.log(independent)
    return PdfAgreement(float(outcome["rw"]), chi2, n_points, independent, n_free, float(bic))


def _warnings(job: PdfJob, values: Mapping[str, float], held: set[str]) -> Iterator[str]:
    for name in sorted(held):
        yield f"{name} ended on its bound {values[name]:g} and was held there: question the model or widen the bound."
    if len(job.phases) > 1 and len({data.probe for data in job.data}) > 1:
        yield "Scales of phases are shared by X-rays and neutrons, which weigh phases differently; fractions refer to the first data set."
    for data in job.data:
        if data.pattern.step > _COARSE:
            yield f"{data.name}: points {data.pattern.step:.3g} Å apart are coarse for PDFfit2, which calculates on them; give a finer G(r)."
        if not data.weighted:
            yield f"{data.name}: no σ was used; every point has the same weight, and esds come from the misfit alone."


def _faded_together(covariance: PdfCovariance) -> Iterator[str]:
    """Two reasons for G(r) to fade that were refined together."""
    for first, second, r in covariance.correlations(_INSEPARABLE):
        if {first.rsplit(".", 1)[-1], second.rsplit(".", 1)[-1]} == {"diameter", "q_damp"}:
            yield f"{first} and {second} are correlated by {r:+.2f}: hold q_damp at the value of a standard."


def _verdict(status: Status, agreement: PdfAgreement, held: Sequence[str], run: EngineRun) -> tuple[Verdict, str]:
    if status in ("failed", "timeout"):
        return "fail", f"The fit ended early: {run.message}."
    if agreement.n_free >= agreement.n_independent:
        return "review", (
            f"{agreement.n_free} parameters for {agreement.n_independent:.0f} independent points: "
            "the range is too short to determine them."
        )
    if status == "not_converged":
        return "review", "The fit did not converge: give it better start values, or stages that free less at a time."
    if agreement.rw > _POOR_RW:
        return "review", f"Rw is {agreement.rw:.3f}: the model misses much of the data."
    if held:
        return "review", f"{', '.join(held)} ended on a bound."
    return (
        "pass",
        f"Rw {agreement.rw:.4f} with {agreement.n_free} parameters and {agreement.n_independent:.0f} independent points.",
    )


def _parameters(
    job: PdfJob, values: Mapping[str, float], covariance: PdfCovariance, stages: Sequence[StageResult], held: set[str]
) -> Iterator[tuple[str, ParameterResult]]:
    ties = {tie.target: tie for tie in job.ties}
    for name, item in job.parameters.items():
        free = name in covariance.names
        esd, reason = covariance.esd(name), covariance.reason
        if name in ties:
            esd = covariance.propagated({leader: c for c, leader in ties[name].terms})
            free = any(leader in covariance.names for _, leader in ties[name].terms)
            esd = esd if free else None
        if not free:
            reason = "it ended on its bound" if name in held else "it was not refined"
        yield name, ParameterResult(values[name], esd, item.start, item.min, item.max, free,
                                    tuple(stage.name for stage in stages if name in stage.free),
                                    None if esd is not None else reason)  # fmt: skip


def _phases(
    job: PdfJob, values: Mapping[str, float], structures: Mapping[str, Structure], covariance: PdfCovariance
) -> Iterator[tuple[str, PdfPhaseResult]]:
    fractions = _fractions(job, values, covariance)
    for phase, fraction in zip(job.phases, fractions, strict=True):
        structure = structures[phase.name]
        diameter = Value(None, None, "a bulk crystal in the job")
        if phase.diameter is not None:
            diameter = value_of(f"phase.{phase.name}.diameter", values, covariance)
        yield phase.name, PdfPhaseResult(phase.whole(structure).formula, str(structure.space_group), structure.quality, structure.source,
                                         _cell(phase, structure, values, covariance), fraction, diameter)  # fmt: skip


def _cell(
    phase: PdfJobPhase, structure: Structure, values: Mapping[str, float], covariance: PdfCovariance
) -> CellResult:
    group, prefix = structure.space_group, f"phase.{phase.name}.cell."
    found = {}
    for name in CELL_NAMES:
        if f"{prefix}{name}" in values:
            found[name] = value_of(f"{prefix}{name}", values, covariance)
            continue
        leader = next((other for other in group.free_cell_parameters()
                       if other < name and name in "abc" and getattr(structure.lattice, other) == getattr(structure.lattice, name)), None)  # fmt: skip
        value = getattr(structure.lattice, name)
        found[name] = (
            Value(value, None, "fixed by symmetry")
            if leader is None
            else replace(value_of(f"{prefix}{leader}", values, covariance), value=value)
        )
    return CellResult(**found)


def _fractions(job: PdfJob, values: Mapping[str, float], covariance: PdfCovariance) -> list[Value]:
    if len(job.phases) == 1:
        return [Value(1.0, None, "the only phase")]
    names = [f"phase.{phase.name}.scale" for phase in job.phases]
    factors = [_weight_per_scale(phase, job.data[0]) for phase in job.phases]
    matrix = None
    if covariance.matrix is not None:
        position = [covariance.names.index(name) if name in covariance.names else -1 for name in names]
        matrix = np.array([[covariance.matrix[i, j] if min(i, j) >= 0 else 0.0 for j in position] for i in position])
    fractions, esds = weight_fractions([values[name] for name in names], factors, matrix)
    return [
        Value(float(fraction), None if esds is None else float(esds[k]), covariance.reason)
        for k, fraction in enumerate(fractions)
    ]


def _weight_per_scale(phase: PdfJobPhase, data: PdfData) -> float:
    """Mass per scale: a phase's scale is the number of its cells times the atoms in each and their squared mean scattering power."""
    content, whole = cell_scattering(phase.structure, data.probe), phase.whole(phase.structure)
    atoms = [site.occupancy * n for site, n in zip(whole.sites, whole.multiplicities, strict=True)]
    masses = [atomic_mass(site.element, site.isotope) for site in whole.sites]
    return float(np.dot(atoms, masses)) / content.total_atoms / content.mean_power**2


def _curves(job: PdfJob, values: Mapping[str, float], outcome: Mapping[str, Any]) -> dict[str, PdfCurves]:
    curves = {}
    for data in job.data:
        scale = values[f"data.{data.name}.scale"]
        model = job.simulated(values, data, partials=True)
        curves[data.name] = PdfCurves(
            data.pattern.x, data.pattern.intensity, np.array(outcome["data"][data.name]["calculated"]),
            float(outcome["data"][data.name]["rw"]), data.probe, data.q_max, data.pattern.source, data.weighted,
            {pair: scale * curve for pair, curve in model.partials.items()}, data.pattern.sigma if data.weighted else None,
        )  # fmt: skip
    return curves


def _provenance(job: PdfJob, command: Sequence[str]) -> dict[str, Any]:
    return {
        "engine": "pdffit2",
        "inputs": dict(job.inputs),
        "versions": {
            "xtal": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        "command": " ".join(Path(word).name if Path(word).is_absolute() else word for word in command),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
