"""The outcome of a joint refinement by rietx, in xtal units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xtal.engines.rietx_covariance import Covariance, Solved
from xtal.engines.rietx_joint import Joint, joint_covariance, joint_rwp, value_of_name
from xtal.engines.rietx_outcome import (
    agreement_of,
    cell_of,
    message_of,
    profile_of,
    quantities_of,
    reflections_of,
    shift_over_esd,
    width_warnings,
)


def joint_outcome(joint: Joint, history: list[list[Solved]], engine: dict[str, str]) -> dict[str, Any]:
    """Return the complete outcome after the last finished stage."""
    found = history[-1]
    covariance = joint_covariance(joint, found)
    quantities = quantities_of(joint.problems[0], found[0], None)
    return {
        "engine": engine,
        "converged": found[0].converged,
        "max_shift_over_esd": shift_over_esd(found[0]),
        "message": message_of(found[0]),
        "agreement": joint_agreement(found),
        "parameters": parameters_of(joint, found, covariance),
        "covariance": None
        if covariance is None
        else {"names": list(covariance.names), "matrix": covariance.matrix.tolist()},
        **quantities,
        "patterns": {
            name: {
                "agreement": agreement_of(solved),
                "profile": profile_of(problem, solved),
                "reflections": {phase: reflections_of(solved, i) for i, phase in enumerate(joint.phases)},
            }
            for name, problem, solved in zip(joint.names, joint.problems, found, strict=True)
        },
        "derived_cells": {phase: cell_of(i, found[0].values) for i, phase in enumerate(joint.phases)},
        "stages": [stage_row(solved) for solved in history],
        "warnings": warnings_of(joint, found, covariance),
        "files": [],
    }


def stage_row(found: list[Solved]) -> dict[str, Any]:
    """Return the line of one stage in the outcome's table of stages."""
    one = found[0]
    return {
        "name": one.name,
        "free": list(one.free),
        "rwp": joint_rwp(found),
        "seconds": one.seconds,
        "converged": one.converged,
    }


def joint_agreement(found: list[Solved]) -> dict[str, Any]:
    """Return the figures of merit over all patterns."""
    observed, sigma, calculated = (
        np.concatenate(arrays)
        for arrays in zip(*((one.model.y_obs, one.model.sigma, one.calculated) for one in found), strict=True)
    )
    n, n_free = len(observed), len(found[0].free)
    rwp = joint_rwp(found)
    rexp = math.sqrt(max(n - n_free, 1) / float(np.sum((observed / sigma) ** 2)))
    rp = float(np.abs(observed - calculated).sum() / np.abs(observed).sum())
    return {"rwp": rwp, "rexp": rexp, "rp": rp, "gof": rwp / rexp, "n_points": n, "n_free": n_free}


def parameters_of(joint: Joint, found: list[Solved], covariance: Covariance | None) -> dict[str, dict[str, Any]]:
    """Return value, esd, freedom and reason of every parameter the task lists."""
    free = set(found[0].free)
    rows = {}
    for name in joint.task["parameters"]:
        esd = None if covariance is None else covariance.esd(name)
        reason = None if covariance is None or esd is not None else covariance.reasons.get(name)
        rows[name] = {"value": value_of_name(joint, found, name), "esd": esd, "free": name in free, "reason": reason}
    return rows


def warnings_of(joint: Joint, found: list[Solved], covariance: Covariance | None) -> list[str]:
    """Return what a reader should know, one sentence each, with the pattern's name in front."""
    warnings = []
    for name, problem, solved in zip(joint.names, joint.problems, found, strict=True):
        warnings += [f"{name}: {text}" for text in (*problem.warnings, *width_warnings(solved.model, solved.values))]
    if not found[0].converged:
        warnings.append(f"Stage '{found[0].name}' did not converge within its cycles.")
    if covariance is not None:
        warnings += [f"{name}: {reason}." for name, reason in covariance.reasons.items()]
    return warnings
