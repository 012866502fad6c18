"""What is reported after a stage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .curves import calculate
from .fit import COARSE, Fit, rename
from .fractions import mass_factors, weight_fractions
from .names import ENGINE
from .outcome_curves import describe_cells, describe_profile, describe_reflections
from .outcome_parameters import describe_covariance, describe_parameters
from .patterns import data_file
from .read import jacobian, read_values, without_shifts
from .restraints import describe_restraints
from .session import Session


def outcome(session: Session, stage: Mapping[str, Any], fit: Fit, tied: set[str]) -> dict[str, Any]:
    """Complete result after a stage, in xtal units."""
    rows = jacobian(session, fit) if fit.vary else {}
    values = read_values(session, without_shifts(fit.parameters))
    for name, value in values.items():
        if session.values[name] is not None:
            session.values[name] = value
    parameters = describe_parameters(session, stage, fit, rows, tied)
    converged, message = verdict(session, fit)
    log_stage(session, stage, fit, converged)
    curves = calculate(session)
    profiles = [describe_profile(session, one, found) for one, found in zip(session.patterns, curves, strict=True)]
    reflections = [
        describe_reflections(session, one, found) for one, found in zip(session.patterns, curves, strict=True)
    ]
    described: dict[str, Any] = {"profile": profiles[0], "reflections": reflections[0]}
    if "patterns" in session.task:
        described = {
            "patterns": {
                one.name: {"agreement": figures([profile], len(fit.vary)), "profile": profile, "reflections": rows}
                for one, profile, rows in zip(session.patterns, profiles, reflections, strict=True)
            }
        }
    extracts = session.task.get("mode", "rietveld") != "rietveld"
    return {
        "engine": {"name": ENGINE, "version": session.g2.version},
        "converged": converged,
        "max_shift_over_esd": last_shift(fit),
        "message": message,
        "agreement": agreement(session, fit, profiles),
        "parameters": parameters,
        "covariance": describe_covariance(stage, fit, rows, parameters),
        "mass_factor": {} if extracts else mass_factors(session),
        "engine_weight_fractions": None if extracts else weight_fractions(session, fit),
        **described,
        **({"restraints": describe_restraints(session)} if session.task.get("restraints") else {}),
        "derived_cells": describe_cells(session, fit),
        "stages": list(session.stages),
        "warnings": [*session.warnings, *session.stage_warnings],
        "files": ["refinement.gpx", "refinement.lst", *(data_file(one) for one in session.patterns)],
    }


def verdict(session: Session, fit: Fit) -> tuple[bool, str]:
    """GSAS-II's own convergence flag and a sentence; singularities become warnings."""
    converged = bool(fit.rvals.get("converged"))
    message = "converged" if converged else "GSAS-II stopped at the largest number of cycles"
    if fit.stopped_short:
        converged = True
        message = f"converged to {COARSE:g} of chi²: GSAS-II finds no step that lowers it further"
    elif fit.rvals.get("Aborted"):
        converged, message = False, "GSAS-II is stuck: no step lowers chi²"
    if fit.rvals.get("SVD0"):
        message += f"; {fit.rvals['SVD0']} combination(s) of parameters are not determined"
    reported = " ".join(str(fit.rvals.get("msg") or "").split())
    if reported:
        session.warn_of_stage("GSAS-II: " + rename(session, reported))
    return converged, message


def last_shift(fit: Fit) -> float | None:
    """Largest shift over esd in the last cycle."""
    sigma = np.sqrt(np.abs(np.diag(fit.covariance))) if fit.vary else np.zeros(0)
    shifts = fit.rvals.get("lastShifts") or {}
    ratios = [
        abs(float(shifts[name])) / width
        for name, width in zip(fit.vary, sigma, strict=True)
        if name in shifts and width > 0.0
    ]
    return max(ratios, default=None)


def agreement(session: Session, fit: Fit, profiles: list[dict[str, Any]]) -> dict[str, Any]:
    """Agreement factors over all patterns as fractions; R_wp and GOF are GSAS-II's own, unless they hold restraints."""
    if session.task.get("restraints"):
        return figures(profiles, len(fit.vary))
    own = {"rwp": float(fit.rvals["Rwp"]) / 100.0, "gof": float(fit.rvals["GOF"])}
    return figures(profiles, len(fit.vary)) | own


def figures(profiles: list[dict[str, Any]], n_free: int) -> dict[str, Any]:
    """Agreement factors of some patterns together; ``n_free`` counts the parameters of the whole fit."""
    observed, sigma, calculated = (
        np.concatenate([np.asarray(profile[key]) for profile in profiles])
        for key in ("observed", "sigma", "calculated")
    )
    total = float(np.sum((observed / sigma) ** 2))
    rwp = math.sqrt(float(np.sum(((observed - calculated) / sigma) ** 2)) / total)
    rexp = math.sqrt(max(int(observed.size) - n_free, 0) / total)
    return {
        "rwp": rwp,
        "rexp": rexp,
        "rp": float(np.sum(np.abs(observed - calculated)) / np.sum(np.abs(observed))),
        "gof": rwp / rexp if rexp > 0.0 else None,
        "n_points": int(observed.size),
        "n_free": n_free,
    }


def log_stage(session: Session, stage: Mapping[str, Any], fit: Fit, converged: bool) -> None:
    """Remember what the stage did."""
    session.stages.append(
        {
            "name": stage["name"],
            "free": list(stage["free"]),
            "rwp": float(fit.rvals["Rwp"]) / 100.0,
            "seconds": fit.seconds,
            "converged": converged,
        }
    )
