"""A finished stage as the outcome of the engine contract, in the job's units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..serial_correlation import serial_correlation
from .cell import CELL_NAMES
from .joint_model import JointModel
from .parameters import Parameters, to_job
from .pattern_model import Calculated, PatternModel, View
from .phase_model import PhaseModel
from .solver import State
from .uncertainty import Covariance

__all__ = ["ENGINE", "Stage", "outcome_of", "weight_fractions"]

FloatArray = NDArray[np.float64]

ENGINE = {"name": "native", "version": __version__}

HIGH_CORRELATION = 0.98
LARGE_SERIAL_CORRELATION = 2.0


@dataclass(frozen=True)
class Stage:
    """A finished stage."""

    name: str
    free: tuple[str, ...]
    state: State
    seconds: float


def outcome_of(
    model: PatternModel | JointModel,
    parameters: Parameters,
    covariance: Covariance | None,
    history: list[Stage],
    kernel: str,
) -> dict[str, Any]:
    """The complete outcome after the last of the finished stages; `kernel` is numba or numpy."""
    last = history[-1]
    agreements = [_agreement(model, stage) for stage in history]
    fractions = _fractions(model, parameters, covariance)
    return {
        "engine": dict(ENGINE),
        "converged": last.state.converged,
        "max_shift_over_esd": last.state.shift_over_esd,
        "message": _message(last, kernel),
        "agreement": agreements[-1],
        "parameters": _rows(parameters, covariance, last),
        "covariance": None if covariance is None else
        {"names": list(covariance.names), "matrix": covariance.matrix.tolist()},
        "mass_factor": {} if model.n_extracted else
        {phase.name: phase.mass_factor(parameters.values) for phase in model.phases},
        "engine_weight_fractions": fractions,
        **_patterns(model, parameters, last),
        "derived_cells": {phase.name: _cell(phase, parameters) for phase in model.phases},
        "stages": [
            {"name": stage.name, "free": list(stage.free), "rwp": agreement["rwp"], "seconds": stage.seconds,
             "converged": stage.state.converged}
            for stage, agreement in zip(history, agreements, strict=True)
        ],
        "warnings": _warnings(model, parameters, covariance, last),
        "files": [],
    }  # fmt: skip


def _message(stage: Stage, kernel: str) -> str:
    if not stage.free:
        return "nothing was free: the model was only evaluated"
    if stage.state.converged:
        return f"converged after {stage.state.cycles} evaluations ({kernel} kernel)"
    return f"stopped after {stage.state.cycles} evaluations without converging; raise max_cycles"


def _agreement(model: PatternModel | JointModel, stage: Stage) -> dict[str, float | int]:
    return _figures(model.observed, model.sigma, stage.state.calculated.total,
                    len(stage.free) + model.n_extracted)  # fmt: skip


def _figures(observed: FloatArray, sigma: FloatArray, calculated: FloatArray, n_free: int) -> dict[str, float | int]:
    """Agreement over some points; `n_free` counts the parameters of the whole fit."""
    whole, n = float(np.sum((observed / sigma) ** 2)), len(observed)
    cost = float(np.sum(((observed - calculated) / sigma) ** 2))
    rwp, rexp = math.sqrt(cost / whole), math.sqrt(max(n - n_free, 1) / whole)
    rp = float(np.abs(observed - calculated).sum() / np.abs(observed).sum())
    return {"rwp": rwp, "rexp": rexp, "rp": rp, "gof": rwp / rexp, "n_points": n, "n_free": n_free}


def _patterns(model: PatternModel | JointModel, parameters: Parameters, last: Stage) -> dict[str, Any]:
    """Curves and reflections of the only pattern, or ``patterns`` with them and the agreement of each."""
    described, calculated = {}, last.state.calculated
    for view in model.views(parameters.values):
        own = Calculated(
            calculated.background[view.points],
            tuple(curve[view.points] for curve in calculated.phases),
            np.zeros((0, 0)),
            None if calculated.extra_peaks is None else calculated.extra_peaks[view.points],
        )
        described[view.name] = {
            "agreement": _figures(view.model.observed, view.model.sigma, own.total, len(last.free) + model.n_extracted),
            "profile": _profile(view.model, own),
            "reflections": {
                phase.name: _reflections(view, phase, esds)
                for phase, esds in zip(
                    view.model.phases, _intensity_esds(view, last, len(model.axis) - model.n_extracted), strict=True
                )
            },
        }
    if isinstance(model, JointModel):
        return {"patterns": described}
    (only,) = described.values()
    return {key: only[key] for key in ("profile", "reflections")}


def _rows(parameters: Parameters, covariance: Covariance | None, last: Stage) -> dict[str, dict[str, Any]]:
    free, rows = set(last.free), {}
    for name, value in parameters.values.items():
        esd = None if covariance is None else covariance.esd(name)
        reason = None if covariance is None or esd is not None else covariance.reasons.get(name)
        if reason is None and name in parameters.ties:
            reason = None if esd is not None else f"tied to {', '.join(n for _, n in parameters.ties[name].terms)}"
        rows[name] = {"value": to_job(name, value), "esd": esd, "free": name in free, "reason": reason}
    return rows


def weight_fractions(model: PatternModel | JointModel, parameters: Parameters) -> dict[str, float]:
    """Weight fractions by phase; empty when no phase scatters."""
    weights = _weights(model, parameters)
    if not weights.sum() > 0:
        return {}
    return dict(zip((phase.name for phase in model.phases), (weights / weights.sum()).tolist(), strict=True))


def _weights(model: PatternModel | JointModel, parameters: Parameters) -> FloatArray:
    """Scale times mass and volume of the cell; zeros where intensities are extracted."""
    values = parameters.values
    if model.n_extracted:
        return np.zeros(len(model.phases))
    return np.array([values[f"phase.{phase.name}.scale"] * phase.mass_factor(values) for phase in model.phases])


def _fractions(
    model: PatternModel | JointModel, parameters: Parameters, covariance: Covariance | None
) -> dict[str, dict[str, float | None]] | None:
    """Weight fractions by the engine's own arithmetic; their esds where every scale has one."""
    scales = [f"phase.{phase.name}.scale" for phase in model.phases]
    weights = _weights(model, parameters)
    if not weights.sum() > 0:
        return None
    shares = weights / weights.sum()
    esds: list[float | None] = [None] * len(scales)
    if covariance is not None and all(name in covariance.names for name in scales):
        rows = [covariance.names.index(name) for name in scales]
        factors = np.array([phase.mass_factor(parameters.values) for phase in model.phases])
        jacobian = (np.eye(len(scales)) - shares[:, None]) * factors / weights.sum()
        variance = np.einsum("ik,kl,il->i", jacobian, covariance.matrix[np.ix_(rows, rows)], jacobian)
        esds = [float(esd) for esd in np.sqrt(np.maximum(variance, 0))]
    return {
        phase.name: {"value": float(share), "esd": esd}
        for phase, share, esd in zip(model.phases, shares, esds, strict=True)
    }


