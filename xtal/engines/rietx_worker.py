"""Child process that runs rietx: JSON lines in, JSON lines out.

Run as ``python -m xtal.engines.rietx_worker``.  Each line on standard input is
``{"cmd": "refine", "task": {...}}``, ``{"cmd": "version"}`` or ``{"cmd": "quit"}``;
events go to the real standard output, one JSON object per line.  Whatever rietx or a
library prints goes to standard error.  The process stays warm for further fits.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from rietx import __version__ as rietx_version
from rietx.background.models import chebyshev_design_matrix
from rietx.model.forward import WINDOW_AREA_TOL, compile_model
from rietx.optimize.least_squares import run_least_squares
from rietx.optimize.lm import FTOL
from rietx.schemas.plan import CLOSING_WINDOW_TOL, INTERMEDIATE_FTOL

from xtal.engines.rietx_model import Problem, TaskError, build_problem, free_exactly
from xtal.engines.rietx_outcome import Solved, outcome_of, solved_stage

Emit = Callable[[str], None]

ENGINE = {"name": "rietx", "version": str(rietx_version)}
SMALLEST_SHARE = 0.02
"""A starting scale is at least this share of the one that explains the whole pattern."""


def main() -> int:
    """Serve commands until ``quit`` or end of input."""
    emit = line_writer(claim_stdout())
    emit(encode({"event": "ready", "engine": ENGINE["name"], "version": ENGINE["version"]}))
    return serve(sys.stdin, emit)


def claim_stdout() -> IO[str]:
    """Keep the real standard output for events and send file descriptor 1 to stderr."""
    sys.stdout.flush()
    real = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return real


def line_writer(stream: IO[str]) -> Emit:
    """Return a function that writes one line and flushes it."""

    def emit(text: str) -> None:
        stream.write(text + "\n")
        stream.flush()

    return emit


def serve(lines: Iterable[str], emit: Emit) -> int:
    """Answer each command line; an error in one never ends the process."""
    for line in lines:
        if not line.strip():
            continue
        try:
            if not answer(json.loads(line), emit):
                break
        except Exception as error:  # the parent must hear of every failure
            emit(encode(error_event(error)))
    return 0


def answer(command: dict[str, Any], emit: Emit) -> bool:
    """Carry out one command; return False for ``quit``."""
    name = command.get("cmd")
    if name == "refine":
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            refine(command["task"], emit, caught)
    elif name == "version":
        emit(encode({"event": "version", "engine": ENGINE["name"], "version": ENGINE["version"]}))
    elif name != "quit":
        raise TaskError("bad_input", f"Unknown command {name!r}; use refine, version or quit.")
    return bool(name != "quit")


def error_event(error: Exception) -> dict[str, Any]:
    """Return the error event of an exception, classified for the parent."""
    kind = "internal"
    if isinstance(error, TaskError):
        kind = error.kind
    elif isinstance(error, json.JSONDecodeError):
        kind = "bad_input"
    elif isinstance(error, np.linalg.LinAlgError):
        kind = "diverged"
    message = str(error) or type(error).__name__
    if kind == "internal":
        message = f"rietx failed unexpectedly: {message}"
    return {
        "event": "error",
        "kind": kind,
        "message": message,
        "detail": "".join(traceback.format_exception(error)),
    }


def refine(task: dict[str, Any], emit: Emit, caught: list[warnings.WarningMessage]) -> None:
    """Run every stage of a task, reporting each, then the final outcome."""
    problem = build_problem(task)
    history: list[Solved] = []
    text = ""
    for index, stage in enumerate(task["stages"]):
        emit(encode({"event": "stage_start", "index": index, "name": stage["name"]}))
        solved = run_stage(problem, stage, first=index == 0, last=index + 1 == len(task["stages"]))
        history.append(solved)
        collect_warnings(problem, caught)
        text = encode(outcome_of(problem, history, ENGINE))
        emit(stage_event(index, solved, text))
    if not history:
        raise TaskError("bad_input", "stages: the task has none, so there is nothing to do.")
    emit(f'{{"event": "done", "outcome": {text}}}')


def collect_warnings(problem: Problem, caught: list[warnings.WarningMessage]) -> None:
    """Move the warnings Python collected from rietx into the problem's list."""
    problem.warnings += [f"rietx: {text}" for text in dict.fromkeys(str(w.message) for w in caught)]
    caught.clear()


def stage_event(index: int, solved: Solved, snapshot: str) -> str:
    """Return the stage event; the snapshot is already encoded, once for two events."""
    head = encode(
        {
            "event": "stage",
            "index": index,
            "name": solved.name,
            "rwp": solved.rwp,
            "seconds": solved.seconds,
        }
    )
    return f'{head[:-1]}, "snapshot": {snapshot}}}'


