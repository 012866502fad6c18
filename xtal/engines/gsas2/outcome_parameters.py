"""Parameters of an outcome with their esds and reasons."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .fit import Fit
from .parameter import Parameter
from .read import covariance_of
from .session import Session
from .values import SMALLEST_AXIAL


def describe_parameters(
    session: Session, stage: Mapping[str, Any], fit: Fit, rows: Mapping[str, np.ndarray], tied: set[str]
) -> dict[str, Any]:
    """Value, esd, freedom and reason of every parameter of the task."""
    described: dict[str, Any] = {}
    for name, parameter in session.table.items():
        esd = None
        if rows and (name in stage["free"] or name in tied):
            variance = float(rows[name] @ fit.covariance @ rows[name])
            esd = math.sqrt(variance) if variance > 0.0 else None
        reason = reason_of(session, parameter, stage, fit, esd)
        if parameter.variable in singular_variables(fit):
            esd = None
        if reason and name in stage["free"]:
            session.warn_of_stage(f"{name}: {reason}")
        described[name] = {
            "value": session.values[name],
            "esd": esd,
            "free": name in stage["free"],
            "reason": "tied" if name in tied else reason,
        }
    return described


def singular_variables(fit: Fit) -> set[str]:
    """GSAS-II variables in a direction its singular value decomposition has thrown away.

    GSAS-II sets such a direction to zero and goes on: the esds it then gives
    to these variables mean nothing. Its message is the only place that names them.
    """
    if not fit.rvals.get("SVD0"):
        return set()
    message = str(fit.rvals.get("msg") or "")
    _, _, blamed = message.partition("SVD problem(s) likely from:")
    names = set(re.split(r"[\s,]+", blamed.partition("Note")[0]))
    for first, second, percent in re.findall(r"(\S+) and (\S+) \(@([\d.]+)%\)", message):
        if float(percent) > 99.5:
            names |= {first, second}
    return names & set(fit.vary)


def reason_of(
    session: Session, parameter: Parameter, stage: Mapping[str, Any], fit: Fit, esd: float | None
) -> str | None:
    """Why a free parameter is not an ordinary refined value; None if it is."""
    if parameter.dotted not in stage["free"]:
        return None
    if parameter.variable in fit.frozen:
        return "at bound"
    entry, value = session.task["parameters"][parameter.dotted], session.values[parameter.dotted]
    low, high = entry.get("min"), entry.get("max")
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        return "outside its bounds, which GSAS-II cannot keep for this parameter"
    if parameter.variable.endswith(":SH/L") and (value or 0.0) <= SMALLEST_AXIAL:
        return f"below {SMALLEST_AXIAL}, where GSAS-II keeps the profile at that value"
    if parameter.variable in singular_variables(fit):
        return "not determined by the data beside the other free parameters (singular)"
    return None if esd else "dropped by GSAS-II as singular"


def describe_covariance(
    stage: Mapping[str, Any], fit: Fit, rows: Mapping[str, np.ndarray], parameters: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Covariance of the free parameters that have an esd; includes GOF² as GSAS-II's does."""
    names = [name for name in stage["free"] if parameters[name]["esd"] is not None]
    if not names:
        return None
    return {"names": names, "matrix": covariance_of(rows, names, fit.covariance)}
