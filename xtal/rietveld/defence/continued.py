"""Jobs that go on from a result: same model and data, one stage, fewer phases or one more tie."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from ...job import Job, Parameter, Stage, Tie
from ...result import Result

__all__ = ["continued", "last_free", "without_phase"]

MAX_CYCLES = 40


def last_free(result: Result) -> tuple[str, ...]:
    """Parameters that were free when the fit ended."""
    return tuple(name for name, item in result.parameters.items() if item.free)


def continued(job: Job, result: Result, *, ties: Sequence[Tie] = (), also_free: Collection[str] = ()) -> Job:
    """The job at the values of a result, with one stage that frees what was free at its end.

    Parameters
    ----------
    job, result
        The fit to go on from.
    ties : sequence of Tie
        Further ties; their targets are no longer free.
    also_free : collection of str
        Further free parameters.
    """
    targets = {tie.target for tie in (*job.ties, *ties)}
    wanted = (set(last_free(result)) | set(also_free)) - targets
    return replace(
        job,
        parameters={name: _started(parameter, name, result) for name, parameter in job.parameters.items()},
        ties=(*job.ties, *ties),
        stages=(Stage("refit", "", tuple(name for name in job.parameters if name in wanted), MAX_CYCLES),),
    )


def _started(parameter: Parameter, name: str, result: Result) -> Parameter:
    found = result.parameters.get(name)
    if found is None or not np.isfinite(found.value):
        return parameter
    start = found.value
    if parameter.min is not None:
        start = max(start, parameter.min)
    if parameter.max is not None:
        start = min(start, parameter.max)
    # A scale of exactly 1 asks the engine to choose one.
    return replace(parameter, start=1.0 + 1e-9 if name.endswith(".scale") and start == 1.0 else start)


def without_phase(job: Job, name: str) -> Job | None:
    """The job without one of its phases; None when it is the only one.

    Ties that the phase leads lead their targets no more: the first of those that are left takes its place.
    """
    phases = tuple(phase for phase in job.phases if phase.name != name)
    if not phases:
        return None
    prefix = f"phase.{name}."
    ties, promoted = _ties_without(job.ties, prefix)
    stages = (_stage_without(stage, prefix, promoted, job) for stage in job.stages)
    groups = {group: tuple(m for m in members if m != name) for group, members in job.groups.items()}
    return replace(
        job,
        phases=phases,
        parameters={key: value for key, value in job.parameters.items() if not key.startswith(prefix)},
        ties=ties,
        stages=tuple(stage for stage in stages if stage.free),
        groups={group: members for group, members in groups.items() if members},
    )


def _ties_without(ties: Sequence[Tie], prefix: str) -> tuple[tuple[Tie, ...], dict[str, str]]:
    """Ties among the parameters that are left, and which follower leads in place of a leader that is gone."""
    kept: list[Tie] = []
    promoted: dict[str, str] = {}
    for tie in ties:
        if tie.target.startswith(prefix):
            continue
        gone = [leader for _, leader in tie.terms if leader.startswith(prefix)]
        if not gone:
            kept.append(tie)
        elif len(tie.terms) == 1 and tie.terms[0][0] == 1.0 and tie.constant == 0.0 and gone[0] in promoted:
            kept.append(Tie(tie.target, ((1.0, promoted[gone[0]]),)))
        elif len(tie.terms) == 1:
            promoted.setdefault(gone[0], tie.target)
    return tuple(kept), promoted


def _stage_without(stage: Stage, prefix: str, promoted: dict[str, str], job: Job) -> Stage:
    free = {name for name in stage.free if not name.startswith(prefix)}
    free |= {promoted[name] for name in stage.free if name in promoted}
    return replace(stage, free=tuple(name for name in job.parameters if name in free))
