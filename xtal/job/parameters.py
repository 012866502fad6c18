"""Every parameter of a refinement model by its dotted name, with start value and default bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from ..errors import JobError
from ..instrument import Instrument
from ..structure import Site, Structure
from ..symmetry import SpaceGroup
from .messages import nearest
from .resolved import JobPhase, Parameter
from .time_of_flight import tof_parameters

__all__ = [
    "DEFAULT_SIZE_NM",
    "DEFAULT_U_ISO",
    "adjusted",
    "matching",
    "model_parameters",
    "pattern_parameters",
    "phase_parameters",
]

DEFAULT_U_ISO = 0.01
"""Start value of a displacement parameter that the source doesn't give, Å² (B = 0.79 Å²)."""

DEFAULT_SIZE_NM = 200.0
"""Start value of a crystallite size that is to be refined, nm."""

_CELL_FREEDOM = 0.05
_ANGLE_FREEDOM = 5.0
_COORDINATE_FREEDOM = 0.2
_BOUNDED_AROUND_START = frozenset({"a", "b", "c", "alpha", "beta", "gamma", "x", "y", "z"})


def matching(pattern: str, names: Sequence[str]) -> list[str]:
    """Names that a dotted name with wildcards means: itself, or everything below it (``phase.a.cell``)."""
    below = f"{pattern}.*"
    return [name for name in names if fnmatchcase(name, pattern) or fnmatchcase(name, below)]


def model_parameters(phases: Sequence[JobPhase], instrument: Instrument, background_terms: int) -> dict[str, Parameter]:
    """Parameters of pattern and phases in a fixed order.

    Crystallite sizes are absent: a phase has no size broadening until a start value or a stage asks for it
    (`adjusted` and the stages add it).
    """
    parameters = pattern_parameters(instrument, background_terms)
    for phase in phases:
        prefix = f"phase.{phase.name}"
        for name, parameter in phase_parameters(phase).items():
            parameters[f"{prefix}.{name}"] = parameter
    return parameters


def pattern_parameters(instrument: Instrument, background_terms: int) -> dict[str, Parameter]:
    """Parameters of one pattern and its instrument, as the only pattern of a job calls them (``pattern.zero``)."""
    if instrument.bank is not None:
        return tof_parameters(instrument.bank, background_terms)
    profile = instrument.profile
    parameters = {"pattern.zero": Parameter(instrument.zero, -0.5, 0.5)}
    if instrument.goniometer_radius is not None and instrument.geometry == "bragg-brentano":
        parameters["pattern.displacement"] = Parameter(0.0, -1.0, 1.0)
    for index in range(background_terms):
        parameters[f"pattern.background.c{index}"] = Parameter(0.0)
    parameters |= {
        "pattern.profile.u": Parameter(profile.u, -0.5, 0.5),
        "pattern.profile.v": Parameter(profile.v, -0.5, 0.5),
        "pattern.profile.w": Parameter(profile.w, 0.0, 0.5),
        "pattern.profile.x": Parameter(profile.x, 0.0, 2.0),
        "pattern.profile.y": Parameter(profile.y, 0.0, 2.0),
        "pattern.profile.axial": Parameter(profile.axial, 0.0, 0.2),
    }
    return parameters


def phase_parameters(phase: JobPhase) -> dict[str, Parameter]:
    """Parameters of one phase by their names within it (``cell.a``, ``site.Cl1.x``)."""
    structure = phase.structure
    parameters = {"scale": Parameter(1.0, 0.0)}
    parameters |= _cell_parameters(structure)
    parameters["crystallite_size_nm"] = Parameter(np.inf, 2.0, 1e5)
    parameters["microstrain"] = Parameter(0.0, 0.0, 0.1)
    if phase.texture_axis is not None:
        parameters["texture.r"] = Parameter(1.0, 0.1, 3.0)
    for site in structure.sites:
        for name, parameter in _site_parameters(site, structure.space_group).items():
            parameters[f"site.{site.label}.{name}"] = parameter
    return parameters


def _cell_parameters(structure: Structure) -> dict[str, Parameter]:
    parameters = {}
    for name in structure.space_group.free_cell_parameters():
        parameters[f"cell.{name}"] = _around(name, getattr(structure.lattice, name))
    return parameters


def _around(name: str, start: float) -> Parameter:
    """Cell parameter or coordinate with default bounds, which lie symmetrically about its start."""
    freedom = _freedom(name, start)
    return Parameter(start, start - freedom, start + freedom)


def _freedom(name: str, start: float) -> float:
    if name in "xyz":
        return _COORDINATE_FREEDOM
    return start * _CELL_FREEDOM if name in "abc" else _ANGLE_FREEDOM


def _site_parameters(site: Site, space_group: SpaceGroup) -> dict[str, Parameter]:
    """Coordinates that site symmetry leaves independent, occupancy, and u_iso unless the site is anisotropic."""
    parameters = {}
    for direction in space_group.free_coordinates(site.xyz):
        axis = int(np.flatnonzero(np.abs(direction) > 1e-9)[0])
        parameters["xyz"[axis]] = _around("xyz"[axis], site.xyz[axis])
    parameters["occupancy"] = Parameter(site.occupancy, 0.0, 2.0)
    if site.u_aniso is None:
        parameters["u_iso"] = Parameter(DEFAULT_U_ISO if site.u_iso is None else site.u_iso, 0.0, 0.3)
    return parameters


def adjusted(
    parameters: Mapping[str, Parameter],
    starts: Mapping[str, float],
    bounds: Mapping[str, Sequence[float | None]],
    where: str,
) -> dict[str, Parameter]:
    """Parameters with the user's start values and bounds; names may hold wildcards.

    Raises
    ------
    JobError
        A name that matches nothing, bounds the wrong way round, or a start value outside its bounds.
    """
    changed = dict(parameters)
    for name, start in starts.items():
        for match in _matches_or_error(name, changed, where):
            changed[match] = _moved(match, changed[match], start)
    for name, (low, high) in bounds.items():
        if low is not None and high is not None and low >= high:
            raise JobError(f"bounds [{low:g}, {high:g}] of {name};", where=where, remedy="give [smaller, larger].")
        for match in _matches_or_error(name, changed, where):
            changed[match] = replace(changed[match], min=low, max=high)
    touched = {match for name in [*starts, *bounds] for match in matching(name, list(changed))}
    for name in touched:
        _refuse_start_outside(name, changed[name], where)
    return changed


def _moved(name: str, parameter: Parameter, start: float) -> Parameter:
    """Parameter with a new start; default bounds about the old start move along."""
    last = name.rsplit(".", 1)[-1]
    if last in _BOUNDED_AROUND_START and parameter == _around(last, parameter.start):
        return _around(last, start)
    return replace(parameter, start=start)


def _matches_or_error(name: str, parameters: Mapping[str, Parameter], where: str) -> list[str]:
    found = matching(name, list(parameters))
    if not found:
        raise JobError(f"no parameter is called {name!r};", where=where, remedy=nearest(name, parameters))
    return found


def _refuse_start_outside(name: str, parameter: Parameter, where: str) -> None:
    below = parameter.min is not None and parameter.start < parameter.min
    above = parameter.max is not None and parameter.start > parameter.max
    if np.isfinite(parameter.start) and (below or above):
        raise JobError(
            f"start value {parameter.start:g} of {name} lies outside its bounds [{parameter.min}, {parameter.max}];",
            where=where,
            remedy="widen the bounds or change the start value.",
        )
