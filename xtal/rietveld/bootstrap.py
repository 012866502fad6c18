"""Bootstrap of a fit: many refits by the native engine, summarised per parameter, fraction and share."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bootstrap import Bootstrap, Spread
from ..engines import engine_named
from ..engines.process import run_task, scratch_folder
from ..engines.task import engine_task
from ..errors import EngineError, InputError
from ..job import Job
from ..result import Result
from .defence.continued import continued
from .run import DEFAULT_TIMEOUT

__all__ = ["TABLE", "bootstrap"]

TABLE = "bootstrap.csv"
"""File of the result folder with every refit."""

FRACTION = "weight_fraction."
DEFAULT_SEED = 1
FEWEST_REFITS = 20
_LOW, _HIGH = 2.5, 97.5

FloatArray = NDArray[np.float64]


def bootstrap(
    job: Job,
    result: Result,
    n: int,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Callable[[str], None] = lambda what: None,
) -> Result:
    """The result with the spread of `n` refits of resampled patterns beside the esds.

    Parameters
    ----------
    job, result
        The fit, by the native engine.
    n : int
        Refits, at least 20: the ends of a 95 % interval lie among the outermost of them.
    timeout : float
        Wall-clock limit of all refits, seconds.
    progress : callable
        Called with a line now and then.

    Raises
    ------
    InputError
        Another engine's result, or too few refits.
    EngineError
        The refits failed.
    """
    _refuse(result, n)
    seed = DEFAULT_SEED if job.seed is None else job.seed

    def listen(event: Mapping[str, Any]) -> None:
        if event.get("event") == "bootstrap":
            progress(f"bootstrap {event['done']} of {n}")

    with scratch_folder() as folder:
        task = {**engine_task(continued(job, result), folder), "bootstrap": {"n": n, "seed": seed}}
        run = run_task(engine_named("native").worker_command(), task, timeout=timeout, on_event=listen)
    if run.status != "done" or run.outcome is None:
        raise EngineError(f"the bootstrap ended without a result: {run.message}")
    found = run.outcome["bootstrap"]
    return _with_spreads(result, found["names"], np.array(found["rows"], dtype=float), found, n, seed)


def _refuse(result: Result, n: int) -> None:
    if result.engine["name"] != "native":
        raise InputError(
            f"--bootstrap with engine {result.engine['name']};",
            remedy="take --engine native: hundreds of refits need the fast one.",
        )
    if n < FEWEST_REFITS:
        raise InputError(f"--bootstrap {n};", remedy=f"ask for at least {FEWEST_REFITS} refits, better 200.")
    if result.agreement is None:
        raise EngineError("the fit failed, so that there is nothing to resample.")


def _with_spreads(
    result: Result, names: list[str], rows: FloatArray, found: Mapping[str, Any], n: int, seed: int
) -> Result:
    if len(rows) < FEWEST_REFITS // 2:
        raise EngineError(f"only {len(rows)} of {n} refits of the bootstrap converged; the fit is not stable.")
    columns = dict(zip(names, rows.T, strict=True))
    fractions = {name.removeprefix(FRACTION): column for name, column in columns.items() if name.startswith(FRACTION)}
    summary = Bootstrap(
        n, int(found["n_failed"]), seed, int(found["block"]),
        {name: _spread(column) for name, column in columns.items() if not name.startswith(FRACTION) and np.all(np.isfinite(column))},
        {name: _spread(column) for name, column in fractions.items()},
        {name: _spread(column) for name, column in _shares(result, fractions).items()},
    )  # fmt: skip
    return replace(result, bootstrap=summary, files={**result.files, TABLE: _table(names, rows)})


def _spread(column: FloatArray) -> Spread:
    low, high = np.percentile(column, [_LOW, _HIGH])
    return Spread(float(column.std(ddof=1)), float(low), float(high))


def _shares(result: Result, fractions: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Shares of phases in their groups, refit by refit, so that the correlation of the fractions counts."""
    found: dict[str, FloatArray] = {}
    for members in result.groups.values():
        present = [name for name in members if name in fractions]
        whole = sum(fractions[name] for name in present)
        found |= {name: fractions[name] / whole for name in present}
    return found


def _table(names: list[str], rows: FloatArray) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([f"{value:.8g}" for value in row] for row in rows.tolist())
    return text.getvalue().encode()
