"""What each candidate would say of the wanted parameters: esd at given counts, counts for a wanted esd, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from ...checks.light_sites import intensity_carried_by_site
from ...diffraction import Background, PhaseProfile, simulate_pattern
from ...errors import EngineUnsupportedError, InputError, JobError
from ...information import Information
from ...job import Job, Stage
from ...pattern import Pattern
from ...structure import Structure
from ..information import LIGHT_ELEMENTS, parameter_information
from ..refined_structure import refined_structure
from .candidates import Candidate
from .fisher import expected_covariance
from .outlook import Forecast, Outlook, Plan, Verdict

__all__ = ["TARGETS", "plan_measurement", "with_targets"]

TARGETS = {"occupancy": 0.02, "u_iso": 0.002}
"""Esd that is wanted where the user names none: occupancy, and U in Å²."""
MOST_COUNTS = 100.0
"""Times the counts beyond which counting is no answer."""
LEAST_CARRIED = 0.01


def with_targets(job: Job, wanted: Sequence[str]) -> tuple[Job, tuple[str, ...]]:
    """The job with the wanted parameters free as well, and their names; without any those of Li and H.

    A follower of ties stands for what leads it.

    Raises
    ------
    JobError
        A name that matches nothing, or no light atom where none is named.
    """
    leaders = {tie.target: tie.terms[0][1] for tie in job.ties if tie.terms}
    names: list[str] = []
    for pattern in wanted or _light_names(job):
        found = [name for name in job.parameters if fnmatchcase(name, pattern)]
        if not found:
            raise JobError(f"no parameter is called {pattern!r};", where="--parameter",
                           remedy="write it as result.json does: phase.cubic.site.Li1.occupancy; * matches.")  # fmt: skip
        names += [leaders.get(name, name) for name in found]
    if not names:
        raise JobError("no lithium or hydrogen in these phases;", where="--parameter", remedy="name the parameters to plan for.")  # fmt: skip
    free = {name for stage in job.stages[-1:] for name in stage.free} | set(names)
    stage = Stage("plan", "", tuple(name for name in job.parameters if name in free))
    return replace(job, stages=(stage,)), tuple(dict.fromkeys(names))


def _light_names(job: Job) -> list[str]:
    return [
        f"phase.{phase.name}.site.{site.label}.{last}"
        for phase in job.phases
        for site in phase.structure.sites
        if site.element in LIGHT_ELEMENTS
        for last in ("occupancy", "u_iso")
        if f"phase.{phase.name}.site.{site.label}.{last}" in job.parameters
    ]


def plan_measurement(
    jobs: Mapping[str, Job | str],
    candidates: Sequence[Candidate],
    *,
    title: str,
    counts: float,
    wanted: Sequence[str] = (),
    targets: Mapping[str, float] | None = None,
    weights: Mapping[str, float] | None = None,
) -> Plan:
    """Forecast of every candidate.

    Parameters
    ----------
    jobs : mapping
        Candidate's name to the job as that instrument would have it, or to why there is none.
    candidates : sequence of Candidate
        Instruments to compare.
    title : str
        Of the plan.
    counts : float
        Height of the highest point above the background.
    wanted : sequence of str
        Dotted names, wildcards allowed; by default occupancies and U of light atoms.
    targets : mapping, optional
        Wanted esd by dotted name, or wildcard.
    weights : mapping, optional
        Weight fraction by phase; equal ones by default.

    Raises
    ------
    JobError
        A wanted parameter or a target that matches nothing.
    """
    forecasts = []
    for one in candidates:
        job = jobs[one.name]
        try:
            if isinstance(job, str):
                raise InputError(job)
            forecasts.append(_forecast(job, one, counts, wanted, targets or {}, weights))
        except EngineUnsupportedError as error:
            forecasts.append(
                Forecast(one, refusal=f"the native engine, which makes the plan, can't express it: {error}")
            )
        except JobError:
            raise
        except InputError as error:
            forecasts.append(Forecast(one, refusal=str(error)))
    _refuse_idle_targets(targets or {}, forecasts)
    return Plan(title, counts, tuple(forecasts))


def _refuse_idle_targets(targets: Mapping[str, float], forecasts: Sequence[Forecast]) -> None:
    """A wanted esd of a parameter that nobody plans for is a slip of the pen."""
    names = {outlook.name for forecast in forecasts for outlook in forecast.outlooks}
    for pattern in targets if names else ():
        if not any(fnmatchcase(name, pattern) for name in names):
            raise JobError(f"no parameter of this plan is called {pattern!r};", where="--target",
                           remedy=f"it plans for {', '.join(sorted(names)[:4])} …; name others with --parameter.")  # fmt: skip


def _forecast(
    job: Job, one: Candidate, counts: float, wanted: Sequence[str], targets: Mapping[str, float], weights: Mapping[str, float] | None
) -> Forecast:  # fmt: skip
    planned, names = with_targets(job, wanted)
    structures = {
        phase.name: refined_structure(phase.structure, _starts(planned, phase.name)) for phase in planned.phases
    }
    pattern, total = _pattern(planned, one, counts, structures, weights)
    covariance = expected_covariance(replace(planned, pattern=pattern))
    known = parameter_information(covariance, list(names))
    outlooks = tuple(
        _with_caution(name, structures, one, _outlook(name, planned.parameters[name].start, covariance.esd(name) if name in covariance.names else None,
                 known.get(name), _target(name, targets), counts, _carried(name, structures, one)))
        for name in names
    )  # fmt: skip
    return Forecast(one, outlooks, total)


def _with_caution(name: str, structures: Mapping[str, Structure], one: Candidate, outlook: Outlook) -> Outlook:
    """An esd of a light atom by X-rays with what it leaves out."""
    parts = name.split(".")
    if one.instrument.radiation.kind != "xray" or len(parts) < 5 or parts[2] != "site" or outlook.esd is None:
        return outlook
    if structures[parts[1]].site(parts[3]).element not in LIGHT_ELEMENTS:
        return outlook
    caution = " X-rays: the misfit of the heavier atoms counts for more than this esd."
    return replace(outlook, by_counts_only=True, sentence=outlook.sentence + caution)


def _starts(job: Job, phase: str) -> dict[str, float]:
    prefix = f"phase.{phase}."
    return {name.removeprefix(prefix): item.start for name, item in job.parameters.items() if name.startswith(prefix)}


def _pattern(
    job: Job, one: Candidate, counts: float, structures: Mapping[str, Structure], weights: Mapping[str, float] | None
) -> tuple[Pattern, float]:
    """Noise-free pattern of the job's start values with the uncertainties of its counts, and the counts in all peaks."""
    shares = dict(weights or dict.fromkeys(structures, 1.0))
    if set(shares) != set(structures):
        raise JobError(
            f"weights of {', '.join(shares)};", where="--mix", remedy=f"give those of {', '.join(structures)}."
        )
    total = sum(shares.values())
    phases = [
        (structure.renamed(name), shares[name] / total, _profile(job, name)) for name, structure in structures.items()
    ]
    made = simulate_pattern(
        phases, one.instrument, one.axis, background=Background((one.background * counts,)), counts=counts
    )
    intensity = made.calculated
    bragg = float(np.sum(intensity - made.background))
    return Pattern(
        one.axis, intensity, np.sqrt(intensity), axis=made.pattern.axis, source=f"synthetic: plan for {one.name}"
    ), bragg


