"""Turn a finished rietx stage into the outcome of the engine contract, in xtal units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from rietx.model.corrections import lorentz_polarization
from rietx.optimize.qpa import compute_qpa
from rietx.optimize.statistics import berar_lelann_factor

from xtal.engines.rietx_covariance import Covariance, Solved, covariance_of, inverse_normal
from xtal.engines.rietx_freedom import Array, Problem
from xtal.engines.rietx_restraints import restraint_rows
from xtal.engines.rietx_units import CELL_NAMES

HIGH_CORRELATION = 0.98


LARGE_SERIAL_CORRELATION = 2.0


def outcome_of(problem: Problem, history: list[Solved], engine: dict[str, str]) -> dict[str, Any]:
    """Return the complete outcome of a fit after its last finished stage."""
    last = history[-1]
    covariance = covariance_of(problem, last)
    names = list(enumerate(problem.phase_names))
    restraints = restraint_rows(problem.task, problem.bonds, last.values)
    return {
        "engine": engine,
        "converged": last.converged,
        "max_shift_over_esd": shift_over_esd(last),
        "message": message_of(last),
        "agreement": agreement_of(last),
        "parameters": parameters_of(problem, last, covariance),
        "covariance": None
        if covariance is None
        else {"names": list(covariance.names), "matrix": covariance.matrix.tolist()},
        **quantities_of(problem, last, covariance),
        "profile": profile_of(problem, last),
        "reflections": {name: reflections_of(last, index) for index, name in names},
        "derived_cells": {name: cell_of(index, last.values) for index, name in names},
        "stages": [stage_row(solved) for solved in history],
        "warnings": warnings_of(problem, last, covariance),
        "files": [],
        **({"restraints": restraints} if restraints else {}),
    }


def stage_row(solved: Solved) -> dict[str, Any]:
    """Return the line of one stage in the outcome's table of stages."""
    return {
        "name": solved.name,
        "free": list(solved.free),
        "rwp": solved.rwp,
        "seconds": solved.seconds,
        "converged": solved.converged,
    }


def message_of(solved: Solved) -> str:
    """Return one sentence on how the last solve ended."""
    answer = solved.answer
    if not solved.free:
        return "nothing was free: the model was only evaluated"
    if solved.is_at_rest is not None:
        return "Rwp is at rest" if solved.is_at_rest else "Rwp still moves between partition and least squares"
    if solved.converged:
        return f"converged after {answer.n_iterations} evaluations ({answer.termination})"
    return f"stopped after {answer.n_iterations} evaluations without converging; raise max_cycles"


def shift_over_esd(solved: Solved) -> float | None:
    """Return the largest last shift over esd, the esd without the Bérar–Lelann factor."""
    shift, inflation = solved.answer.max_shift_over_esd, solved.answer.esd_inflation
    return None if shift is None else float(shift) * float(inflation or 1.0)


def agreement_of(solved: Solved) -> dict[str, float | int]:
    """Return Rwp, Rexp, Rp (fractions) and GOF = Rwp / Rexp."""
    model, n, n_free = solved.model, len(solved.model.tt), solved.n_free
    rexp = math.sqrt(max(n - n_free, 1) / float(np.sum((model.y_obs / model.sigma) ** 2)))
    rp = float(np.abs(model.y_obs - solved.calculated).sum() / np.abs(model.y_obs).sum())
    rwp = solved.rwp
    return {"rwp": rwp, "rexp": rexp, "rp": rp, "gof": rwp / rexp, "n_points": n, "n_free": n_free}


def parameters_of(problem: Problem, solved: Solved, covariance: Covariance | None) -> dict[str, dict[str, Any]]:
    """Return value, esd, freedom and reason of every parameter the task lists."""
    free = set(solved.free)
    rows: dict[str, dict[str, Any]] = {}
    for name, spec in problem.task["parameters"].items():
        link = problem.links.get(name)
        value = spec["value"] if link is None else link.to_xtal(solved.values[link.path])
        esd = None if covariance is None else covariance.esd(name)
        rows[name] = {
            "value": value,
            "esd": esd,
            "free": name in free,
            "reason": None if esd is not None else reason_of(problem, name, free, covariance),
        }
    return rows


