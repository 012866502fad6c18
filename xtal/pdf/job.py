"""A PDF job after everything it names was read, and the parameters of its model by dotted name.

``data.NAME.scale``, ``data.NAME.q_damp``, ``data.NAME.q_broad``, ``phase.NAME.scale``, ``phase.NAME.cell.a``, ``phase.NAME.delta1``,
``phase.NAME.delta2``, ``phase.NAME.diameter``, ``phase.NAME.site.LABEL.x``, ``…occupancy``, ``…u_iso`` or ``…u11``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from ..displacement_freedom import U_NAMES, free_tensors
from ..job.parameters import matching, phase_parameters
from ..job.resolved import JobPhase, Parameter, Stage, Tie
from ..job.schema import StageTable
from ..pattern import Pattern
from ..rietveld.refined_structure import refined_structure
from ..structure import Site, Structure
from .simulate import PdfPhase, PdfSettings, SimulatedPdf, simulate_pdf
from .site_scattering import Probe

__all__ = [
    "BoxCar",
    "PdfBond",
    "PdfData",
    "PdfJob",
    "PdfJobPhase",
    "default_stages",
    "independent_points",
    "pdf_parameters",
    "structures_of",
]

_TAKEN = ("cell.", "site.")
_LARGEST_U = 0.15


@dataclass(frozen=True, eq=False)
class PdfData:
    """A measured G(r) cut to its range.

    Parameters
    ----------
    name : str
        As parameters call it.
    pattern : Pattern
        r in Å, G in Å⁻², σ.
    probe : {"xray", "neutron"}
        Radiation.
    q_max : float
        Å⁻¹; 0 for none.
    weighted : bool
        Whether 1/σ² of the file are the weights; else all are 1.
    """

    name: str
    pattern: Pattern
    probe: Probe
    q_max: float
    weighted: bool

    @property
    def n_independent(self) -> float:
        """Independent numbers in the range, Δr Qmax/π + 1, at most the number of points (C. E. Shannon 1949)."""
        return independent_points(float(np.ptp(self.pattern.x)), self.q_max, self.pattern.x)


@dataclass(frozen=True)
class PdfJobPhase:
    """A phase of a PDF job.

    Parameters
    ----------
    name : str
        As parameters call it.
    structure : Structure
        What is calculated and refined.
    diameter : float or None
        Start value for spherical particles, Å; None for a bulk crystal.
    left_out : tuple of Site
        Sites of the crystal that the calculation leaves out, such as hydrogen for X-rays.
    """

    name: str
    structure: Structure
    diameter: float | None = None
    left_out: tuple[Site, ...] = ()

    def whole(self, structure: Structure) -> Structure:
        """The structure, as refined, with the sites that were left out where they started."""
        return structure.with_sites((*structure.sites, *self.left_out))


@dataclass(frozen=True)
class PdfBond:
    """Distances to report: from `first` to `second` (elements or labels) between `low` and `high`, Å."""

    first: str
    second: str
    low: float
    high: float


@dataclass(frozen=True)
class BoxCar:
    """Windows of a series, Å, and the parameters free in each."""

    windows: tuple[tuple[float, float], ...]
    free: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PdfJob:
    """A resolved PDF job.

    Parameters
    ----------
    parameters : dict of Parameter
        Every parameter of the model by dotted name.
    stages : tuple of Stage
        In order, each with everything that is free in it.
    inputs : dict of str
        sha256 of every input by its file name.
    """

    title: str
    data: tuple[PdfData, ...]
    phases: tuple[PdfJobPhase, ...]
    parameters: Mapping[str, Parameter]
    ties: tuple[Tie, ...]
    stages: tuple[Stage, ...]
    bonds: tuple[PdfBond, ...] = ()
    box_car: BoxCar | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    output_folder: str | None = None
    notes: tuple[str, ...] = ()

    def start_values(self) -> dict[str, float]:
        """Start values with followers of ties set."""
        return self.completed({name: parameter.start for name, parameter in self.parameters.items()})

    def completed(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of all parameters with followers of ties set."""
        full = dict(values)
        for tie in self.ties:
            full[tie.target] = tie.constant + sum(coefficient * full[name] for coefficient, name in tie.terms)
        return full

    def simulated(self, values: Mapping[str, float], data: PdfData, *, partials: bool = False) -> SimulatedPdf:
        """G(r) of the model at the points of a data set by this project's own calculation, without the data's scale."""
        prefix = f"data.{data.name}."
        settings = PdfSettings(data.probe, data.q_max, abs(values[f"{prefix}q_damp"]), abs(values[f"{prefix}q_broad"]))
        phases = []
        for phase, structure in zip(self.phases, structures_of(self, values), strict=True):
            own = f"phase.{phase.name}."
            diameter = None if phase.diameter is None else values[f"{own}diameter"]
            phases.append(
                PdfPhase(structure, values[f"{own}scale"], values[f"{own}delta1"], values[f"{own}delta2"], diameter)
            )
        return simulate_pdf(phases, data.pattern.x, settings, partials=partials)


