"""Child process that runs PDFfit2: ``python -m xtal.engines.pdffit2_worker``; see `json_lines`.

A task holds ``phases`` (name, cell, atoms with symbol and xyz), ``data`` (name,
probe, q_max, r, g, sigma), ``parameters`` (value, min, max by name), ``variables`` (what of PDFfit2 follows which parameters, linearly)
and ``stages`` (name, free, max_cycles). The outcome holds ``parameters``, ``data`` (rw and calculated G by name), ``rw``, ``converged``,
``at_bounds``. PDFfit2 has no bounds: a parameter that ends a stage beyond one is put on it and held while the stage is repeated.

What PDFfit2 prints, from Python or C++, goes to standard error.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import numpy as np
from diffpy.pdffit2 import PdfFit, pdffit2, redirect_stdout
from diffpy.pdffit2 import __version__ as pdffit2_version

from xtal.engines.json_lines import Emit, serve
from xtal.engines.worker_lines import TaskError

__all__ = ["refine"]

TOLERANCE = 1e-8
ENGINE = {"name": "pdffit2", "version": str(pdffit2_version)}
PDFFIT2_ERRORS = (
    pdffit2.calculationError, pdffit2.constraintError, pdffit2.structureError, pdffit2.unassignedError,
)  # fmt: skip
TINY = 1e-12
STALLED = 1e-9
STEPS_OUTSIDE = 3
"""Steps in a row beyond a bound after which a fit is broken off: it won't come back, and very broad peaks cost much time."""
LEAST_R = 0.5
"""Steps above r = 0 at which the first empty point may lie."""


