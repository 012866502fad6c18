"""`defend`: every refit that a defence of the fractions needs, and what they say of each phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...defence import Defence, Interval, Removal
from ...errors import EngineUnsupportedError, JobError
from ...job import Job, JobPhase
from ...result import Result, Value
from ..run import DEFAULT_TIMEOUT, refine
from .continued import continued, without_phase
from .detection import attenuation, detection_limit
from .figures import bic, chi_square, reduced_chi_square
from .interval import fraction_tie, profile_interval
from .models import GRAIN_UM, alternative_jobs, grain_shifts, model_interval
from .verdict import verdict

__all__ = ["defend", "share_intervals"]

Progress = Callable[[str], None]

CERTAIN = 10.0
"""Esds of a share from which on nobody asks whether the phase is there."""


@dataclass(frozen=True, eq=False)
class _Case:
    """A fit that is being defended."""

    job: Job
    result: Result
    engine: str
    timeout: float
    progress: Progress
    in_process: bool = False

    def refit(self, job: Job, what: str) -> Result | None:
        """Result of a refit; None when it failed or the engine can't express it."""
        self.progress(what)
        try:
            result = refine(
                replace(job, phases=tuple(_never_held(job))),
                engine=self.engine, timeout=self.timeout, in_process=self.in_process,
            )  # fmt: skip
        except EngineUnsupportedError:
            return None
        return result if result.agreement is not None and result.status in ("converged", "not_converged") else None

    def rise(self, refit: Result | None) -> float | None:
        """By how much χ² of a refit is above the best, in units of the reduced χ²."""
        if refit is None or refit.agreement is None or self.result.agreement is None:
            return None
        best = self.result.agreement
        return (chi_square(refit.agreement) - chi_square(best)) / reduced_chi_square(best)


def defend(
    job: Job,
    result: Result,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    grain_um: float = GRAIN_UM,
    progress: Progress = lambda what: None,
) -> Result:
    """The result with a `Defence` of every phase.

    Parameters
    ----------
    job : Job
        What was asked.
    result : Result
        What was found; a fit that failed is returned as it is.
    timeout : float
        Limit for each refit, seconds.
    grain_um : float
        Grain diameter of Brindley's microabsorption in the model interval, µm; 0 leaves it out.
    progress : callable
        Is told of each refit before it starts. A phase takes 5 to 10 refits of one stage, the models two and two per phase.
    """
    if job.patterns:
        raise JobError(
            "fractions are defended on one pattern;",
            remedy="leave --defend out, or refine one pattern of the job alone.",
        )
    if not job.has_fractions:
        raise JobError(
            f"mode {job.mode!r} gives no fractions to defend;",
            remedy='leave --defend out, or refine with mode = "rietveld".',
        )
    if result.agreement is None or result.status not in ("converged", "not_converged"):
        return result
    case = _Case(job, result, result.engine["name"], timeout, progress)
    alternatives = [
        found for name, other in alternative_jobs(job, result) if (found := case.refit(other, name)) is not None
    ]
    grains = grain_shifts(job, result, grain_um)
    removals = {name: _removal(case, name) for name in result.phases}
    shares = _share_intervals(case, removals)
    phases = {
        name: replace(phase, defence=_defence(case, name, removals[name], shares.get(name), alternatives, grains))
        for name, phase in result.phases.items()
    }
    return replace(result, phases=phases)


def _defence(
    case: _Case,
    name: str,
    without: Removal | None,
    share: Interval | None,
    alternatives: list[Result],
    grains: dict[str, float],
) -> Defence:
    phase = case.result.phases[name]
    low, high = case.result.pattern["range"]
    structure = next(item.structure for item in case.job.phases if item.name == name)
    kept = attenuation(structure, case.result.structures[name], case.job.instrument, (low, high))
    attenuated = kept if kept == kept else None
    limit = detection_limit(case.result, name)
    weights = None
    if len(case.result.phases) > 1:
        weights = _scan(case, name, tuple(case.result.phases), phase.weight_fraction, {name: without})
    best = phase.weight_fraction.value
    agreement = case.result.agreement
    serial = 1.0 if agreement is None else max(agreement.serial_correlation or 1.0, 1.0)
    models = None
    if weights is not None and best is not None:
        models = model_interval(name, best, weights, alternatives, grains, serial)
    word, sentence = verdict(phase.weight_fraction, weights, without, limit, attenuated, models)
    old = phase.defence or Defence()
    return replace(
        old, verdict=word, sentence=sentence, weight_interval=weights, share_interval=share, model_interval=models,
        without=without, detection_limit=limit, attenuation=attenuated,
    )  # fmt: skip


def _never_held(job: Job) -> list[JobPhase]:
    return [replace(phase, hold_when_weak=False) for phase in job.phases]