def _profile(model: PatternModel, calculated: Calculated) -> dict[str, Any]:
    extra = calculated.extra_peaks
    return {
        model.axis_name: model.axis.tolist(),
        "observed": model.observed.tolist(),
        "sigma": model.sigma.tolist(),
        "calculated": calculated.total.tolist(),
        "background": calculated.background.tolist(),
        **({"extra_peaks": extra.tolist()} if model.extra_peaks.prefixes and extra is not None else {}),
        "phases": {phase.name: curve.tolist() for phase, curve in zip(model.phases, calculated.phases, strict=True)},
    }


def _intensity_esds(view: View, last: Stage, n_points: int) -> list[FloatArray | None]:
    """Standard uncertainties of each phase's |F|² after Pawley, from points less intensities; None where there are none."""
    model, nothing = view.model, [None for _ in view.model.phases]
    if model.extraction is None or model.extraction.mode != "pawley":
        return list(nothing)
    chi_squared = last.state.cost / max(n_points - len(last.free), 1)
    covariance = np.asarray(np.linalg.pinv(last.state.normal, hermitian=True) * chi_squared)
    esds = model.extraction.esds(covariance, chi_squared)
    return list(np.split(esds, np.cumsum([len(phase.hkl) for phase in model.phases])[:-1]))


