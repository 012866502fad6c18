"""Parameters of a joint refinement: several patterns of one sample."""

from __future__ import annotations

from collections.abc import Sequence

from .parameters import pattern_parameters, phase_parameters
from .resolved import JobPattern, JobPhase, Parameter

__all__ = ["joint_parameters"]

LARGEST_STRAIN = 0.05


def joint_parameters(phases: Sequence[JobPhase], patterns: Sequence[JobPattern]) -> dict[str, Parameter]:
    """Parameters of every pattern as ``pattern.NAME.…``, then those of the phases, which all patterns share.

    The first pattern is the reference: the phases' scales and cells are as it shows them. Every other pattern has
    ``pattern.NAME.scale``, its intensity per unit of those scales, and ``pattern.NAME.strain.PHASE.a`` (b, c): there that
    axis of the phase is longer by this fraction, as after a change of temperature or from a wrong wavelength. The phases'
    shares of each other are the same in all patterns while ``pattern.NAME.share.PHASE`` is held at 1, which multiplies
    the phase's scale in that pattern; the first phase has none.
    """
    parameters: dict[str, Parameter] = {}
    for index, one in enumerate(patterns):
        if index > 0:
            parameters[f"{one.prefix}.scale"] = Parameter(1.0, 0.0)
            for phase in phases:
                axes = [name for name in phase.structure.space_group.free_cell_parameters() if name in "abc"]
                for axis in axes:
                    name = f"{one.prefix}.strain.{phase.name}.{axis}"
                    parameters[name] = Parameter(0.0, -LARGEST_STRAIN, LARGEST_STRAIN)
            for phase in phases[1:]:
                parameters[f"{one.prefix}.share.{phase.name}"] = Parameter(1.0, 0.0)
        for name, parameter in pattern_parameters(one.instrument, one.background_terms, one.peaks).items():
            parameters[f"{one.prefix}.{name.removeprefix('pattern.')}"] = parameter
    for phase in phases:
        for name, parameter in phase_parameters(phase).items():
            parameters[f"phase.{phase.name}.{name}"] = parameter
    return parameters
