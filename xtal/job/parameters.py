"""Every parameter of a refinement model by its dotted name, with start value and default bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from ..displacement_freedom import U_NAMES, free_tensors
from ..errors import JobError
from ..instrument import Instrument
from ..stephens import stephens_terms
from ..structure import Site, Structure
from ..symmetry import SpaceGroup
from .messages import nearest
from .resolved import JobPhase, Parameter, Peak
from .time_of_flight import tof_parameters

__all__ = [
    "DEFAULT_PLATE_MU_T",
    "DEFAULT_SIZE_NM",
    "DEFAULT_U_ISO",
    "adjusted",
    "idle_pattern_parameters",
    "idle_phase_parameters",
    "matching",
    "model_parameters",
    "pattern_parameters",
    "phase_parameters",
]

DEFAULT_U_ISO = 0.01
"""Start value of a displacement parameter that the source doesn't give, Å² (B = 0.79 Å²)."""

DEFAULT_SIZE_NM = 200.0
"""Start value of a crystallite size that is to be refined, nm."""

DEFAULT_PLATE_MU_T = 1.0
"""Start value of µt of a thin plate that is to be refined."""

_CELL_FREEDOM = 0.05
_ANGLE_FREEDOM = 5.0
_COORDINATE_FREEDOM = 0.2
_BOUNDED_AROUND_START = frozenset({"a", "b", "c", "alpha", "beta", "gamma", "x", "y", "z"})


def matching(pattern: str, names: Sequence[str]) -> list[str]:
    """Names that a dotted name with wildcards means: itself, or everything below it (``phase.a.cell``)."""
    below = f"{pattern}.*"
    return [name for name in names if fnmatchcase(name, pattern) or fnmatchcase(name, below)]


def model_parameters(
    phases: Sequence[JobPhase],
    instrument: Instrument,
    background_terms: int,
    peaks: Sequence[Peak] = (),
) -> dict[str, Parameter]:
    """Parameters of pattern and phases in a fixed order.

    Crystallite sizes are absent: a phase has no size broadening until a start value or a stage asks for it
    (`adjusted` and the stages add it).
    """
    parameters = pattern_parameters(instrument, background_terms, peaks)
    for phase in phases:
        prefix = f"phase.{phase.name}"
        for name, parameter in phase_parameters(phase).items():
            parameters[f"{prefix}.{name}"] = parameter
    return parameters


def pattern_parameters(
    instrument: Instrument, background_terms: int, peaks: Sequence[Peak] = ()
) -> dict[str, Parameter]:
    """Parameters of one pattern and its instrument, as the only pattern of a job calls them (``pattern.zero``)."""
    if instrument.bank is not None:
        return tof_parameters(instrument.bank, background_terms) | _peak_parameters(peaks)
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
    return parameters | _peak_parameters(peaks)


def _peak_parameters(peaks: Sequence[Peak]) -> dict[str, Parameter]:
    """Parameters of extra peaks; a position may move by two widths."""
    parameters: dict[str, Parameter] = {}
    for peak in peaks:
        prefix, freedom = f"pattern.peak.{peak.name}", 2.0 * peak.fwhm
        parameters[f"{prefix}.position"] = Parameter(peak.position, peak.position - freedom, peak.position + freedom)
        parameters[f"{prefix}.area"] = Parameter(peak.area, 0.0)
        parameters[f"{prefix}.fwhm"] = Parameter(peak.fwhm, 0.05 * peak.fwhm, 20.0 * peak.fwhm)
        parameters[f"{prefix}.eta"] = Parameter(peak.eta, 0.0, 1.0)
    return parameters


def idle_pattern_parameters(instrument: Instrument) -> dict[str, Parameter]:
    """Parameters that a model has only when a start value or a stage names them: absorption, transparency, a thin plate."""
    if instrument.bank is not None:
        return {}
    if instrument.geometry == "debye-scherrer":
        return {"pattern.absorption": Parameter(0.0, 0.0, 10.0)}
    idle = {"pattern.plate_mu_t": Parameter(np.inf, 1e-3, 50.0)}
    if instrument.goniometer_radius is not None:
        idle["pattern.transparency"] = Parameter(0.0, 0.0, 5.0)
    return idle


def phase_parameters(phase: JobPhase) -> dict[str, Parameter]:
    """Parameters of one phase by their names within it (``cell.a``, ``site.Cl1.x``)."""
    structure = phase.structure
    parameters = {"scale": Parameter(1.0, 0.0), **_cell_parameters(structure), **_width_parameters(phase)}
    if phase.texture_axis is not None:
        parameters["texture.r"] = Parameter(1.0, 0.1, 3.0)
    parameters |= {f"texture.c{order}_{number}": Parameter(0.0) for order, number in phase.harmonics}
    for site in structure.sites:
        for name, parameter in _site_parameters(site, structure.space_group).items():
            parameters[f"site.{site.label}.{name}"] = parameter
    return parameters


def _width_parameters(phase: JobPhase) -> dict[str, Parameter]:
    """Size and strain, isotropic or as the phase asks for them."""
    parameters = {"crystallite_size_nm": Parameter(np.inf, 2.0, 1e5)}
    if phase.size_axis is not None:
        parameters["crystallite_size_axial_nm"] = Parameter(np.inf, 2.0, 1e5)
    parameters["microstrain"] = Parameter(0.0, 0.0, 0.1)
    if phase.anisotropic_strain:
        terms = stephens_terms(phase.structure.space_group)
        parameters |= {f"stephens.{name}": Parameter(0.0) for name in terms}
    return parameters


def idle_phase_parameters(phase: JobPhase) -> dict[str, Parameter]:
    """Independent components of displacement tensors, which a model has only when something names one of the site's."""
    return {
        f"site.{site.label}.{name}": Parameter(
            site.u_aniso[U_NAMES.index(name)], *((1e-5, 0.3) if name in U_NAMES[:3] else (-0.3, 0.3))
        )
        for site in phase.structure.sites
        if site.u_aniso is not None
        for name in free_tensors(phase.structure, site)
    }


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
