"""Robustness and coverage of the native engine on synthetic pellets, as tables for docs/validation.md.

Run from the top of the repository: ``python tools/native_study.py robustness|coverage [--fits 200] [--share 0.59] [--glass 0.3]``.

``coverage`` refines many noise realisations of one pellet and counts how often the 68 % and 95 % intervals (± 1 and 1.96 esd) of weight fractions and
cells hold the truth. ``robustness`` refines one pattern from random starts (cells ± 0.5 %, widths × 0.3–3, scales × 0.1–10) and counts those that end in
the best minimum, and of the others those that say that something is wrong. The patterns come from the same forward model as the fit, so that both
measure the solver and the covariance, not the physics; ``--glass 0.3`` adds a hump that the refined background can't follow exactly.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xtal.engines.task import engine_task
from xtal.io.instruments import write_instrument
from xtal.io.jobs import job_from_template
from xtal.io.write_pattern import write_pattern
from xtal.native import NativeError, refine_task
from xtal.synthetic import laboratory_instrument, synthetic_pellet

LEVELS = {"68 %": 1.0, "95 %": 1.959964}
SAME_MINIMUM = 1.0
"""Units of the reduced χ² within which two fits count as the same minimum."""
SEED = 7


def pellet_task(share: float, glass: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Engine task of a synthetic pellet with the template's stages, and what is true."""
    pattern, truth = synthetic_pellet(share, seed=SEED, glass_hump=glass)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pattern(pattern, folder / "pellet.xye")
        write_instrument(laboratory_instrument(), folder / "instrument.toml")
        job = job_from_template(
            "antiperovskite-perovskite",
            folder / "pellet.xye",
            instrument=str(folder / "instrument.toml"),
            engine="native",
        )
        return engine_task(job, str(folder)), truth


def fitted(task: dict[str, Any]) -> dict[str, Any] | None:
    """Outcome of a fit in this process; None when it failed and said so."""
    try:
        return refine_task(task, lambda event: None)
    except NativeError:
        return None


def coverage(share: float, fits: int, glass: float) -> str:
    """Table of how often the intervals hold the truth."""
    task, truth = pellet_task(share, glass)
    low, high = task["pattern"]["two_theta"][0], task["pattern"]["two_theta"][-1]
    pulls: dict[str, list[float]] = {}
    failed = 0
    for seed in range(fits):
        pattern, _ = synthetic_pellet(share, seed=100_000 + seed, glass_hump=glass)
        kept = (pattern.x >= low) & (pattern.x <= high)
        counts = pattern.intensity[kept]
        one = copy.deepcopy(task)
        one["pattern"] |= {"intensity": counts.tolist(), "sigma": np.sqrt(np.maximum(counts, 1.0)).tolist()}
        outcome = fitted(one)
        if outcome is None or not outcome["converged"]:
            failed += 1
            continue
        for name, pull in _pulls(outcome, truth):
            pulls.setdefault(name, []).append(pull)
    rows = [f"| {name} | {len(values)} | {np.mean(values):+.2f} | {np.std(values, ddof=1):.2f} | {_held(values)} |"
            for name, values in pulls.items()]  # fmt: skip
    together = [value for values in pulls.values() for value in values]
    rows.append(f"| all | {len(together)} | {np.mean(together):+.2f} | {np.std(together):.2f} | {_held(together)} |")
    head = (
        "| quantity | fits | mean pull | its scatter | "
        + " | ".join(LEVELS)
        + " |\n| --- | --- | --- | --- | --- | --- |"
    )
    return "\n".join([f"share {share:g}, {fits} realisations, {failed} not converged", "", head, *rows])


