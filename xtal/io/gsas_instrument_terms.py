"""What GSAS and GSAS-II instrument files have in common.

Both programs hold Gaussian variances in centideg² and Lorentzian widths in centidegrees; their readers turn them to deg² and
degrees. ``Polariz.`` is the fraction P in P + (1 − P) cos²2θ at azimuth 0: 0.5 is an unpolarised tube without monochromator.
A user's file counts as calibrated, for such files come out of a fit to a standard, unless it holds the line
``# calibrated: false``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InputError
from ..instrument import Geometry, Instrument, TofBank
from ..radiation import Radiation

__all__ = [
    "REMEDY",
    "choose_bank",
    "geometry_of",
    "is_calibrated",
    "notes_of",
    "radiation_of",
    "tof_instrument",
    "tube_or_beam",
]

REMEDY = "check the file, or write the instrument as TOML."


def choose_bank(numbers: list[int], wanted: int | None, name: str) -> int:
    """Number of the bank wanted; InputError where several are there and none is wanted, or it is absent."""
    listed = ", ".join(map(str, numbers))
    if not numbers:
        raise InputError("no bank in this instrument file;", where=name, remedy=REMEDY)
    if wanted is None and len(numbers) > 1:
        raise InputError(f"{len(numbers)} banks ({listed}) and none was chosen;", where=name,
                         remedy=f"choose one with bank={numbers[0]}.")  # fmt: skip
    if wanted is not None and wanted not in numbers:
        raise InputError(f"no bank {wanted};", where=name, remedy=f"the file holds {listed}.")
    return numbers[0] if wanted is None else wanted


def notes_of(text: str) -> dict[str, str]:
    """What our own comments in an instrument file say: calibrated, geometry, goniometer radius."""
    found = re.findall(r"^#\s*(calibrated|geometry|goniometer radius)\s*:\s*(.*?)\s*$", text, re.M | re.I)
    return {key.lower(): value for key, value in found}


def is_calibrated(notes: Mapping[str, str]) -> bool:
    """Whether the profile counts as measured on a standard."""
    return notes.get("calibrated", "true").lower() != "false"


def geometry_of(stated: str | None, is_doublet: bool) -> Geometry:
    """Geometry as stated, else flat plate for a doublet and capillary for one wavelength."""
    if stated == "bragg-brentano" or (stated is None and is_doublet):
        return "bragg-brentano"
    return "debye-scherrer"


def radiation_of(kind: str, first: float, second: float, ratio: float, where: str) -> Radiation:
    """X-rays (PXC) or neutrons (PNC) of one or two wavelengths, Å."""
    if first <= 0:
        raise InputError("no wavelength;", where=where, remedy=REMEDY)
    lines = ((first, 1.0), (second, ratio)) if second > 0 and ratio > 0 else ((first, 1.0),)
    if kind == "PNC":
        return Radiation("neutron_cw", lines, f"neutron:{first:g}A")
    return Radiation("xray", lines, "+".join(f"{wavelength:g}A" for wavelength, _ in lines))


def tube_or_beam(fraction: float) -> float | None:
    """None for an unpolarised tube, else the fraction."""
    return None if abs(fraction - 0.5) < 1e-9 else fraction


def tof_instrument(name: str, where: str, bank: TofBank, calibrated: bool) -> Instrument:
    """Diffractometer of one time-of-flight bank."""
    return Instrument(name, Radiation("neutron_tof", (), "neutron_tof"), "debye-scherrer", calibrated=calibrated,
                      source=where, bank=bank)  # fmt: skip
