"""The project of a task at its start values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .checks import check_displacement, check_models, check_task, check_texture
from .corrections import (
    correct_absorption,
    correct_cell_slopes,
    correct_equivalence_slopes,
    correct_restraint_slopes,
    correct_tof_strain,
    integrate_axial_divergence,
    keep_extra_peaks_symmetric,
    keep_multiplicities,
    narrow_tof_windows,
    spare_observed_intensities,
    switch_dispersion,
)
from .errors import unsupported
from .le_bail import correct_extraction
from .measured import Measured
from .parameters import parameter_table, start_values
from .patterns import add_pattern
from .pawley import refuse_pawley, start_intensities
from .phases import add_phase
from .program import Gsas2
from .restraints import set_restraints
from .session import Session
from .start import start_scales
from .values import set_values


def open_session(g2: Gsas2, task: Mapping[str, Any]) -> Session:
    """Project with pattern, instrument and phases, all at their start values."""
    check_task(task)
    check_displacement(task)
    check_texture(task)
    check_models(task)
    refuse_pawley(task)
    work = Path(task["work_dir"])
    work.mkdir(parents=True, exist_ok=True)
    session = Session(g2, task, work / "refinement.gpx", start_values(task))
    session.n_backgrounds = {one.number: one.n_terms for one in session.patterns}
    switch_dispersion(g2, wants_dispersion(session.patterns))
    keep_multiplicities(g2)
    correct_equivalence_slopes(g2)
    correct_tof_strain(g2)
    integrate_axial_divergence(g2)
    spare_observed_intensities(g2)
    narrow_tof_windows(g2)
    correct_extraction(g2)
    correct_absorption(g2)
    correct_restraint_slopes(g2)
    keep_extra_peaks_symmetric(g2)
    session.project = g2.scriptable.G2Project(newgpx=str(session.gpx))
    for measured in session.patterns:
        add_pattern(session, measured)
    for phase in task["phases"]:
        add_phase(session, phase)
    correct_cell_slopes(g2, {f"{one.id}::": one.data["General"]["SGData"]["SGLaue"] for one in session.phases})
    session.project.save()
    set_restraints(session)
    session.table = parameter_table(task, 1.0, session.shifts, session.stephens)
    set_values(session)
    start_scales(session)
    if task.get("mode") == "pawley":
        start_intensities(session)
    return session


def wants_dispersion(patterns: Iterable[Measured]) -> bool:
    """Whether f', f'' are on; GSAS-II has one switch here for all X-ray patterns."""
    wanted = {bool(one.entry["instrument"].get("dispersion", True)) for one in patterns if one.kind == "xray"}
    if len(wanted) > 1:
        raise unsupported("instrument.dispersion: on for one X-ray pattern and off for another")
    return wanted != {False}
