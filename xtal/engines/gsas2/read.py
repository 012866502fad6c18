"""Values and their derivatives from GSAS-II's parameter dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from .cells import cell_from_reciprocal
from .extra_peaks import read_peak
from .fit import Fit
from .session import Session


def read_values(session: Session, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Every parameter of the task in xtal units from GSAS-II's parameter dictionary."""
    values: dict[str, float] = {}
    backgrounds = read_backgrounds(session, parameters)
    cells = {
        i: cell_from_reciprocal([parameters[f"{i}::A{k}"] for k in range(6)])
        for i in range(len(session.task["phases"]))
    }
    for dotted, parameter in session.table.items():
        if parameter.kind == "background":
            values[dotted] = backgrounds[dotted]
        elif parameter.kind == "share":
            phase_id, _, name = parameter.variable.split(":")
            first = float(parameters[f"{phase_id}:0:{name}"])
            values[dotted] = float(parameters[parameter.variable]) / first if first else 1.0
        elif parameter.kind == "strain":
            term = float(parameters[f"{parameter.variable.split(':')[0]}::A{parameter.index}"])
            values[dotted] = (1.0 + float(parameters[parameter.variable]) / term) ** -0.5 - 1.0
        elif parameter.kind == "cell":
            values[dotted] = float(cells[int(parameter.variable.split(":")[0])][parameter.index])
        elif parameter.kind in ("peak_width", "peak_part"):
            values[dotted] = read_peak(parameters, parameter.variable)[parameter.kind == "peak_part"]
        elif parameter.kind == "coordinate":
            total = parameters[parameter.variable.replace("dA", "A")]
            total += parameters[parameter.variable]
            values[dotted] = float(total + parameter.offset)
        elif parameter.variable in parameters:
            values[dotted] = float(parameter.factor * parameters[parameter.variable]) + parameter.offset
    return values


def read_backgrounds(session: Session, parameters: Mapping[str, Any]) -> dict[str, float]:
    """Background coefficients of every pattern on the task's range, zero above those that GSAS-II has."""
    found: dict[str, float] = {}
    for one in session.patterns:
        n = session.n_used(one.number)
        theirs = np.array([parameters[f":{one.number}:Back;{i}"] for i in range(n)], float)
        ours = np.linalg.solve(one.to_gsas2_background()[:n, :n], theirs)
        found |= {name: float(ours[i]) if i < n else 0.0 for i, name in enumerate(one.background())}
    return found


def without_shifts(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The dictionary with the applied coordinate shifts set to zero."""
    return {k: 0.0 if re.search(r"::dA[xyz]:", k) else v for k, v in parameters.items()}


def jacobian(session: Session, fit: Fit) -> dict[str, np.ndarray]:
    """Derivative of every parameter (xtal units) with respect to GSAS-II's variables.

    Central differences over one esd through GSAS-II's own constraint mapping,
    which is linear; only the cell is not, and very nearly so over that range.
    """
    sigma = np.sqrt(np.abs(np.diag(fit.covariance)))
    rows: dict[str, list[float]] = {name: [] for name in session.table}
    for variable, width in zip(fit.vary, sigma, strict=True):
        step = float(width) or 1e-8
        up, down = (displaced(session, fit, variable, s) for s in (step, -step))
        for name, row in rows.items():
            row.append((up.get(name, 0.0) - down.get(name, 0.0)) / (2.0 * step))
    return {name: np.array(row) for name, row in rows.items()}


def displaced(session: Session, fit: Fit, variable: str, step: float) -> dict[str, float]:
    """Values with one GSAS-II variable moved by ``step``."""
    moved = dict(fit.parameters)
    moved[variable] = moved[variable] + step
    session.g2.mapvars.Dict2Map(moved)
    return read_values(session, moved)


def covariance_of(rows: Mapping[str, np.ndarray], names: list[str], covariance: np.ndarray) -> np.ndarray:
    """Covariance of the named parameters by propagation through their derivatives."""
    matrix = np.array([rows[name] for name in names])
    return np.asarray(matrix @ covariance @ matrix.T)
