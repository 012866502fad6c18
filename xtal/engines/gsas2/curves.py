"""Calculated curves and reflections of the current model."""

from __future__ import annotations

import contextlib
import pickle
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import WorkerError
from .program import Quiet
from .session import Session


@dataclass(frozen=True)
class Calculation:
    """Curves at the measured points and the reflection list of each phase, from the task's order."""

    calculated: np.ndarray
    background: np.ndarray
    phases: list[np.ndarray]
    reflections: list[np.ndarray]


def calculate(session: Session) -> list[Calculation]:
    """Calculate every pattern and the share of each phase without refining.

    GSAS-II writes its per-phase sums ("partials") in a run without cycles.
    That runs on a copy of the project, because it would erase the covariance.
    The arrays left by a refinement cannot be used: after a rejected last step
    they belong to that step.
    """
    work = Path(tempfile.mkdtemp(dir=session.gpx.parent))
    session.project.save()
    copy_path, dump = work / "partials.gpx", work / "partials.dat"
    shutil.copy(session.gpx, copy_path)
    copy = session.g2.scriptable.G2Project(gpxfile=str(copy_path))
    controls = copy.data["Controls"]["data"]
    controls["max cyc"], controls["PhasePartials"] = 0, str(dump)
    copy.save()
    ok, found = session.g2.main.Refine(str(copy_path), dlg=Quiet(), makeBack=False)
    if not ok:
        raise WorkerError("diverged", f"GSAS-II cannot calculate the pattern: {found.get('msg')}")
    copy.reload()
    partials = read_partials(dump)
    found = [
        calculation_of(copy.histogram(i), [phase.name for phase in session.phases], given, partials.get(i, {}))
        for i, given in enumerate(session.given)
    ]
    shutil.rmtree(work, ignore_errors=True)
    return found


def calculation_of(
    histogram: Any, names: list[str], given: np.ndarray, partials: Mapping[str, np.ndarray]
) -> Calculation:
    """Curves of one histogram at its measured points."""
    data = [np.ma.getdata(column) for column in histogram.data["data"][1]]
    missing = [name for name in names if name not in partials]
    if missing and len(names) > 1:
        raise WorkerError("internal", f"GSAS-II gave no profile for {', '.join(missing)}")
    # GSAS-II dumps nothing for a single phase
    phases = [partials[name] for name in names] if len(names) > 1 else [data[3] - data[4]]
    lists = histogram.data["Reflection Lists"]
    return Calculation(
        calculated=data[3][given],
        background=data[4][given],
        phases=[np.ma.getdata(profile)[given] for profile in phases],
        reflections=[np.asarray(lists[name]["RefList"], float) for name in names],
    )


def read_partials(path: Path) -> dict[int, dict[str, np.ndarray]]:
    """Profiles by histogram and phase from GSAS-II's dump: per histogram None, its number, x, background, then pairs."""
    found: dict[int, dict[str, np.ndarray]] = {}
    number = -1
    with path.open("rb") as stream, contextlib.suppress(EOFError):
        while True:
            name = pickle.load(stream)
            if name is None:
                number = int(pickle.load(stream))
                found[number] = {}
                for _ in range(2):
                    pickle.load(stream)
            else:
                found[number][str(name)] = np.asarray(pickle.load(stream))
    return found
