"""Reflection tables: hkl families of a structure with d-spacing, multiplicity and structure factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..instrument import TofBank
from ..radiation import Radiation
from ..structure import Structure
from .families import reflection_families, squared_lengths
from .structure_factors import calculate_structure_factors

__all__ = ["Reflections", "calculate_reflections", "d_limits", "tof_limits"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

_SAME_D = 1e-7


@dataclass(frozen=True, eq=False)
class Reflections:
    """Families of reflections of one phase, by falling d-spacing.

    Parameters
    ----------
    phase : str
        Name of the structure.
    hkl : ndarray of int, shape (n, 3)
        A representative of each family.
    multiplicity : ndarray of int, shape (n,)
        Members of each family, Friedel mates included.
    d_spacing : ndarray, shape (n,)
        Å.
    structure_factor : ndarray of complex, shape (n,)
        F of the representative, electrons (X-rays) or fm (neutrons) per cell.
    f_squared : ndarray, shape (n,)
        Mean of |F|² over the representative and its Friedel mate.
    overlap_group : ndarray of int, shape (n,)
        Families of one number have the same d-spacing exactly (333 and 511 of a cubic crystal) but aren't equivalent.
    """

    phase: str
    hkl: IntArray
    multiplicity: IntArray
    d_spacing: FloatArray
    structure_factor: ComplexArray
    f_squared: FloatArray
    overlap_group: IntArray

    def __post_init__(self) -> None:
        for array in (self.hkl, self.multiplicity, self.d_spacing, self.structure_factor, self.f_squared,
                      self.overlap_group):  # fmt: skip
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.hkl)

    @cached_property
    def q(self) -> FloatArray:
        """Scattering vectors 2π/d, Å⁻¹, (n,)."""
        return np.asarray(2 * np.pi / self.d_spacing)

    def two_theta(self, wavelength: float) -> FloatArray:
        """Bragg angles at a wavelength (Å), degrees 2θ, (n,); NaN beyond 180°."""
        sine = wavelength / (2 * self.d_spacing)
        return np.asarray(2 * np.degrees(np.arcsin(np.where(sine <= 1, sine, np.nan))))

    def tof(self, bank: TofBank) -> FloatArray:
        """Flight times of a bank, µs, (n,)."""
        d = self.d_spacing
        return np.asarray(bank.dif_c * d + bank.dif_a * d**2 + bank.dif_b / d + bank.zero)

    def index(self, h: int, k: int, l: int) -> int:
        """Row of a representative.

        Raises
        ------
        InputError
            The table doesn't hold it.
        """
        rows = np.flatnonzero((self.hkl == (h, k, l)).all(axis=1))
        if not rows.size:
            raise InputError(f"reflection {h} {k} {l} is not in the table of {self.phase};",
                             remedy="it is absent, out of range, or listed under an equivalent index.")  # fmt: skip
        return int(rows[0])

    def overlaps(self) -> list[IntArray]:
        """Rows of families that share a d-spacing exactly, one array per group of two or more."""
        counts = np.bincount(self.overlap_group) if len(self) else np.empty(0, dtype=int)
        return [np.flatnonzero(self.overlap_group == group) for group in np.flatnonzero(counts > 1)]

    def to_table(self, wavelength: float | None = None) -> list[dict[str, float | int | str | None]]:
        """Rows as dictionaries: phase, h, k, l, multiplicity, d (Å), two_theta (degrees or None), f_squared."""
        angles = [None] * len(self) if wavelength is None else [
            None if np.isnan(angle) else float(angle) for angle in self.two_theta(wavelength)
        ]  # fmt: skip
        return [
            {"phase": self.phase, "h": int(h), "k": int(k), "l": int(l), "multiplicity": int(m), "d": float(d),
             "two_theta": angle, "f_squared": float(f)}
            for (h, k, l), m, d, angle, f in zip(self.hkl, self.multiplicity, self.d_spacing, angles, self.f_squared,
                                                 strict=True)
        ]  # fmt: skip

    def _repr_html_(self) -> str:
        """HTML table for notebooks."""
        from html import escape

        rows = "".join(
            f"<tr><td>{h} {k} {l}</td><td>{m}</td><td>{d:.5f}</td><td>{f:.2f}</td><td>{group}</td></tr>"
            for (h, k, l), m, d, f, group in zip(self.hkl, self.multiplicity, self.d_spacing, self.f_squared,
                                                 self.overlap_group, strict=True)
        )  # fmt: skip
        head = "<tr><th>hkl</th><th>multiplicity</th><th>d (Å)</th><th>|F|²</th><th>overlap group</th></tr>"
        return f"<p><b>{escape(self.phase)}</b>: {len(self)} families</p><table>{head}{rows}</table>"


def calculate_reflections(
    structure: Structure,
    radiation: Radiation | None = None,
    *,
    d_min: float | None = None,
    d_max: float = np.inf,
    two_theta: tuple[float, float] | None = None,
    q: tuple[float, float] | None = None,
    tof: tuple[TofBank, float, float] | None = None,
    use_dispersion: bool = True,
    neutral_atoms: bool = False,
) -> Reflections:
    """Reflection table of a structure, over one range given as d, 2θ, Q or flight time.

    Parameters
    ----------
    structure : Structure
        Crystal structure in any setting.
    radiation : Radiation, optional
        Cu Kα when none is given.
    d_min, d_max : float
        Limits of the d-spacing, Å.
    two_theta : tuple of float, optional
        Range of the Bragg angle at the shortest to the longest line, degrees.
    q : tuple of float, optional
        Range of the scattering vector 2π/d, Å⁻¹.
    tof : tuple of (TofBank, float, float), optional
        Bank and range of its flight times, µs.
    use_dispersion, neutral_atoms : bool
        See `calculate_structure_factors`.

    Raises
    ------
    InputError
        No range or an impossible one, a range that holds no reflection, a wavelength without f′.
    CifError
        An ion without form factor.
    """
    beam = radiation or Radiation.from_name("CuKa")
    if two_theta is not None:
        d_min, d_max = d_limits(beam, *two_theta)
    elif q is not None:
        d_min, d_max = 2 * np.pi / q[1], 2 * np.pi / q[0] if q[0] > 0 else np.inf
    elif tof is not None:
        d_min, d_max = tof_limits(*tof)
    if d_min is None or not 0 < d_min < d_max:
        raise InputError(f"range of d from {d_min} to {d_max} Å;", where=structure.name,
                         remedy="give d_min, two_theta, q or tof with the lower limit first.")  # fmt: skip
    hkl, multiplicity = reflection_families(structure.lattice, structure.space_group, d_min, d_max)
    if not len(hkl):
        raise InputError(f"no reflection between d = {d_min:.4g} and {d_max:.4g} Å;", where=structure.name,
                         remedy="widen the range or shorten the wavelength.")  # fmt: skip
    plus, minus = calculate_structure_factors(
        structure, hkl, beam, use_dispersion=use_dispersion, neutral_atoms=neutral_atoms
    )
    d = 1 / np.sqrt(squared_lengths(structure.lattice, hkl))
    f_squared = (np.abs(plus) ** 2 + np.abs(minus) ** 2) / 2
    return Reflections(structure.name, hkl, multiplicity, d, plus, f_squared, _overlap_groups(d))


def _overlap_groups(d: FloatArray) -> IntArray:
    """Number the runs of equal d in an array sorted by falling d."""
    return np.concatenate([[0], np.cumsum(np.abs(np.diff(d)) > _SAME_D * d[1:])])


def d_limits(radiation: Radiation, low: float, high: float) -> tuple[float, float]:
    """Range of d (Å) that reaches angles between `low` and `high` (degrees 2θ) at any line.

    Raises
    ------
    InputError
        Angles outside 0–180° or in the wrong order.
    """
    if not 0 <= low < high <= 180:
        raise InputError(f"range {low:g}–{high:g}° 2θ;", remedy="give 0 ≤ low < high ≤ 180.")
    wavelengths = [wavelength for wavelength, _ in radiation.lines]
    d_min = min(wavelengths) / (2 * np.sin(np.radians(high / 2)))
    d_max = max(wavelengths) / (2 * np.sin(np.radians(low / 2))) if low > 0 else np.inf
    return float(d_min), float(d_max)


def tof_limits(bank: TofBank, low: float, high: float) -> tuple[float, float]:
    """Range of d (Å) that a bank sees between two flight times (µs), by bisection of the monotonic calibration.

    Raises
    ------
    InputError
        Times in the wrong order, or a calibration by which no d reaches them.
    """
    d = np.linspace(0.05, 50.0, 200_000)
    times = bank.dif_c * d + bank.dif_a * d**2 + bank.dif_b / d + bank.zero
    inside = d[(times >= low) & (times <= high)]
    if not low < high or not inside.size:
        raise InputError(f"no d-spacing arrives between {low:g} and {high:g} µs;", where="time of flight",
                         remedy="check the range and difC.")  # fmt: skip
    return float(inside[0]), float(inside[-1])
