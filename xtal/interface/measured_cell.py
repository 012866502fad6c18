"""A crystal whose cell was measured: standard uncertainties, thermal expansion, and how they reach derived numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import GeometryError
from ..lattice import Lattice
from ..result import Result, Value
from ..structure import Structure

__all__ = ["MeasuredCell", "cell_from_result", "propagated"]

FloatArray = NDArray[np.float64]

_LENGTHS = ("a", "b", "c")


@dataclass(frozen=True)
class MeasuredCell:
    r"""A structure with the uncertainty of its cell.

    Parameters
    ----------
    structure : Structure
        Crystal, with the measured cell.
    esds : mapping
        Standard uncertainties of the cell parameters that symmetry leaves free (``{"a": 0.0003}``), Å and degrees. A
        parameter that is not listed has no known uncertainty; 0 calls it exact.
    expansion : mapping
        Linear thermal expansion of a, b, c in 1/K, with esds: :math:`a(T) = a (1 + α_a (T - T_0))`.
    temperature, reference_temperature : float
        T wanted and T_0 of the measured cell, K.

    Raises
    ------
    GeometryError
        An esd that is negative or of a parameter that symmetry fixes, or an expansion of something that isn't a, b, c.
    """

    structure: Structure
    esds: Mapping[str, float] = field(default_factory=dict)
    expansion: Mapping[str, Value] = field(default_factory=dict)
    temperature: float = 298.0
    reference_temperature: float = 298.0

    def __post_init__(self) -> None:
        free = self.structure.space_group.free_cell_parameters()
        for name, esd in self.esds.items():
            if name not in free:
                raise GeometryError(
                    f"an esd for {name}, which symmetry fixes;", where=self.name, remedy=f"free are {', '.join(free)}."
                )
            if not (np.isfinite(esd) and esd >= 0):
                raise GeometryError(f"the esd of {name} is {esd:g};", where=self.name, remedy="give 0 or more.")
        for name in self.expansion:
            if name not in free or name not in _LENGTHS:
                raise GeometryError(
                    f"a thermal expansion of {name};",
                    where=self.name,
                    remedy=f"give it for {', '.join(n for n in free if n in _LENGTHS)}.",
                )

    @property
    def name(self) -> str:
        """Name of the structure."""
        return self.structure.name

    @cached_property
    def parameters(self) -> dict[str, Value]:
        """Independent numbers behind the cell: free cell parameters, and ``expansion.a`` … where a temperature matters."""
        free = self.structure.space_group.free_cell_parameters()
        values = dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), self.structure.lattice.parameters, strict=True))
        found = {name: Value(values[name], self.esds.get(name)) for name in free}
        if self.temperature != self.reference_temperature:
            found |= {f"expansion.{name}": value for name, value in self.expansion.items()}
        return found

    def lattice_of(self, values: Mapping[str, float]) -> Lattice:
        """Lattice at `temperature` for given independent numbers."""
        step = self.temperature - self.reference_temperature
        grown = {
            name: value * (1 + values.get(f"expansion.{name}", 0.0) * step)
            for name, value in values.items()
            if "." not in name
        }
        return self.structure.space_group.complete_cell(grown, self.structure.lattice)

    @cached_property
    def lattice(self) -> Lattice:
        """Lattice at `temperature`."""
        return self.lattice_of({name: _number(value) for name, value in self.parameters.items()})

    @cached_property
    def at_temperature(self) -> Structure:
        """The structure with the lattice at `temperature`."""
        return self.structure.with_lattice(self.lattice)

    def with_cell(self, values: Mapping[str, float], esds: Mapping[str, float]) -> MeasuredCell:
        """The same crystal with other cell parameters; those that symmetry ties follow."""
        lattice = self.structure.space_group.complete_cell(dict(values), self.structure.lattice)
        return replace(self, structure=self.structure.with_lattice(lattice), esds=dict(esds))

    def length(self, uvw: Sequence[float]) -> Value:
        """Length of a direct-lattice vector with its esd, Å."""
        return propagated(lambda film, _: film.length(uvw).reshape(1), self, self)[0]


def _number(value: Value) -> float:
    if value.value is None:
        raise GeometryError("a cell parameter or expansion without a value;", remedy="give its number.")
    return float(value.value)


def propagated(
    function: Callable[[Lattice, Lattice], FloatArray], film: MeasuredCell, substrate: MeasuredCell
) -> list[Value]:
    """Values of a function of two lattices with esds by linear propagation; cell parameters count as uncorrelated.

    Parameters
    ----------
    function : callable
        Takes the lattices of film and substrate, returns a vector.
    film, substrate : MeasuredCell
        Where the numbers and their esds come from.

    Returns
    -------
    list of Value
        An esd is None, with a reason, when a number that the value depends on has none.
    """
    sources = [
        (owner, f"{cell.name} {name}", name, value)
        for owner, cell in enumerate((film, substrate))
        for name, value in cell.parameters.items()
    ]
    cells = (film, substrate)

    def evaluate(moved: int, step: float) -> FloatArray:
        numbers: list[dict[str, float]] = [{}, {}]
        for number, (owner, _, name, value) in enumerate(sources):
            numbers[owner][name] = _number(value) + (step if number == moved else 0.0)
        lattices = [cell.lattice_of(values) for cell, values in zip(cells, numbers, strict=True)]
        return np.atleast_1d(function(lattices[0], lattices[1]))

    centre = evaluate(-1, 0.0)
    derivatives = np.empty((len(sources), centre.size))
    for number, (_, _, _, value) in enumerate(sources):
        step = 1e-5 * max(abs(_number(value)), 1e-6)
        derivatives[number] = (evaluate(number, step) - evaluate(number, -step)) / (2 * step)
    return [_with_esd(float(centre[i]), derivatives[:, i], sources) for i in range(centre.size)]


def _with_esd(value: float, derivative: FloatArray, sources: list[tuple[int, str, str, Value]]) -> Value:
    scale = np.array([abs(_number(source)) for *_, source in sources])
    matters = np.abs(derivative) * np.maximum(scale, 1e-6) > 1e-7
    missing = [
        label for used, (_, label, _, source) in zip(matters, sources, strict=True) if used and source.esd is None
    ]
    if missing:
        return Value(value, None, f"no esd of {', '.join(dict.fromkeys(missing))}")
    esds = np.array([source.esd or 0.0 for *_, source in sources])
    return Value(value, float(np.sqrt(np.sum((derivative * esds) ** 2))))


def cell_from_result(result: Result, phase: str, structure: Structure) -> MeasuredCell:
    """A structure with the cell and esds that a refinement found for one of its phases.

    Raises
    ------
    GeometryError
        The result has no such phase.
    """
    if phase not in result.phases:
        raise GeometryError(
            f"the result has no phase {phase!r};", remedy=f"its phases are {', '.join(result.phases) or 'none'}."
        )
    cell = result.phases[phase].cell
    lattice = Lattice.from_parameters(cell.values)
    free = structure.space_group.free_cell_parameters()
    esds = {name: getattr(cell, name).esd for name in free}
    known = {name: float(esd) for name, esd in esds.items() if esd is not None}
    return MeasuredCell(structure.with_lattice(lattice), known)
