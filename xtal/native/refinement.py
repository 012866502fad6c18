"""Run the stages of a task and report each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import bootstrap
from .joint_model import JointModel, model_of
from .kernels import kernel_name, must_compile
from .outcome import Stage, outcome_of, weight_fractions
from .parameters import Parameters, to_job
from .pattern_model import Calculated, PatternModel
from .refusals import NativeError
from .restraints import Restraints
from .solver import Evaluate, State, minimise
from .start_scales import set_start_scales
from .uncertainty import Covariance, covariance_of

__all__ = ["refine_task"]

FloatArray = NDArray[np.float64]
Listener = Callable[[dict[str, Any]], None]
ModelOf = Callable[[dict[str, Any]], PatternModel | JointModel]

INTERMEDIATE, FINAL = (1e-6, 0.3), (1e-9, 0.05)
"""Relative fall of the cost, and largest shift over its esd, at which a stage ends."""

LEBAIL = (1e-5, 0.5)
"""The same for Le Bail, whose intensities are not those of least squares, so that derivatives only nearly say where the cost is least."""


@dataclass
class _Fit:
    """What the stages share."""

    model: PatternModel | JointModel
    parameters: Parameters
    restraints: Restraints
    covariance: Covariance | None = None


def refine_task(task: dict[str, Any], emit: Listener, make_model: ModelOf = model_of) -> dict[str, Any]:
    """Refine an engine task.

    Parameters
    ----------
    task : dict
        As described in docs/developer-guide.md.
    emit : callable
        Called with the events ``note``, ``stage_start`` and ``stage``.
    make_model : callable, optional
        Gives the model of a task; `batch` keeps models between tasks.

    Returns
    -------
    dict
        The outcome after the last stage.

    Raises
    ------
    NativeError
        The task is refused, or the fit failed.
    """
    if not task["stages"]:
        raise NativeError("bad_input", "stages: the task has none, so there is nothing to do.")
    model = make_model(task)
    fit = _Fit(model, Parameters(task), Restraints.of(task, model.phases))
    if any(must_compile(view.model.axis_name == "tof") for view in fit.model.views(fit.parameters.values)):
        emit({"event": "note", "text": "compiling the native engine, once per installation (a few seconds)"})
    history: list[Stage] = []
    outcome: dict[str, Any] = {}
    for index, stage in enumerate(task["stages"]):
        emit({"event": "stage_start", "index": index, "name": stage["name"]})
        started = time.perf_counter()
        fit.model.list_reflections(fit.parameters.values)
        if index == 0:
            set_start_scales(task, fit.model, fit.parameters)
        ending = FINAL if index + 1 == len(task["stages"]) else INTERMEDIATE
        state = _solve(fit, stage, LEBAIL if task.get("mode") == "lebail" else ending)
        seconds = time.perf_counter() - started
        history.append(Stage(str(stage["name"]), tuple(dict.fromkeys(stage["free"])), state, seconds))
        outcome = outcome_of(fit.model, fit.parameters, fit.covariance, history, kernel_name())
        if fit.restraints.members:
            outcome["restraints"] = fit.restraints.outcome(fit.parameters.values)
        emit({"event": "stage", "index": index, "name": stage["name"], "rwp": outcome["agreement"]["rwp"],
              "seconds": seconds, "snapshot": outcome})  # fmt: skip
    if "bootstrap" in task:
        outcome = {**outcome, "bootstrap": _refits(fit, task["stages"][-1], state, task["bootstrap"], emit)}
    return outcome


@dataclass(frozen=True)
class _Search:
    """What a stage frees, with its bounds and what moves along."""

    free: tuple[str, ...]
    moving: tuple[str, ...]
    reduction: FloatArray
    low: FloatArray
    high: FloatArray
    evaluate: Evaluate

    @classmethod
    def of(cls, fit: _Fit, stage: dict[str, Any]) -> _Search:
        """The search of a stage: exactly its parameters free."""
        free = tuple(dict.fromkeys(stage["free"]))
        parameters, model = fit.parameters, fit.model
        moving, reduction = parameters.moving(free)
        low, high = (np.array([parameters.bounds[name][side] for name in free]) for side in (0, 1))

        def evaluate(theta: FloatArray) -> Calculated:
            parameters.set_free(free, theta)
            calculated = model.evaluate(parameters.values, moving, reduction)
            rows = fit.restraints.rows(parameters.values, moving, reduction)
            return calculated if rows is None else replace(calculated, restrained=rows)

        return cls(free, moving, reduction, low, high, evaluate)


def _solve(fit: _Fit, stage: dict[str, Any], ending: tuple[float, float]) -> State:
    """One stage; values and covariance are left in `fit`."""
    search, parameters, model = _Search.of(fit, stage), fit.parameters, fit.model
    start = np.array([parameters.values[name] for name in search.free], dtype=float)
    try:
        state = minimise(
            search.evaluate, start, search.low, search.high, model.observed, model.sigma,
            int(stage.get("max_cycles") or 20), *ending, exact=not model.n_extracted,
        )  # fmt: skip
    except (NativeError, np.linalg.LinAlgError) as error:
        raise NativeError(
            "diverged", f"stage '{stage['name']}': {error}; free fewer parameters at once or start closer."
        ) from error
    parameters.set_free(search.free, state.theta)
    if model.n_extracted:
        search.evaluate(state.theta)
    for view in model.views(parameters.values):
        view.model.finish_extraction()
    n_points, bounds = len(model.axis) + fit.restraints.n - model.n_extracted, (search.low, search.high)
    fit.covariance = (
        covariance_of(state, search.moving, search.reduction, bounds, n_points, parameters.values)
        if search.free
        else None
    )
    return state


def _refits(fit: _Fit, stage: dict[str, Any], best: State, wanted: dict[str, int], emit: Listener) -> dict[str, Any]:
    """The bootstrap of the last stage: every refit's parameters and weight fractions, in the job's units."""
    search, parameters = _Search.of(fit, stage), fit.parameters
    n = int(wanted["n"])

    def quantities(theta: FloatArray) -> FloatArray:
        parameters.set_free(search.free, theta)
        found = [to_job(name, parameters.values[name]) for name in search.free]
        fractions = weight_fractions(fit.model, parameters).values()
        return np.array([*(np.nan if value is None else value for value in found), *fractions])

    def tell(done: int) -> None:
        if done % max(n // 10, 1) == 0:
            emit({"event": "bootstrap", "done": done, "of": n})

    spans = [view.points for view in fit.model.views(parameters.values)]
    refits = bootstrap(search.evaluate, best, search.low, search.high, fit.model.observed, fit.model.sigma, spans,
                       quantities, n, int(wanted["seed"]), tell)  # fmt: skip
    parameters.set_free(search.free, best.theta)
    names = [*search.free, *(f"weight_fraction.{name}" for name in weight_fractions(fit.model, parameters))]
    return {"names": names, "rows": refits.quantities.tolist(), "n_failed": refits.n_failed, "block": refits.block}
