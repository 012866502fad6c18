"""Least squares by GSAS-II."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import WorkerError
from .program import Quiet
from .session import Session
from .values import micrometres

# Windows of peaks that gain or lose points and single precision leave small steps in chi²; where they stop the fine
# refinement, GSAS-II's own, coarser tolerance is tried.
COARSE, FINE = 1e-3, 1e-5
EXTRACTION_CYCLES = 10
MAX_COARSE_RESTARTS = 2
MAX_BOUND_RESTARTS = 4


@dataclass
class Fit:
    """What GSAS-II returned for one stage."""

    rvals: Mapping[str, Any]
    parameters: dict[str, Any]
    vary: list[str]
    covariance: np.ndarray
    frozen: list[str]
    seconds: float = 0.0
    stopped_short: bool = False


def extract_intensities(session: Session) -> None:
    """Bring Le Bail's intensities to rest before anything else moves; a new list of them at the first time."""
    controls = session.project.data["Controls"]["data"]
    controls["newLeBail"] = not session.stages
    session.project.save()
    ok, found = session.g2.main.DoLeBail(str(session.gpx), cycles=EXTRACTION_CYCLES)
    if not ok:
        raise WorkerError("diverged", f"GSAS-II cannot extract intensities: {found.get('msg')}")
    session.project.reload()


def refine(session: Session, is_last: bool) -> Fit:
    """Refine as closely as GSAS-II can; from a dead end go on with its coarse tolerance.

    A dead end of an earlier stage is left as it is unless the stage did nothing.
    """
    started = time.perf_counter()
    if session.task.get("mode") == "lebail":
        extract_intensities(session)
    fit = refine_within_bounds(session, FINE)
    for _ in range(MAX_COARSE_RESTARTS):
        if not fit.rvals.get("Aborted") or (gain(fit) > COARSE and not is_last):
            break
        other = refine_coarsely(session, fit)
        if other is fit:
            fit.stopped_short = True
            break
        fit = other
    fit.seconds = time.perf_counter() - started
    return fit


def gain(fit: Fit) -> float:
    """Fraction by which the refinement lowered chi²."""
    before = fit.rvals.get("GOF0")
    return 1.0 - (float(fit.rvals["GOF"]) / float(before)) ** 2 if before else 0.0


def refine_coarsely(session: Session, fit: Fit) -> Fit:
    """A better fit by way of the coarse tolerance, or the same one with the project put back."""
    files = (session.gpx, session.gpx.with_suffix(".lst"))
    kept = [(path, path.with_suffix(path.suffix + ".kept")) for path in files]
    for path, copy in kept:
        shutil.copy(path, copy)
    refine_within_bounds(session, COARSE)
    other = refine_within_bounds(session, FINE)
    better = bool(other.rvals["chisq"] < (1.0 - COARSE) * fit.rvals["chisq"])
    for path, copy in kept:
        if better:
            copy.unlink()
        else:
            copy.replace(path)
    if not better:
        session.project.reload()
    return other if better else fit


def refine_within_bounds(session: Session, tolerance: float) -> Fit:
    """Repeat the refinement until it freezes no further parameter at a limit."""
    session.project.data["Controls"]["data"]["min dM/M"] = tolerance
    known: list[str] | None = None
    for _ in range(MAX_BOUND_RESTARTS):
        fit = refine_once(session)
        if known == fit.frozen or not fit.frozen:
            break
        known = fit.frozen
    return fit


def refine_once(session: Session) -> Fit:
    """One call of GSAS-II's least squares; raises on divergence."""
    restore_fixed_sizes(session)
    session.project.index_ids()
    ok, rvals = session.g2.main.Refine(str(session.gpx), dlg=Quiet(), makeBack=False)
    if not ok:
        message = " ".join(str(rvals.get("msg", "no reason given")).split())
        raise WorkerError("diverged", f"GSAS-II gave up: {rename(session, message)}")
    session.project.reload()
    restore_fixed_sizes(session)
    session.project.save()
    found = session.project.data["Covariance"]["data"]
    vary = [str(name) for name in rvals.get("parmDictSigDict", {})]
    frozen = session.project.data["Controls"]["data"].get("parmFrozen", {}).get("FrozenList", [])
    return Fit(
        rvals=rvals,
        parameters=dict(rvals["parmDictAfterFit"]),
        vary=vary,
        covariance=np.asarray(found["covMatrix"], float) if vary else np.zeros((0, 0)),
        frozen=[str(name) for name in frozen],
    )


def restore_fixed_sizes(session: Session) -> None:
    """Take back the 10 µm to which GSAS-II cuts every size after a refinement.

    That would broaden by 0.001 degrees where the task asks for no broadening.
    """
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        for hap in session.haps(phase):
            for i, part in enumerate(("", "_axial") if hap["Size"][0] == "uniaxial" else ("",)):
                if not hap["Size"][2][i]:
                    nanometres = session.values.get(f"phase.{entry['name']}.crystallite_size{part}_nm")
                    hap["Size"][1][i] = micrometres(nanometres)


def rename(session: Session, message: str) -> str:
    """GSAS-II's variable names in a message replaced by the dotted ones."""
    for parameter in sorted(session.table.values(), key=lambda p: -len(p.variable)):
        message = re.sub(rf"(?<![\w:;]){re.escape(parameter.variable)}(?![\w;:])", parameter.dotted, message)
    return message
