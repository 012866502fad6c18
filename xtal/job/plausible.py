"""Start values that no crystal has: cells in another unit, displacement parameters that can't be refined."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..errors import JobError
from .resolved import JobPhase, Parameter

__all__ = ["refuse_implausible_starts"]

_CELL_FACTOR = 2.0
"""Over this factor from its structure a cell is no variant of it."""
_TOLERANCE = 1e-12


def refuse_implausible_starts(
    parameters: Mapping[str, Parameter], phases: Sequence[JobPhase], free: Collection[str], where: str
) -> None:
    """Refuse cells that start far from their structure's, and displacement parameters of a CIF that start outside their bounds.

    Raises
    ------
    JobError
        Such a start value.
    """
    for phase in phases:
        for name in phase.structure.space_group.free_cell_parameters():
            own, parameter = getattr(phase.structure.lattice, name), parameters[f"phase.{phase.name}.cell.{name}"]
            if not 1 / _CELL_FACTOR < parameter.start / own < _CELL_FACTOR:
                unit = "Å" if name in "abc" else "°"
                raise JobError(
                    f"phase.{phase.name}.cell.{name} starts at {parameter.start:g} {unit}, its structure has {own:g} {unit};",
                    where=where,
                    remedy="give it in Å (1 nm is 10 Å) or degrees, or name another structure.",
                )
    for name in free:
        low, high = parameters[name].min, parameters[name].max
        start = parameters[name].start
        if name.endswith(".u_iso") and not (low or 0.0) - _TOLERANCE <= start <= (high or start) + _TOLERANCE:
            raise JobError(
                f"{name} starts at {start:g} Å², outside its bounds [{low}, {high}];",
                where=where,
                remedy="give it a start value or correct the CIF; values above 0.1 are often B = 8π²U.",
            )
