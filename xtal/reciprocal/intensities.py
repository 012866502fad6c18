r"""What is scattered, and how strongly each reciprocal-lattice point scatters it: X-rays, neutrons or electrons.

:math:`F(h) = \sum_j o_j f_j T_j(h) e^{2\pi i h \cdot x_j}`. |F|² is in electrons² (X-rays), fm² (neutrons) or Å² (electrons, first Born
approximation without the relativistic mass factor). Electron wavelength
:math:`\lambda = h / \sqrt{2 m e V (1 + eV / 2mc^2)}` (Reimer & Kohl, Transmission Electron Microscopy, 5th ed., eq. 2.7),
constants of CODATA 2018.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..diffraction.form_factors import electron_form_factor
from ..diffraction.structure_factors import calculate_structure_factors, scattering_groups
from ..errors import InputError
from ..radiation import Radiation
from ..structure import Structure

__all__ = ["Probe", "ProbeKind", "electron_wavelength", "intensities_of_friedel_pairs"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ComplexArray = NDArray[np.complex128]

ProbeKind = Literal["xray", "neutron", "electron"]

H_OVER_ROOT_2ME = 12.264259661
"""h / √(2 m e), Å V^½."""

E_OVER_2MC2 = 9.7847565e-7
"""e / (2 m c²), V⁻¹."""

F_SQUARED_UNITS = {"xray": "e²", "neutron": "fm²", "electron": "Å²"}
_BLOCK = 2_000_000


def electron_wavelength(voltage: float) -> float:
    """Relativistic wavelength of electrons, Å, from the accelerating voltage in V."""
    return float(H_OVER_ROOT_2ME / np.sqrt(voltage * (1 + E_OVER_2MC2 * voltage)))


@dataclass(frozen=True)
class Probe:
    """What is scattered.

    Parameters
    ----------
    kind : {"xray", "neutron", "electron"}
        Decides the form factors.
    wavelength : float
        Å.
    voltage : float, optional
        Accelerating voltage of electrons, V.
    """

    kind: ProbeKind
    wavelength: float
    voltage: float | None = None

    @classmethod
    def from_text(cls, text: str) -> Probe:
        """Probe as a user writes it: ``xray`` (Cu Kα1), ``xray:MoKa``, ``xray:0.4139A``, ``neutron``, ``neutron:1.594A``, ``electron:200kV``.

        Raises
        ------
        InputError
            Anything else, or a voltage outside 1–3000 kV.
        """
        kind, _, detail = text.strip().partition(":")
        if kind == "electron":
            return cls.electrons(_voltage(detail or "200kV", text))
        if kind == "neutron":
            return cls("neutron", Radiation.from_name(f"neutron:{detail or '1.8A'}").wavelength)
        if kind == "xray":
            return cls("xray", Radiation.from_name(detail or "CuKa1").wavelength)
        raise InputError(f"probe {text!r} is not known;", where="probe",
                         remedy="write xray, xray:MoKa, neutron or electron:200kV.")  # fmt: skip

    @classmethod
    def electrons(cls, voltage: float) -> Probe:
        """Electrons of an accelerating voltage in V.

        Raises
        ------
        InputError
            A voltage outside 1–3000 kV.
        """
        if not 1e3 <= voltage <= 3e6:
            raise InputError(f"accelerating voltage {voltage:g} V;", where="probe", remedy="give 1–3000 kV.")
        return cls("electron", electron_wavelength(voltage), voltage)

    @property
    def label(self) -> str:
        """``"X-rays"``, ``"neutrons"`` or ``"electrons, 200 kV"``."""
        if self.kind == "electron" and self.voltage:
            return f"electrons, {self.voltage / 1e3:g} kV"
        return "X-rays" if self.kind == "xray" else f"{self.kind}s"

    @property
    def f_squared_unit(self) -> str:
        """Unit of |F|² for this probe."""
        return F_SQUARED_UNITS[self.kind]


def _voltage(text: str, whole: str) -> float:
    match = re.fullmatch(r"\s*([0-9.]+)\s*([kM]?)V\s*", text)
    if not match:
        raise InputError(f"probe {whole!r} has no voltage;", where="probe", remedy="write electron:200kV.")
    return float(match[1]) * {"": 1.0, "k": 1e3, "M": 1e6}[match[2]]


def intensities_of_friedel_pairs(structure: Structure, hkl: IntArray, probe: Probe) -> tuple[FloatArray, FloatArray]:
    """|F|² of reflections (n, 3) and of their Friedel mates; X-rays with f′ and f″ at the probe's wavelength.

    Raises
    ------
    CifError
        An element or ion without form factor for this probe.
    InputError
        An X-ray wavelength without f′.
    """
    if not len(hkl):
        return np.empty(0), np.empty(0)
    if probe.kind == "electron":
        squared = np.abs(_electron_structure_factors(structure, hkl)) ** 2
        return squared, squared
    kind: Literal["xray", "neutron_cw"] = "xray" if probe.kind == "xray" else "neutron_cw"
    plus, minus = calculate_structure_factors(structure, hkl, Radiation(kind, ((probe.wavelength, 1.0),)))
    return np.abs(plus) ** 2, np.abs(minus) ** 2


def _electron_structure_factors(structure: Structure, hkl: IntArray) -> ComplexArray:
    """F with electron form factors, Å; they are real, so |F| of Friedel mates is equal."""
    s_squared = structure.lattice.g_length(hkl) ** 2 / 4
    total = np.zeros(len(hkl), dtype=complex)
    indices = hkl.astype(float)
    for group in scattering_groups(structure, neutral_atoms=True):
        form = electron_form_factor(group.species.element, s_squared)
        exponent = np.einsum("ni,ij,nj->n", indices, group.beta, indices)
        total += form * np.exp(-2 * np.pi**2 * exponent) * _phase_sums(group.xyz, group.occupancy, hkl)
    return total


def _phase_sums(xyz: FloatArray, occupancy: FloatArray, hkl: IntArray) -> ComplexArray:
    """Sum of occupancy · exp(2πi h·x), exponentials taken once per index and atom."""
    low, high = hkl.min(axis=0), hkl.max(axis=0)
    x, y, z = (np.exp(2j * np.pi * np.outer(np.arange(low[i], high[i] + 1), xyz[:, i])) for i in range(3))
    rows = hkl - low
    step = max(1, _BLOCK // len(xyz))
    parts = [slice(start, start + step) for start in range(0, len(hkl), step)]
    return np.concatenate([(x[rows[p, 0]] * y[rows[p, 1]] * z[rows[p, 2]]) @ occupancy for p in parts])