def _profile(job: Job, phase: str) -> PhaseProfile:
    start = _starts(job, phase)
    size = start.get("crystallite_size_nm", np.inf)
    return PhaseProfile(size if np.isfinite(size) else None, start.get("microstrain", 0.0))


def _target(name: str, targets: Mapping[str, float]) -> float:
    for pattern, esd in targets.items():
        if fnmatchcase(name, pattern):
            return esd
    last = name.rpartition(".")[2]
    if last not in TARGETS:
        raise JobError(f"no wanted esd for {name};", where="--target", remedy=f"give one: --target '{name}=0.001'.")
    return TARGETS[last]


def _carried(name: str, structures: Mapping[str, Structure], one: Candidate) -> float | None:
    """Share of the intensity that depends on the parameter's site; None at time of flight, or where it is no site's."""
    parts = name.split(".")
    if one.instrument.bank is not None or len(parts) < 5 or parts[2] != "site":
        return None
    share = intensity_carried_by_site(
        structures[parts[1]], parts[3], one.instrument, (float(one.axis[0]), float(one.axis[-1]))
    )
    return share if np.isfinite(share) else None


def _outlook(
    name: str, value: float, esd: float | None, information: Information | None, target: float, counts: float, carried: float | None
) -> Outlook:  # fmt: skip
    if esd is None or information is None or not np.isfinite(esd):
        sentence = "This pattern doesn't determine it: something else that is refined imitates it exactly, or nothing depends on it."
        return Outlook(name, value, target, None, None, None, carried, "not determined", sentence)
    factor = (esd / target) ** 2
    verdict = _verdict(factor, carried)
    return Outlook(name, value, target, esd, counts * factor, information, carried, verdict,
                   _sentence(esd, target, factor, information, carried))  # fmt: skip


def _verdict(factor: float, carried: float | None) -> Verdict:
    if factor > MOST_COUNTS or (carried is not None and carried < LEAST_CARRIED):
        return "not in practice"
    return "determined" if factor <= 1 else "more counts"


def _sentence(esd: float, target: float, factor: float, information: Information, carried: float | None) -> str:
    parts = [f"±{esd:.2g} where ±{target:g} is wanted"]
    if factor > 1:
        parts.append(f"{factor:.2g} times the counts would be needed")
    if carried is not None and carried < LEAST_CARRIED:
        parts.append(
            f"the site changes the intensities by {100 * carried:.2g} % only, which is less than errors of the other atoms' model"
        )
    if information.most_shared_with is not None and information.shared > 0.5:
        parts.append(f"{100 * information.shared:.0f} % of its variance is shared with {information.most_shared_with}")
    return "; ".join(parts) + "."
