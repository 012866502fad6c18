"""One phase: its reflections, and its peaks with derivatives by every parameter that moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..diffraction.families import equivalents, reflection_families
from ..diffraction.reflections import d_limits
from ..elements import atomic_mass
from ..instrument import Instrument
from ..lattice import Lattice
from .cell import CELL_NAMES, reciprocal_metric_slopes
from .from_task import structure_of
from .peaks import Peaks, angular_factor, bragg_angles, peak_centres, peak_widths
from .refusals import NativeError
from .structure_intensity import StructureIntensity
from .texture_slopes import texture_slopes

__all__ = ["PATTERN_NAMES", "PhaseModel", "Strength"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MARGIN = 1.0
"""Reflections this far outside the range, degrees 2θ, still reach into it."""

BACKSCATTERED = 179.0

PATTERN_NAMES = {f"pattern.profile.{letter}": letter for letter in "uvwxy"}
"""Widths that all phases share."""


@dataclass(frozen=True)
class Strength:
    """Per reflection: 1/d², \\|F\\|² and multiplicity · \\|F\\|² · texture, with its slopes by parameters and by the cell."""

    inverse_d_squared: FloatArray
    f_squared: FloatArray
    value: FloatArray
    slopes: dict[str, FloatArray]
    cell_slopes: dict[str, FloatArray]
    d_slopes: dict[str, FloatArray]


class PhaseModel:
    """A phase of a task.

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
        self.axis = phase.get("texture_axis")
        self.scattering = StructureIntensity(self.structure, instrument.radiation, use_dispersion)

    def known_names(self) -> list[str]:
        """Dotted names of the parameters that this phase has."""
        own = ["scale", "crystallite_size_nm", "microstrain", *(["texture.r"] if self.axis else [])]
        own += [f"cell.{name}" for name in self.structure.space_group.free_cell_parameters()]
        return [self.prefix + name for name in (*own, *self.scattering.names())]

    def lattice(self, values: Mapping[str, float]) -> Lattice:
        """Cell at the values of the parameters.

        Raises
        ------
        NativeError
            The fit ran into an impossible cell.
        """
        own = {name: values[key] for name in CELL_NAMES if (key := f"{self.prefix}cell.{name}") in values}
        try:
            return self.structure.space_group.complete_cell(own, self.structure.lattice)
        except Exception as error:
            raise NativeError("diverged", f"phase {self.name}: impossible cell ({error}).") from error

    def list_reflections(self, values: Mapping[str, float], low: float, high: float) -> None:
        """Make the list of reflections that reach into a range of 2θ (degrees), and keep it for the next evaluations."""
        lattice, radiation, group = self.lattice(values), self.instrument.radiation, self.structure.space_group
        limits = d_limits(radiation, max(low - MARGIN, 0.0), min(high + MARGIN, BACKSCATTERED))
        self.hkl, self.multiplicity = reflection_families(lattice, group, *limits)
        if not len(self.hkl):
            raise NativeError("bad_input", f"phase {self.name}: no reflection between {low:g} and {high:g}° 2θ.")
        self.indices = self.hkl.astype(float)
        self.images = equivalents(self.hkl, group.laue_rotations).astype(float) if self.axis else None
        inverse = self._inverse_d_squared(lattice)
        lengths = np.array([length for length, _ in radiation.lines])
        sine = lengths[:, None] * np.sqrt(inverse) / 2
        self.line, self.reflection = np.nonzero(sine < np.sin(np.radians(BACKSCATTERED / 2)))
        self.wavelengths = lengths[self.line]
        weights = np.array([weight for _, weight in radiation.lines])
        self.shares = (weights / weights.sum())[self.line]

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

    def strengths(self, values: Mapping[str, float], wanted: set[str]) -> Strength:
        """What the reflections would scatter at scale 1, before the factors of the angle."""
        lattice = self.lattice(values)
        metric, inverse = lattice.reciprocal_metric_tensor, self._inverse_d_squared(lattice)
        own = {name.removeprefix(self.prefix): value for name, value in values.items() if name.startswith(self.prefix)}
        inner = {name.removeprefix(self.prefix) for name in wanted}
        f2, slopes, by_s, by_metric = self.scattering.evaluate(self.indices, inverse / 4, metric, own, inner)
        moves = {
            name: slope
            for name, slope in reciprocal_metric_slopes(lattice, self.structure.space_group).items()
            if f"cell.{name}" in inner
        }
        d_slopes = {name: ((self.indices @ slope) * self.indices).sum(axis=1) for name, slope in moves.items()}
        cell_slopes = {name: by_s * d_slopes[name] / 4 + np.diag(slope) @ by_metric for name, slope in moves.items()}
        factor = np.ones(len(inverse))
        if self.images is not None and self.axis is not None:
            factor, by_r, by_cell = texture_slopes(
                self.images, metric, self.axis, own["texture.r"], list(moves.values())
            )
            cell_slopes = {
                name: factor * slope + f2 * turned
                for (name, slope), turned in zip(cell_slopes.items(), by_cell, strict=True)
            }
            slopes = {name: factor * slope for name, slope in slopes.items()}
            slopes["texture.r"] = f2 * by_r
        m = self.multiplicity
        return Strength(inverse, f2, m * factor * f2, {name: m * slope for name, slope in slopes.items()},
                        {name: m * slope for name, slope in cell_slopes.items()}, d_slopes)  # fmt: skip

    def peaks(self, values: Mapping[str, float], moving: tuple[str, ...]) -> tuple[Peaks, tuple[str, ...]]:
        """Peaks of all lines, and the names, in the order of the slopes, of the moving parameters that change them."""
        wanted = {name for name in moving if name.startswith(self.prefix)}
        strength = self.strengths(values, wanted)
        angles = bragg_angles(strength.inverse_d_squared[self.reflection], self.wavelengths)
        zero, displacement = (values.get(f"pattern.{name}", 0.0) for name in ("zero", "displacement"))
        centre, centre_by_angle, per_mm = peak_centres(angles, self.instrument, zero, displacement)
        widths = peak_widths(angles.two_theta, self.wavelengths, self._width_values(values))
        factor, factor_slope = angular_factor(angles.two_theta, self.instrument)
        scale = values[f"{self.prefix}scale"]
        unit = self.shares * factor
        bare = unit * strength.value[self.reflection]
        columns: dict[str, FloatArray] = {}

        def column(name: str, **parts: FloatArray | float) -> None:
            made = np.zeros((4, len(centre)))
            for row, part in enumerate(("area", "centre", "fwhm", "eta")):
                made[row] = parts.get(part, 0.0)
            columns[name] = made

        for name in moving:
            inner = name.removeprefix(self.prefix)
            if inner in strength.slopes:
                column(name, area=scale * unit * strength.slopes[inner][self.reflection])
            elif inner == "scale":
                column(name, area=bare)
            elif inner.startswith("cell."):
                by_d = strength.d_slopes[inner[5:]][self.reflection]
                turn = angles.by_inverse_d_squared * by_d
                own = unit * strength.cell_slopes[inner[5:]][self.reflection]
                column(name, area=scale * (own + bare * factor_slope * turn), centre=centre_by_angle * turn,
                       fwhm=widths.by_angle[0] * turn, eta=widths.by_angle[1] * turn)  # fmt: skip
            elif name == "pattern.zero":
                column(name, centre=1.0)
            elif name == "pattern.displacement":
                column(name, centre=per_mm)
            elif (width := self._width_name(name)) is not None:
                column(name, fwhm=widths.slopes[width][0], eta=widths.slopes[width][1])
        names = tuple(columns)
        stacked = np.stack(list(columns.values()), axis=-1) if columns else np.zeros((4, len(centre), 0))
        slopes = np.ascontiguousarray(np.moveaxis(stacked, 0, 1))
        return Peaks(centre, scale * bare, widths.fwhm, widths.eta, slopes), names

    def _width_name(self, name: str) -> str | None:
        own = {f"{self.prefix}crystallite_size_nm": "inverse_size", f"{self.prefix}microstrain": "microstrain"}
        return own.get(name) or PATTERN_NAMES.get(name)

    def _width_values(self, values: Mapping[str, float]) -> dict[str, float]:
        shared = {letter: values.get(name, 0.0) for name, letter in PATTERN_NAMES.items()}
        size, strain = (values.get(self.prefix + name, 0.0) for name in ("crystallite_size_nm", "microstrain"))
        return {**shared, "inverse_size": size, "microstrain": strain}
