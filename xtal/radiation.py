"""Radiation: X-ray lines with weights, constant-wavelength neutrons, time-of-flight neutrons.

Characteristic wavelengths: G. Hölzer, M. Fritsch, M. Deutsch, J. Härtwig, E. Förster, Phys. Rev. A 56 (1997) 4554,
for Cr, Fe, Co, Cu; for Mo and Ag R. D. Deslattes et al., Rev. Mod. Phys. 75 (2003) 35. Å throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import InputError

__all__ = ["KALPHA_LINES", "KALPHA_RATIO", "Radiation", "RadiationKind"]

RadiationKind = Literal["xray", "neutron_cw", "neutron_tof"]

KALPHA_LINES: dict[str, tuple[float, float]] = {
    "Cr": (2.2897260, 2.2936510),
    "Fe": (1.9360410, 1.9399730),
    "Co": (1.7889960, 1.7928350),
    "Cu": (1.5405929, 1.5444274),
    "Mo": (0.7093171, 0.7136070),
    "Ag": (0.5594218, 0.5638131),
}
"""Kα1 and Kα2 wavelengths, Å."""

KALPHA_RATIO = 0.5
"""Intensity of Kα2 relative to Kα1."""


@dataclass(frozen=True)
class Radiation:
    """What falls on the sample.

    Parameters
    ----------
    kind : {"xray", "neutron_cw", "neutron_tof"}
        X-rays, constant-wavelength neutrons or time-of-flight neutrons.
    lines : tuple of (wavelength, weight)
        Wavelengths in Å with relative weights, the strongest first; empty for time of flight.
    name : str
        How a user writes it (``"CuKa"``).

    Examples
    --------
    >>> Radiation.from_name("CuKa").wavelength
    1.5405929
    >>> Radiation.from_name("0.413909A").wavelength
    0.413909
    """

    kind: RadiationKind
    lines: tuple[tuple[float, float], ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind != "neutron_tof" and not self.lines:
            raise InputError("radiation without a wavelength;", remedy="give at least one wavelength in Å.")
        for wavelength, weight in self.lines:
            if not (0.05 < wavelength < 20 and weight > 0):
                raise InputError(
                    f"wavelength {wavelength:g} Å with weight {weight:g};",
                    remedy="wavelengths are in Å (0.05–20) and weights are positive.",
                )

    @property
    def wavelength(self) -> float:
        """The first (strongest) wavelength, Å."""
        return self.lines[0][0]

    @classmethod
    def from_name(cls, name: str) -> Radiation:
        """Radiation as a user writes it.

        Parameters
        ----------
        name : str
            ``CuKa`` (doublet), ``CuKa1``, the same for Mo, Ag, Co, Cr, Fe; ``0.4139A`` for X-rays of one wavelength;
            ``neutron:1.594A``.

        Raises
        ------
        InputError
            The name can't be understood.
        """
        text = name.strip()
        if text.lower().startswith("neutron:"):
            return cls("neutron_cw", ((_wavelength(text[8:], name), 1.0),), text)
        element, _, line = text.partition("Ka")
        if element in KALPHA_LINES and line in ("", "1"):
            first, second = KALPHA_LINES[element]
            lines = ((first, 1.0),) if line else ((first, 1.0), (second, KALPHA_RATIO))
            return cls("xray", lines, text)
        return cls("xray", ((_wavelength(text, name), 1.0),), text)


def _wavelength(text: str, name: str) -> float:
    try:
        return float(text.strip().removesuffix("Å").removesuffix("A"))
    except ValueError:
        raise InputError(
            f"radiation {name!r} is not known;",
            remedy=f"write {', '.join(f'{e}Ka' for e in KALPHA_LINES)} (or Ka1), a wavelength as '0.4139A', or 'neutron:1.594A'.",
        ) from None