def independent_points(length: float, q_max: float, r: ArrayLike) -> float:
    """Independent numbers in a `length` (Å) of G(r) at the points `r` (Å), Δr Qmax/π + 1, at most the points in it."""
    points = np.asarray(r, dtype=float)
    n_points = min(float(len(points)), length / float(np.diff(points).mean()) + 1.0)
    return n_points if q_max <= 0 else min(n_points, length * q_max / np.pi + 1.0)


def structures_of(job: PdfJob, values: Mapping[str, float]) -> tuple[Structure, ...]:
    """Structures of the phases with these parameter values."""
    found = []
    for phase in job.phases:
        prefix = f"phase.{phase.name}."
        own = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
        found.append(_with_tensors(refined_structure(phase.structure, own), own))
    return tuple(found)


def _with_tensors(structure: Structure, values: Mapping[str, float]) -> Structure:
    sites = []
    for site in structure.sites:
        if site.u_aniso is not None:
            basis = free_tensors(structure, site)
            tensor = sum(values[f"site.{site.label}.{name}"] * row for name, row in basis.items())
            u11, u22, u33, u12, u13, u23 = (float(value) for value in np.zeros(6) + tensor)
            site = replace(site, u_aniso=(u11, u22, u33, u12, u13, u23))
        sites.append(site)
    return structure.with_sites(sites)


def pdf_parameters(phases: Sequence[PdfJobPhase], data: Sequence[str]) -> dict[str, Parameter]:
    """Parameters of data sets and phases in a fixed order; cell, coordinates and displacements as symmetry leaves them free."""
    parameters: dict[str, Parameter] = {}
    for name in data:
        parameters[f"data.{name}.scale"] = Parameter(1.0, 0.0)
        parameters[f"data.{name}.q_damp"] = Parameter(0.0, 0.0, 0.5)
        parameters[f"data.{name}.q_broad"] = Parameter(0.0, 0.0, 0.5)
    for phase in phases:
        prefix = f"phase.{phase.name}."
        parameters[f"{prefix}scale"] = Parameter(1.0, 0.0)
        parameters |= {f"{prefix}{name}": item for name, item in _structural(phase).items()}
        parameters[f"{prefix}delta1"] = Parameter(0.0, 0.0, 10.0)
        parameters[f"{prefix}delta2"] = Parameter(0.0, 0.0, 20.0)
        if phase.diameter is not None:
            parameters[f"{prefix}diameter"] = Parameter(phase.diameter, 1.0, 1000.0)
    return parameters


def _structural(phase: PdfJobPhase) -> dict[str, Parameter]:
    """Cell and site parameters as a powder refinement names them, and Uij."""
    inner = phase_parameters(JobPhase(phase.name, phase.structure))
    found = {name: item for name, item in inner.items() if name.startswith(_TAKEN)}
    for site in phase.structure.sites:
        if site.u_aniso is not None:
            for name in free_tensors(phase.structure, site):
                value = site.u_aniso[U_NAMES.index(name)]
                found[f"site.{site.label}.{name}"] = Parameter(value, 1e-5 if name in U_NAMES[:3] else -0.1, 0.3)
        else:
            found[f"site.{site.label}.u_iso"] = replace(found[f"site.{site.label}.u_iso"], min=1e-5, max=_LARGEST_U)
    return found


def default_stages(names: Sequence[str], n_phases: int) -> list[StageTable]:
    """Stages of a job that names none: scale, then cell, then widths, then positions."""
    scale = ["phase.*.scale"] if n_phases > 1 else ["data.*.scale"]
    # In full, so that nothing of a data set or phase that is called x is meant.
    widths = ["phase.*.site.*.u_iso", "phase.*.site.*.u??", "phase.*.delta2", "phase.*.diameter"]
    steps = [("scale", scale), ("cell", ["phase.*.cell"]), ("widths", widths),
             ("positions", [f"phase.*.site.*.{name}" for name in "xyz"])]  # fmt: skip
    tables = []
    for title, wanted in steps:
        present = [pattern for pattern in wanted if matching(pattern, list(names))]
        if present:
            tables.append(StageTable.model_validate({"name": title, "free": present, "max_cycles": 100}))
    return tables
