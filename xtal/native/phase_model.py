"""One phase: its reflections, and its peaks with derivatives by every parameter that moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.families import reflection_families
from ..diffraction.reflections import d_limits
from ..elements import atomic_mass
from ..instrument import Instrument
from ..lattice import Lattice
from .broadening import Broadening
from .cell import CELL_NAMES, reciprocal_metric_slopes
from .from_task import structure_of
from .orientation import orientation_of
from .peaks import Peaks, Seen, constant_wavelength_peaks
from .reflected import INVERSE_D_SQUARED, INVERSE_SIZE, STRAIN, STRENGTH, Reflected
from .refusals import NativeError
from .structure_intensity import StructureIntensity

__all__ = ["PhaseModel"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MARGIN = 1.0
"""Reflections this far outside the range, degrees 2θ, still reach into it."""

BACKSCATTERED = 179.0

_OF_STRUCTURE = ("cell.", "site.", "texture.")
"""Parameters on which strengths depend beside the scale; while they rest, what was calculated is kept."""


class PhaseModel:
    """A phase of a task, as a diffractometer of constant wavelength sees it.

    Parameters
    ----------
    phase : dict
        As in the task.
    instrument : Instrument
        Radiation and geometry.
    use_dispersion : bool
        Whether f′ and f″ are added.
    """

    def __init__(self, phase: dict[str, Any], instrument: Instrument, use_dispersion: bool) -> None:
        self.name, self.prefix = str(phase["name"]), f"phase.{phase['name']}."
        self.instrument = instrument
        self.structure = structure_of(phase)
        self.orientation = orientation_of(phase, self.structure)
        self.broadening = Broadening(phase, self.structure)
        self.scattering = StructureIntensity(self.structure, instrument.radiation, use_dispersion)
        self.extracted: FloatArray | None = None
        inner = ["scale", *self.orientation.names(), *self.scattering.names(), *self.broadening.names()]
        inner += [f"cell.{name}" for name in self.structure.space_group.free_cell_parameters()]
        self._own = [(self.prefix + name, name) for name in inner]
        self._cell_names = [(self.prefix + f"cell.{name}", name) for name in CELL_NAMES]
        self._key: Any = None
        self._scattered: Any = None
        self._lattices: dict[tuple[float | None, ...], Lattice] = {}
        self._moving: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._last: tuple[tuple[float | None, ...], Reflected] | None = None

    def known_names(self) -> list[str]:
        """Dotted names of the parameters that this phase has."""
        own = ["scale", *self.orientation.names(), *self.scattering.names()] if self.extracted is None else []
        own += [*self.broadening.names()]
        own += [f"cell.{name}" for name in self.structure.space_group.free_cell_parameters()]
        return [self.prefix + name for name in own]

    def lattice(self, values: Mapping[str, float]) -> Lattice:
        """Cell at the values of the parameters.

        Raises
        ------
        NativeError
            The fit ran into an impossible cell.
        """
        given = tuple(values.get(key) for key, _ in self._cell_names)
        if given not in self._lattices:
            own = {name: values[key] for key, name in self._cell_names if key in values}
            try:
                lattice = self.structure.space_group.complete_cell(own, self.structure.lattice)
            except Exception as error:
                raise NativeError("diverged", f"phase {self.name}: impossible cell ({error}).") from error
            # the cell of an evaluation is asked for again and again; those before it are not
            self._lattices = {given: lattice}
        return self._lattices[given]

    def list_reflections(self, values: Mapping[str, float], low: float, high: float) -> None:
        """Make the list of reflections that reach into a range of the axis, and keep it for the next evaluations."""
        lattice, radiation = self.lattice(values), self.instrument.radiation
        self._list(lattice, *d_limits(radiation, max(low - MARGIN, 0.0), min(high + MARGIN, BACKSCATTERED)))
        if not len(self.hkl):
            raise NativeError("bad_input", f"phase {self.name}: no reflection between {low:g} and {high:g}° 2θ.")
        lengths = np.array([length for length, _ in radiation.lines])
        sine = lengths[:, None] * np.sqrt(self._inverse_d_squared(lattice)) / 2
        self.line, self.reflection = np.nonzero(sine < np.sin(np.radians(BACKSCATTERED / 2)))
        weights = np.array([weight for _, weight in radiation.lines])
        self.seen = Seen(self.reflection, lengths[self.line], (weights / weights.sum())[self.line])

    def _list(self, lattice: Lattice, d_min: float, d_max: float) -> None:
        """The families between two d-spacings (Å)."""
        self.hkl, self.multiplicity = reflection_families(lattice, self.structure.space_group, d_min, d_max)
        self.indices = self.hkl.astype(float)
        self._key, self._last = None, None

    def _inverse_d_squared(self, lattice: Lattice) -> FloatArray:
        return np.asarray(((self.indices @ lattice.reciprocal_metric_tensor) * self.indices).sum(axis=1))

    def mass_factor(self, values: Mapping[str, float]) -> float:
        """Mass of the cell's content (u) times its volume (Å³)."""
        mass = sum(
            atomic_mass(member.site.element, member.site.isotope) * member.multiplicity
            * values.get(f"{self.prefix}site.{member.site.label}.occupancy", member.site.occupancy)
            for member in self.scattering.sites
        )  # fmt: skip
        return mass * self.lattice(values).volume

    def reflected(self, values: Mapping[str, float], moving: tuple[str, ...] = ()) -> Reflected:
        """The reflections at `values` with derivatives by those of the `moving` parameters that are the phase's."""
        given = tuple(values.get(key) for key, _ in self._own)
        names = self._moving.get(moving)
        if names is None:
            names = self._moving[moving] = tuple(name for name in moving if name.startswith(self.prefix))
        if self._last is not None and self.extracted is None and self._last[0] == given:
            found = self._last[1]
            if names in (found.names, ()):
                return found if names else replace(found, names=(), slopes=found.slopes[:0])
        found = self._reflected(values, names)
        self._last = given, found
        return found

    def _reflected(self, values: Mapping[str, float], names: tuple[str, ...]) -> Reflected:
        inner = [name[len(self.prefix) :] for name in names]
        own = {name: values[key] for key, name in self._own if key in values}
        lattice = self.lattice(values)
        metric, inverse = lattice.reciprocal_metric_tensor, self._inverse_d_squared(lattice)
        moves = self._moves(lattice, inner)
        along = list(moves.values())
        broadened = self.broadening.evaluate(self.hkl, inverse, metric, own, along)
        slopes = np.zeros((len(names), 4, len(inverse)))
        for row, name in zip(slopes, inner, strict=True):
            if name in broadened.slopes:
                row[INVERSE_SIZE : STRAIN + 1] = broadened.slopes[name]
        for (name, move), by_move in zip(moves.items(), broadened.by_moves, strict=True):
            row = slopes[inner.index(f"cell.{name}")]
            row[INVERSE_D_SQUARED] = ((self.indices @ move) * self.indices).sum(axis=1)
            row[INVERSE_SIZE : STRAIN + 1] = by_move
        if self.extracted is None:
            strength, f2 = self._strength(lattice, inverse, own, inner, moves, slopes)
        else:
            strength, f2 = self.multiplicity * self.extracted, self.extracted
        return Reflected(strength, inverse, broadened.inverse_size, broadened.strain, f2, names, slopes)

    def _moves(self, lattice: Lattice, inner: list[str]) -> dict[str, FloatArray]:
        """Derivatives of the reciprocal metric by the cell parameters among `inner`."""
        if not any(name.startswith("cell.") for name in inner):
            return {}
        slopes = reciprocal_metric_slopes(lattice, self.structure.space_group)
        return {name: slope for name, slope in slopes.items() if f"cell.{name}" in inner}

    def _strength(
        self, lattice: Lattice, inverse: FloatArray, own: Mapping[str, float], inner: list[str],
        moves: Mapping[str, FloatArray], slopes: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Strength and |F|² from the structure; the slopes of the strength are entered."""
        whole = own["scale"] * self.multiplicity
        key = (tuple(item for item in own.items() if item[0].startswith(_OF_STRUCTURE)), tuple(inner))
        if key != self._key:
            self._key = key
            self._scattered = (
                self.scattering.evaluate(self.indices, inverse / 4, lattice.reciprocal_metric_tensor, own, set(inner)),
                self.orientation.evaluate(self.hkl, lattice, own, list(moves.values())),
            )
        (f2, f2_slopes, by_s, by_metric), (factor, turns, turns_by_moves) = self._scattered
        turned_whole = whole * factor
        for row, name in zip(slopes, inner, strict=True):
            if name == "scale":
                row[STRENGTH] = self.multiplicity * factor * f2
            elif name in f2_slopes:
                row[STRENGTH] = turned_whole * f2_slopes[name]
            elif name in turns:
                row[STRENGTH] = whole * f2 * turns[name]
        for (name, move), turned in zip(moves.items(), turns_by_moves, strict=True):
            row = slopes[inner.index(f"cell.{name}")]
            by_cell = by_s * row[INVERSE_D_SQUARED] / 4 + np.diag(move) @ by_metric
            row[STRENGTH] = whole * (factor * by_cell + f2 * turned)
        return np.asarray(turned_whole * f2), np.asarray(f2)

    def peaks(self, values: Mapping[str, float], moving: tuple[str, ...]) -> tuple[Peaks, tuple[str, ...]]:
        """Peaks of all lines, and the names, in the order of the slopes, of the moving parameters that change them."""
        return constant_wavelength_peaks(self.reflected(values, moving), self.seen, self.instrument, values, moving)
