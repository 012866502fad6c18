"""Weights of the phases."""

from __future__ import annotations

from typing import Any

from .fit import Fit
from .session import Session


def cell_mass(phase: Any) -> float:
    """Mass of the unit cell in atomic mass units, from the current occupancies."""
    general = phase.data["General"]
    masses = dict(zip(general["AtomTypes"], general["AtomMass"], strict=True))
    return float(sum(masses[atom[1]] * atom[6] * atom[8] for atom in phase.data["Atoms"]))


def mass_factors(session: Session) -> dict[str, float]:
    """GSAS-II's phase fraction counts unit cells: its weight is the mass of the cell."""
    return {
        entry["name"]: cell_mass(phase) for phase, entry in zip(session.phases, session.task["phases"], strict=True)
    }


def weight_fractions(session: Session, fit: Fit) -> dict[str, Any] | None:
    """GSAS-II's own weight fractions and their esd; None for a single phase."""
    if len(session.phases) < 2 or not fit.vary:
        return None
    phases = {phase.name: phase.data for phase in session.phases}
    for phase in session.phases:
        phase.data["General"]["Mass"] = cell_mass(phase)
    session.project.index_ids()
    session.g2.io.ReadCheckConstraints(str(session.gpx))
    values, esds = session.g2.math.calcMassFracs(fit.vary, fit.covariance, phases, session.histogram(0).name, 0)
    found = {}
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        key = f"{phase.id}:0:WgtFrac"
        if key not in values:
            return None
        esd = float(esds[key])
        found[entry["name"]] = {"value": float(values[key]), "esd": esd if esd > 0.0 else None}
    return found