def _reflections(view: View, phase: PhaseModel, esds: FloatArray | None) -> list[dict[str, Any]]:
    """Reflections within the range, in its order; positions and widths are the first line's, intensities (counts · unit of
    the axis) all lines'.
    """
    model = view.model
    strength = phase.reflected(view.values)
    peaks, _ = phase.peaks(view.values, ())
    intensity = np.bincount(phase.reflection, weights=peaks.area, minlength=len(phase.hkl))
    first = np.flatnonzero(phase.line == 0)
    at = peaks.centre[first]
    shown = first[(at >= model.axis[0]) & (at <= model.axis[-1])]
    peak = shown[np.argsort(peaks.centre[shown], kind="stable")]
    r = phase.reflection[peak]
    h, k, l = phase.hkl[r].T
    columns = {
        "h": h, "k": k, "l": l, "multiplicity": phase.multiplicity[r], "d": strength.inverse_d_squared[r] ** -0.5,
        model.axis_name: peaks.centre[peak], "f_squared": strength.f_squared[r], "intensity": intensity[r],
        "fwhm": peaks.fwhm[peak], **({} if esds is None else {"esd_f_squared": esds[r]}),
    }  # fmt: skip
    return [
        dict(zip(columns, row, strict=True)) for row in zip(*(one.tolist() for one in columns.values()), strict=True)
    ]


def _cell(phase: PhaseModel, parameters: Parameters) -> dict[str, float]:
    lattice = phase.lattice(parameters.values)
    return {**dict(zip(CELL_NAMES, lattice.parameters, strict=True)), "volume": lattice.volume}


def _warnings(
    model: PatternModel | JointModel, parameters: Parameters, covariance: Covariance | None, last: Stage
) -> list[str]:
    found = [] if last.state.converged else [f"Stage '{last.name}' did not converge within its cycles."]
    if covariance is not None:
        found += [f"{name}: {reason}." for name, reason in covariance.reasons.items()]
        found += [*covariance.warnings, *_correlations(covariance, last.free)]
    for view in model.views(parameters.values):
        lead = f"{view.name}: " if view.name else ""
        found += [lead + text for text in _pattern_warnings(view, last.state.calculated.total[view.points])]
    return found


def _pattern_warnings(view: View, calculated: FloatArray) -> list[str]:
    """What is odd about one pattern."""
    found, model = [], view.model
    if model.has_negative_width(view.values):
        found.append(f"The instrument's Gaussian width ({model.width_terms}) is negative in part of the fitted range.")
    for phase in model.phases:
        own = {name.removeprefix(phase.prefix): value for name, value in view.values.items()}
        narrow = phase.broadening.n_without_strain(own)
        if narrow:
            found.append(
                f"Phase {phase.name}: its strain terms give {narrow} reflections a negative variance, drawn as none."
            )
    for phase in model.phases if model.extraction is None else ():
        negative = int(np.sum(phase.reflected(view.values).strength < 0))
        if negative:
            found.append(
                f"Phase {phase.name}: its harmonics make {negative} reflections negative; lower harmonics_order."
            )
    factor = serial_correlation((model.observed - calculated) / model.sigma)
    if factor > LARGE_SERIAL_CORRELATION:
        found.append(
            f"Residuals are serially correlated: realistic esds are about {factor:.1f} times "
            "the printed ones (Bérar & Lelann, J. Appl. Cryst. 24 (1991) 1)."
        )
    return found


def _correlations(covariance: Covariance, free: tuple[str, ...]) -> list[str]:
    """One sentence per pair of free parameters with \\|ρ\\| above `HIGH_CORRELATION`."""
    rows = [i for i, name in enumerate(covariance.names) if name in free]
    matrix = covariance.matrix[np.ix_(rows, rows)]
    sigma = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    rho, names = matrix / np.outer(sigma, sigma), [covariance.names[i] for i in rows]
    pairs = np.argwhere(np.triu(np.abs(rho) > HIGH_CORRELATION, k=1))
    return [f"{names[i]} and {names[j]} are correlated by {rho[i, j]:+.3f}." for i, j in pairs]