def reason_of(problem: Problem, name: str, free: set[str], covariance: Covariance | None) -> str | None:
    """Say why a parameter has no uncertainty; None for one that was simply held."""
    if covariance is not None and name in covariance.reasons:
        return covariance.reasons[name]
    if name in problem.followers:
        return f"tied to {problem.followers[name]}"
    return "no covariance: the solver returned no Jacobian" if name in free else None


def quantities_of(problem: Problem, solved: Solved, covariance: Covariance | None) -> dict[str, Any]:
    """Return the mass factors (cell mass × cell volume, g/mol Å³) and rietx's own fractions.

    Hill & Howard, J. Appl. Cryst. 20 (1987) 467: w_i = S_i (ZMV)_i / sum_j S_j (ZMV)_j.
    """
    if problem.task.get("mode", "rietveld") != "rietveld":
        return {"mass_factor": {}, "engine_weight_fractions": None}
    names = [f"phase.{name}.scale" for name in problem.phase_names]
    known = covariance is not None and all(n in covariance.names for n in names)
    quantities = compute_qpa(
        problem.structure,
        solved.values,
        scale_cov=block(covariance, names) if covariance is not None and known else None,
        multiplicities=[[len(ops[0]) for ops in phase.sites.ops] for phase in solved.model.phases],
    )
    if quantities is None:
        return {"mass_factor": {}, "engine_weight_fractions": None}
    rows = list(zip(problem.phase_names, quantities.phases, strict=True))
    return {
        "mass_factor": {name: row.zmv for name, row in rows},
        "engine_weight_fractions": {
            name: {"value": row.weight_fraction, "esd": row.weight_fraction_stderr} for name, row in rows
        },
    }


def block(covariance: Covariance, names: list[str]) -> Array:
    """Return the covariance block of the named parameters."""
    rows = [covariance.names.index(name) for name in names]
    return covariance.matrix[np.ix_(rows, rows)]


def profile_of(problem: Problem, solved: Solved) -> dict[str, Any]:
    """Return the observed, calculated, background and per-phase profiles (counts)."""
    model = solved.model
    phases = zip(problem.phase_names, solved.phases, strict=True)
    return {
        "two_theta": model.tt.tolist(),
        "observed": model.y_obs.tolist(),
        "sigma": model.sigma.tolist(),
        "calculated": solved.calculated.tolist(),
        "background": (solved.background + solved.peaks).tolist(),
        "phases": {name: curve.tolist() for name, curve in phases},
        **({"extra_peaks": np.asarray(solved.peaks).tolist()} if problem.task.get("peaks") else {}),
    }


def reflections_of(solved: Solved, index: int) -> list[dict[str, Any]]:
    """Return the reflections of one phase inside the fitted range, in order of angle.

    ``two_theta`` (deg) is where the first line is drawn, zero and displacement included;
    ``intensity`` (counts × deg) is summed over the lines; ``f_squared`` is per cell.
    """
    model, values = solved.model, solved.values
    reflections = model.phases[index].reflections
    cell = tuple(values[f"phases.{index}.cell.{k}"] for k in CELL_NAMES)
    wavelength = model.line_lambdas(values)[0]
    d = wavelength / (2.0 * np.sin(np.radians(reflections.two_theta(cell, wavelength) / 2.0)))
    peaks = model.phase_peaks(index, values)
    position, width, mixing, _ = peaks[0]
    intensity = sum(peak[3] for peak in peaks)
    f_squared, esd = squared_amplitudes(solved, index, d, cell)
    fwhm = model.peak_fwhm(width, mixing)
    table = np.column_stack([reflections.multiplicity, d, position, f_squared, intensity, fwhm])
    shown = np.isfinite(position) & (position >= model.tt_min) & (position <= model.tt_max)
    order = [i for i in np.argsort(position) if shown[i]]
    rows = [reflection_row(reflections.hkl[i], table[i]) for i in order]
    if esd is not None:
        rows = [{**row, "esd_f_squared": float(esd[i])} for row, i in zip(rows, order, strict=True)]
    return rows