def run_stage(problem: Problem, stage: dict[str, Any], *, first: bool, last: bool) -> Solved:
    """Free exactly the stage's parameters and minimise.

    The last stage is solved twice: once with the peak windows of the early stages, then
    from that answer with peak tails kept to 0.1 % of the area, which the final values need.
    """
    start = time.perf_counter()
    free = tuple(dict.fromkeys(stage["free"]))
    cycles = int(stage.get("max_cycles") or 20)
    free_exactly(problem, free)
    model = compiled(problem, WINDOW_AREA_TOL)
    if first:
        seed_scales(problem, model)
    solution = solve(problem, model, cycles, INTERMEDIATE_FTOL)
    if last:
        model = compiled(problem, CLOSING_WINDOW_TOL)
        solution = solve(problem, model, cycles, FTOL)
    seconds = time.perf_counter() - start
    solved = solved_stage(stage["name"], free, model, solution, problem.table, seconds)
    check_finite(solved)
    return solved


def compiled(problem: Problem, window_area: float) -> Any:
    """Compile rietx's forward model at the current values.

    The Chebyshev rows are rebuilt on the task's own range, because rietx scales x to the
    first and last fitted point.
    """
    table = problem.table
    try:
        table.apply_to_models(problem.structure, problem.instrument)
        model = compile_model(
            problem.structure,
            problem.instrument,
            problem.pattern,
            moving_paths=set(table.moving_paths),
            window_area_tol=window_area,
        )
    except (ValueError, KeyError) as error:
        raise TaskError("bad_input", f"rietx refuses the model: {error}") from error
    background = problem.task["background"]
    low, high = (float(edge) for edge in background["range"])
    model.bkg_design = chebyshev_design_matrix(model.tt, int(background["n_terms"]), low, high)
    return model


def solve(problem: Problem, model: Any, cycles: int, tolerance: float) -> Any:
    """Minimise with rietx's Levenberg-Marquardt driver and keep the answer in the table."""
    solution = run_least_squares(model, problem.table, max_iter=cycles, ftol=tolerance, phase_support_sigma=None)
    problem.table.commit(solution.theta)
    return solution


def check_finite(solved: Solved) -> None:
    """Raise when a stage ended in numbers that are not numbers."""
    if not math.isfinite(solved.rwp):
        raise TaskError(
            "diverged",
            f"stage '{solved.name}': Rwp is not a finite number; free fewer parameters at once or start closer.",
        )


# -- starting scales -------------------------------------------------------------------


def seed_scales(problem: Problem, model: Any) -> None:
    """Replace scales that start at exactly 1 by ones that match the pattern.

    The pattern is linear in the scales and the background, so one weighted linear least
    squares gives them; a phase the start model does not show keeps a small share.
    """
    table = problem.table
    values = table.decode(table.x0())
    wanted = [i for i, n in enumerate(problem.phase_names) if starts_at_one(problem, n)]
    if not wanted:
        return
    curves = np.array([model.phase_component(i, values) for i in wanted])
    known = [i for i in range(len(model.phases)) if i not in wanted]
    rest = model.y_obs - sum(model.phase_component(i, values) for i in known)
    for index, scale in zip(wanted, linear_scales(model, curves, rest), strict=True):
        entry = next(e for e in table.entries if e.path == f"phases.{index}.scale")
        entry.value = float(min(max(scale, entry.lo), entry.hi))
    table.set_vary([], True)


def starts_at_one(problem: Problem, phase: str) -> bool:
    """Tell whether the task leaves the starting scale of a phase to the worker."""
    name = f"phase.{phase}.scale"
    spec = problem.task["parameters"].get(name, {"value": 1.0})
    tied = name in problem.followers
    return not tied and spec["value"] in (None, 1.0)


def linear_scales(model: Any, curves: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scales of the phase curves that best describe `observed` with a background."""
    rows = np.vstack([curves, model.bkg_design]) / model.sigma
    norms = np.linalg.norm(rows, axis=1)
    norms[norms == 0.0] = 1.0
    fitted = np.linalg.lstsq((rows / norms[:, None]).T, observed / model.sigma, rcond=None)[0]
    scales: NDArray[np.float64] = (fitted / norms)[: len(curves)]
    areas = curves.sum(axis=1)
    whole = max(float(np.sum(observed - observed.min())), 1.0)
    even = whole / len(curves) / np.where(areas > 0.0, areas, 1.0)
    return np.maximum(scales, SMALLEST_SHARE * even)


# -- JSON ------------------------------------------------------------------------------


def encode(value: Any) -> str:
    """Return `value` as one line of strict JSON; numbers that are not finite become null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), allow_nan=False)


def finite(value: Any) -> Any:
    """Return a copy of a JSON value with NaN and infinities replaced by None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


if __name__ == "__main__":
    raise SystemExit(main())
