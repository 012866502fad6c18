"""Current values written into the project."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .cells import CELL_NAMES, cell_volume, complete_cell
from .extra_peaks import set_peaks
from .instrument import instrument_parameters
from .measured import Measured
from .session import Session
from .strains import axis_strains, set_strain
from .tensors import COMPONENTS, FIRST_COLUMN, complete_tensor

SMALLEST_AXIAL = 0.002
# With K = 1 this size broadens by less than 1e-8 degrees: the same as no size at all.
NO_SIZE_MICROMETRE = 1e6
# GSAS-II's name, ours, and theirs over ours.
SAMPLE_VARIABLES = (
    ("Shift", "displacement", 1e3),
    ("Transparency", "transparency", 10.0),
    ("Absorption", "absorption", 1.0),
)


def set_values(session: Session) -> None:
    """Write the current value of every parameter into the project."""
    for measured in session.patterns:
        set_pattern_values(session, measured)
    for phase, entry in zip(session.phases, session.task["phases"], strict=True):
        set_phase_values(session, phase, entry["name"])


def set_pattern_values(session: Session, measured: Measured) -> None:
    """Background, instrument and scale of one pattern."""
    head, values = measured.prefix, session.values
    set_background(session, measured, session.n_used(measured.number))
    histogram = session.histogram(measured.number)
    inst = histogram.data["Instrument Parameters"][0]
    for name, entry in instrument_parameters(measured.entry, values, head).items():
        inst[name] = entry
    sample = histogram.data["Sample Parameters"]
    relative = values.get(f"{head}.scale")
    sample["Scale"] = [session.scale_unit * (1.0 if relative is None else relative), False]
    for name, dotted, factor in SAMPLE_VARIABLES:
        if name in sample:
            sample[name] = [(values.get(f"{head}.{dotted}") or 0.0) * factor, False]
    set_peaks(measured, values, histogram)
    if measured.axis == "two_theta" and (values.get(f"{head}.profile.axial") or 0.0) < SMALLEST_AXIAL:
        session.warn(f"{head}.profile.axial is below {SMALLEST_AXIAL}, which GSAS-II uses instead")


def set_background(session: Session, measured: Measured, n_terms: int) -> None:
    """Background with ``n_terms`` terms in GSAS-II's own scaling."""
    ours = [session.values.get(name) or 0.0 for name in measured.background()]
    theirs = (measured.to_gsas2_background() @ np.array(ours))[:n_terms]
    background = session.histogram(measured.number).data["Background"]
    background[0] = ["chebyschev-1", False, n_terms, *(float(v) for v in theirs)]
    session.n_backgrounds[measured.number] = n_terms


def set_phase_values(session: Session, phase: Any, name: str) -> None:
    """Scale, broadening, texture, cell, strains and sites of one phase."""
    values, head = session.values, f"phase.{name}"
    set_cell(phase, values, head)
    for measured, hap in zip(session.patterns, session.haps(phase), strict=True):
        set_hap_values(session, hap, head, share_of(session, measured, name))
        set_widths(session, hap, name, measured.strain_share)
        set_strain(phase, hap, axis_strains(phase, values, f"{measured.prefix}.strain.{name}"))
    for number, record in enumerate(phase.data["Atoms"]):
        set_site(session, record, phase.id, number)


def share_of(session: Session, measured: Measured, name: str) -> float:
    """What multiplies the scale of a phase in a pattern."""
    share = session.values.get(f"{measured.prefix}.share.{name}")
    return 1.0 if share is None else share


def set_hap_values(session: Session, hap: Any, head: str, share: float) -> None:
    """Scale and texture of one phase in one histogram."""
    values = session.values
    scale = values.get(f"{head}.scale")
    hap["Scale"] = [share * (1.0 if scale is None else scale) / session.scale_unit, False]
    hap["LeBail"] = session.task.get("mode") == "lebail"
    ratio = values.get(f"{head}.texture.r")
    hap["Pref.Ori."][:3] = ["MD", 1.0 if ratio is None else ratio, False]


def micrometres(nanometres: float | None) -> float:
    """Size in GSAS-II's unit; none at all when it is not given."""
    return nanometres / 1e3 if nanometres and math.isfinite(nanometres) else NO_SIZE_MICROMETRE


def set_widths(session: Session, hap: Any, name: str, strain_share: float) -> None:
    """Size, isotropic or uniaxial, and strain, isotropic or Stephens's, whose terms go with its square."""
    values, head = session.values, f"phase.{name}"
    axis, terms = session.size_axes.get(name), session.stephens.get(name) or {}
    sizes = [micrometres(values.get(f"{head}.crystallite_size{part}_nm")) for part in ("", "_axial")]
    hap["Size"][0], hap["Mustrain"][0] = "uniaxial" if axis else "isotropic", "isotropic"
    hap["Size"][1] = [sizes[0], sizes[1] if axis else 1.0, 1.0]
    hap["Mustrain"][1] = [(values.get(f"{head}.microstrain") or 0.0) * 1e6 * strain_share, 1.0, 1.0]
    if axis:
        hap["Size"][3] = [int(index) for index in axis]
    if terms:
        hap["Mustrain"][0] = "generalized"
        for term, (position, factor) in terms.items():
            coefficient = values.get(f"{head}.stephens.{term}") or 0.0
            hap["Mustrain"][4][position] = coefficient / factor * strain_share**2


def set_cell(phase: Any, values: Mapping[str, float | None], head: str) -> None:
    """Independent cell parameters from the task, the others by symmetry."""
    cell = [float(v) for v in phase.data["General"]["Cell"][1:7]]
    for i, name in enumerate(CELL_NAMES):
        value = values.get(f"{head}.cell.{name}")
        if value is not None:
            cell[i] = value
    cell = complete_cell(cell, phase.data["General"]["SGData"]["SGLaue"])
    phase.data["General"]["Cell"][1:8] = [*cell, cell_volume(cell)]


def set_site(session: Session, record: list[Any], phase_id: int, number: int) -> None:
    """Coordinates, occupancy and U of one atom record."""
    columns = {f"{phase_id}::Afrac:{number}": 6, f"{phase_id}::AUiso:{number}": 10}
    columns |= {f"{phase_id}::dA{axis}:{number}": 3 + i for i, axis in enumerate("xyz")}
    columns |= {f"{phase_id}::A{name}:{number}": FIRST_COLUMN + i for i, name in enumerate(COMPONENTS)}
    for parameter in session.table.values():
        value = session.values[parameter.dotted]
        if parameter.variable in columns and value is not None:
            record[columns[parameter.variable]] = value - parameter.offset
    if record[9] == "A":
        complete_tensor(session.g2.spacegroups, record)