def squared_amplitudes(solved: Solved, index: int, d: Array, cell: tuple[float, ...]) -> tuple[Array, Array | None]:
    """Return |F|² per cell of a phase's reflections, from its structure or, to a common factor, from extracted intensities.

    Pawley's have standard uncertainties, with the factor GOF in them.
    """
    model, values = solved.model, solved.values
    if model.mode == "rietveld":
        return np.asarray(model._total_f2(index, d, values, cell)), None
    two_theta = 2.0 * np.degrees(np.arcsin(np.clip(0.5 * model.line_lambdas(values)[0] / d, 0.0, 1.0)))
    factor = lorentz_polarization(two_theta, values["instrument.polarization"]) * model._absorption(two_theta)
    per_count = 1.0 / (np.asarray(model.phases[index].reflections.multiplicity) * factor)
    squared = np.asarray(model.phases[index].hkl_intensity) * per_count
    if solved.intensity_columns is None:
        return squared, None
    columns = np.hstack([np.asarray(solved.answer.jac), solved.intensity_columns])
    inverse, lost = inverse_normal(columns)
    first, last = (len(solved.answer.theta) + edge for edge in model.pawley.phase_slices[index])
    variance = np.where(lost, np.nan, np.diag(inverse))[first:last] * solved.reduced_chi2
    return squared, np.sqrt(np.maximum(variance, 0.0)) * per_count


def reflection_row(hkl: Any, numbers: Array) -> dict[str, Any]:
    """Return one line of a reflection list."""
    h, k, l = (int(index) for index in hkl)
    multiplicity, d, two_theta, f_squared, intensity, fwhm = (float(x) for x in numbers)
    return {
        "h": h,
        "k": k,
        "l": l,
        "multiplicity": int(multiplicity),
        "d": d,
        "two_theta": two_theta,
        "f_squared": f_squared,
        "intensity": intensity,
        "fwhm": fwhm,
    }


def cell_of(index: int, values: dict[str, float]) -> dict[str, float]:
    """Return the six cell parameters (Å, deg) and the volume (Å³) of a phase."""
    cell = {name: values[f"phases.{index}.cell.{name}"] for name in CELL_NAMES}
    ca, cb, cg = (math.cos(math.radians(cell[k])) for k in ("alpha", "beta", "gamma"))
    root = math.sqrt(1.0 - ca * ca - cb * cb - cg * cg + 2.0 * ca * cb * cg)
    return {**cell, "volume": cell["a"] * cell["b"] * cell["c"] * root}


def warnings_of(problem: Problem, solved: Solved, covariance: Covariance | None) -> list[str]:
    """Return what a reader should know before trusting the numbers, one sentence each."""
    found = list(problem.warnings)
    if not solved.converged:
        found.append(f"Stage '{solved.name}' did not converge within its cycles.")
    if covariance is not None:
        found += [f"{name}: {reason}." for name, reason in covariance.reasons.items()]
        found += correlation_warnings(covariance, problem)
    found += width_warnings(solved.model, solved.values)
    if problem.task.get("mode") == "lebail":
        found.append(
            "Le Bail: esds are those with the extracted intensities held, so they are too small; Pawley's are not."
        )
    inflation = berar_lelann_factor(solved.residual)
    if inflation > LARGE_SERIAL_CORRELATION:
        found.append(
            f"Residuals are serially correlated: realistic esds are about {inflation:.1f} times "
            "the printed ones (Bérar & Lelann, J. Appl. Cryst. 24 (1991) 1)."
        )
    return found


def correlation_warnings(covariance: Covariance, problem: Problem) -> list[str]:
    """Return one sentence per pair of free parameters with |rho| above 0.98."""
    sigma = np.sqrt(np.maximum(np.diag(covariance.matrix), 0.0))
    safe = np.where(sigma > 0.0, sigma, 1.0)
    rho = covariance.matrix / np.outer(safe, safe)
    pairs = np.argwhere(np.triu(np.abs(rho) > HIGH_CORRELATION, k=1))
    names = covariance.names
    return [
        f"{names[i]} and {names[j]} are correlated by {rho[i, j]:+.3f}."
        for i, j in pairs
        if not {names[i], names[j]} & problem.followers.keys()
    ]


def width_warnings(model: Any, values: dict[str, float]) -> list[str]:
    """Warn when U tan²θ + V tanθ + W turns negative inside the fitted range."""
    t = np.tan(np.radians(model.tt / 2.0))
    u, v, w = (values[f"instrument.profile.{k}"] for k in "uvw")
    if np.min(u * t * t + v * t + w) >= 0.0:
        return []
    return ["The instrument's Gaussian width (U, V, W) is negative in part of the fitted range."]