def _removal(case: _Case, name: str) -> Removal | None:
    fewer = without_phase(case.job, name)
    best = case.result.agreement
    if fewer is None or best is None:
        return None
    refit = case.refit(continued(fewer, case.result), f"without {name}")
    rise = case.rise(refit)
    if refit is None or refit.agreement is None or rise is None:
        return None
    return Removal(
        rwp=refit.agreement.rwp,
        delta_rwp=refit.agreement.rwp - best.rwp,
        delta_chi2=rise,
        delta_bic=bic(refit.agreement) - bic(best),
        n_parameters=best.n_free - refit.agreement.n_free,
    )


def _scan(
    case: _Case, name: str, members: Sequence[str], value: Value, removals: Mapping[str, Removal | None]
) -> Interval | None:
    """Interval of a fraction among `members`; the fits without it, and without its only partner, are its ends at 0 and 1."""
    if value.value is None or not _all_have_mass(case.result, members):
        return None
    partner = [member for member in members if member != name]
    at_zero, at_one = removals.get(name), removals.get(partner[0]) if len(partner) == 1 else None
    lowest = case.result

    def profile(fraction: float) -> float | None:
        nonlocal lowest
        tie = fraction_tie(case.result, name, members, fraction)
        refit = case.refit(continued(case.job, case.result, ties=[tie]), f"{name} at {100 * fraction:.2f} %")
        rise, least = case.rise(refit), case.rise(lowest)
        if refit is not None and rise is not None and least is not None and rise < least - 1.0:
            lowest = refit
        return rise

    interval = profile_interval(
        min(max(value.value, 0.0), 1.0), value.esd, profile,
        at_zero=None if at_zero is None else (at_zero.delta_chi2, at_zero.n_parameters),
        at_one=None if at_one is None else (at_one.delta_chi2, at_one.n_parameters),
    )  # fmt: skip
    return interval if lowest is case.result else _scan_from(case, lowest, name, members, removals, interval)


def _scan_from(
    case: _Case, start: Result, name: str, members: Sequence[str], removals: Mapping[str, Removal | None], old: Interval
) -> Interval:
    """The interval about the lower minimum that a refit of the scan has come upon; the old one where none is found from there."""
    found = case.refit(continued(case.job, start), f"{name} from the lower minimum")
    fall = case.rise(found)
    if found is None or fall is None or fall > -1.0:
        return old
    lifted = {
        member: None if removal is None else replace(removal, delta_chi2=removal.delta_chi2 - fall)
        for member, removal in removals.items()
    }
    whole = len(members) == len(case.result.phases)
    value = found.phases[name].weight_fraction if whole else found.phases[name].group_share
    interval = _scan(replace(case, result=found), name, members, value, lifted)
    if interval is None or value.value is None:
        return old
    told = f"the fit stopped above its minimum: at {value.value:.4f} χ² is {-fall:.1f} lower, and this is the interval about that"
    return replace(interval, reason="; ".join(part for part in (told, interval.reason) if part))


def _all_have_mass(result: Result, members: Sequence[str]) -> bool:
    return all((result.phases[member].mass_factor or 0.0) > 0 for member in members)


def share_intervals(
    job: Job,
    result: Result,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress = lambda what: None,
    in_process: bool = False,
) -> dict[str, Interval]:
    """Only the profile-likelihood intervals of the shares in groups, by phase: about six refits for a group of two.

    Phases are left out only where they are weak: more than ten esds of weight are not nothing, and the refit is saved.
    `in_process` refits in this process where the engine can (native).
    """
    if result.agreement is None:
        return {}
    case = _Case(job, result, result.engine["name"], timeout, progress, in_process)
    members = sorted({name for group in result.groups.values() for name in group})
    return _share_intervals(case, {name: _removal(case, name) for name in members if _is_weak(result, name)})


def _is_weak(result: Result, name: str) -> bool:
    share = result.phases[name].group_share
    return share.value is None or share.esd is None or share.value < CERTAIN * share.esd


def _share_intervals(case: _Case, removals: Mapping[str, Removal | None]) -> dict[str, Interval]:
    """Intervals of the shares in groups; of two members, the second's is the mirror of the first's."""
    found: dict[str, Interval] = {}
    for members in case.result.groups.values():
        if len(members) < 2 or len(members) == len(case.result.phases):
            continue
        wanted = members[:1] if len(members) == 2 else members
        for name in wanted:
            interval = _scan(case, name, members, case.result.phases[name].group_share, removals)
            if interval is not None:
                found[name] = interval
        if len(members) == 2 and members[0] in found:
            found[members[1]] = _mirror(found[members[0]])
    return found


def _mirror(interval: Interval) -> Interval:
    points = tuple(sorted((1 - fraction, rise) for fraction, rise in interval.points))
    return Interval(1 - interval.high, 1 - interval.low, points, interval.reason)