def _pulls(outcome: dict[str, Any], truth: dict[str, Any]) -> list[tuple[str, float]]:
    """(found − true) / esd of fractions and cells."""
    found = []
    for phase, entry in outcome["engine_weight_fractions"].items():
        if entry["esd"]:
            found.append(
                (f"weight fraction {phase}", (entry["value"] - truth["weight_fractions"][phase]) / entry["esd"])
            )
    for name, entry in outcome["parameters"].items():
        _, phase, *rest = name.split(".")
        if rest[:1] == ["cell"] and entry["esd"]:
            true = truth["cells"][phase]["abc".index(rest[1])]
            found.append((f"{phase} {rest[1]}", (entry["value"] - true) / entry["esd"]))
    return found


def _held(values: Sequence[float]) -> str:
    return " | ".join(f"{np.mean(np.abs(values) <= limit):.1%}" for limit in LEVELS.values())


def scattered(task: dict[str, Any], best: dict[str, Any], random: np.random.Generator) -> dict[str, Any]:
    """The task with random starts: cells ± 0.5 %, sizes and strains × 0.3–3, scales × 0.1–10 about the best fit's."""
    one = copy.deepcopy(task)
    freed = {name for stage in task["stages"] for name in stage["free"]}
    for name in sorted(freed):
        entry, last = one["parameters"][name], name.rsplit(".", 1)[-1]
        value = best["parameters"][name]["value"]
        if ".cell." in name:
            entry["value"] = value * random.uniform(0.995, 1.005)
        elif last in ("crystallite_size_nm", "microstrain"):
            entry["value"] = (value or 200.0) * float(np.exp(random.uniform(np.log(0.3), np.log(3.0))))
        elif last == "scale":
            entry["value"] = value * float(np.exp(random.uniform(np.log(0.1), np.log(10.0))))
        if entry["min"] is not None:
            entry["value"] = max(entry["value"], entry["min"])
        if entry["max"] is not None:
            entry["value"] = min(entry["value"], entry["max"])
    return one


def robustness(share: float, fits: int, glass: float) -> str:
    """Sentence on how many random starts reach the best minimum."""
    task, _ = pellet_task(share, glass)
    best = refine_task(task, lambda event: None)
    random = np.random.default_rng(SEED)
    outcomes = [fitted(scattered(task, best, random)) for _ in range(fits)]
    costs = np.array([np.inf if outcome is None else _chi_squared(outcome) for outcome in outcomes])
    lowest = min(costs.min(), _chi_squared(best))
    right = costs <= lowest + SAME_MINIMUM * best["agreement"]["gof"] ** 2
    doubtful = np.array([outcome is None or bool(_doubts(outcome)) for outcome in outcomes])
    reasons = {
        doubt
        for outcome, good in zip(outcomes, right, strict=True)
        if outcome and not good
        for doubt in _doubts(outcome)
    }
    worse = ", ".join(f"{ratio:.2f}" for ratio in np.sort(costs[~right] / lowest))
    return (
        f"share {share:g}: {right.sum()} of {fits} random starts end in the best minimum ({(right & doubtful).sum()} of them with a warning); of the "
        f"{(~right).sum()} others {(~right & doubtful).sum()} say that something is wrong ({'; '.join(sorted(reasons)) or 'none'}); their χ² over the "
        f"best: {worse or '–'}"
    )


def _chi_squared(outcome: dict[str, Any]) -> float:
    figures = outcome["agreement"]
    return float(figures["gof"] ** 2 * (figures["n_points"] - figures["n_free"]))


def _doubts(outcome: dict[str, Any]) -> list[str]:
    """What the outcome says against itself: what a check of the result turns into a warning."""
    cells = [
        name for name, entry in outcome["parameters"].items() if ".cell." in name and entry["reason"] == "at bound"
    ]
    doubts = ["a cell ends at its bound"] if cells else []
    doubts += [] if outcome["converged"] else ["not converged"]
    return doubts + ["serially correlated residuals" for text in outcome["warnings"] if "serially correlated" in text]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the two studies and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=["robustness", "coverage"])
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--share", type=float, default=0.59)
    parser.add_argument("--glass", type=float, default=0.0, help="height of a glass hump over the background")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    print({"robustness": robustness, "coverage": coverage}[options.study](options.share, options.fits, options.glass))
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