def refine(task: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Run every stage of a task, reporting each, and return the final outcome."""
    if not task["stages"]:
        raise TaskError("bad_input", "stages: the task has none, so there is nothing to do.")
    values = {name: float(item["value"]) for name, item in task["parameters"].items()}
    outcome: dict[str, Any] = {}
    at_bounds: dict[str, float] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        started = time.monotonic()
        try:
            outcome = run_stage(task, stage, values, at_bounds)
        except PDFFIT2_ERRORS as error:
            raise TaskError("diverged", f"PDFfit2 could not go on: {error}") from error
        values = dict(outcome["parameters"])
        emit({"event": "stage", "index": index, "name": stage["name"], "rwp": outcome["rw"],
              "seconds": time.monotonic() - started, "snapshot": outcome})  # fmt: skip
    return outcome


def run_stage(
    task: dict[str, Any], stage: dict[str, Any], values: dict[str, float], at_bounds: dict[str, float]
) -> dict[str, Any]:
    """Fit one stage; parameters that leave their bounds are held there and the stage is repeated."""
    held: dict[str, float] = {}
    while True:
        start = {**values, **held}
        free = [name for name in stage["free"] if name not in held]
        fit = new_fit(task, start)
        converged = True
        if free:
            converged = fitted(fit, task, start, free, int(stage["max_cycles"]))
            if is_stalled(fit, start, free):
                fit, converged = restarted(task, start, free, int(stage["max_cycles"]))
        reached = {**start, **{name: float(fit.getpar(n)) for n, name in enumerate(free, start=1)}}
        beyond = {
            name: bound
            for name in free
            if (bound := bound_crossed(reached[name], task["parameters"][name])) is not None
        }
        if not beyond:
            at_bounds.update(held)
            return outcome_of(fit, task, reached, converged, at_bounds)
        held.update(beyond)


def bound_crossed(value: float, parameter: dict[str, Any]) -> float | None:
    """The bound that a value lies beyond, if any."""
    low, high = parameter.get("min"), parameter.get("max")
    if low is not None and value < low:
        return float(low)
    return float(high) if high is not None and value > high else None


def new_fit(task: dict[str, Any], values: dict[str, float]) -> PdfFit:
    """PDFfit2 with phases, data and every variable at its value."""
    fit = PdfFit(create_intro=False)
    for phase in task["phases"]:
        fit.read_struct_string(structure_text(phase))
    for data in task["data"]:
        stype = {"xray": "X", "neutron": "N"}[data["probe"]]
        r, g, sigma = from_low_r(data)
        fit.read_data_lists(stype, data["q_max"], 0.0, r, g, sigma, data["name"])
        fit.pdfrange(fit.num_datasets(), data["r"][0], data["r"][-1])
    for variable in task["variables"]:
        focus(fit, variable)
        value = variable["constant"] + sum(c * values[name] for c, name in variable["terms"])
        fit.setvar(reference(variable), value)
    return fit


def from_low_r(data: dict[str, Any]) -> tuple[list[float], list[float], list[float] | None]:
    """The points of a data set with empty ones below, down to r > 0.

    PDFfit2 calculates from the first point it is given; a model that begins inside the range has false ripples there. The empty points
    are outside the fitted range.
    """
    step = (data["r"][-1] - data["r"][0]) / (len(data["r"]) - 1)
    count = int(data["r"][0] / step - LEAST_R)
    below = [data["r"][0] - step * k for k in range(count, 0, -1)]
    sigma = None if data["sigma"] is None else [1.0] * count + data["sigma"]
    return below + data["r"], [0.0] * count + data["g"], sigma


def structure_text(phase: dict[str, Any]) -> str:
    """A phase in PDFfit's own format; exact numbers are set as variables afterwards."""
    lines = [
        f"title  {phase['name']}",
        "format pdffit",
        "scale  1.0",
        "sharp  0.0, 0.0, 1.0, 0.0",
        "cell   " + ", ".join(f"{value:.8f}" for value in phase["cell"]),
        "dcell  0, 0, 0, 0, 0, 0",
        f"ncell  1, 1, 1, {len(phase['atoms'])}",
        "atoms",
    ]
    for atom in phase["atoms"]:
        x, y, z = atom["xyz"]
        lines.append(f"{atom['symbol'].upper():4s} {x:17.8f} {y:17.8f} {z:17.8f} {1.0:12.4f}")
        lines += ["  0 0 0 0", "  0.005 0.005 0.005", "  0 0 0", "  0 0 0", "  0 0 0"]
    return "\n".join(lines) + "\n"


def focus(fit: PdfFit, variable: dict[str, Any]) -> None:
    """Make the phase or data set of a variable the current one."""
    (fit.setphase if variable["of"] == "phase" else fit.setdata)(variable["index"])


def reference(variable: dict[str, Any]) -> str:
    """A variable as PDFfit2 names it."""
    name, argument = variable["name"], variable.get("argument")
    return str(name) if argument is None else f"{name}({argument})"


def fitted(fit: PdfFit, task: dict[str, Any], values: dict[str, float], free: list[str], max_cycles: int) -> bool:
    """Constrain, refine, and say whether it converged within the cycles."""
    number = {name: n for n, name in enumerate(free, start=1)}
    for name, n in number.items():
        fit.setpar(n, values[name])
    for variable in task["variables"]:
        if any(name in number for _, name in variable["terms"]):
            focus(fit, variable)
            fit.constrain(reference(variable), formula(variable, values, number))
    outside = 0
    for _ in range(max_cycles):
        done = fit.refine_step(TOLERANCE)
        if not math.isfinite(fit.getrw()):
            raise TaskError("diverged", "The fit diverged: G(r) of the model is no longer a number.")
        if done:
            return True
        crossed = [
            n for name, n in number.items() if bound_crossed(fit.getpar(n), task["parameters"][name]) is not None
        ]
        outside = outside + 1 if crossed else 0
        if outside >= STEPS_OUTSIDE:
            return False
    return False


def is_stalled(fit: PdfFit, start: dict[str, float], free: list[str]) -> bool:
    """Whether no parameter moved: PDFfit2 gives up when its first steps lead nowhere."""
    return all(
        abs(fit.getpar(n) - start[name]) <= STALLED * max(abs(start[name]), STALLED) for n, name in enumerate(free, 1)
    )


def restarted(task: dict[str, Any], start: dict[str, float], free: list[str], max_cycles: int) -> tuple[PdfFit, bool]:
    """Fit the parameters one after the other, then all together."""
    values = dict(start)
    for name in free:
        fit = new_fit(task, values)
        try:
            fitted(fit, task, values, [name], max_cycles)
        except TaskError:
            continue
        reached = float(fit.getpar(1))
        if bound_crossed(reached, task["parameters"][name]) is None:
            values[name] = reached
    fit = new_fit(task, values)
    return fit, fitted(fit, task, values, free, max_cycles)


def formula(variable: dict[str, Any], values: dict[str, float], number: dict[str, int]) -> str:
    """The linear relation of a variable in PDFfit2's words, parameters that are not free put in as numbers."""
    constant = variable["constant"] + sum(c * values[name] for c, name in variable["terms"] if name not in number)
    terms = [f"{c:+.12f}*@{number[name]}" for c, name in variable["terms"] if name in number]
    text = "".join(terms) if abs(constant) < TINY else f"{constant:.12f}" + "".join(terms)
    return text.removeprefix("+")


def outcome_of(
    fit: PdfFit, task: dict[str, Any], values: dict[str, float], converged: bool, at_bounds: dict[str, float]
) -> dict[str, Any]:
    """What the parent needs of a fit."""
    data = {}
    weighted, total = 0.0, 0.0
    for index, item in enumerate(task["data"], start=1):
        fit.setdata(index)
        calculated = np.array(fit.getpdf_fit(), dtype=float)
        if len(calculated) != len(item["r"]):
            raise TaskError(
                "internal", f"PDFfit2 returned {len(calculated)} points for the {len(item['r'])} of {item['name']}."
            )
        squares, observed = sums_of_squares(item, calculated)
        data[item["name"]] = {"calculated": calculated.tolist(), "rw": math.sqrt(squares / observed)}
        weighted, total = weighted + squares, total + observed
    return {"parameters": values, "data": data, "rw": math.sqrt(weighted / total), "chi2": weighted,
            "converged": converged, "at_bounds": dict(at_bounds), "engine": ENGINE}  # fmt: skip


def sums_of_squares(item: dict[str, Any], calculated: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Weighted sums of squares of the difference and of the data."""
    observed = np.array(item["g"])
    weight = 1.0 if item["sigma"] is None else 1.0 / np.array(item["sigma"]) ** 2
    return float(np.sum(weight * (observed - calculated) ** 2)), float(np.sum(weight * observed**2))


if __name__ == "__main__":
    redirect_stdout(sys.stderr)
    raise SystemExit(serve(ENGINE, refine))
